"""The current state without Databricks' pipelines: one streaming job with MERGE, for classic jobs,
EMR, AWS Glue and open-source Spark with Delta Lake.

    spark-submit --packages io.delta:delta-spark_2.12:3.3.2 \\
        --conf spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension \\
        --conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog \\
        dynalake_merge.py --tables tables.json --files s3://my-bucket/data \\
        --schema lake --checkpoints s3://my-bucket/checkpoints

Of each DynamoDB table it makes

    <name>_merged   the newest change of each item; a delete too, as a tombstone
    <name>          a view: the items as they are now

`tables.json` is the file that the pipeline has, Terraform's output databricks_tables: a list of
objects with schema (the schema file's content), location (a folder in --files), name and history,
which this job passes over. A new column of the schema file comes with the next start. A column of
another type, or a struct that got a member, stops the job before it merges anything: MERGE would
fail or cast the values (docs/type-changes.md).

--schema is one of the job's own, and not the Glue database that Firehose writes into: the view
<name> would meet Firehose's table of this name.

Why tombstones: a change that comes late, or once more, would bring back an item whose row is gone.
A tombstone is kept for --tombstone-days, which should be more than the age of the oldest change
that a replay brings. Each batch is merged by `_sequence`, so a batch that runs twice, or before
another, changes nothing.

Where an item had several changes in one tick of the clock and an older one comes once more under a
higher number, the older one wins, as in the pipeline (docs/databricks-ordering.md).

It runs on Spark 3.5 and later. Rows without key, `_sequence` or `_event_type` can't be merged; they
are counted on standard output, and stay in the files.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

METADATA = {
    "_event_type": "string",
    "_event_time": "timestamp",
    "_event_id": "string",
    "_table": "string",
    "_sequence": "string",
    "_ttl_delete": "boolean",
    "_old": "string",
    "_rescued": "string",
}
OF_THE_CHANGE = ["_event_type", "_event_id", "_table", "_ttl_delete", "_old"]

# The rows of a batch, and the state that they are merged into.
ARRIVED, SOURCE, TARGET = "dynalake_arrived", "source", "target"
IS_NEWER = f"{SOURCE}.`_sequence` > {TARGET}.`_sequence`"


# What AWS Glue adds to the words of a job, and its own job parameters
# (https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html).
WORDS_OF_GLUE = {
    "--JOB_ID",
    "--JOB_NAME",
    "--JOB_RUN_ID",
    "--RedshiftTempDir",
    "--SECURITY_CONFIGURATION",
    "--TempDir",
    "--additional-python-modules",
    "--conf",
    "--continuation-option",
    "--continuous-log-conversionPattern",
    "--continuous-log-logGroup",
    "--continuous-log-logStreamPrefix",
    "--datalake-formats",
    "--enable-auto-scaling",
    "--enable-continuous-cloudwatch-log",
    "--enable-continuous-log-filter",
    "--enable-glue-datacatalog",
    "--enable-job-insights",
    "--enable-metrics",
    "--enable-observability-metrics",
    "--enable-spark-ui",
    "--encryption-type",
    "--extra-files",
    "--extra-jars",
    "--extra-py-files",
    "--job-bookmark-from",
    "--job-bookmark-option",
    "--job-bookmark-to",
    "--job-language",
    "--python-modules-installer-option",
    "--scriptLocation",
    "--spark-event-logs-path",
    "--user-jars-first",
}


class Rejected(ValueError):
    """A wrong setting, or a table that doesn't fit it: its name, its value and the fix."""


@dataclass(frozen=True)
class Table:
    """One object of the file of tables."""

    name: str
    keys: list[str]
    columns: dict[str, str]
    location: str

    @property
    def merged(self) -> str:
        return f"{self.name}_merged"

    @property
    def all_columns(self) -> dict[str, str]:
        """Keys and order first: Delta keeps statistics of the first 32 columns only."""
        first = [*self.keys, "_event_time", "_sequence"]
        types = {**self.columns, **METADATA}
        return {
            name: types[name] for name in [*first, *(each for each in types if each not in first)]
        }


