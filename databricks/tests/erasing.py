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
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any, Dict, List, Set

import athena
import compare
import duckdb
import pyarrow.parquet as pq
import tools
from compare import rows_of
from spark import CATALOG, ENGINES_COLUMNS, Pipeline
from sql import print_sql
from tables import Made

sys.path.append(str(tools.ROOT / "erasure"))
import erase_files  # noqa: E402

FOLDER = tools.WORK / "erasing"
SCHEMA = "erasing"


def chosen(made: Made) -> Set[tuple]:
    """Every fifth item that there ever was: some are gone from the DynamoDB table, some are
    there."""
    return {key for key in made.ever if sum(map(ord, str(key))) % 5 == 0}


# ---- the tables


def spark_differences(pipeline: Pipeline, made: Made) -> List[str]:
    """All in which the SQL leaves other rows than it should, in copies of the pipeline's tables."""
    spark, name, keys = pipeline.spark, made.order.name, chosen(made)
    spark.sql("CREATE SCHEMA IF NOT EXISTS {}.{}".format(CATALOG, SCHEMA))
    ends = ["", "_changes", "_quarantine", *(["_history"] if made.order.history else [])]
    before = {end: rows_of(pipeline.table(name + end)) for end in ends}
    for end in ends:
        spark.sql(
            "CREATE TABLE {0}.{1}.{3} AS SELECT * FROM {0}.{2}.{3}".format(
                CATALOG, SCHEMA, pipeline.name, name + end
            )
        )

    database = ["--database", "{}.{}".format(CATALOG, SCHEMA)]
    text = print_sql(made.lake.schema_file(1), "erase", *database, "--table", name + "_changes")
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
        end: rows_of(spark.sql("SELECT * FROM {}.{}.{}".format(CATALOG, SCHEMA, name + end)))
        for end in ends
    }

    wanted = keys & set(made.current)
    if not wanted or wanted == keys or left != wanted:
        found.append(
            "step 2 shows {}, not the {} items that are still there".format(left, len(wanted))
        )
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
    view = print_sql(made.lake.schema_file(1), "view", *database, "--table", name + "_changes")
    table = spark.sql(view[view.index("\nSELECT\n") :])
    found += compare.differences(
        made.truth, table, made.keys, more=["_event_time", "_sequence", *ENGINES_COLUMNS]
    )
    return ["{}, erased on Spark: {}".format(name, what) for what in found]


def _condition(made: Made, keys: Set[tuple]) -> str:
    def literal(value: Any) -> str:
        return "'{}'".format(value) if isinstance(value, str) else str(value)

    return " OR ".join(
        "({})".format(
            " AND ".join(
                "{} = {}".format(name, literal(value)) for name, value in zip(made.keys, key)
            )
        )
        for key in sorted(keys)
    )


def _key(made: Made, row: Dict[str, Any]) -> tuple:
    return tuple(row[name] for name in made.keys)


def _same(what: str, wanted: List[dict], there: List[dict]) -> List[str]:
    one, other = (
        Counter(repr(sorted(row.items(), key=str)) for row in rows) for rows in (wanted, there)
    )
    return (
        []
        if one == other
        else [
            "{}: {} rows, not {}; {} differ".format(
                what, len(there), len(wanted), sum(((one - other) + (other - one)).values())
            )
        ]
    )


# ---- the files


