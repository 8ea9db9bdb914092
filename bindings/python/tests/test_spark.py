"""Tests of `rmsight.spark` with a cluster of two executors, which the tests start and stop.

They take minutes: RMSIGHT_SLOW_ENGINE=1 turns them on. RMSIGHT_TREE is the folder that the example `make_tree` of
`rmsight-specimen` has filled.
"""

import base64
import concurrent.futures
import datetime
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

if os.environ.get("RMSIGHT_SLOW_ENGINE") != "1":
    pytest.skip("RMSIGHT_SLOW_ENGINE is not 1", allow_module_level=True)

import pyarrow
import pyarrow.parquet
import pyspark.sql

import rmsight
import rmsight.spark
from rmsight.spark import ReadOptions
from rmsight.spark._job import Job

ROOT = pathlib.Path(__file__).resolve().parents[3]
CORPUS = ROOT / "corpus"
FAKE = (sys.executable, str(pathlib.Path(__file__).with_name("fake_reader.py")))
CLUSTER = "local-cluster[2,1,1024]"
ENVIRONMENT = dict(os.environ, PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")


def entry(path):
    """Return the row of a listing for a path (bytes)."""
    found = os.lstat(path)
    modified = datetime.datetime.fromtimestamp(found.st_mtime_ns / 1e9, datetime.timezone.utc)
    return {"path": path, "size": found.st_size, "modified": modified}


def write_listing(paths, file):
    rows = [entry(path) for path in paths]
    rows.append({"path": b"/does/not/exist", "size": 1, "modified": rows[0]["modified"]})
    # The same file again: it is read once.
    rows.append(rows[0])
    schema = pyarrow.schema(
        [("path", pyarrow.binary()), ("size", pyarrow.int64()), ("modified", pyarrow.timestamp("us", "UTC"))]
    )
    # Spark cannot read Snappy on a machine on which musl is installed beside glibc.
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), file, compression="zstd")


def program(paths):
    """Return the lines of a scan of the program, sorted."""
    listed = b"\0".join([*paths, b"/does/not/exist"])
    command = [sys.executable, "-m", "rmsight", "scan", "--quiet", "--format", "ndjson", "-j2"]
    done = subprocess.run([*command, "-0", "--files-from", "-"], input=listed, capture_output=True)
    assert done.returncode in (0, 1), done.stderr
    return sorted(done.stdout.splitlines())


