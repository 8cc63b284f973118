"""What `dynalake ddl` prints for Databricks, run by Spark: the schemas of fixtures/ddl, and the
view on the pipeline's own log.

Columns and comments that Spark understands are compared with the schema file, not with the text.
"""

from __future__ import annotations

import json
import re
from typing import Any

from dynalake_dev.contract import Schema
from dynalake_dev.machine import ROOT

from . import cloud_files, compare, tools
from .firehose import METADATA, glue_columns
from .spark import CATALOG, Pipeline, Spark
from .streams import key_columns
from .tables import Made

SCHEMA = "ddl"
METADATA_NAMES = [column["name"] for column in METADATA]
# Of these `dynalake ddl` makes blanks in a comment.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

Columns = dict[str, tuple[str, str | None]]


def differences(spark: Spark) -> list[str]:
    """All in which a table that Spark makes of the SQL, or of hints, is not what the schema file
    says."""
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.{SCHEMA}")
    found = []
    folders = sorted((ROOT / "fixtures" / "ddl").iterdir())
    for folder in folders:
        file, schema = folder / "schema.json", json.loads((folder / "schema.json").read_text())
        name = re.sub(r"\W", "_", folder.name)
        spark.sql(
            tools.print_sql(file, "table", "--database", f"{CATALOG}.{SCHEMA}", "--table", name)
        )
        expected = _expected(schema)
        found += _compare(f"{folder.name}: the table", expected, _columns(spark, name))
        for part, wanted in (
            ("hints", [*key_columns(Schema(schema)), *METADATA_NAMES]),
            ("all-hints", list(expected)),
        ):
            table = f"{name}_{part.replace('-', '_')}"
            spark.sql(f"CREATE TABLE {CATALOG}.{SCHEMA}.{table} ({tools.print_sql(file, part)})")
            # Hints have no comments; the keys among them are in the order of the columns.
            types = {name: (kind, None) for name, (kind, _) in expected.items() if name in wanted}
            found += _compare(f"{folder.name}: {part}", types, _columns(spark, table))
    return found if folders else ["fixtures/ddl has no cases"]


def view_differences(pipeline: Pipeline, made: Made) -> list[str]:
    """All in which the view on the pipeline's change log is not the current state."""
    database = f"{CATALOG}.{pipeline.name}"
    view = tools.print_sql(
        made.lake.schema_file(1),
        "view",
        "--database",
        database,
        "--table",
        made.order.name + "_changes",
    )
    # The connector has no views: what it selects is run by itself.
    table = pipeline.spark.sql(view[view.index("\nSELECT\n") :])
    found = compare.differences(made.truth, table, made.keys, more=["_event_time", "_sequence"])
    return [f"{made.order.name}, the view on its changes: {what}" for what in found]


def declared_differences(spark: Spark, made: Made) -> list[str]:
    """All in which the columns that the pipeline declares on request are not the schema file's."""
    schemas = {"customers": made.lake.schemas[1]}
    for folder in sorted((ROOT / "fixtures" / "ddl").iterdir()):
        name = "declared_" + re.sub(r"\W", "_", folder.name)
        schemas[name] = json.loads((folder / "schema.json").read_text())
    return [what for name, schema in schemas.items() for what in _declared(spark, name, schema)]


def _declared(spark: Spark, name: str, schema: dict[str, Any]) -> list[str]:
    table = {"schema": schema, "location": "customers", "name": name}
    declared = cloud_files.asked_for(table, declare_columns="true")[0].tables[name].schema
    columns = declared[: declared.index(", CONSTRAINT")]
    spark.sql(f"CREATE TABLE {CATALOG}.{SCHEMA}.{name} ({columns})")
    expected = _expected(schema)
    keys = key_columns(Schema(schema))
    types = {name: (kind, None) for name, (kind, _) in expected.items() if name in METADATA_NAMES}
    first = {name: expected[name] for name in keys}
    first |= {name: types[name] for name in ("_event_time", "_sequence")}
    others = {name: about for name, about in expected.items() if name not in types}
    last = {"_rescued": types["_rescued"], "_rescued_data": ("string", None)}
    return _compare(f"{name}: declared columns", first | others | last, _columns(spark, name))


def governance_differences(spark: Spark, schema: str, made: Made) -> list[str]:
    """All in which the comments are not the schema file's, in copies of the pipeline's tables. Tags
    are Databricks'."""
    name = made.order.name
    text = tools.print_sql(
        made.lake.schema_file(1),
        "governance",
        "--database",
        f"{CATALOG}.{schema}",
        "--table",
        name + "_changes",
    )
    tags = []
    for statement in re.sub(r"^--.*$", "", text, flags=re.MULTILINE).split(";\n"):
        if " SET TAGS " in statement:
            tags.append(statement.strip())
        else:
            spark.sql(statement.replace("ALTER STREAMING TABLE", "ALTER TABLE"))
    expected, found = _expected(made.lake.schemas[1]), []
    for end in ("", "_changes", "_quarantine", "_history"):
        rows = spark.sql(f"DESCRIBE TABLE {CATALOG}.{schema}.{name + end}").to_pylist()
        comments = {row["col_name"]: row["comment"] for row in rows}
        found += [
            f"{name + end}: {column} has the comment {comments[column]!r}, not {wanted!r}"
            for column, (_, wanted) in expected.items()
            if column in comments
            and comments[column] != wanted
            and not (end == "_history" and column == "_event_id")
        ]
    wanted = [
        column["name"]
        for column in made.lake.schemas[1]["columns"]
        if column.get("protect") == "sha256"
    ] * 4
    if [
        re.search(r"COLUMN `(.+)` SET TAGS \('dynalake_protect' = 'sha256'\)$", tag)[1]
        for tag in tags
    ] != wanted:
        found.append(f"tags of protected columns: {tags}")
    return found


def _expected(schema: dict[str, Any]) -> Columns:
    return {
        column["name"]: (
            _normal(column["type"]),
            CONTROL.sub(" ", column["comment"]) if "comment" in column else None,
        )
        for column in glue_columns(schema)
    }


def _columns(spark: Spark, table: str) -> Columns:
    rows = spark.sql(f"DESCRIBE TABLE {CATALOG}.{SCHEMA}.{table}").to_pylist()
    return {row["col_name"]: (_normal(row["data_type"]), row["comment"]) for row in rows}


def _normal(kind: str) -> str:
    """A type without what may be written in more than one way."""
    return re.sub(r"decimal(?!\()", "decimal(10,0)", re.sub(r"\s", "", kind).lower())


def _compare(what: str, expected: Columns, actual: Columns) -> list[str]:
    if list(expected) != list(actual):
        return [f"{what} has the columns {list(actual)}, not {list(expected)}"]
    return [
        f"{what}: {name} is {actual[name]}, not {wanted}"
        for name, wanted in expected.items()
        if actual[name] != wanted
    ]