def file_differences(made: Made) -> List[str]:
    """All in which files and error prefix are otherwise than they should be."""
    folder, keys = FOLDER / made.order.name, chosen(made)
    shutil.rmtree(folder, ignore_errors=True)
    data, errors = shutil.copytree(made.lake.folder, folder / "data"), folder / "errors"
    error_lines = _write_errors(made, errors, keys)
    before, forms = _rows(data), _forms(data)
    holding = _paths(made, data, keys)
    listed = folder / "keys.jsonl"
    listed.write_text("".join(json.dumps(dict(zip(made.keys, key))) + "\n" for key in sorted(keys)))

    done = erase_files.run(made.lake.schema_file(1), listed, [str(data), str(errors)])
    again = erase_files.run(made.lake.schema_file(1), listed, [str(data), str(errors)])
    found = []
    if done.unreadable != [str(errors / "odd.json") + ": neither Parquet nor JSON"]:
        found.append("left as they are: {}".format(done.unreadable))
    if (again.rows, again.rewritten, again.deleted) != (0, 0, 0):
        found.append("the second run erased {} rows".format(again.rows))
    wanted = [row for row in before if _key(made, row) not in keys and None not in _key(made, row)]
    found += _same("the files", wanted, _rows(data))
    if done.rows != len(before) - len(wanted) + error_lines["erased"]:
        found.append("{} rows are said to be erased".format(done.rows))
    if not holding or _paths(made, data, keys):
        found.append(
            "Athena's SQL finds {} objects before and {} after".format(
                len(holding), _paths(made, data, keys)
            )
        )
    changed = {
        path: (form, _forms(data)[path])
        for path, form in forms.items()
        if _forms(data).get(path, form) != form
    }
    if changed or len(set(forms.values())) < 2:
        found.append("other forms of timestamps: {}".format(changed or forms))
    if (errors / "kept.json").read_text() != error_lines["kept"]:
        found.append("the error prefix lost or changed records of others")
    left = {path.name for path in errors.iterdir()}
    if left != {"kept.json", "odd.json", "packed"}:
        found.append("the error prefix has {}".format(sorted(left)))
    if gzip.decompress((errors / "packed").read_bytes()).decode() != error_lines["packed"]:
        found.append("a packed object under the error prefix is otherwise")
    view = athena.view(made, str(data / "**" / "*.parquet"))
    truth = {key: row for key, row in made.truth.items() if key not in keys}
    found += compare.differences(truth, view, made.keys, more=["_event_time", "_sequence"])
    return ["{}, erased from the files: {}".format(made.order.name, what) for what in found]


def _rows(data: Path) -> List[dict]:
    """The rows, from all files; a file of before the new column has null in it."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    files = str(data / "**" / "*.parquet").replace("'", "''")
    options = "union_by_name = true, hive_partitioning = false"
    return rows_of(
        connection.sql("FROM read_parquet('{}', {})".format(files, options)).to_arrow_table()
    )


def _forms(data: Path) -> Dict[str, bool]:
    """Whether each file has Hive's old form of timestamps."""

    def is_old(path: Path) -> bool:
        schema = pq.ParquetFile(path).schema
        return any(schema.column(at).physical_type == "INT96" for at in range(len(schema.names)))

    return {str(path): is_old(path) for path in sorted(data.rglob("*.parquet"))}


def _paths(made: Made, data: Path, keys: Set[tuple]) -> Set[str]:
    """What Athena's SQL lists, by DuckDB, whose name for the object is another."""
    text = print_sql(made.lake.schema_file(1), "erase", dialect="athena")
    text = re.sub(r"--.*", "", text).replace('"$path"', "filename")
    text = text[: text.index("WHERE")].replace(
        '"dynalake_{0}"."{0}"'.format(made.lake.table), "changes"
    )
    connection = duckdb.connect()
    files = str(data / "**" / "*.parquet").replace("'", "''")
    connection.execute(
        "CREATE VIEW changes AS FROM read_parquet('{}', filename = true, union_by_name = true)".format(
            files
        )
    )
    return {row[0] for row in connection.sql(text + "WHERE " + _condition(made, keys)).fetchall()}


def _write_errors(made: Made, errors: Path, keys: Set[tuple]) -> Dict[str, Any]:
    """Objects as Firehose writes them under its error prefix, in both spellings and without line
    breaks between."""
    errors.mkdir(parents=True)
    gone, other = sorted(keys)[0], sorted(set(made.ever) - keys)[0]

    def change(key: tuple) -> bytes:
        attributes = {
            name: {"N": str(value)} if isinstance(value, (int, Decimal)) else {"S": value}
            for name, value in zip(made.lake.schemas[1]["keys"], key)
        }
        return json.dumps({"eventName": "REMOVE", "dynamodb": {"Keys": attributes}}).encode()

    def row(key: tuple) -> bytes:
        values = {name: str(value) for name, value in zip(made.keys, key)}
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
