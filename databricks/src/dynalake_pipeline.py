"""From the files on S3 to a table of the items as they are now: the pipeline in Databricks.

Of each DynamoDB table it makes

    <name>_changes      every row of every file, as it came, appended. The change log, for queries
                        and for replays
    <name>_quarantine   the rows that can't be merged: without key, sequence or event type
    <name>              the current state: one row per item, by AUTO CDC, deletes applied, late
                        rows in their place
    <name>_history      all states of each item with their beginning and end; if `history` is
                        true

Two things tell it what to do: a file that is synced with it, and keys of its configuration.

    dynalake.tables     the file, as a path seen from the folder of this file (or from another one
                        where Python looks for modules; Databricks adds the pipeline's root path).
                        It holds JSON, a list with one object per DynamoDB table:
        schema              the table's schema file, as an object
        location            folder of its Parquet files: in dynalake.volume (empty: the volume
                            itself), or from the root, as /Volumes/catalog/schema/volume/folder
        name                the table to make; by default the schema's `name`, else the DynamoDB
                            table's name as Glue has it: in lower case, with _ for every other
                            character than a-z, 0-9 and _
        history             true for <name>_history; false by default
    dynalake.volume     the volume with the Parquet files, as /Volumes/catalog/schema/volume. Only
                        for locations that don't begin at the root
    dynalake.source     cloudFiles (default): Auto Loader in Databricks. parquet: open-source
                        Spark, as in the tests
    dynalake.widen_types
                        true: a column follows its files to a wider type, by Auto Loader's
                        addNewColumnsWithTypeWidening (a preview). By default a value of another
                        type than the column's goes to _rescued_data
    dynalake.declare_columns
                        true: the current state is made with the columns, types, comments and
                        primary key of the schema file, and takes a new column with the next
                        deploy. By default its columns follow the files
    dynalake.list_on_start
                        true: Auto Loader lists all files once and forgives a queue that was
                        replaced. For one update after such a change

The schema files aren't in the configuration itself: Spark answers that a setting is absent if its
value has a word that could introduce a secret (spark.redaction.regex: password, secret, token,
accesskey, access.key, in any capitals). A column named refresh_token would hide them all.

Why the log is a table, and not only a view of the files: Auto Loader then reads each file once,
whatever is made of it, and in one place new columns arrive. The log is compacted, and governed
like any table. And a full refresh of the current state reads it instead of the files, some of
which may be gone. It costs a copy of the data, and one more trigger interval of latency.

Open-source Spark 4.3 runs this very file in databricks/tests.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark import pipelines as dp
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame, SparkSession

    Query = Callable[[], DataFrame]

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
# By these the tables are clustered and filtered. Delta keeps statistics of the first 32 columns
# only, and clusters by no column without, so keys and these two come first.
ORDER = ["_event_time", "_sequence"]
# Columns that Auto Loader, Spark and AUTO CDC make themselves.
RESERVED = ["_rescued_data", "_metadata", "__start_at", "__end_at"]

SOURCES = ["cloudFiles", "parquet"]
MEMBERS = ["schema", "location", "name", "history"]
HIDDEN = (
    "It may be set and hidden: Spark shows no setting with password, secret, token, accesskey or "
    "access.key in its name or value, in any capitals (spark.redaction.regex)"
)


class Rejected(ValueError):
    """A wrong setting: its name, its value (None: it is absent) and what to do about it."""

    def __init__(self, setting: str, value: object, fix: str) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        said = "not set" if value is None else repr(text[:200])
        super().__init__(f"{setting} is {said}: {fix}")


class Table:
    """One object of the file of tables, checked."""

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
        self.columns: dict[str, str] = {}
        self.comments: dict[str, str | None] = {}
        for column in schema["columns"]:
            if column.get("protect") != "drop":
                self.columns[column["name"]] = column["type"]
                self.comments[column["name"]] = column.get("comment")
        for name in RESERVED:
            if name in self.columns:
                raise Rejected(
                    f"{setting}.schema.columns",
                    name,
                    "the lakehouse keeps this name for itself; choose another, with a path",
                )
        self.keys = [
            self._key_column(f"{setting}.schema.keys", key, schema["columns"])
            for key in schema["keys"]
        ]

        self.location = read_location(f"{setting}.location", value.get("location"))

        self.name = value.get("name", schema.get("name", lake_name(schema["table"])))
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
        else its own name, else the name in snake case."""
        names: list[str] = [column["name"] for column in columns if column.get("path") == [key]]
        free = [column["name"] for column in columns if "path" not in column]
        names += [name for name in free if name == key] + [
            name for name in free if name == snake(key)
        ]
        for name in names:
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


