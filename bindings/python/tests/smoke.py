"""The part of the tests that needs no other package: smoke.sh runs it."""

import doctest
import json
import os
import pathlib
import subprocess
import sys

import rmsight
from rmsight import _rmsight
from rmsight._file_readers import FileReaders

CORPUS = pathlib.Path(__file__).resolve().parents[3] / "corpus"


def golden():
    """Return the golden records of the corpus by path, without files that a child process reads."""
    for file in sorted(CORPUS.rglob("*.ndjson")):
        path = file.with_suffix("")
        if path.suffix not in (".pst", ".ost"):
            yield str(path), [json.loads(line) for line in file.read_text().splitlines()]


def main():
    inspector = rmsight.Inspector(labels=True)
    paths = []
    for path, expected in golden():
        paths.append(path)
        found = inspector.inspect(path)
        for name in ("member", "container", "protection", "slc_key", "error_code", "need"):
            values = [finding[name] for finding in found], [record.get(name) for record in expected]
            assert values[0] == values[1], (path, name, values)
        assert rmsight.detect(path).protected in (None, any(record["protection"] == "rms" for record in expected))
    with FileReaders(arguments=("--labels",)) as readers:
        for path, records in zip(paths, readers.read([os.fsencode(path) for path in paths])):
            assert records.decode().splitlines() == [found.to_json() for found in inspector.inspect(path)], path
    assert len(rmsight.inspect_batch(paths)) >= len(paths)
    version = subprocess.run([sys.executable, "-m", "rmsight", "--version"], capture_output=True, text=True)
    assert rmsight.__version__ in version.stdout, version
    for module in (rmsight, _rmsight):
        assert doctest.testmod(module).failed == 0
    print(f"the Python package passes: {len(paths)} files")


main()
