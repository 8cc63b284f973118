"""Files of three writers under one prefix, read as one table: ours; in the form of Firehose, INT96,
by pyarrow; in the emulator's form, by DuckDB's COPY.

The other writers' files have rows of their own, and later rows for half of the items in ours, so
that Athena's view has to choose between files.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from .. import athena, tools
from .cases import Case, arrow_type, compare_rows, cut, expected
from .engines import Spark

# Of the typical table's rows, in each of the others' files.
ROWS = 1_000


def differences(files: Path, work: Path, spark: Spark) -> list[str]:
    case = Case(files / "typical", "int96")
    folder = work / "mixed"
    shutil.rmtree(folder, ignore_errors=True)
    paths = [folder / "dt=2026-03-20" / f"hour={hour}" for hour in ("00", "01", "02")]
    for path in paths:
        path.mkdir(parents=True)
    shutil.copy(case.file, paths[0] / "ours.parquet")
    rows = [
        {name: expected(line.get(name), hive) for name, hive in case.columns.items()}
        for line in case.lines
    ]
    firehose = [later(row, at, "f") for at, row in enumerate(rows[:ROWS])]
    emulator = [later(row, at, "e") for at, row in enumerate(rows[ROWS : 2 * ROWS])]
    pq.write_table(
        to_arrow(firehose, case),
        paths[1] / "firehose.parquet",
        compression="snappy",
        use_deprecated_int96_timestamps=True,
        store_schema=False,
    )
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("rows", without_zone(to_arrow(emulator, case)))
    target = str(paths[2] / "emulator.parquet").replace("'", "''")
    connection.execute(f"COPY rows TO '{target}' (FORMAT parquet, COMPRESSION snappy)")
    check_forms(paths)

    rows = [
        {name: cut(value, case.columns[name]) for name, value in row.items()}
        for row in rows + firehose + emulator
    ]
    everything = str(folder / "**" / "*.parquet")
    columns = ", ".join(f'"{name}"' for name in case.columns)
    options = "union_by_name = true, hive_partitioning = true"
    by_duckdb = connection.sql(f"SELECT {columns} FROM read_parquet('{everything}', {options})")
    ddl = ", ".join(f"`{name}` {hive}" for name, hive in case.columns.items())
    frame = spark.session.read.schema(ddl).parquet(str(folder)).select(*case.columns)

    tools.build_command_line(lambda _: None)
    view = athena.view(case.folder / "schema.json", everything)
    current: dict[Any, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["_sequence"]):
        current[row["order_id"]] = row
    in_view = [
        {name: row[name] for name in view.schema.names if name in row} for row in current.values()
    ]
    missing = [name for name in case.columns if name not in view.schema.names and name[0] != "_"]
    return [
        *(
            f"DuckDB: {what}"
            for what in compare_rows(rows, by_duckdb.to_arrow_table(), "_event_id")
        ),
        *(f"Spark: {what}" for what in compare_rows(rows, spark.table(frame), "_event_id")),
        *(f"Athena's view: there is no column {name}" for name in missing),
        *(f"Athena's view: {what}" for what in compare_rows(in_view, view, "order_id")),
    ]


def later(row: dict[str, Any], at: int, writer: str) -> dict[str, Any]:
    """A row of another writer's file: a later one of the same item, or one of its own."""
    row = {**row, "_event_id": f"{writer}{at}", "total": Decimal(at)}
    if at % 2:
        row["_sequence"] = "1" + row["_sequence"][1:]
    else:
        row["order_id"] = f"{writer}-{row['order_id']}"
    return row


def to_arrow(rows: Sequence[dict[str, Any]], case: Case) -> pa.Table:
    return pa.table(
        {
            name: pa.array([from_plain(row[name], hive) for row in rows], arrow_type(hive))
            for name, hive in case.columns.items()
        }
    )


def without_zone(table: pa.Table) -> pa.Table:
    """A table whose instants are as the emulator's: in microseconds, and of no zone."""
    for at, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            instants = table.column(at).cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
            table = table.set_column(at, field.name, instants)
    return table


def from_plain(value: Any, hive: str) -> Any:
    """A value for Arrow. The typical table has floats in columns alone, and no instants deeper."""
    if isinstance(value, bytes):
        return struct.unpack("<f" if hive == "float" else "<d", value)[0]
    return value


def check_forms(paths: Sequence[Path]) -> None:
    """The files are of the forms that they stand for."""
    kinds = []
    for path in paths:
        [file] = path.glob("*.parquet")
        schema = pq.ParquetFile(file).schema
        columns = [schema.column(at) for at in range(len(schema))]
        [placed_at] = [column for column in columns if column.name == "placed_at"]
        kinds.append(placed_at.physical_type)
    assert kinds == ["INT96", "INT96", "INT64"], kinds
