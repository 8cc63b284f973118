"""Erasure (docs/erasure.md): the SQL of `dynalake ddl --only erase` on Spark, and the files by
erasure/erase_files.py.

What has to be gone is gone, and all else is as it was.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from dynalake_dev import scripts
from dynalake_dev.machine import ROOT

from . import athena, compare, tools
from .compare import rows_of
from .spark import CATALOG, ENGINES_COLUMNS, Pipeline
from .tables import Made

erase_files = scripts.load(ROOT / "erasure" / "erase_files.py")
FOLDER = tools.WORK / "erasing"
# Where the copies are, whose SQL is made from the schema file, and from one with the columns in
# reverse order: a sort key may be declared before the partition key.
SCHEMA, REVERSED = "erasing", "erasing_reversed"


def chosen(made: Made) -> set[tuple]:
    """Every fifth item that there ever was: some are gone from the DynamoDB table, some are
    there."""
    return {key for key in made.ever if sum(map(ord, str(key))) % 5 == 0}


# ---- the tables


def spark_differences(pipeline: Pipeline, made: Made, schema: str = SCHEMA) -> list[str]:
    """All in which the SQL leaves other rows than it should, in copies of the pipeline's tables."""
    spark, name, keys = pipeline.spark, made.order.name, chosen(made)
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.{schema}")
    schema_file = made.lake.schema_file(1)
    if schema == REVERSED:
        content = json.loads(schema_file.read_text())
        content["columns"].reverse()
        schema_file = schema_file.with_suffix(".reversed.json")
        schema_file.write_text(json.dumps(content))
    ends = ["", "_changes", "_quarantine", *(["_history"] if made.order.history else [])]
    before = {end: rows_of(pipeline.table(name + end)) for end in ends}
    for end in ends:
        spark.sql(
            "CREATE TABLE {0}.{1}.{3} AS SELECT * FROM {0}.{2}.{3}".format(
                CATALOG, schema, pipeline.name, name + end
            )
        )

    database = ["--database", f"{CATALOG}.{schema}"]
    text = tools.print_sql(schema_file, "erase", *database, "--table", name + "_changes")
    found, left = [], None
    for statement in re.sub(r"--.*", "", text).split(";"):
        statement = statement.strip()
        if statement.startswith(("REORG", "VACUUM")) or (
            "_history`" in statement and not made.order.history
        ):
            continue
        if statement.startswith("INSERT"):
            spark.sql(statement.replace("WHERE FALSE", "WHERE " + _condition(made, keys)))
        elif statement.startswith("SELECT"):
            left = {_key(made, row) for row in rows_of(spark.sql(statement))}
        else:
            spark.sql(statement)
    after = {
        end: rows_of(spark.sql(f"SELECT * FROM {CATALOG}.{schema}.{name + end}")) for end in ends
    }

    wanted = keys & set(made.current)
    if not wanted or wanted == keys or left != wanted:
        found.append(f"step 2 shows {left}, not the {len(wanted)} items that are still there")
    last = {}
    for row in before["_changes"]:
        last[_key(made, row)] = max(last.get(_key(made, row), ""), row["_sequence"] or "")
    log = [
        {**row, "_old": None} if _key(made, row) in keys else row
        for row in before["_changes"]
        if (
            _key(made, row) not in keys
            or (row["_sequence"] == last[_key(made, row)] and row["_event_type"] != "REMOVE")
        )
        and None not in (*_key(made, row), row["_sequence"], row["_event_type"])
    ]
    found += _same("the log", log, after["_changes"])
    found += _same("the quarantine", [], after["_quarantine"])
    found += _same("the items", before[""], after[""])
    if made.order.history:
        found += _same(
            "the history",
            [
                row
                for row in before["_history"]
                if _key(made, row) not in keys or row["__END_AT"] is None
            ],
            after["_history"],
        )
    # What a full refresh would make of the log that is left.
    view = tools.print_sql(schema_file, "view", *database, "--table", name + "_changes")
    table = spark.sql(view[view.index("\nSELECT\n") :])
    found += compare.differences(
        made.truth, table, made.keys, more=["_event_time", "_sequence", *ENGINES_COLUMNS]
    )
    return [f"{name}, {schema} on Spark: {what}" for what in found]


def _condition(made: Made, keys: set[tuple]) -> str:
    def literal(value: Any) -> str:
        return f"'{value}'" if isinstance(value, str) else str(value)

    return " OR ".join(
        "({})".format(
            " AND ".join(
                f"{name} = {literal(value)}" for name, value in zip(made.keys, key, strict=True)
            )
        )
        for key in sorted(keys)
    )


def _key(made: Made, row: dict[str, Any]) -> tuple:
    return tuple(row[name] for name in made.keys)


def _same(what: str, wanted: list[dict], there: list[dict]) -> list[str]:
    one, other = (
        Counter(repr(sorted(row.items(), key=str)) for row in rows) for rows in (wanted, there)
    )
    if one == other:
        return []
    differing = sum(((one - other) + (other - one)).values())
    return [f"{what}: {len(there)} rows, not {len(wanted)}; {differing} differ"]


# ---- the files


