"""What `dynalake ddl` prints for Databricks, run by Spark: the schemas of fixtures/ddl, and the
view on the pipeline's own log.

Columns and comments that Spark understands are compared with the schema file, not with the text.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from dynalake_dev.contract import snake
from dynalake_dev.machine import ROOT

from . import compare, tools
from .firehose import METADATA
from .spark import CATALOG, Pipeline, Spark
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
        spark.sql(_sql(file, "table", "--database", f"{CATALOG}.{SCHEMA}", "--table", name))
        expected = _expected(schema)
        found += _compare(f"{folder.name}: the table", expected, _columns(spark, name))
        for part, wanted in (
            ("hints", [*_keys(schema), *METADATA_NAMES]),
            ("all-hints", list(expected)),
        ):
            table = f"{name}_{part.replace('-', '_')}"
            spark.sql(f"CREATE TABLE {CATALOG}.{SCHEMA}.{table} ({_sql(file, part)})")
            # Hints have no comments; the keys among them are in the order of the columns.
            types = {name: (kind, None) for name, (kind, _) in expected.items() if name in wanted}
            found += _compare(f"{folder.name}: {part}", types, _columns(spark, table))
    return found if folders else ["fixtures/ddl has no cases"]


def view_differences(pipeline: Pipeline, made: Made) -> list[str]:
    """All in which the view on the pipeline's change log is not the current state."""
    database = f"{CATALOG}.{pipeline.name}"
    view = _sql(
        made.lake.schema_file(1),
        "view",
        "--database",
        database,
        "--table",
        made.order.name + "_changes",
    )
    # The connector has no views: what it selects is run by itself.
    table = pipeline.spark.sql(view[view.index("\nSELECT\n") :])
    found = compare.differences(made.current, table, made.keys, more=["_event_time", "_sequence"])
    return [f"{made.order.name}, the view on its changes: {what}" for what in found]


def _sql(schema: Path, part: str, *names: str) -> str:
    options = ["--dialect", "databricks", "--only", part, *names]
    return tools.dynalake("ddl", schema, *options).decode()


def _expected(schema: dict[str, Any]) -> Columns:
    declared = [column for column in schema["columns"] if column.get("protect") != "drop"]
    return {
        column["name"]: (
            _normal(column["type"]),
            CONTROL.sub(" ", column["comment"]) if "comment" in column else None,
        )
        for column in [*declared, *METADATA]
    }


def _keys(schema: dict[str, Any]) -> list[str]:
    by_path = {tuple(column.get("path", [])): column["name"] for column in schema["columns"]}
    return [by_path.get((key,)) or snake(key) for key in schema["keys"]]


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
