"""From the files on S3 to a table of the items as they are now: the pipeline that runs in
Databricks.

Of each DynamoDB table it makes

    <name>_changes      every row of every file, as it came, appended. The change log, for queries
                        and for replays
    <name>_quarantine   the rows that can't be merged: without key, sequence or event type
    <name>              the current state: one row per item, by AUTO CDC, deletes applied, late rows
                        in their place
    <name>_history      all states of each item with their beginning and end; if `history` is true

What it does is said by two keys of the pipeline's configuration, both made by Terraform and the
bundle:

    dynalake.tables     JSON text, a list with one object per DynamoDB table:
        schema              the table's schema file, as an object
        location            folder of its Parquet files, as /Volumes/catalog/schema/volume/folder
        name                the table to make; by default the DynamoDB table's name as Glue has it:
                            in lower case, with _ for every other character than a-z, 0-9 and _
        history             true for <name>_history; false by default
    dynalake.source     cloudFiles (default): Auto Loader in Databricks. parquet: open-source Spark,
                        as in the tests

Why the log is a table, and not only a view of the files: Auto Loader then reads each file once,
whatever is made of it, and in one place new columns arrive. The log is compacted, and governed like
any table. And a full refresh of the current state reads it instead of the files, some of which may
be gone. It costs a copy of the data, and one more trigger interval of latency.

Open-source Spark 4.3 runs this very file in databricks/tests.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pyspark import pipelines as dp
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# Both runtimes provide it.
spark: SparkSession

# In the order of the table. A test compares it with terraform/metadata_columns.json.
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
# What says something of the change and nothing of the item. _event_time, _sequence and _rescued
# stay: how fresh the row is, where its change is in the log, and what did not fit.
OF_THE_CHANGE = ["_event_type", "_event_id", "_table", "_ttl_delete", "_old"]

SOURCES = ["cloudFiles", "parquet"]
MEMBERS = ["schema", "location", "name", "history"]


class Rejected(ValueError):
    """A wrong setting: its name, its value and what to do about it."""

    def __init__(self, setting: str, value: object, fix: str) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        super().__init__(f"{setting} is {text[:200]!r}: {fix}")


class Table:
    """One object of dynalake.tables, checked."""

    def __init__(self, setting: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise Rejected(setting, value, f"write an object with {', '.join(MEMBERS)}")
        unknown = sorted(set(value) - set(MEMBERS))
        if unknown:
            raise Rejected(
                f"{setting}.{unknown[0]}",
                value[unknown[0]],
                f"there is no such member; correct its name to one of {', '.join(MEMBERS)}, "
                "or remove it",
            )

        schema: Any = value.get("schema")
        if not is_schema(schema):
            raise Rejected(
                f"{setting}.schema",
                schema,
                "give the content of the table's schema file, an object with table, keys and "
                "columns",
            )
        self.columns = {
            column["name"]: column["type"]
            for column in schema["columns"]
            if column.get("protect") != "drop"
        }
        self.keys = [
            self._key_column(f"{setting}.schema.keys", key, schema["columns"])
            for key in schema["keys"]
        ]

        self.location = value.get("location")
        if not isinstance(self.location, str) or not self.location.strip():
            raise Rejected(
                f"{setting}.location",
                self.location,
                "give the folder of the Parquet files, as /Volumes/catalog/schema/volume/folder",
            )

        self.name = value.get("name", re.sub("[^a-z0-9_]", "_", schema["table"].lower()))
        if not isinstance(self.name, str) or not re.fullmatch("[a-z0-9_]+", self.name):
            raise Rejected(
                f"{setting}.name",
                self.name,
                "give a table's name without catalog and schema: a-z, 0-9 and _",
            )

        self.history = value.get("history", False)
        if not isinstance(self.history, bool):
            raise Rejected(
                f"{setting}.history", self.history, "write true or false, without quotes"
            )

        self.changes, self.mergeable = f"{self.name}_changes", f"{self.name}_mergeable"
        self.datasets = [self.name, self.changes, self.mergeable, f"{self.name}_quarantine"]
        if self.history:
            self.datasets.append(f"{self.name}_history")

    def _key_column(self, setting: str, key: str, columns: list[dict[str, Any]]) -> str:
        """The column of a key attribute, by the rules of the schema file: a path claims it first,
        else the name."""
        by_path: list[str] = [column["name"] for column in columns if column.get("path") == [key]]
        by_name: list[str] = [
            column["name"]
            for column in columns
            if "path" not in column and column["name"] == snake(key)
        ]
        for name in by_path or by_name:
            if name in self.columns:
                return name
        raise Rejected(
            setting,
            key,
            f"no column takes this key; add one named {snake(key)}, or one whose path is the "
            "key, to the schema file (`dynalake check` explains it)",
        )


def is_schema(value: Any) -> bool:
    """Whether it looks like a schema file's content. Terraform and the function have checked it
    thoroughly."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("table"), str)
        and isinstance(value.get("keys"), list)
        and value["keys"] != []
        and isinstance(value.get("columns"), list)
        and all(
            isinstance(column, dict) and {"name", "type"} <= set(column)
            for column in value["columns"]
        )
    )


