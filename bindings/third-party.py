#!/usr/bin/env python3
"""Prints the notices of the crates that are part of a package: name, version, license, and the license texts.

    bindings/third-party.py [--manifest-path FILE] [--package NAME] [--target TRIPLE] [--features LIST] > THIRD-PARTY.txt

With `--sbom` it prints a software bill of materials instead (CycloneDX 1.5, JSON). The same sources give the same bytes.

Crates that run only during the build (procedural macros, build scripts) and those for tests are left out. A license
text that several crates share is printed once. Exits with 1 if a crate contains no license text and none is known.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

# File names of license texts at the root of a crate.
TEXTS = re.compile(r"^(licen[cs]es?|copying|copyright|notice|unlicense)([-_.].*)?$", re.IGNORECASE)
# Folders of license texts at the root of a crate.
FOLDERS = ("LICENSES", "licenses")
RULE = "=" * 80


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest-path", default=str(pathlib.Path(__file__).resolve().parents[1] / "Cargo.toml"))
    parser.add_argument("--package", help="the package that is distributed; the default is that of the manifest")
    parser.add_argument("--target", help="the platform; the default is that of the compiler")
    parser.add_argument("--features", default="")
    parser.add_argument("--sbom", action="store_true", help="print a bill of materials (CycloneDX)")
    return parser.parse_args()


def cargo(*command):
    return subprocess.run(["cargo", *command], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def crates_of(options):
    """Returns the metadata of a workspace, and its crates that are linked into a package, sorted by name."""
    command = ["--locked", "--manifest-path", options.manifest_path]
    selection = ["--package", options.package] if options.package else []
    selection += ["--features", options.features] if options.features else []
    selection += ["--target", options.target] if options.target else []
    tree = cargo(
        "tree", *command, *selection, "--edges", "normal,no-proc-macro", "--prefix", "none", "--no-dedupe", "--format", "{p}"
    )
    # "name v1.2.3", and for crates of this repository its path.
    linked = {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    metadata = json.loads(cargo("metadata", *command, "--format-version", "1"))
    found = [package for package in metadata["packages"] if (package["name"], "v" + package["version"]) in linked]
    return metadata, sorted(found, key=lambda package: (package["name"], package["version"]))


def texts_of(package):
    """Returns the license texts of a crate, by file name."""
    root = pathlib.Path(package["manifest_path"]).parent
    found = [path for path in root.iterdir() if path.is_file() and TEXTS.match(path.name)]
    for folder in FOLDERS:
        if (root / folder).is_dir():
            found += [path for path in (root / folder).iterdir() if path.is_file()]
    if package["license_file"]:
        found.append(root / package["license_file"])
    texts = {}
    for path in sorted(set(found)):
        text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip("\n")
        if text.strip():
            texts[path.name] = text
    return texts


def terms_of_mit():
    """Returns the MIT license of this repository without its line of copyright."""
    text = (pathlib.Path(__file__).resolve().parents[1] / "LICENSE-MIT").read_text(encoding="utf-8")
    return text[text.index("Permission is hereby granted") :].strip()


def checksums(root):
    """Returns the SHA-256 of each crate of a registry, by name and version, from the lock file."""
    lock = (pathlib.Path(root) / "Cargo.lock").read_text(encoding="utf-8")
    entry = re.compile(r'name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "(.+)"')
    return {(name, version): checksum for name, version, checksum in entry.findall(lock)}


def print_sbom(options, metadata, packages):
    """Prints the crates, with the license and the checksum of each, and which needs which."""
    hashes = checksums(metadata["workspace_root"])
    references = {package["id"]: f"pkg:cargo/{package['name']}@{package['version']}" for package in packages}

    def component(package, kind):
        described = {
            "type": kind,
            "bom-ref": references[package["id"]],
            "name": package["name"],
            "version": package["version"],
            "purl": references[package["id"]],
        }
        if package["license"]:
            # Older crates write a slash.
            described["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        checksum = hashes.get((package["name"], package["version"]))
        if checksum:
            described["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        return described

    nodes = {node["id"]: node["dependencies"] for node in metadata["resolve"]["nodes"]}
    (subject,) = [package for package in packages if package["name"] == options.package]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(subject, "application")},
        "components": [component(package, "library") for package in packages if package is not subject],
        "dependencies": [
            {
                "ref": references[package["id"]],
                "dependsOn": sorted({references[id] for id in nodes[package["id"]] if id in references}),
            }
            for package in packages
        ],
    }
    print(json.dumps(bill, indent=1, ensure_ascii=False))


def main():
    options = arguments()
    metadata, packages = crates_of(options)
    if options.sbom:
        print_sbom(options, metadata, packages)
        return
    packages = [package for package in packages if package["source"] is not None]
    uses = {}
    missing = []
    print("This software contains the following crates, and Rust's standard library (MIT OR Apache-2.0).\n")
    for package in packages:
        name = f"{package['name']} {package['version']}"
        texts = texts_of(package)
        print(f"{name}: {package['license'] or 'see its text'}")
        if package["repository"]:
            print(f"    {package['repository']}")
        if not texts:
            missing.append(package)
        for text in texts.values():
            # The same text with other line breaks or spaces is the same.
            uses.setdefault(" ".join(text.split()), (text, []))[1].append(name)
    for package in missing:
        name = f"{package['name']} {package['version']}"
        authors = ", ".join(package["authors"]) or f"the authors of {package['name']}"
        if "MIT" not in (package["license"] or "").replace("/", " ").split():
            sys.exit(f"{name} contains no license text, and its license is {package['license']}")
        # The crate names its license by identifier only. The terms are those of any MIT license.
        text = f"Copyright (c) {authors}\n\n{terms_of_mit()}"
        uses.setdefault(text, (text, []))[1].append(name)
    for text, names in uses.values():
        print(f"\n{RULE}\n{', '.join(names)}\n{RULE}\n\n{text}")


main()
