"""The schema as SQL, by `dynalake ddl`, and whether all that is made from one schema file has the
same columns.

Glue's table is Terraform's, the Parquet objects are Firehose's by that table, and the SQL is made
from the schema file alone: three ways from the one file, the types written in three languages.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .build import dynalake
from .contract import split
from .machine import ROOT
from .process import ToolError

# One line of a column list in the SQL. Comments are escaped, so that none goes on in the next line.
COLUMN = re.compile(r"  `(\w+)` (.+?)(?: COMMENT '((?:[^'\\]|\\.)*)')?,?")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
# What is of the change and not of the item, so the current state does not have it.
METADATA = json.loads((ROOT / "terraform" / "metadata_columns.json").read_text())
OF_THE_CHANGE = tuple(column["name"] for column in METADATA if column.get("of_change"))
# What Athena adds by itself.
ATHENAS_OWN = ("transient_lastDdlTime",)
DUCKDB = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
}

Column = tuple[str, str, str | None]


class CommandLine:
    """The program `dynalake`, and a schema file."""

    def __init__(self, program: Path, schema: Path) -> None:
        self.program, self.schema = program, schema

    def sql(self, dialect: str, only: str, *options: str) -> str:
        words: list[str | Path] = [
            "ddl",
            self.schema,
            "--dialect",
            dialect,
            "--only",
            only,
            *options,
        ]
        return dynalake(self.program, *words).decode()


# ---- what each says of its columns


def glue_columns(table: dict[str, Any]) -> list[Column]:
    """A Glue table's columns: name, Hive type, comment."""
    return _columns(table["StorageDescriptor"]["Columns"])


def _columns(columns: Sequence[dict[str, str]]) -> list[Column]:
    # Hive's DDL quotes the names of struct members, and Hive takes the quotes off; the emulator
    # leaves them.
    return [
        (each["Name"], each["Type"].replace("`", ""), each.get("Comment") or None)
        for each in columns
    ]


def hive_columns(statement: str) -> list[Column]:
    """The columns of a CREATE EXTERNAL TABLE for Athena: name, Hive type, comment."""
    return [(name, kind.replace("`", ""), comment) for name, kind, comment in _declared(statement)]


def databricks_columns(statement: str) -> list[Column]:
    """The columns of a CREATE TABLE for Databricks, with Hive's names for the types, all in lower
    case."""
    return [
        (name, re.sub("[` ]", "", kind).lower(), comment)
        for name, kind, comment in _declared(statement)
    ]


def _declared(statement: str) -> list[Column]:
    found = []
    for line in statement.split("(\n", 1)[1].split("\n)", 1)[0].split("\n"):
        match = COLUMN.fullmatch(line)
        if match is None:
            raise ToolError(f"no column of `dynalake ddl` looks like this: {line}")
        name, kind, comment = match.groups()
        if comment:
            comment = re.sub(r"\\(.)", lambda escaped: ESCAPES.get(escaped[1], escaped[1]), comment)
        found.append((name, kind, comment))
    return found


def duckdb_type(hive: str, timestamp: str = "TIMESTAMP") -> str:
    """The type that DuckDB has for what a Hive type is in Parquet. `timestamp`: with a zone
    (TIMESTAMPTZ) where Parquet has to say that it is UTC."""

    def inner(kind: str) -> str:
        return duckdb_type(kind.strip(), timestamp)

    if hive.startswith("array<"):
        return inner(hive[6:-1]) + "[]"
    if hive.startswith("map<"):
        return f"MAP(VARCHAR, {inner(split(hive[4:-1])[1])})"
    if hive.startswith("struct<"):
        members = [member.strip().split(":", 1) for member in split(hive[7:-1])]
        columns = ", ".join(f'"{name}" {inner(kind)}' for name, kind in members)
        return f"STRUCT({columns})"
    if hive == "timestamp":
        return timestamp
    return DUCKDB.get(hive) or hive.upper()


def _without_quotes(kind: str) -> str:
    # DuckDB quotes a member's name only where its own grammar asks for it.
    return kind.replace('"', "")


# ---- whether they agree


def differences(
    glue: list[Column], databricks: str, parquet: list[tuple[str, str]], view: list[tuple[str, str]]
) -> list[str]:
    """What Databricks' SQL, the Parquet objects and Athena's view have otherwise than the Glue
    table."""
    wanted = [(name, _without_quotes(duckdb_type(kind))) for name, kind, _ in glue]
    return [
        *_list_differences("Databricks' table", glue, databricks_columns(databricks)),
        # The partitions are no columns of the files, and columns are found by their names.
        *_list_differences(
            "Parquet",
            sorted(wanted),
            sorted((n, _without_quotes(k)) for n, k in parquet if n not in ("dt", "hour")),
        ),
        *_list_differences(
            "Athena's view",
            [each for each in wanted if each[0] not in OF_THE_CHANGE],
            [(n, _without_quotes(k)) for n, k in view],
        ),
    ]


def _list_differences(what: str, glue: list[Any], other: list[Any]) -> list[str]:
    found = [
        f"{what} has {theirs}, Glue has {ours}"
        for ours, theirs in zip(glue, other, strict=False)
        if ours != theirs
    ]
    if len(glue) != len(other):
        found.append(f"{what} has {len(other)} columns, Glue has {len(glue)}")
    return found


def table_differences(terraforms: dict[str, Any], athenas: dict[str, Any]) -> list[str]:
    """What Athena makes of the DDL otherwise than Terraform made the table."""
    ours, theirs = _normal(terraforms), _normal(athenas)
    return [
        f"Athena's table: {name} is {theirs[name]}, Terraform's {ours[name]}"
        for name in ours
        if ours[name] != theirs[name]
    ]


def _normal(table: dict[str, Any]) -> dict[str, Any]:
    storage = table["StorageDescriptor"]
    parameters = {
        name: value for name, value in table["Parameters"].items() if name not in ATHENAS_OWN
    }
    # Hive keeps a table's comment as a parameter, Glue has a member for it.
    comment = parameters.pop("comment", None) or table.get("Description")
    return {
        "kind": table["TableType"],
        "comment": comment,
        "columns": _columns(storage["Columns"]),
        "partitions": _columns(table["PartitionKeys"]),
        "location": storage["Location"].rstrip("/"),
        "formats": (storage["InputFormat"], storage["OutputFormat"]),
        "serde": (storage["SerdeInfo"]["SerializationLibrary"], storage["SerdeInfo"]["Parameters"]),
        **parameters,
    }


def run_in_athena(athena: Any, statement: str, database: str, results: str) -> None:
    """Runs a statement by the emulator's Athena, which has a parser of its own for Hive's DDL."""
    query = athena.start_query_execution(
        QueryString=statement,
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": results},
    )["QueryExecutionId"]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            return
        if status["State"] in ("FAILED", "CANCELLED"):
            break
        time.sleep(0.1)
    raise ToolError(
        "Athena did not run this: {} {}\n{}".format(
            status["State"], status.get("StateChangeReason", ""), statement
        )
    )
