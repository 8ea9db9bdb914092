"""The columns of the record, and what the job adds to them, for Arrow and for Spark."""

import pyarrow
from pyspark.sql import types

import rmsight

# What became of a path of the listing: `read`, `failed` (to be read again), `skipped` (not a file), and `tally`
# for the row that counts the others of its partition.
OUTCOMES = ("read", "failed", "skipped")


def _arrow_type(kind):
    # Spark reads timestamps in microseconds only.
    return pyarrow.timestamp("us", kind.tz) if pyarrow.types.is_timestamp(kind) else kind


def _record_fields():
    batch = pyarrow.record_batch(rmsight.from_ndjson(b""))
    return [pyarrow.field(field.name, _arrow_type(field.type)) for field in batch.schema]


# The columns of the record.
RECORD = pyarrow.schema(_record_fields())

# The columns of the record, and those of the job.
WORK = pyarrow.schema(
    [
        *RECORD,
        pyarrow.field("listed_path", pyarrow.binary()),
        pyarrow.field("outcome", pyarrow.string()),
        pyarrow.field("partition", pyarrow.string()),
        pyarrow.field("listed_count", pyarrow.int64()),
        *(pyarrow.field(f"{outcome}_count", pyarrow.int64()) for outcome in OUTCOMES),
    ]
)


def spark_schema(schema):
    """Return the schema of Spark for a schema of Arrow."""
    return types.StructType([types.StructField(field.name, _spark_type(field.type)) for field in schema])


def _spark_type(kind):
    if pyarrow.types.is_list(kind):
        return types.ArrayType(_spark_type(kind.value_type))
    if pyarrow.types.is_timestamp(kind):
        return types.TimestampType()
    if pyarrow.types.is_boolean(kind):
        return types.BooleanType()
    if pyarrow.types.is_int64(kind):
        return types.LongType()
    if pyarrow.types.is_binary(kind):
        return types.BinaryType()
    return types.StringType()


def with_schema(batch, schema):
    """Return a batch with the columns and types of `schema`; a column that it lacks is null."""
    arrays = []
    for field in schema:
        at = batch.schema.get_field_index(field.name)
        array = pyarrow.nulls(batch.num_rows, field.type) if at < 0 else batch.column(at)
        arrays.append(array.cast(field.type))
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)