def lines(folder):
    """Return the records of a job as NDJSON, sorted."""
    return sorted(rmsight.to_ndjson(pyarrow.parquet.read_table(folder)).splitlines())


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The listing of ten thousand files and the corpus, with its paths and the lines of the program."""
    folder = tmp_path_factory.mktemp("tree")
    made = os.environ.get("RMSIGHT_TREE")
    if made is None:
        made = folder / "made"
        example = ["cargo", "run", "--quiet", "-p", "rmsight-specimen", "--example", "make_tree", "--", made, "10000"]
        subprocess.run(example, cwd=ROOT, check=True)
    strange = os.path.join(os.fsencode(folder), b"bad\xff\xfe name.docx")
    shutil.copy(CORPUS / "containers" / "ooxml-chain8.docx", strange)
    # A copy: the times of change must not change during the tests.
    shutil.copytree(CORPUS, folder / "corpus")
    paths = [os.fsencode(path) for root in (made, folder / "corpus") for path in pathlib.Path(root).rglob("*")]
    paths = sorted([*paths, strange])
    listing = folder / "listing.parquet"
    write_listing(paths, listing)
    return listing, paths, program(paths)


@pytest.fixture(scope="module")
def spark():
    os.environ.update(ENVIRONMENT)
    session = pyspark.sql.SparkSession.builder.master(CLUSTER).appName("rmsight tests").getOrCreate()
    yield session
    session.stop()


def run_job(spark, listing, out, *, estate=None, previous=None, **sizes):
    """Run the job in this process, and return its reconciliation."""
    sizes = {"slice_rows": 1_000_000, "task_rows": 2000} | sizes
    if previous is not None:
        previous = spark.read.parquet(str(previous))
    job = Job(spark, str(out), previous=previous, options=ReadOptions(), **sizes)
    return job.run(spark.read.parquet(str(listing)), estate)


def start_job(listing, out, *more):
    """Start the job as a process."""
    command = [sys.executable, "-m", "rmsight.spark", "--master", CLUSTER, "--listing", str(listing), "--out", str(out)]
    return subprocess.Popen(
        [*command, *more],
        env=ENVIRONMENT,
        cwd=pathlib.Path(out).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def processes_below(pid):
    """Return the processes below a process as pairs of a number and a command line."""
    children = {}
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
                children.setdefault(parent_of(folder.name), []).append((int(folder.name), command))
            except OSError:
                continue
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += [number for number, _ in below]
    return found


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def a_reader():
    """Wait until a worker reads files, and return the number of the process that reads."""
    while True:
        for pid, command in processes_below(os.getpid()):
            if b"file-child" in command:
                return pid
        time.sleep(0.02)


def kill_worker():
    """Kill a Python worker of Spark: the process that started a reader."""
    os.kill(parent_of(a_reader()), signal.SIGKILL)


def kill_executor():
    a_reader()
    executors = [pid for pid, command in processes_below(os.getpid()) if b"CoarseGrainedExecutorBackend" in command]
    os.kill(executors[0], signal.SIGKILL)


def test_the_job_writes_the_rows_of_the_program(spark, tree, tmp_path):
    listing, paths, expected = tree
    said = run_job(spark, listing, tmp_path / "out")
    assert lines(tmp_path / "out" / "records") == expected
    folders = sum(os.path.isdir(path) for path in paths)
    assert (said.problems, said.listed, said.skipped) == ([], len(paths) + 1, folders)


@pytest.mark.parametrize("kill", [kill_worker, kill_executor])
def test_each_row_is_written_once_if_a_process_is_killed(spark, tree, tmp_path, kill):
    listing, _, expected = tree
    with concurrent.futures.ThreadPoolExecutor() as pool:
        job = pool.submit(run_job, spark, listing, tmp_path / "out", task_rows=1000)
        pool.submit(kill).result(timeout=600)
        assert job.result(timeout=900).problems == []
    assert lines(tmp_path / "out" / "records") == expected


def test_a_killed_job_continues(spark, tree, tmp_path):
    listing, paths, expected = tree
    out = tmp_path / "out"
    job = start_job(listing, out, "--slice-rows", "2500", "--task-rows", "1000")
    while not list(out.glob("facts/*.parquet")):
        assert job.poll() is None, job.communicate()
        time.sleep(0.05)
    os.killpg(job.pid, signal.SIGKILL)
    job.communicate()
    done = len({row for row in pyarrow.parquet.read_table(out / "facts")["listed_path"].to_pylist() if row})
    assert 0 < done < len(paths)
    assert run_job(spark, listing, out, slice_rows=2500).problems == []
    assert lines(out / "records") == expected
    # What was read before the kill was not read again: both runs have tasks.
    facts = pyarrow.parquet.read_table(out / "facts", columns=["partition"])["partition"].to_pylist()
    assert len({name.split("/")[0] for name in facts}) == 2
    # Another listing does not get into the same folder.
    other = tmp_path / "other.parquet"
    write_listing(paths[:10], other)
    with pytest.raises(ValueError, match="belongs to another listing"):
        run_job(spark, other, out)


def test_files_that_did_not_change_are_not_read_again(spark, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(40):
        shutil.copy(CORPUS / "containers" / "ooxml-chain8.docx", folder / f"{number}.docx")
    own = [os.fsencode(path) for path in sorted(folder.iterdir())]
    write_listing(own, tmp_path / "first.parquet")
    first = run_job(spark, tmp_path / "first.parquet", tmp_path / "one")
    assert str(first) == "41 listed = 0 unchanged + 40 read + 1 failed + 0 skipped"
    for path in own[:7]:
        pathlib.Path(os.fsdecode(path)).write_text("text")
    os.remove(own[39])
    write_listing(own[:39], tmp_path / "second.parquet")
    key = rmsight.detect(os.fsdecode(own[10])).slc_key
    estate = tmp_path / "estate.toml"
    estate.write_text(
        f'[[authority]]\nname = "Old"\nkind = "ad-rms"\n[[authority.key]]\nslc_key = "{key}"\nstatus = "active"\n'
    )
    # This time as a user starts it.
    more = ["--inventory", str(tmp_path / "one" / "records"), "--estate", str(estate)]
    job = start_job(tmp_path / "second.parquet", tmp_path / "two", *more)
    output, errors = job.communicate(timeout=900)
    assert job.returncode == 1, errors.decode()[-4000:]
    # A file that could not be read is tried again.
    assert output.decode().splitlines()[-1] == "40 listed = 32 unchanged + 7 read + 1 failed + 0 skipped"
    table = pyarrow.parquet.read_table(tmp_path / "two" / "records")
    needs = dict(zip(table["path"].to_pylist(), table["need"].to_pylist()))
    assert len(needs) == table.num_rows == 40
    # Records that were kept are judged with the estate file too.
    assert [needs[os.fsdecode(path)] for path in own[:39]] == ["no"] * 7 + ["yes"] * 32


def test_a_file_that_ends_its_reader_costs_its_own_row(spark, tmp_path):
    names = [f"plain{number}" for number in range(200)] + ["crash", "hang", "hog", "once"]
    for name in names:
        (tmp_path / name).write_text("text")
    rows = [(str(tmp_path / name), 4) for name in names]
    listing = spark.createDataFrame(rows, "path string, size bigint")
    options = ReadOptions(jobs=3, deadline=10.0, memory=2 << 30, program=FAKE)
    found = rmsight.spark.inventory(spark, listing, options=options, partitions=4).collect()
    codes = sorted((pathlib.Path(row["path"]).name, row["error_code"] or "") for row in found)
    failed = {"crash": "reader-failed", "hang": "hung", "hog": "reader-failed"}
    assert codes == sorted((name, failed.get(name, "")) for name in names)
    assert {row["size"] for row in found} == {4}


def test_mistakes_of_a_caller_are_found_before_a_file_is_read(spark, tmp_path):
    for columns in ["name string", "path string, url string"]:
        with pytest.raises(ValueError):
            rmsight.spark.inventory(spark, spark.createDataFrame([], columns))
    (tmp_path / "estate.toml").write_text("[[authority]]\n")
    with pytest.raises(rmsight.RmsightError):
        rmsight.spark.judge(spark.createDataFrame([], "path string"), tmp_path / "estate.toml")


def test_a_name_that_is_not_utf_8_is_found_again(spark, tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"bad\xff.txt")
    pathlib.Path(os.fsdecode(path)).write_text("text")
    row = entry(path)
    schema = "path binary, size bigint, modified timestamp"
    listing = spark.createDataFrame([(bytearray(path), row["size"], row["modified"])], schema)
    rmsight.spark.inventory(spark, listing).write.option("compression", "zstd").parquet(str(tmp_path / "out"))
    records = spark.read.parquet(str(tmp_path / "out"))
    assert base64.b64decode(records.first()["path_raw"]) == path
    assert rmsight.spark.changed(rmsight.spark.normalized(listing), records).count() == 0
