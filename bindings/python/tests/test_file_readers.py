"""Tests of the child process that reads files for Spark: a file that ends it costs its own result."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from rmsight._file_readers import Failure, FileReaders

ROOT = pathlib.Path(__file__).resolve().parents[3]
CORPUS = ROOT / "corpus"
FAKE = (sys.executable, str(pathlib.Path(__file__).with_name("fake_reader.py")))


def program(paths):
    """Return the records of a scan of the program, by path."""
    listed = b"\0".join(map(os.fsencode, paths))
    command = [sys.executable, "-m", "rmsight", "scan", "--quiet", "--format", "ndjson", "-j1"]
    done = subprocess.run([*command, "-0", "--files-from", "-"], input=listed, capture_output=True)
    records = {}
    for line in done.stdout.splitlines(keepends=True):
        records.setdefault(json.loads(line)["path"], []).append(line)
    return {path: b"".join(lines) for path, lines in records.items()}


def test_results_equal_those_of_a_scan():
    paths = sorted(str(path) for path in CORPUS.rglob("*") if path.is_file())
    expected = program(paths)
    with FileReaders(jobs=4, memory=4 << 30) as readers:
        for _ in range(2):
            results = readers.read([os.fsencode(path) for path in paths])
            assert dict(zip(paths, results)) == {path: expected.get(path, b"") for path in paths}


def test_paths_that_are_no_files_have_no_records(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(CORPUS)
    names = ["folder", "pipe", "link"]
    strange = os.path.join(os.fsencode(tmp_path), b"bad\xff name.txt")
    pathlib.Path(os.fsdecode(strange)).write_text("text")
    with FileReaders() as readers:
        *skipped, found, missing = readers.read(
            [*(os.fsencode(tmp_path / name) for name in names), strange, b"/does/not/exist"]
        )
    assert skipped == [b"", b"", b""]
    assert json.loads(found)["path_raw"]
    assert json.loads(missing)["error_code"] == "io"


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_file_that_ends_the_reader_costs_its_own_result(tmp_path, jobs):
    names = ["a", "crash1", "b", "hang", "c", "hog", "once", "crash2", "d"]
    for name in names:
        (tmp_path / name).write_text("text")
    with FileReaders(jobs=jobs, deadline=8.0, memory=1 << 30, program=FAKE) as readers:
        results = dict(zip(names, readers.read([os.fsencode(tmp_path / name) for name in names])))
    for name in ["a", "b", "c", "d", "once"]:
        assert json.loads(results[name])["protection"] == "none", (name, results[name])
    for name in ["crash1", "crash2", "hog"]:
        assert results[name].code == "reader-failed", name
    assert "memory allocation of" in results["hog"].text
    assert results["hang"] == Failure("hung", "no answer for 8 s")


def test_a_reader_that_does_not_start_is_not_the_fault_of_a_file():
    with FileReaders(program=(sys.executable, "-c", "raise SystemExit('no such module')")) as readers:
        with pytest.raises(RuntimeError, match="no such module"):
            readers.read([b"/etc/hostname"])


def test_a_reader_ends_with_the_process_that_reads_its_answers():
    command = [sys.executable, "-m", "rmsight", "file-child"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # Its standard input stays open, as it does if the process that started it was killed and left a child.
    child.stdout.close()
    assert child.wait(timeout=30) == 2
    child.stdin.close()