def lake_name(table: str) -> str:
    """A DynamoDB table's name as a table's in the lake."""
    name = re.sub("[^a-z0-9_]", "_", table.lower())
    return "_" + name if name[:1].isdigit() else name


def read_setting(name: str, default: str | None = None) -> str | None:
    value: str | None = spark.conf.get(name, default)
    return value


def read_flag(name: str) -> bool:
    value = read_setting(name, "false")
    if value not in ("true", "false"):
        raise Rejected(name, value, "write true or false")
    return value == "true"


def read_source() -> str:
    source = read_setting("dynalake.source", "cloudFiles")
    if source is None or source not in SOURCES:
        raise Rejected("dynalake.source", source, f"write one of {', '.join(SOURCES)}")
    return source


def read_location(setting: str, value: Any) -> str:
    """A folder of Parquet files, with the volume's path before it if it doesn't begin at the
    root."""
    if not isinstance(value, str):
        raise Rejected(
            setting,
            value,
            "give the folder of the Parquet files: one in the volume, or one from "
            "the root, as /Volumes/catalog/schema/volume/folder",
        )
    if value.startswith("/") or "://" in value:
        return value
    volume = read_setting("dynalake.volume")
    if volume is None:
        raise Rejected(
            "dynalake.volume",
            None,
            f"{setting} is {value!r}, a folder in a volume: give the volume's "
            f"path, or the folder's from the root. {HIDDEN}: then write the "
            "folders from the root, or give catalog and schema other names",
        )
    return f"{volume}/{value}".rstrip("/")


def find_file(setting: str, path: str) -> Path:
    """A file that is synced with this one. Databricks adds the pipeline's root path to Python's
    search path, and need not say where this file is."""
    here = [str(Path(__file__).parent)] if "__file__" in globals() else []
    folders = list(dict.fromkeys(here + sys.path))
    for folder in folders:
        file = Path(folder) / path
        if os.path.isfile(file):
            return file
    raise Rejected(
        setting,
        path,
        "there is no such file; write it by `terraform output -json databricks_tables`, as "
        f"databricks_next_steps says, and deploy. Looked for in {', '.join(folders)}",
    )


def read_tables() -> list[Table]:
    setting = "dynalake.tables"
    path = read_setting(setting)
    if path is None:
        raise Rejected(
            setting,
            None,
            "give the path of the file of tables, as the bundle does. "
            f"{HIDDEN}: then give the target or the file another name",
        )
    text = find_file(setting, path).read_text(encoding="utf-8")
    try:
        values = json.loads(text)
    except ValueError as error:
        raise Rejected(
            path, text, f"give a JSON list, as Terraform's output makes it ({error})"
        ) from None
    if not isinstance(values, list) or not values:
        raise Rejected(path, values, "give a JSON list with one object per DynamoDB table")
    tables = [Table(f"{path}[{at}]", value) for at, value in enumerate(values)]
    taken: dict[str, int] = {}
    for at, table in enumerate(tables):
        for dataset in table.datasets:
            if dataset in taken:
                other = f"{path}[{taken[dataset]}]"
                raise Rejected(
                    f"{path}[{at}].name",
                    table.name,
                    f"it would make {dataset}, as does {other}; give one of them another name",
                )
            taken[dataset] = at
    return tables


