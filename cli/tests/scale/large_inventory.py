#!/usr/bin/env python3
"""A large inventory on one machine, held to its bars: large_inventory.py RMSIGHT [FILES] [FOLDER]

Makes FILES files (200,000; 5000000 for the whole check) in a new folder below FOLDER (the folder for
temporary files), scans them twice and measures every command over the inventory. Ends with 1 if a bar is
not met, and with 77, which means skipped, if the disk is too small. One file in twenty is protected.

The files are hard links, 1,000 to each file, because that many files cannot be made quickly. A scan
does not tell: it opens and reads each of them. Their contents stay in memory, so that what is measured is
the program and not the storage. Time a file is processor time of all threads, which other work on the machine
changes little; the walk beside it is `find`, which looks at each file's size.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

FILES_A_FOLDER = 1000
LINKS = 1000
PROTECTED = 20  # one in so many

MEMORY = 100  # MB
RESCAN = 25  # microseconds a file, beside those of the walk
SIZE = 350  # bytes a file
WAL = 64  # MB, whatever the number of files
REMOTE_THREADS = 32

corpus = pathlib.Path(__file__).resolve().parents[3] / "corpus"
PLAIN = ["text.txt", "plain.docx", "plain-table.pdf", "plain-stream.pdf"]
CLOSED = ["ooxml-chain8.docx", "pdf-v2.pdf", "ooxml-use-license.docx"]

ESTATE = """
[[authority]]
name = "Contoso AD RMS"
kind = "ad-rms"
hosts = ["rms.contoso.com"]
"""


class Run:
    """What a command took."""

    def __init__(self, command, wal=None, may_be=(0, 1)):
        self.wal = 0
        done = threading.Event()
        watcher = threading.Thread(target=self.watch, args=(wal, done)) if wal else None
        if watcher:
            watcher.start()
        begin = time.perf_counter()
        child = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        words = child.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(child.pid, 0)
        self.wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        if watcher:
            watcher.join()
        assert child.returncode in may_be, (command, child.returncode, words)
        self.cpu = usage.ru_utime + usage.ru_stime
        # macOS counts bytes.
        self.memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6

    def watch(self, wal, done):
        while not done.wait(0.02):
            try:
                self.wal = max(self.wal, wal.stat().st_size)
            except FileNotFoundError:
                pass


def make(tree, files):
    contents = [(corpus / "lookalikes" / name) for name in PLAIN]
    closed = [(corpus / "containers" / name) for name in CLOSED]
    linked = {}
    for number in range(files):
        if number % FILES_A_FOLDER == 0:
            part = number // FILES_A_FOLDER
            folder = tree / f"department {part % 40:03}" / f"project {part:06}"
            folder.mkdir(parents=True)
        kinds = closed if number % PROTECTED == 0 else contents
        kind = kinds[number // PROTECTED % len(kinds)]
        path = f"{folder}/report {number:07}{kind.suffix}"
        first, links = linked.get(kind, (None, LINKS))
        if links == LINKS:
            shutil.copyfile(kind, path)
            linked[kind] = (path, 1)
        else:
            os.link(first, path)
            linked[kind] = (first, links + 1)


def bar(rows, name, value, most, unit):
    met = value <= most
    rows.append((name, f"{value:.1f} {unit}", f"at most {most} {unit}", "" if met else "MISSED"))
    return met


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    files = int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
    above = sys.argv[3] if len(sys.argv) > 3 else None
    with tempfile.TemporaryDirectory(dir=above, prefix="rmsight-scale-") as folder:
        room = os.statvfs(folder)
        # The names, two inventories, one of both, and the exports.
        needed = files * 4000
        if room.f_bavail * room.f_frsize < needed or 0 < room.f_files and room.f_favail < files // 100:
            print(f"skipped: {folder} has no room for {files} files and {needed / 1e9:.0f} GB")
            sys.exit(77)
        measure(program, pathlib.Path(folder), files)


def measure(program, folder, files):
    tree, inventory = folder / "tree", folder / "i.db"
    wal = folder / "i.db-wal"
    begin = time.perf_counter()
    make(tree, files)
    print(f"{files} files made in {time.perf_counter() - begin:.0f} s", flush=True)
    estate = folder / "estate.toml"
    estate.write_text(ESTATE)

    scan = [program, "scan", "--quiet", "-i", inventory, tree]
    walk = Run(["find", tree, "-size", "+999999999c"])
    first = Run(scan, wal)
    size = inventory.stat().st_size
    again = Run(scan, wal)
    # As many threads as read remote files.
    other = folder / "many.db"
    many = [program, "scan", "--quiet", "-i", other, tree, "-j", REMOTE_THREADS]
    first_many, again_many = [Run(many, folder / "many.db-wal") for _ in range(2)]
    other.unlink()
    walks = [walk, Run(["find", tree, "-size", "+999999999c"])]
    bare = min(walk.cpu for walk in walks)
    runs = [
        ("find (walk and size)", min(walks, key=lambda walk: walk.cpu)),
        ("first scan", first),
        ("rescan", again),
        (f"first scan, {REMOTE_THREADS} threads", first_many),
        (f"rescan, {REMOTE_THREADS} threads", again_many),
    ]

    copy = folder / "copy.db"
    shutil.copyfile(inventory, copy)
    over = lambda command, *args: Run([program, command, inventory, *args])
    authority = ["--estate", estate, "--authority", "Contoso AD RMS"]
    commands = [
        ("report, text", "report", ["--estate", estate]),
        ("report, HTML", "report", ["--estate", estate, "-o", folder / "report.html"]),
        ("check", "check", authority),
        ("export, CSV", "export", ["-o", folder / "e.csv"]),
        ("export, NDJSON", "export", ["-o", folder / "e.ndjson"]),
        ("export, Parquet", "export", ["-o", folder / "e.parquet"]),
    ]
    for name, command, args in commands:
        runs.append((name, over(command, *args)))
    merge = [program, "merge", folder / "all.db", f"A={inventory}", f"B={copy}"]
    runs.append(("merge with a copy", Run(merge)))

    print(f"\nload {os.getloadavg()[0]:.1f}; {files} files, hard links of {-(-files // LINKS)} or more\n")
    print("| command | seconds | processor | µs a file | peak MB | WAL MB |\n|---|---|---|---|---|---|")
    for name, run in runs:
        log = f"{run.wal / 1e6:.1f}" if run.wal else ""
        a_file = run.cpu / files * 1e6
        print(f"| {name} | {run.wall:.1f} | {run.cpu:.1f} | {a_file:.1f} | {run.memory:.0f} | {log} |")

    rows = []
    scans = [first, again, first_many, again_many]
    met = [
        bar(rows, "memory of a scan", max(run.memory for run in scans), MEMORY, "MB"),
        bar(rows, "rescan beside the walk", (again.cpu - bare) / files * 1e6, RESCAN, "µs a file"),
        bar(rows, "size of the inventory", size / files, SIZE, "bytes a file"),
        bar(rows, "write-ahead log", max(run.wal for run in scans) / 1e6, WAL, "MB"),
    ]
    print("\n| bar | measured | wanted | |\n|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.exit(0 if all(met) else 1)


main()
