#!/usr/bin/env python3
"""Prints the notices of the crates that are part of a package: name, version, license, and the license texts.

    bindings/third-party.py [--manifest-path FILE] [--package NAME] [--target TRIPLE] [--features LIST] > THIRD-PARTY.txt

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
    return parser.parse_args()


def cargo(*command):
    return subprocess.run(["cargo", *command], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def crates_of(options):
    """Returns the crates that are linked into a package, as `cargo metadata` describes them."""
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
    members = set(metadata["workspace_members"])
    found = [
        package
        for package in metadata["packages"]
        if (package["name"], "v" + package["version"]) in linked
        and package["id"] not in members
        and package["source"] is not None
    ]
    return sorted(found, key=lambda package: (package["name"], package["version"]))


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


def main():
    packages = crates_of(arguments())
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
