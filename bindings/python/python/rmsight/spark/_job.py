"""The job: an inventory in steps that an interrupted run continues, and whose result is checked."""

import math
from typing import NamedTuple

from pyspark.errors import AnalysisException
from pyspark.sql import functions
from pyspark.sql.types import IntegerType, StructField, StructType

from ._dataframes import changed, inspect, judge, normalized, records, unchanged
from ._schema import OUTCOMES, WORK, spark_schema

SLICE = StructField("slice", IntegerType())

# Identifies the content of a listing.
DIGEST = "rows bigint, sum string"


class Reconciliation(NamedTuple):
    """Numbers of paths. All that is listed is unchanged, read, failed or skipped, unless `problems` says more."""

    listed: int
    unchanged: int
    read: int
    failed: int
    skipped: int
    problems: list[str]

    def __str__(self):
        parts = ("unchanged", "read", "failed", "skipped")
        sum_of = " + ".join(f"{getattr(self, name)} {name}" for name in parts)
        return f"{self.listed} listed = {sum_of}"


class Job:
    """An inventory of one listing in the folder `out`.

    out/records is the result. out/partitions has the counts of each task. out/listing, out/todo and out/facts
    are what an interrupted job continues from; they can be removed when it has ended.
    """

    def __init__(self, spark, out, *, previous=None, options, slice_rows, task_rows):
        self.spark = spark
        self.out = out.rstrip("/")
        self.previous = previous
        self.options = options
        self.slice_rows = slice_rows
        self.task_rows = task_rows
        # Readers of Parquet other than Spark understand these times.
        spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        spark.conf.set("spark.sql.parquet.compression.codec", "zstd")

    def run(self, listing, estate):
        """Do all steps, and return the reconciliation."""
        listing = self._staged(listing)
        for number, count in self._todo(listing):
            self._read(number, count)
        facts = self._facts()
        found = records(facts)
        if self.previous is not None:
            found = found.unionByName(unchanged(listing, self.previous), allowMissingColumns=True)
        judge(found, estate).write.mode("overwrite").parquet(f"{self.out}/records")
        tallies = facts.filter(functions.col("outcome") == "tally")
        counts = [name for name in WORK.names if name.endswith("_count")]
        tallies.select("partition", *counts).coalesce(1).write.mode("overwrite").parquet(f"{self.out}/partitions")
        return self._reconciled(listing, facts)

    def result(self):
        """Return the records that the job has written."""
        return self.spark.read.parquet(f"{self.out}/records")

    def _staged(self, listing):
        """Write the listing once, so that a continued job has the same one."""
        given = normalized(listing)
        path, digest_path = f"{self.out}/listing", f"{self.out}/listing-digest"
        try:
            digest = self.spark.read.schema(DIGEST).parquet(digest_path).first()
        except AnalysisException:
            digest = None
        if digest is None:
            given.write.mode("overwrite").parquet(path)
            staged = self.spark.read.parquet(path)
            # Written last: without it the listing may be a part.
            digest = self.spark.createDataFrame([_digest(staged)], DIGEST)
            digest.write.mode("overwrite").parquet(digest_path)
            return staged
        if tuple(digest) != _digest(given):
            raise ValueError(f"{self.out} belongs to another listing: give another folder")
        return self.spark.read.parquet(path)

    def _todo(self, listing):
        """Write the files that are still to be read, in slices. Return the number and the size of each."""
        todo = listing if self.previous is None else changed(listing, self.previous)
        done = self._facts().select(functions.col("listed_path").alias("path")).distinct()
        todo = todo.join(done, "path", "left_anti")
        slices = max(1, math.ceil(listing.count() / self.slice_rows))
        number = functions.pmod(functions.xxhash64("path"), functions.lit(slices)).cast("int")
        path = f"{self.out}/todo"
        spread = todo.withColumn("slice", number).repartition(slices, "slice")
        spread.write.mode("overwrite").partitionBy("slice").parquet(path)
        self.todo = self.spark.read.schema(StructType([*listing.schema, SLICE])).parquet(path)
        return sorted((row["slice"], row["count"]) for row in self.todo.groupBy("slice").count().collect())

    def _read(self, number, count):
        """Read one slice, and add its rows to the facts."""
        part = self.todo.filter(functions.col("slice") == number)
        tasks = max(1, math.ceil(count / self.task_rows))
        # A name that no earlier run has used: the number of the last partition follows.
        name = f"{self.spark.sparkContext.applicationId}/{number}/"
        found = inspect(part, self.options, partitions=tasks, name=name)
        found.write.mode("append").parquet(f"{self.out}/facts")

    def _facts(self):
        path = f"{self.out}/facts"
        schema = spark_schema(WORK)
        try:
            return self.spark.read.schema(schema).parquet(path)
        except AnalysisException:
            return self.spark.createDataFrame([], schema)

    def _reconciled(self, listing, facts):
        """Compare the listing, the tallies of the partitions, and the rows that were written."""
        todo = listing if self.previous is None else changed(listing, self.previous)
        files = facts.filter(functions.col("outcome") != "tally")
        paths = files.groupBy(functions.col("listed_path").alias("path")).agg(
            functions.countDistinct("partition").alias("partitions"), functions.max("outcome").alias("outcome")
        )
        both = todo.select("path", functions.lit(True).alias("is_listed")).join(paths, "path", "full_outer")
        found = dict.fromkeys([*OUTCOMES, None], 0)
        unlisted = twice = 0
        for row in both.groupBy("outcome").agg(
            functions.count("is_listed").alias("listed"),
            functions.count("*").alias("all"),
            functions.count(functions.when(functions.col("partitions") > 1, 1)).alias("twice"),
        ).collect():
            found[row["outcome"]] = row["listed"]
            unlisted += row["all"] - row["listed"]
            twice += row["twice"]
        numbers = {
            "paths were lost": found[None],
            "paths were read twice": twice,
            "paths are not of the listing": unlisted,
            "partitions wrote other rows than they counted": self._wrong_tallies(facts),
        }
        problems = [f"{number} {words}" for words, number in numbers.items() if number]
        listed = listing.count()
        return Reconciliation(listed, listed - sum(found.values()), *(found[one] for one in OUTCOMES), problems)

    def _wrong_tallies(self, facts):
        """Return the number of partitions whose rows are not what their tally says."""
        def paths(outcome):
            path = functions.when(functions.col("outcome") == outcome, functions.col("listed_path"))
            return functions.countDistinct(path).alias(outcome)

        def tally(name):
            return functions.max(f"{name}_count").alias(f"{name}_count")

        partitions = facts.groupBy("partition").agg(
            *(paths(outcome) for outcome in OUTCOMES),
            *(tally(name) for name in ("listed", *OUTCOMES)),
            functions.sum((functions.col("outcome") == "tally").cast("int")).alias("tallies"),
        )
        is_right = functions.col("tallies") == 1
        for outcome in OUTCOMES:
            is_right &= functions.col(outcome).eqNullSafe(functions.col(f"{outcome}_count"))
        total = sum((functions.col(f"{outcome}_count") for outcome in OUTCOMES), functions.lit(0))
        is_right &= functions.col("listed_count").eqNullSafe(total)
        return partitions.filter(~is_right).count()


def _digest(listing):
    """Return what two listings of the same files have in common, in any order."""
    row = functions.xxhash64(*listing.columns).cast("decimal(38,0)")
    found = listing.agg(functions.count("*").alias("rows"), functions.sum(row).cast("string").alias("sum"))
    return tuple(found.first())


def undecided(found):
    """Return whether a record says that something was not read or not decided."""
    is_open = functions.col("error_code").isNotNull() | (functions.col("dependency") == "undecided")
    return not found.filter(is_open).isEmpty()

