"""What a worker does with the rows of one partition."""

import math

import pyarrow

import rmsight

from .._file_readers import Failure, FileReaders
from ._schema import RECORD, WORK, with_schema

# Files in one batch of results. A small batch keeps the memory of a worker small.
BATCH = 512


def inspect_partition(batches, options, name):
    """Inspect the files of a partition: yield their records, a row for each skipped path, and a tally.

    `name` precedes the number of the partition in the column `partition`.
    """
    from pyspark import TaskContext

    partition = f"{name}{TaskContext.get().partitionId()}"
    counts = {"read": 0, "failed": 0, "skipped": 0}
    readers = FileReaders(
        jobs=options.jobs,
        deadline=options.deadline,
        memory=options.memory,
        arguments=options.arguments,
        program=options.program,
    )
    listed = 0
    with readers:
        for batch in batches:
            for start in range(0, batch.num_rows, BATCH):
                files = batch.slice(start, BATCH)
                listed += files.num_rows
                yield _inspect(files, readers, partition, counts)
    tally = {"outcome": "tally", "partition": partition, "listed_count": listed}
    tally |= {f"{outcome}_count": count for outcome, count in counts.items()}
    yield pyarrow.RecordBatch.from_pylist([tally], schema=WORK)


def _inspect(files, readers, partition, counts):
    """Return the rows of some files, and count their outcomes."""
    paths = files.column("path").to_pylist()
    lines, rows_of, skipped = [], [], []
    for number, result in enumerate(readers.read(paths)):
        if isinstance(result, Failure):
            result = _not_read(files, number, result)
        if result:
            lines.append(result)
            rows_of += [number] * result.count(b"\n")
        else:
            skipped.append(number)
    records = pyarrow.record_batch(rmsight.from_ndjson(b"".join(lines)))
    failed = set()
    for number, code in zip(rows_of, records.column("error_code").to_pylist()):
        if code in rmsight.RETRIED_CODES:
            failed.add(number)
    outcomes = ["failed" if number in failed else "read" for number in rows_of]
    outcomes += ["skipped"] * len(skipped)
    counts["failed"] += len(failed)
    counts["skipped"] += len(skipped)
    counts["read"] += len(paths) - len(failed) - len(skipped)

    rows = with_schema(records, RECORD)
    numbers = [*rows_of, *skipped]
    # A skipped path has no record.
    columns = {
        field.name: pyarrow.concat_arrays([rows.column(field.name), pyarrow.nulls(len(skipped), field.type)])
        for field in RECORD
    }
    etags = files.column("etag").to_pylist()
    if "etag" in columns:
        # The reader of a file system knows none: keep that of the listing, to compare it with the next one.
        known = columns["etag"].to_pylist()
        columns["etag"] = pyarrow.array(
            [known[row] or etags[number] for row, number in enumerate(numbers)], pyarrow.string()
        )
    columns["listed_path"] = pyarrow.array([paths[number] for number in numbers], pyarrow.binary())
    columns["outcome"] = pyarrow.array(outcomes, pyarrow.string())
    columns["partition"] = pyarrow.array([partition] * len(numbers), pyarrow.string())
    batch = pyarrow.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    return with_schema(batch, WORK)


def _not_read(files, number, failure):
    """Return the record of a file that was not read."""
    size = files.column("size")[number].as_py()
    modified = files.column("modified")[number].as_py()
    seconds = None if modified is None else math.floor(modified.timestamp())
    path = files.column("path")[number].as_py()
    record = rmsight.not_read(path, *failure, size=size, modified=seconds)
    return record.to_json().encode() + b"\n"


def judge_partition(batches, estate):
    """Judge the stored records of a partition."""
    estate = rmsight.Estate(estate)
    for batch in batches:
        judged = pyarrow.record_batch(rmsight.judge(batch, estate))
        yield with_schema(judged, RECORD)