SOURCE = read_source()
ON_DATABRICKS = SOURCE == "cloudFiles"
WIDEN_TYPES = read_flag("dynalake.widen_types")
DECLARE_COLUMNS = read_flag("dynalake.declare_columns")
LIST_ON_START = read_flag("dynalake.list_on_start")
TABLES = read_tables()

# For 14 days after its delete a late row of an item is recognised: as long as the queue keeps
# notifications. Open-source Spark has no such property.
TOMBSTONES = (
    {"pipelines.cdc.tombstoneGCThresholdInSeconds": str(14 * 24 * 60 * 60)} if ON_DATABRICKS else {}
)
# What is merged follows the log to a wider type.
WIDENING = {"delta.enableTypeWidening": "true"} if ON_DATABRICKS and WIDEN_TYPES else {}


def quoted(name: str) -> str:
    return f"`{name}`"


def ddl(columns: dict[str, str]) -> str:
    return ", ".join(f"{quoted(name)} {hive_type}" for name, hive_type in columns.items())


def files(table: Table) -> DataFrame:
    """A stream of the rows in the table's Parquet files, keys and order first; of the folders
    dt=…/hour=… it makes no columns."""
    if ON_DATABRICKS:
        keys = {name: table.columns[name] for name in table.keys}
        # A pipeline keeps the schema's location itself.
        reader = (
            spark.readStream.format("cloudFiles")
            .option("cloudFiles.format", "parquet")
            .option("cloudFiles.useManagedFileEvents", "true")
            .option(
                "cloudFiles.schemaEvolutionMode",
                "addNewColumnsWithTypeWidening" if WIDEN_TYPES else "addNewColumns",
            )
            .option("cloudFiles.schemaHints", ddl({**keys, **METADATA}))
            .option("cloudFiles.partitionColumns", "")
            .option("rescuedDataColumn", "_rescued_data")
        )
        if LIST_ON_START:
            # What a token of another queue or location needs, by Databricks' FAQ of file events.
            reader = reader.option("cloudFiles.listOnStart", "true").option(
                "cloudFiles.validateOptions", "false"
            )
    else:
        reader = spark.readStream.format("parquet")
        reader = reader.schema(ddl({**table.columns, **METADATA})).option(
            "recursiveFileLookup", "true"
        )
    # Dates are of the calendar that they are written in: else those before 1582, and times before
    # 1900, would move where the file doesn't say who wrote it.
    reader = reader.option("datetimeRebaseMode", "CORRECTED").option("int96RebaseMode", "CORRECTED")
    # Rejected records may be beside the rows, as JSON in rejected/.
    reader = reader.option("pathGlobFilter", "*.parquet")
    first = [quoted(name) for name in [*table.keys, *ORDER]]
    return reader.load(table.location).selectExpr(*first, f"* EXCEPT ({', '.join(first)})")


def log(table: Table) -> DataFrame:
    """A stream of the rows in the change log."""
    reader = spark.readStream
    if ON_DATABRICKS:
        # Rows may be erased from the log; that is no change of an item.
        reader = reader.option("skipChangeCommits", "true")
    return reader.table(table.changes)


def mergeable(table: Table) -> str:
    """AUTO CDC fails on a null key or sequence, and again at each retry. A row that isn't known to
    be a delete would be taken for an item."""
    return " AND ".join(
        f"{quoted(name)} IS NOT NULL" for name in [*table.keys, "_sequence", "_event_type"]
    )


def counted(table: Table) -> Callable[[Query], Query]:
    """Counts on the pipeline's page of what a row of the log should be. Nothing is left out of the
    log by them, and open-source Spark has none."""
    expectations = {
        "can be merged": mergeable(table),
        "nothing rescued by Auto Loader": "_rescued_data IS NULL",
    }

    def decorate(function: Query) -> Query:
        if not ON_DATABRICKS:
            return function
        for what, condition in expectations.items():
            function = dp.expect(what, condition)(function)
        return function

    return decorate


