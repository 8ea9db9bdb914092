"""`python -m rmsight.spark`: the inventory of a listing as a job."""

import argparse
import sys
import traceback

from pyspark.sql import SparkSession

from ._dataframes import ROWS_OF_TASK
from ._job import Job, undecided
from ._options import ReadOptions

EXIT_CODES = """\
Exit codes:
  0  complete
  1  complete, but something could not be read or decided
  2  the job failed, or its result is not what was listed
"""


def arguments():
    parser = argparse.ArgumentParser(
        prog="python -m rmsight.spark",
        description="Inspect the files of a listing, and write their records as Parquet. The same command continues "
        "a job that was interrupted.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--listing", required=True, help="files to inspect: Parquet, CSV with a header, or NDJSON, with "
                        "the columns path, size, modified, and etag if there is one")
    parser.add_argument("--out", required=True, help="a folder for this listing; its subfolder records is the result")
    parser.add_argument("--estate", help="what the operator knows of keys: an estate file on the driver")
    parser.add_argument("--inventory", help="the records of an earlier inventory: files that have not changed since "
                        "are not read again")
    parser.add_argument("--jobs", type=int, default=ReadOptions.jobs,
                        help="files that one task reads at the same time [%(default)s]")
    parser.add_argument("--deadline", type=float, default=ReadOptions.deadline,
                        help="seconds after which a file that does not answer is hung [%(default)s]")
    parser.add_argument("--memory", type=int, default=ReadOptions.memory,
                        help="bytes of memory of the process that reads, one for each task [%(default)s]")
    parser.add_argument("--slice-rows", type=int, default=1_000_000,
                        help="files after which the result is safe from an interruption [%(default)s]")
    parser.add_argument("--task-rows", type=int, default=ROWS_OF_TASK, help="files of one task [%(default)s]")
    parser.add_argument("--master", help="where Spark runs, such as local[4]; by default what Spark is set up for")
    parser.add_argument("scan_options", nargs="*", metavar="-- OPTIONS",
                        help="options of `rmsight scan`, such as -- --labels --deep")
    return parser.parse_args()


def listing_of(spark, path):
    name = path.rstrip("/").lower()
    if name.endswith((".csv", ".csv.gz")):
        return spark.read.option("header", True).csv(path)
    if name.endswith((".ndjson", ".json", ".jsonl")):
        return spark.read.json(path)
    return spark.read.parquet(path)


def main():
    given = arguments()
    if given.inventory is not None and given.inventory.startswith(given.out.rstrip("/") + "/"):
        print("rmsight.spark: --out has to be another folder than that of --inventory", file=sys.stderr)
        return 2
    try:
        return run(given)
    except Exception:
        traceback.print_exc()
        return 2


def run(given):
    """Run the job, and return its exit code."""
    builder = SparkSession.builder.appName("rmsight")
    if given.master is not None:
        builder = builder.master(given.master)
    spark = builder.getOrCreate()
    options = ReadOptions(
        jobs=given.jobs, deadline=given.deadline, memory=given.memory, arguments=tuple(given.scan_options)
    )
    previous = None if given.inventory is None else spark.read.parquet(given.inventory)
    job = Job(
        spark,
        given.out,
        previous=previous,
        options=options,
        slice_rows=given.slice_rows,
        task_rows=given.task_rows,
    )
    reconciliation = job.run(listing_of(spark, given.listing), given.estate)
    print(reconciliation)
    for problem in reconciliation.problems:
        print(f"rmsight.spark: {problem}", file=sys.stderr)
    if reconciliation.problems:
        return 2
    return 1 if undecided(job.result()) else 0


if __name__ == "__main__":
    sys.exit(main())