def snake(name: str) -> str:
    """An attribute's name as a column's, as the function and Terraform have it."""
    name = re.sub("[^A-Za-z0-9_]", "_", name)
    name = re.sub("([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub("([A-Z])([A-Z][a-z])", r"\1_\2", name)
    name = re.sub("_+", "_", name.lower()) or "_"
    return "_" + name if name[0].isdigit() else name


def read_source() -> str:
    source: str = spark.conf.get("dynalake.source", "cloudFiles")
    if source not in SOURCES:
        raise Rejected("dynalake.source", source, f"write one of {', '.join(SOURCES)}")
    return source


def read_tables() -> list[Table]:
    setting = "dynalake.tables"
    text = spark.conf.get(setting, "")
    try:
        values = json.loads(text)
    except ValueError as error:
        raise Rejected(
            setting, text, f"give a JSON list, as Terraform's output makes it ({error})"
        ) from None
    if not isinstance(values, list) or not values:
        raise Rejected(setting, values, "give a JSON list with one object per DynamoDB table")
    tables = [Table(f"{setting}[{at}]", value) for at, value in enumerate(values)]
    taken: dict[str, int] = {}
    for at, table in enumerate(tables):
        for dataset in table.datasets:
            if dataset in taken:
                other = f"{setting}[{taken[dataset]}]"
                raise Rejected(
                    f"{setting}[{at}].name",
                    table.name,
                    f"it would make {dataset}, as does {other}; give one of them another name",
                )
            taken[dataset] = at
    return tables


SOURCE = read_source()
TABLES = read_tables()
ON_DATABRICKS = SOURCE == "cloudFiles"

# For 14 days after its delete a late row of an item is recognised: as long as the queue keeps
# notifications. Open-source Spark has no such property.
TOMBSTONES = (
    {"pipelines.cdc.tombstoneGCThresholdInSeconds": str(14 * 24 * 60 * 60)} if ON_DATABRICKS else {}
)


def ddl(columns: dict[str, str]) -> str:
    return ", ".join(f"`{name}` {hive_type}" for name, hive_type in columns.items())


def files(table: Table) -> DataFrame:
    """A stream of the rows in the table's Parquet files; of the folders dt=…/hour=… it makes no
    columns."""
    if not ON_DATABRICKS:
        reader = spark.readStream.schema(ddl({**table.columns, **METADATA}))
        return reader.option("recursiveFileLookup", "true").parquet(table.location)
    keys = {name: table.columns[name] for name in table.keys}
    # A pipeline keeps the schema's location itself.
    return (
        spark.readStream.format("cloudFiles")
        .option("cloudFiles.format", "parquet")
        .option("cloudFiles.useManagedFileEvents", "true")
        .option("cloudFiles.schemaEvolutionMode", "addNewColumns")
        .option("cloudFiles.schemaHints", ddl({**keys, **METADATA}))
        .option("cloudFiles.partitionColumns", "")
        .option("rescuedDataColumn", "_rescued_data")
        .load(table.location)
    )


def log(table: Table) -> DataFrame:
    """A stream of the rows in the change log."""
    reader = spark.readStream
    if ON_DATABRICKS:
        # Rows may be erased from the log; that is no change of an item.
        reader = reader.option("skipChangeCommits", "true")
    return reader.table(table.changes)


def is_mergeable(table: Table) -> Column:
    """AUTO CDC fails on a null key or sequence, and again at each retry. A row that isn't known to
    be a delete would be taken for an item."""
    return F.expr(
        " AND ".join(f"`{name}` IS NOT NULL" for name in [*table.keys, "_sequence", "_event_type"])
    )


def define(table: Table) -> None:
    """The datasets of one DynamoDB table."""
    source = f"DynamoDB table of {table.name}"

    @dp.table(
        name=table.changes,
        comment=f"Changes of the {source}: each row of each file, duplicates too.",
        cluster_by=table.keys,
        # A full refresh would lose what is no longer in the files.
        table_properties={"pipelines.reset.allowed": "false"},
    )
    def changes() -> DataFrame:
        return files(table)

    @dp.table(
        name=f"{table.name}_quarantine",
        comment=f"Changes of the {source} that can't be merged: without key, sequence or event "
        "type.",
    )
    def quarantine() -> DataFrame:
        return log(table).where(~is_mergeable(table))

    @dp.temporary_view(name=table.mergeable)
    def mergeable() -> DataFrame:
        return log(table).where(is_mergeable(table))

    targets = {table.name: 1}
    if table.history:
        targets[f"{table.name}_history"] = 2
    for target, scd_type in targets.items():
        state = "Current state" if scd_type == 1 else "All states"
        dp.create_streaming_table(
            name=target,
            comment=f"{state} of the items of the {source}.",
            cluster_by=table.keys,
            table_properties=TOMBSTONES,
        )
        # Images are whole items, so a null means that the attribute is gone: never
        # ignore_null_updates.
        dp.create_auto_cdc_flow(
            target=target,
            source=table.mergeable,
            keys=table.keys,
            sequence_by=F.col("_sequence"),
            apply_as_deletes=F.expr("_event_type = 'REMOVE'"),
            except_column_list=OF_THE_CHANGE,
            stored_as_scd_type=scd_type,
            # Each change is a state of its own, whatever it changed: maps can't be compared.
            track_history_column_list=["_sequence"] if scd_type == 2 else None,
        )


for each in TABLES:
    define(each)