def read_tables(path: Path) -> list[Table]:
    """The tables that the file describes."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        tables = [_table(value) for value in values]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Rejected(
            f"--tables is {path}: give the file that `terraform output -json databricks_tables` "
            f"writes ({type(error).__name__}: {error})"
        ) from None
    if not tables:
        raise Rejected(f"--tables is {path}: it has no tables; give one object per DynamoDB table")
    return tables


def _table(value: dict[str, Any]) -> Table:
    schema = value["schema"]
    columns = {
        column["name"]: column["type"]
        for column in schema["columns"]
        if column.get("protect") != "drop"
    }
    keys = [_key_column(key, schema["columns"]) for key in schema["keys"]]
    return Table(value["name"], keys, columns, value["location"])


def _key_column(key: str, columns: list[dict[str, Any]]) -> str:
    """The column of a key attribute: by path, else by name, else by the name in snake case."""
    free = [column["name"] for column in columns if "path" not in column]
    names: list[str] = [column["name"] for column in columns if column.get("path") == [key]]
    names += [name for name in free if name == key] + [name for name in free if name == snake(key)]
    if not names:
        raise ValueError(f"no column takes the key {key}; `dynalake check` explains it")
    return names[0]


def snake(name: str) -> str:
    """An attribute's name as a column's, as the function has it."""
    name = re.sub("[^A-Za-z0-9_]", "_", name)
    name = re.sub("([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub("([A-Z])([A-Z][a-z])", r"\1_\2", name)
    name = re.sub("_+", "_", name.lower()) or "_"
    return "_" + name if name[0].isdigit() else name


# ---- the SQL


def quoted(name: str) -> str:
    return f"`{name}`"


def columns_ddl(columns: dict[str, str]) -> str:
    return ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())


def is_mergeable(keys: list[str]) -> str:
    """A row without these has no place in the state."""
    needed = [*keys, "_sequence", "_event_type"]
    return " AND ".join(f"{quoted(name)} IS NOT NULL" for name in needed)


def newest_sql(table: Table) -> str:
    """Of each key in a batch the newest row: MERGE takes one."""
    keys = ", ".join(map(quoted, table.keys))
    names = ", ".join(map(quoted, table.all_columns))
    return (
        f"SELECT {names} FROM (SELECT *, row_number() OVER (PARTITION BY {keys} "
        f"ORDER BY `_sequence` DESC) AS `1_rank` FROM {ARRIVED} WHERE {is_mergeable(table.keys)}) "
        "AS ranked WHERE `1_rank` = 1"
    )


def same_key(keys: list[str]) -> str:
    """The rows of one item."""
    return " AND ".join(f"{TARGET}.{quoted(key)} = {SOURCE}.{quoted(key)}" for key in keys)


def assignments(table: Table, retired: Sequence[str] = ()) -> dict[str, str]:
    """What each column of the state is set to. One that the schema file no longer has is
    emptied."""
    taken = {name: f"{SOURCE}.{quoted(name)}" for name in table.all_columns}
    return {**taken, **dict.fromkeys(retired, "NULL")}


def merge_sql(table: Table, schema: str, retired: Sequence[str] = ()) -> str:
    """A batch into the state."""
    values = assignments(table, retired)
    updates = ", ".join(f"{quoted(name)} = {value}" for name, value in values.items())
    return (
        f"MERGE INTO {schema}.{table.merged} AS {TARGET} USING ({newest_sql(table)}) AS {SOURCE} "
        f"ON {same_key(table.keys)} WHEN MATCHED AND {IS_NEWER} THEN UPDATE SET {updates} "
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(map(quoted, values))}) "
        f"VALUES ({', '.join(values.values())})"
    )


def create_sql(table: Table, schema: str) -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {schema}.{table.merged} ({columns_ddl(table.all_columns)}) "
        "USING delta"
    )


def state_sql(table: Table, schema: str) -> str:
    """The items as they are now, out of the newest changes."""
    names = [name for name in table.all_columns if name not in OF_THE_CHANGE]
    return (
        f"SELECT {', '.join(map(quoted, names))} FROM {schema}.{table.merged} "
        "WHERE `_event_type` <> 'REMOVE'"
    )


def view_sql(table: Table, schema: str) -> str:
    return f"CREATE OR REPLACE VIEW {schema}.{table.name} AS {state_sql(table, schema)}"


def purge_sql(table: Table, schema: str, days: int) -> str:
    """Tombstones that no late change needs any more."""
    return (
        f"DELETE FROM {schema}.{table.merged} WHERE `_event_type` = 'REMOVE' "
        f"AND `_event_time` < current_timestamp() - INTERVAL {days} DAYS"
    )


# ---- the job


def compare_types(target: str, there: dict[str, str], read: dict[str, str]) -> None:
    """Rejects a table whose columns have other types than the files are read with. Both as Spark
    spells them."""
    changed = [name for name in read if name in there and there[name] != read[name]]
    if changed:
        columns = "; ".join(
            f"{quoted(name)} is {there[name]} in the table and {read[name]} in the schema file"
            for name in changed
        )
        raise Rejected(
            f"{target}: {columns}. Nothing was merged. Put the table's type back in the schema "
            "file, and give the new type to a new column with the same path; or drop the table "
            "and its checkpoint, and let it be made again from the files (docs/type-changes.md)"
        )


def prepare(
    spark: Any, table: Table, schema: str, read: dict[str, str], tombstone_days: int
) -> list[str]:
    """Makes the table of newest changes, or adds the columns that the schema file got. Returns
    those that it no longer has. `read`: the types that the files are read with."""
    target = f"{schema}.{table.merged}"
    spark.sql(create_sql(table, schema))
    there = dict(spark.table(target).dtypes)
    compare_types(target, there, read)
    added = {name: kind for name, kind in table.all_columns.items() if name not in there}
    if added:
        spark.sql(f"ALTER TABLE {target} ADD COLUMNS ({columns_ddl(added)})")
    spark.sql(purge_sql(table, schema, tombstone_days))
    return [name for name in there if name not in table.all_columns]


def stream(spark: Any, table: Table, files: str) -> Any:
    """The rows of the table's files, as they come."""
    # Dates are of the calendar that they are written in.
    return (
        spark.readStream.schema(columns_ddl(table.all_columns))
        .option("recursiveFileLookup", "true")
        .option("datetimeRebaseMode", "CORRECTED")
        .option("int96RebaseMode", "CORRECTED")
        # Rejected records may be beside the rows, as JSON in rejected/.
        .option("pathGlobFilter", "*.parquet")
        .parquet(f"{files.rstrip('/')}/{table.location}".rstrip("/"))
    )


