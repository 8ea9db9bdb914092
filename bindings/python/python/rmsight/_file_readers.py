"""Files, read by a child process: one that crashes, hangs or exhausts memory costs its own result."""

import collections
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple

# Starts of the child without an answer after which the fault is not that of a file.
MAX_FAILED_STARTS = 3

# Bytes of standard error that explain why the child ended.
LAST_WORDS = 2000


class Failure(NamedTuple):
    """Why a file was not read: an error code of the record, and a text."""

    code: str
    text: str


class FileReaders:
    """Reads files with the program `rmsight file-child`, several at the same time.

    `deadline` is in seconds for each file, `memory` in bytes for the child. `arguments` are options of
    `rmsight scan`, such as `--labels`. `program` replaces the program in tests.

    If the child ends, the files in work are read again, each alone. The file with which it ends again is a
    `Failure`; all others have their results.
    """

    def __init__(self, *, jobs=4, deadline=900.0, memory=None, arguments=(), program=None):
        command = [*(program or (sys.executable, "-m", "rmsight")), "file-child", f"--jobs={jobs}"]
        if memory is not None:
            command.append(f"--memory={memory}")
        self._command = [*command, *arguments]
        self._jobs = jobs
        self._deadline = deadline
        self._child = None
        self._failed_starts = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def read(self, paths):
        """Return the result of each path (bytes), in their order: records as NDJSON, or a Failure.

        No records means that a scan leaves the path out: a link, a folder, a pipe or a device.
        """
        results = [None] * len(paths)
        waiting = collections.deque(range(len(paths)))
        suspects = collections.deque()
        while waiting:
            suspects += self._serve(paths, waiting, results, 2 * self._jobs)
        while suspects:
            (number,) = alone = collections.deque([suspects.popleft()])
            # Files that were not begun are still in `alone`.
            while alone:
                if self._serve(paths, alone, results, 1):
                    results[number] = Failure("reader-failed", self._last_words)
        return results

    def _serve(self, paths, waiting, results, window):
        """Read the files in `waiting`, `window` at a time. Return those in work when the child ended."""
        if self._child is None:
            self._child = Child(self._command)
        child, in_work = self._child, {}
        while waiting or in_work:
            while waiting and len(in_work) < window:
                number = child.send(paths[waiting[0]])
                if number is None:
                    break
                in_work[number] = FileInWork(waiting.popleft())
            event = child.event(self._patience(in_work))
            if event is None:
                overdue = self._overdue(in_work)
                if overdue:
                    text = f"no answer for {self._deadline:g} s"
                    for number in overdue:
                        results[in_work.pop(number).index] = Failure("hung", text)
                    self.close()
                    waiting.extendleft(file.index for file in reversed(in_work.values()))
                    return []
                # The child has not even begun.
                child.kill()
            elif event.kind == "begin":
                in_work[event.number].since = time.monotonic()
            elif event.kind == "end":
                results[in_work.pop(event.number).index] = event.records
                self._failed_starts = 0
            else:
                return self._ended(child, waiting, in_work)
        return []

    def _ended(self, child, waiting, in_work):
        self._child = None
        self._last_words = child.last_words()
        begun = [file.index for file in in_work.values() if file.since is not None]
        waiting.extendleft(file.index for file in reversed(in_work.values()) if file.since is None)
        if not begun:
            self._failed_starts += 1
            if self._failed_starts >= MAX_FAILED_STARTS:
                raise RuntimeError(f"files cannot be read: {self._last_words}")
        return begun

    def _patience(self, in_work):
        since = [file.since for file in in_work.values() if file.since is not None]
        now = time.monotonic()
        return max(0.0, min(since, default=now) + self._deadline - now)

    def _overdue(self, in_work):
        end = time.monotonic() - self._deadline
        return [number for number, file in in_work.items() if file.since is not None and file.since <= end]


class FileInWork:
    """A file that the child has got, and when it was begun."""

    def __init__(self, index):
        self.index = index
        self.since = None


class Event(NamedTuple):
    """What the child says: `begin` or `end` of a file, or `ended` for itself."""

    kind: str
    number: int | None = None
    records: bytes | None = None


class Child:
    """One process that reads files."""

    def __init__(self, command):
        self._messages = tempfile.TemporaryFile()
        # Each thread of the allocator reserves address space, which the limit of memory counts.
        environment = dict(os.environ, MALLOC_ARENA_MAX="2")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            env=environment,
        )
        self._sent = 0
        self._events = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with self._process.stdout as answers:
            for line in answers:
                try:
                    kind, number, *length = line.split()
                    records = answers.read(int(length[0])) if length else None
                    event = Event(kind.decode("ascii"), int(number), records)
                except ValueError:
                    # The last line of a process that ended while it wrote.
                    break
                if length and len(records) < int(length[0]):
                    break
                self._events.put(event)
        self._events.put(Event("ended"))

    def send(self, path):
        """Hand a path over, and return its number; None if the child has ended."""
        try:
            self._process.stdin.write(path + b"\0")
            self._process.stdin.flush()
        except OSError:
            return None
        self._sent += 1
        return self._sent - 1

    def event(self, patience):
        """Return the next event; None if there is none for so many seconds."""
        try:
            return self._events.get(timeout=patience)
        except queue.Empty:
            return None

    def kill(self):
        """End the process. One that the system does not end is left alone."""
        self._process.kill()
        try:
            self._process.stdin.close()
        except OSError:
            pass
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            pass

    def last_words(self):
        """Return how the process ended, with the end of its standard error."""
        try:
            # It has closed its output.
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            pass
        self.kill()
        code = self._process.returncode
        if code is None:
            how = "the reader does not end"
        elif code < 0:
            how = f"the reader was ended by signal {-code}"
        else:
            how = f"the reader ended with exit code {code}"
        size = self._messages.seek(0, os.SEEK_END)
        self._messages.seek(max(0, size - LAST_WORDS))
        words = " ".join(self._messages.read().decode("utf-8", "replace").split())
        self._messages.close()
        return f"{how}: {words}" if words else how