def file_differences(made: Made) -> list[str]:
    """All in which files and error prefix are otherwise than they should be."""
    folder, keys = FOLDER / made.order.name, chosen(made)
    shutil.rmtree(folder, ignore_errors=True)
    data, errors = shutil.copytree(made.lake.folder, folder / "data"), folder / "errors"
    error_lines = _write_errors(made, errors, keys)
    before, forms = _rows(data), _forms(data)
    holding = _paths(made, data, keys)
    listed = folder / "keys.jsonl"
    listed.write_text(
        "".join(json.dumps(dict(zip(made.keys, key, strict=True))) + "\n" for key in sorted(keys))
    )

    done = erase_files.run(made.lake.schema_file(1), listed, [str(data), str(errors)])
    again = erase_files.run(made.lake.schema_file(1), listed, [str(data), str(errors)])
    found = []
    if done.unreadable != [str(errors / "odd.json") + ": neither Parquet nor JSON"]:
        found.append(f"left as they are: {done.unreadable}")
    if (again.rows, again.rewritten, again.deleted) != (0, 0, 0):
        found.append(f"the second run erased {again.rows} rows")
    wanted = [row for row in before if _key(made, row) not in keys and None not in _key(made, row)]
    found += _same("the files", wanted, _rows(data))
    if done.rows != len(before) - len(wanted) + error_lines["erased"]:
        found.append(f"{done.rows} rows are said to be erased")
    if not holding or _paths(made, data, keys):
        found.append(
            f"Athena's SQL finds {len(holding)} objects before and {_paths(made, data, keys)} after"
        )
    changed = {
        path: (form, _forms(data)[path])
        for path, form in forms.items()
        if _forms(data).get(path, form) != form
    }
    if changed or len(set(forms.values())) < 2:
        found.append(f"other forms of timestamps: {changed or forms}")
    if (errors / "kept.json").read_text() != error_lines["kept"]:
        found.append("the error prefix lost or changed records of others")
    left = {path.name for path in errors.iterdir()}
    if left != {"kept.json", "odd.json", "packed"}:
        found.append(f"the error prefix has {sorted(left)}")
    if gzip.decompress((errors / "packed").read_bytes()).decode() != error_lines["packed"]:
        found.append("a packed object under the error prefix is otherwise")
    view = athena.view(made.lake.schema_file(1), str(data / "**" / "*.parquet"))
    truth = {key: row for key, row in made.truth.items() if key not in keys}
    found += compare.differences(truth, view, made.keys, more=["_event_time", "_sequence"])
    return [f"{made.order.name}, erased from the files: {what}" for what in found]


def _rows(data: Path) -> list[dict]:
    """The rows, from all files; a file of before the new column has null in it."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    files = str(data / "**" / "*.parquet").replace("'", "''")
    options = "union_by_name = true, hive_partitioning = false"
    return rows_of(connection.sql(f"FROM read_parquet('{files}', {options})").to_arrow_table())


def _forms(data: Path) -> dict[str, bool]:
    """Whether each file has Hive's old form of timestamps."""

    def is_old(path: Path) -> bool:
        schema = pq.ParquetFile(path).schema
        return any(schema.column(at).physical_type == "INT96" for at in range(len(schema.names)))

    return {str(path): is_old(path) for path in sorted(data.rglob("*.parquet"))}


def _paths(made: Made, data: Path, keys: set[tuple]) -> set[str]:
    """What Athena's SQL lists, by DuckDB, whose name for the object is another."""
    text = tools.print_sql(made.lake.schema_file(1), "erase", dialect="athena")
    text = re.sub(r"--.*", "", text).replace('"$path"', "filename")
    text = text[: text.index("WHERE")].replace(
        f'"dynalake_{made.lake.table}"."{made.lake.table}"', "changes"
    )
    connection = duckdb.connect()
    files = str(data / "**" / "*.parquet").replace("'", "''")
    options = "filename = true, union_by_name = true"
    connection.execute(f"CREATE VIEW changes AS FROM read_parquet('{files}', {options})")
    return {row[0] for row in connection.sql(text + "WHERE " + _condition(made, keys)).fetchall()}


def _write_errors(made: Made, errors: Path, keys: set[tuple]) -> dict[str, Any]:
    """Objects as Firehose writes them under its error prefix, in both spellings and without line
    breaks between."""
    errors.mkdir(parents=True)
    gone, other = sorted(keys)[0], sorted(set(made.ever) - keys)[0]

    def change(key: tuple) -> bytes:
        attributes = {
            name: {"N": str(value)} if isinstance(value, (int, Decimal)) else {"S": value}
            for name, value in zip(made.lake.schemas[1]["keys"], key, strict=True)
        }
        return json.dumps({"eventName": "REMOVE", "dynamodb": {"Keys": attributes}}).encode()

    def row(key: tuple) -> bytes:
        values = {name: str(value) for name, value in zip(made.keys, key, strict=True)}
        return json.dumps({**values, "_event_type": "MODIFY", "_sequence": "0-0"}).encode()

    def failed(raw: bytes, **more: str) -> str:
        return json.dumps({"rawData": base64.b64encode(raw).decode(), "attemptsMade": 4, **more})

    kept = [
        failed(change(other), lambdaARN="arn:a", errorCode="Lambda.FunctionError"),
        failed(b"", lastErrorCode="x"),
        failed(row(other), lastErrorCode="DataFormatConversion.ParseError"),
    ]
    lines = [
        failed(change(gone), lambdaArn="arn:a"),
        kept[0],
        kept[1],
        failed(row(gone), ErrorCode="y"),
        kept[2],
    ]
    (errors / "kept.json").write_text("".join(lines))
    (errors / "all-gone").write_text(failed(change(gone)) + "\n" + change(gone).decode() + "\n")
    (errors / "packed").write_bytes(gzip.compress((lines[0] + "\n" + kept[0] + "\n").encode()))
    (errors / "odd.json").write_text("no JSON")
    return {"kept": "".join(kept), "packed": kept[0] + "\n", "erased": 5}
