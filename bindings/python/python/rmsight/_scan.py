"""`scan`: the program, run as a separate process."""

import os
import subprocess
import sys
import tempfile

from ._rmsight import Finding, RmsightError


class Scan:
    """The findings of a scan, in the order in which files are read. Iterate over it, or use it in a `with` statement.

    `exit_code` is the exit code of the program after the last finding: 1 says that something could not be
    read or decided.
    """

    def __init__(self, arguments):
        self._messages = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rmsight", "scan", "--quiet", "--format", "ndjson", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._messages,
        )
        self.exit_code = None

    def __iter__(self):
        return self

    def __next__(self):
        if self._process is None:
            raise StopIteration
        line = self._process.stdout.readline()
        if line:
            return Finding.from_json(line.decode("utf-8"))
        self._finish()
        raise StopIteration

    def _finish(self):
        process, self._process = self._process, None
        self.exit_code = process.wait()
        process.stdout.close()
        self._messages.seek(0)
        message = self._messages.read().decode("utf-8", "replace").strip()
        self._messages.close()
        if self.exit_code not in (0, 1):
            error = RmsightError(message or f"the scan ended with exit code {self.exit_code}")
            error.code = "config" if self.exit_code == 2 else "cancelled"
            error.offset = None
            raise error

    def close(self):
        """End the scan."""
        process, self._process = self._process, None
        if process is not None:
            # A process that waits for its output to be read would not end.
            process.stdout.close()
            process.terminate()
            process.wait()
            self._messages.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_process", None) is not None:
            self.close()


def scan(
    paths,
    *,
    threads=None,
    estate=None,
    quick=False,
    verify=True,
    labels=False,
    deep=False,
    strict=False,
):
    """Scan files and folders, and return an iterator over their findings.

    The scan is the program in a separate process: it does not hold the interpreter lock, walks folders as
    the program does (links, mount points, files in a cloud), and a crash of it is an exception here.

    `paths` is a path or an iterable of paths; the addresses of object stores (`az://account/container`) are paths too,
    as texts. `estate` is the path of an estate file.
    """
    if isinstance(paths, (str, bytes, os.PathLike)):
        paths = [paths]
    arguments = []
    if threads is not None:
        arguments += ["-j", str(int(threads))]
    if estate is not None:
        arguments += ["--estate", os.fspath(estate)]
    for wanted, flag in [
        (quick, "--quick"),
        (not verify and not quick, "--no-verify"),
        (labels, "--labels"),
        (deep, "--deep"),
        (strict, "--limits=strict"),
    ]:
        if wanted:
            arguments.append(flag)
    return Scan([*arguments, "--", *map(os.fspath, paths)])
