"""Tests of the package: results equal those of the program, column by column."""

import io
import json
import pathlib
import subprocess
import sys
import threading

import pytest

import rmsight

ROOT = pathlib.Path(__file__).resolve().parents[3]
CORPUS = ROOT / "corpus"
PROTECTED = CORPUS / "containers" / "ooxml-chain8.docx"


def files():
    """Return the files of the corpus that are not golden records, nor read by a child process."""
    found = sorted(path for path in CORPUS.rglob("*") if path.is_file())
    return [path for path in found if path.suffix not in (".ndjson", ".pst", ".ost")]


def lines(paths):
    """Return the records of the program about some files, by path."""
    listed = "\0".join(map(str, paths)).encode()
    command = [sys.executable, "-m", "rmsight", "scan", "--quiet", "--format", "ndjson", "-j1"]
    done = subprocess.run([*command, "-0", "--files-from", "-"], input=listed, capture_output=True)
    assert done.returncode in (0, 1), done.stderr
    records = {}
    for line in done.stdout.decode().splitlines():
        records.setdefault(json.loads(line)["path"], []).append(line)
    return records


@pytest.fixture(scope="module")
def program():
    return lines(files())


def test_a_protected_document_is_detected():
    found = rmsight.detect(PROTECTED)
    assert found.protected is True
    assert (found.protection, found.container) == ("rms", "ooxml-irm")
    assert found.slc_key.startswith("sha256:")
    found.raise_for_error()


def test_paths_bytes_and_file_objects_give_the_same_answer():
    content = PROTECTED.read_bytes()

    class Forward:
        def __init__(self):
            self.inner = io.BytesIO(content)

        def read(self, size):
            return self.inner.read(min(size, 1000))

    key = rmsight.detect(PROTECTED).slc_key
    inputs = [str(PROTECTED), content, bytearray(content), memoryview(content), io.BytesIO(content), Forward()]
    for source in inputs:
        found = rmsight.detect(source)
        assert (found.protected, found.slc_key) == (True, key), type(source)


def test_undecided_is_none_and_raises():
    found = rmsight.detect(b'<XrML version="1.2">')
    assert found.protected is None
    with pytest.raises(rmsight.RmsightError) as raised:
        found.raise_for_error()
    assert raised.value.code == found.error_code


def test_mistakes_of_a_caller_are_exceptions():
    with pytest.raises(FileNotFoundError):
        rmsight.detect("/does/not/exist")
    with pytest.raises(TypeError):
        rmsight.detect(3)
    with pytest.raises(TypeError):
        rmsight.detect(io.StringIO("text"))
    with pytest.raises(ValueError):
        rmsight.Inspector(limits="none")
    with pytest.raises(ValueError):
        rmsight.Inspector(limits={"no-such": 1})
    with pytest.raises(rmsight.RmsightError) as raised:
        rmsight.Estate("[[authority]]\n")
    assert raised.value.code == "config"

    class Failing(io.RawIOBase):
        def seekable(self):
            return False

        def read(self, size):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rmsight.detect(Failing())


def test_findings_equal_the_records_of_the_program(program):
    inspector = rmsight.Inspector()
    for path in files():
        found = [finding.to_json() for finding in inspector.inspect(path)]
        assert found == program[str(path)], path


def test_every_record_is_read_back(program):
    for path in files():
        for line in program[str(path)]:
            assert rmsight.Finding.from_json(line).to_json() == line


def test_columns_are_attributes_and_items():
    (finding,) = rmsight.inspect(PROTECTED)
    assert finding.need == finding["need"] == "possible"
    assert finding.issued.tzinfo is not None
    assert isinstance(finding.anomalies, list)
    assert set(finding.to_dict()) == set(finding.keys()) == set(rmsight.columns())
    with pytest.raises(AttributeError):
        finding.no_such_column
    with pytest.raises(KeyError):
        finding["no_such_column"]


def estate_of(finding):
    return rmsight.Estate(
        f'[[authority]]\nname = "Old"\nkind = "ad-rms"\n'
        f'[[authority.key]]\nslc_key = "{finding.slc_key}"\nstatus = "active"\n'
    )


