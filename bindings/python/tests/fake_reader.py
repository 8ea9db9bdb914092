"""Stands for `python -m rmsight` in tests: reads files as it does, but fails at files with certain names."""

import os
import pathlib
import resource
import sys
import threading
import time

import rmsight

LOCK = threading.Lock()


def answer(*parts):
    with LOCK:
        sys.stdout.buffer.write(b"".join(parts))
        sys.stdout.buffer.flush()


def read(path):
    name = pathlib.Path(os.fsdecode(path)).name
    if name.startswith("crash"):
        os.abort()
    if name.startswith("once"):
        # Fails at the first attempt only, like a process that runs out of memory because of its neighbors.
        mark = pathlib.Path(os.fsdecode(path) + ".tried")
        if not mark.exists():
            mark.touch()
            os.abort()
    if name.startswith("hang"):
        time.sleep(3600)
    if name.startswith("hog"):
        try:
            bytearray(8 << 30)
        except MemoryError:
            print("memory allocation of 8589934592 bytes failed", file=sys.stderr, flush=True)
            os.abort()
    return b"".join(finding.to_json().encode() + b"\n" for finding in rmsight.inspect(os.fsdecode(path)))


def serve(requests):
    for number, path in requests:
        answer(b"begin %d\n" % number)
        records = read(path)
        answer(b"end %d %d\n" % (number, len(records)), records)


def main():
    options = dict(argument.split("=", 1) for argument in sys.argv[2:] if "=" in argument)
    if "--memory" in options:
        resource.setrlimit(resource.RLIMIT_AS, (int(options["--memory"]),) * 2)

    def requests():
        path, number = b"", 0
        while byte := sys.stdin.buffer.read(1):
            if byte == b"\0":
                yield number, path
                path, number = b"", number + 1
            else:
                path += byte

    class Locked:
        def __init__(self):
            self.requests, self.lock = requests(), threading.Lock()

        def __iter__(self):
            return self

        def __next__(self):
            with self.lock:
                return next(self.requests)

    shared = Locked()
    threads = [threading.Thread(target=serve, args=(shared,)) for _ in range(int(options["--jobs"]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