def upsert(table: Table, schema: str, retired: Sequence[str]) -> Callable[[Any, int], None]:
    """What merges a batch."""

    def merge(batch: Any, number: int) -> None:
        # The batch has a session of its own, where alone its view is known.
        spark = batch.sparkSession
        batch.createOrReplaceTempView(ARRIVED)
        spark.sql(merge_sql(table, schema, retired))
        lacking = batch.where(f"NOT ({is_mergeable(table.keys)})").count()
        if lacking:
            print(f"{table.name}, batch {number}: {lacking} rows can't be merged")

    return merge


def start_all(spark: Any, tables: list[Table], settings: argparse.Namespace) -> list[Any]:
    """The running queries, one of each table. None is started before all tables are prepared."""
    streams = [stream(spark, table, settings.files) for table in tables]
    all_retired = [
        prepare(spark, table, settings.schema, dict(rows.dtypes), settings.tombstone_days)
        for table, rows in zip(tables, streams, strict=True)
    ]
    return [
        start(rows, table, retired, settings)
        for table, rows, retired in zip(tables, streams, all_retired, strict=True)
    ]


def start(rows: Any, table: Table, retired: list[str], settings: argparse.Namespace) -> Any:
    """The running query of one table."""
    writer = (
        rows.writeStream.queryName(table.merged)
        .option("checkpointLocation", f"{settings.checkpoints.rstrip('/')}/{table.name}")
        .foreachBatch(upsert(table, settings.schema, retired))
    )
    if settings.every:
        return writer.trigger(processingTime=settings.every).start()
    return writer.trigger(availableNow=True).start()


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--tables", type=Path, required=True, help="the file of tables")
    parser.add_argument("--files", required=True, help="the folder that their locations are in")
    parser.add_argument(
        "--schema",
        required=True,
        help="where the tables go: schema, or catalog.schema; not Firehose's Glue database",
    )
    parser.add_argument(
        "--checkpoints", required=True, help="a folder for what each stream has read"
    )
    parser.add_argument("--every", help='how often, as "1 minute"; by default once, and it ends')
    parser.add_argument(
        "--tombstone-days", type=int, default=14, help="how long deletes are kept (14)"
    )
    arguments, others = parser.parse_known_args(words)
    unknown = _unknown(others)
    if unknown:
        parser.error(f"unknown: {' '.join(unknown)}")
    if arguments.tombstone_days < 1:
        parser.error(f"--tombstone-days is {arguments.tombstone_days}: write 1 or more")
    return arguments


def _unknown(others: list[str]) -> list[str]:
    """The words that are neither the job's nor Glue's. A word without dashes may be the value of
    one of Glue's; a misspelt option always has them."""
    options = [word for word in others if word.startswith("-")]
    unknown = [word for word in options if word.partition("=")[0] not in WORDS_OF_GLUE]
    return others if unknown == options else unknown


def main() -> int:
    settings = parse(sys.argv[1:])
    try:
        tables = read_tables(settings.tables)
    except Rejected as rejected:
        print(f"dynalake_merge: {rejected}", file=sys.stderr)
        return 2
    # Only now, so that a wrong setting is told without Spark.
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("dynalake merge").getOrCreate()
    try:
        queries = start_all(spark, tables, settings)
    except Rejected as rejected:
        print(f"dynalake_merge: {rejected}", file=sys.stderr)
        return 2
    for table in tables:
        spark.sql(view_sql(table, settings.schema))
    for query in queries:
        query.awaitTermination()
    return 0


if __name__ == "__main__":
    sys.exit(main())