def test_stored_findings_are_judged_again():
    (finding,) = rmsight.inspect(PROTECTED)
    (judged,) = rmsight.judge([finding], estate_of(finding))
    assert (judged.need, judged.authority) == ("yes", "Old")


def test_arrow_equals_the_records_of_the_program(program):
    pyarrow = pytest.importorskip("pyarrow")
    paths = files()
    table = pyarrow.record_batch(rmsight.inspect_batch(paths))
    rows = table.to_pylist()
    expected = [(number, json.loads(line)) for number, path in enumerate(paths) for line in program[str(path)]]
    assert len(rows) == len(expected)
    for row, (number, record) in zip(rows, expected):
        assert row["input"] == number
        for name, value in record.items():
            found = row[name]
            if hasattr(found, "strftime"):
                found = found.strftime("%Y-%m-%dT%H:%M:%SZ")
            assert found == value, (record["path"], name)
    # Judged again from Arrow, without files: a batch and a table of two chunks.
    (finding,) = rmsight.inspect(PROTECTED)
    whole = pyarrow.Table.from_batches([table.slice(0, 5), table.slice(5)])
    for source in (table, whole):
        judged = pyarrow.record_batch(rmsight.judge(source, estate_of(finding))).to_pylist()
        assert len(judged) == len(rows)
        by_path = {row["path"]: row["need"] for row in judged}
        assert by_path[str(PROTECTED)] == "yes"


def test_content_and_paths_come_from_columns_of_other_libraries():
    pyarrow = pytest.importorskip("pyarrow")
    content = pyarrow.array([PROTECTED.read_bytes(), b"text", None], pyarrow.binary())
    for column in (content, pyarrow.chunked_array([content])):
        if not hasattr(column, "__arrow_c_array__") and not hasattr(column, "__arrow_c_stream__"):
            continue
        batch = pyarrow.record_batch(rmsight.inspect_batch(content=column))
        assert batch.column("protection").to_pylist() == ["rms", "none", "none"]
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(rmsight.inspect_batch([str(PROTECTED), "/does/not/exist"]))
    assert frame["protection"].to_list() == ["rms", "unknown"]
    assert frame["error_code"].to_list() == [None, "io"]


def test_a_scan_yields_the_findings_of_a_folder(program):
    folder = CORPUS / "containers"
    with rmsight.scan(folder, threads=2) as scan:
        found = sorted(finding.to_json() for finding in scan)
    expected = [line for path, all in program.items() if pathlib.Path(path).parent == folder for line in all]
    missing = set(expected) - set(found)
    assert not missing
    assert scan.exit_code == 1
    with pytest.raises(rmsight.RmsightError):
        list(rmsight.scan("/does/not/exist/at/all", threads=2))


def test_a_scan_that_is_left_early_ends():
    scan = rmsight.scan(CORPUS)
    next(scan)
    scan.close()
    assert list(scan) == []


def test_eight_threads_use_one_inspector(program):
    inspector = rmsight.Inspector()
    paths = files()
    failed = []

    def work(part):
        for path in part:
            found = [finding.to_json() for finding in inspector.inspect(path)]
            if found != program[str(path)]:
                failed.append(path)

    threads = [threading.Thread(target=work, args=(paths[number::8],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_a_deadline_ends_a_file():
    inspector = rmsight.Inspector(deadline=0.0)
    found = inspector.detect(PROTECTED)
    assert (found.protected, found.error_code) == (None, "deadline")


def test_the_stub_lists_every_column():
    stub = (pathlib.Path(rmsight.__file__).parent / "__init__.pyi").read_text()
    for name in rmsight.columns():
        assert f"    {name}: " in stub, name


def test_outlook_data_files_are_read_by_a_child_of_the_interpreter():
    found = sorted(CORPUS.rglob("*.pst"))
    if not found:
        pytest.skip("the corpus has no Outlook data file")
    records = [finding for finding in rmsight.scan(found, threads=1)]
    assert all(record.error_code != "feature-off" for record in records)
    assert any(record.member for record in records)


def test_the_program_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "rmsight", "--version"], capture_output=True, text=True)
    assert done.returncode == 0
    assert rmsight.__version__ in done.stdout
