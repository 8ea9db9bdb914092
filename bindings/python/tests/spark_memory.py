"""Runs the job over many rows, and prints its speed and the memory of its processes: spark_memory.py TREE [ROWS]

TREE is a folder of files. Each row of the listing names one of them, in another spelling ("./././name"), so that a
million rows need no million files. The memory is sampled each second and printed for each tenth of the time.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

import pyarrow
import pyarrow.parquet

CLUSTER = "local-cluster[2,1,1024]"
KINDS = {
    "driver": b"SparkSubmit",
    "executors": b"CoarseGrainedExecutorBackend",
    "Python workers": b"pyspark.daemon",
    "readers": b"file-child",
}


def write_listing(tree, rows, file):
    """Write a listing of `rows` rows."""
    found = [path for path in sorted(pathlib.Path(tree).rglob("*")) if path.is_file()]
    sizes = [path.stat().st_size for path in found]
    modified = [int(path.stat().st_mtime) * 1_000_000 for path in found]
    schema = pyarrow.schema(
        [("path", pyarrow.string()), ("size", pyarrow.int64()), ("modified", pyarrow.timestamp("us", "UTC"))]
    )
    with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for turn in range(0, rows, len(found)):
            count = min(len(found), rows - turn)
            dots = "./" * (turn // len(found))
            paths = [f"{path.parent}/{dots}{path.name}" for path in found[:count]]
            table = pyarrow.table([paths, sizes[:count], modified[:count]], schema=schema)
            writer.write_table(table)


def memory(job):
    """Return the resident bytes of the processes of each kind below a process."""
    parents, facts = {}, {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parents[folder.name] = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            pages = int((folder / "statm").read_text().split()[1])
            facts[folder.name] = ((folder / "cmdline").read_bytes(), pages * os.sysconf("SC_PAGE_SIZE"))
        except OSError:
            continue
    sums = dict.fromkeys(KINDS, 0)
    for number, (command, size) in facts.items():
        above = number
        while above in parents and above != str(job):
            above = parents[above]
        if above != str(job):
            continue
        for kind, word in KINDS.items():
            if word in command:
                sums[kind] += size
    return sums


def main():
    tree, rows = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        listing, out = f"{folder}/listing.parquet", f"{folder}/out"
        write_listing(tree, rows, listing)
        command = [sys.executable, "-m", "rmsight.spark", "--master", CLUSTER, "--listing", listing, "--out", out]
        environment = dict(os.environ, PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
        start = time.monotonic()
        with open(f"{folder}/errors", "w+") as errors:
            job = subprocess.Popen(
                [*command, *sys.argv[3:]], env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True
            )
            samples = []
            while job.poll() is None:
                samples.append(memory(job.pid))
                time.sleep(1)
            took = time.monotonic() - start
            errors.seek(0)
            if job.returncode not in (0, 1):
                sys.exit(errors.read()[-4000:])
        print(job.stdout.read().strip())
        print(f"{rows} rows in {took:.0f} s: {rows / took:.0f} a second, from the start of Spark to its end")
        size = sum(file.stat().st_size for file in pathlib.Path(out, "records").rglob("*.parquet"))
        print(f"records: {size / rows:.0f} bytes a row")
        print(f"| MB, most in each tenth | {' | '.join(f'{tenth}0 %' for tenth in range(1, 11))} |")
        print("|---|" + "---|" * 10)
        for kind in KINDS:
            tenths = []
            for tenth in range(10):
                part = samples[len(samples) * tenth // 10 : len(samples) * (tenth + 1) // 10] or samples[-1:]
                tenths.append(max(sample[kind] for sample in part))
            print(f"| {kind} | {' | '.join(f'{size / 1e6:.0f}' for size in tenths)} |")


if __name__ == "__main__":
    main()
