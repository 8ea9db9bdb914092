"""Inventories of more files than one machine can read, by the Apache Spark that an organization already runs.

    from rmsight.spark import inventory

    listing = spark.read.parquet("listing")          # path, size, modified, and etag if there is one
    inventory(spark, listing, "estate.toml").write.parquet("inventory")

`python -m rmsight.spark` is the same as a job that can be interrupted and that checks its own result.
The package `rmsight` has to be installed on the driver and on each worker, with pyspark, pandas and pyarrow.
"""

from ._dataframes import changed, inspect, inventory, judge, normalized, records, unchanged
from ._options import ReadOptions

__all__ = [
    "ReadOptions",
    "changed",
    "inspect",
    "inventory",
    "judge",
    "normalized",
    "records",
    "unchanged",
]