def declared(table: Table) -> tuple[list[str], str | None]:
    """The columns of the current state by the schema file, and their DDL.

    Open-source Spark adds a column of its own to what AUTO CDC writes, so there it makes the table
    itself.
    """
    first = [*table.keys, *ORDER]
    types = {**{name: METADATA[name] for name in ORDER}, **table.columns}
    types["_rescued"] = METADATA["_rescued"]
    if ON_DATABRICKS:
        types["_rescued_data"] = "string"
    names = first + [name for name in types if name not in first]
    if not ON_DATABRICKS:
        return names, None
    parts = []
    for name in names:
        not_null = " NOT NULL" if name in table.keys else ""
        comment = table.comments.get(name)
        about = "" if comment is None else f" COMMENT {literal(comment)}"
        parts.append(f"{quoted(name)} {types[name]}{not_null}{about}")
    # It tells planners and people what a row is; nothing enforces it.
    keys = ", ".join(map(quoted, table.keys))
    parts.append(f"CONSTRAINT {quoted(table.name + '_key')} PRIMARY KEY ({keys})")
    return names, ", ".join(parts)


def literal(text: str) -> str:
    """A string in SQL; control characters other than white space become blanks.

    A notebook takes a bare $ for a widget. Spark takes ${name} for a variable and puts its value,
    or nothing, in its place, also in a string and behind a backslash: so the brace is escaped too.
    """
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", text)
    return "'" + re.sub(r"(['\\$]|(?<=\$)\{)", r"\\\1", text) + "'"


def define(table: Table) -> None:
    """The datasets of one DynamoDB table."""
    source = f"DynamoDB table of {table.name}"

    @dp.table(
        name=table.changes,
        comment=f"Changes of the {source}: each row of each file, duplicates too.",
        # What is asked of the log, is asked of a time.
        cluster_by=["_event_time"],
        # A full refresh would lose what is no longer in the files.
        table_properties={"pipelines.reset.allowed": "false", **WIDENING},
    )
    @counted(table)
    def changes() -> DataFrame:
        return files(table)

    @dp.table(
        name=f"{table.name}_quarantine",
        comment=f"Changes of the {source} that can't be merged: without key, sequence or event "
        "type.",
        table_properties=WIDENING,
    )
    def quarantine() -> DataFrame:
        return log(table).where(F.expr(f"NOT ({mergeable(table)})"))

    @dp.temporary_view(name=table.mergeable)
    def merged() -> DataFrame:
        # A change that has no id is one of its own. By selectExpr, as withColumn would have
        # open-source Spark read the log before this update has written it.
        its_id = "coalesce(_event_id, _sequence) AS _event_id"
        return log(table).where(F.expr(mergeable(table))).selectExpr("* EXCEPT (_event_id)", its_id)

    targets = {table.name: 1}
    if table.history:
        targets[f"{table.name}_history"] = 2
    for target, scd_type in targets.items():
        is_state = scd_type == 1
        about = "Current state" if is_state else "All states"
        names: list[str] | None = None
        schema: str | None = None
        if is_state and DECLARE_COLUMNS:
            names, schema = declared(table)
        dp.create_streaming_table(
            name=target,
            comment=f"{about} of the items of the {source}.",
            cluster_by=table.keys,
            table_properties={**TOMBSTONES, **WIDENING},
            schema=schema,
        )
        # Images are whole items, so a null means that the attribute is gone: never
        # ignore_null_updates.
        dp.create_auto_cdc_flow(
            target=target,
            source=table.mergeable,
            keys=table.keys,
            sequence_by=F.col("_sequence"),
            apply_as_deletes=F.expr("_event_type = 'REMOVE'"),
            column_list=names,
            # The history tells changes apart by their id.
            except_column_list=None
            if names
            else [name for name in OF_THE_CHANGE if is_state or name != "_event_id"],
            stored_as_scd_type=scd_type,
            # Each change is a state of its own, whatever it changed (maps can't be compared), and
            # one that came twice is one: DynamoDB may write a record twice, under two sequence
            # numbers and one id.
            track_history_column_list=None if is_state else ["_event_id"],
        )


for each in TABLES:
    define(each)
