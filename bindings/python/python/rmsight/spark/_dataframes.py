"""The steps of an inventory, each from DataFrame to DataFrame."""

import functools
import math
import os

from pyspark.sql import functions

import rmsight

from ._options import ReadOptions
from ._partition import inspect_partition, judge_partition
from ._schema import RECORD, WORK, spark_schema

# Rows of the listing that one task reads.
ROWS_OF_TASK = 2000

_LISTING = ["path", "size", "modified", "etag"]


def normalized(listing):
    """Return a listing with the columns path (binary), size, modified (whole seconds) and etag, each path once.

    `path` is a string or, for names that are not UTF-8, binary. Only `path` is required.
    """
    if "path" not in listing.columns:
        raise ValueError("the listing has no column path")
    if "url" in listing.columns:
        raise ValueError("the listing has a column url: only files of a mounted file system are read")
    types = {"size": "bigint", "modified": "timestamp", "etag": "string"}
    columns = [functions.col("path").cast("binary").alias("path")]
    for name, kind in types.items():
        value = f"try_cast({name} as {kind})" if name in listing.columns else f"cast(null as {kind})"
        columns.append(functions.expr(value).alias(name))
    found = listing.select(*columns).filter(functions.col("path").isNotNull())
    # Records have times in whole seconds.
    found = found.withColumn("modified", functions.date_trunc("second", functions.col("modified")))
    return found.dropDuplicates(["path"])


def inspect(listing, options=ReadOptions(), *, partitions=None, name=""):
    """Read the files of a normalized listing: a row for each finding, each failure and each skipped path.

    The columns beyond the record are `listed_path`, `outcome` (`read`, `failed`, `skipped`, or `tally` for the row
    that counts the others of its partition), `partition` and the counts.
    """
    if partitions is None:
        partitions = max(1, math.ceil(listing.count() / ROWS_OF_TASK))
    work = functools.partial(inspect_partition, options=options, name=name)
    # By path, so that a partition that is computed again contains the same files.
    spread = listing.select(*_LISTING).repartition(partitions, "path")
    return spread.mapInArrow(work, spark_schema(WORK))


def records(inspected):
    """Return the records among the rows of `inspect`."""
    found = inspected.filter(functions.col("outcome").isin("read", "failed"))
    return found.select(*RECORD.names)


def judge(records, estate=None):
    """Judge stored records again. No file is opened. `estate` is the path of an estate file."""
    text = _estate_text(estate)
    known = [name for name in RECORD.names if name in records.columns]
    work = functools.partial(judge_partition, estate=text)
    return records.select(*known).mapInArrow(work, spark_schema(RECORD))


def _estate_text(estate):
    """Return the text of an estate file, which is checked here and not on each worker."""
    if estate is None:
        return None
    with open(os.fspath(estate), encoding="utf-8", newline="") as file:
        text = file.read()
    rmsight.Estate(text)
    return text


def changed(listing, records):
    """Return the files of a normalized listing that `records` do not tell about, or that have changed since."""
    return listing.join(_known(records), _is_same(listing), "left_anti")


def unchanged(listing, records):
    """Return the records of the files of a normalized listing that have not changed since."""
    same = _known(records).join(listing, _is_same(listing), "left_semi").select("known_path")
    return records.withColumn("known_path", _path_of_record()).join(same, "known_path", "left_semi").drop("known_path")


def _known(records):
    """Return the files that need not be read again, with what identifies their state."""
    retried = functions.coalesce(
        functions.col("error_code").isin(*rmsight.RETRIED_CODES), functions.lit(False)
    )
    is_old = functions.col("reader") != rmsight.READER_VERSION
    etag = functions.col("etag") if "etag" in records.columns else functions.lit(None).cast("string")
    files = records.groupBy(_path_of_record().alias("known_path")).agg(
        functions.first("size").alias("known_size"),
        functions.first("modified").alias("known_modified"),
        functions.first(etag).alias("known_etag"),
        functions.max(retried | is_old).alias("is_read_again"),
    )
    return files.filter(~functions.col("is_read_again"))


def _is_same(listing):
    etag, known_etag = listing["etag"], functions.col("known_etag")
    return (
        (listing["path"] == functions.col("known_path"))
        & listing["size"].eqNullSafe(functions.col("known_size"))
        & listing["modified"].eqNullSafe(functions.col("known_modified"))
        & (etag.isNull() | known_etag.isNull() | (etag == known_etag))
    )


def _path_of_record():
    """Return the bytes of the path of a record."""
    path = functions.encode(functions.col("path"), "UTF-8")
    return functions.coalesce(functions.unbase64(functions.col("path_raw")), path)


def inventory(spark, listing, estate=None, *, previous=None, options=ReadOptions(), partitions=None):
    """Return the records of all files of a listing. Write them before other use: each action reads the files.

    spark: the session. listing: a DataFrame with the columns path (string or binary), size, modified, and etag
    if there is one. estate: the path of an estate file on the driver. previous: the records of an earlier
    inventory; files that have not changed are not read again. partitions: the number of tasks.

    Each file has one record at least; one that cannot be read has an error code.
    """
    listing = normalized(listing)
    todo = listing if previous is None else changed(listing, previous)
    found = records(inspect(todo, options, partitions=partitions))
    if previous is not None:
        found = found.unionByName(unchanged(listing, previous), allowMissingColumns=True)
    elif estate is None:
        return found
    return judge(found, estate)
