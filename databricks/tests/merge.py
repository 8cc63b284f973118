"""The same files on real Delta tables, by delta-rs: a MERGE that keeps what was deleted as a
tombstone.

It is not what is shipped. It is a second engine that must come to the same table: other code for
the order, for Delta's files, for nested types, and for the new column.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from . import compare, tools
from .tables import Made, replayed

FOLDER = tools.WORK / "delta"
NOT_OF_THE_ITEM = ["_event_type", "_event_id", "_table", "_ttl_delete", "_old"]


def differences(made: Made) -> list[str]:
    """What differs after all files, and after some of them once more."""
    folder = FOLDER / made.order.name
    shutil.rmtree(folder, ignore_errors=True)
    found = []
    files = [path for part in made.parts for path in part]
    for what, paths in (("", files), (", replayed", replayed(made, 0))):
        for path in paths:
            merge(folder, made.lake.read(path), made.keys)
        found += [f"{made.order.name} by delta-rs{what}: {each}" for each in _compare(folder, made)]
    return found


def merge(folder: Path, rows: pa.Table, keys: list[str]) -> None:
    newest = _newest(rows, keys)
    if not DeltaTable.is_deltatable(str(folder)):
        write_deltalake(folder, newest)
        return
    same_key = " AND ".join(f"target.{key} = source.{key}" for key in keys)
    (
        DeltaTable(folder)
        .merge(newest, same_key, source_alias="source", target_alias="target", merge_schema=True)
        .when_matched_update_all("source._sequence > target._sequence")
        .when_not_matched_insert_all()
        .execute()
    )


def _newest(rows: pa.Table, keys: list[str]) -> pa.Table:
    """Of each key the newest row: MERGE takes one."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("arrived", rows)
    present = " AND ".join(f"{name} IS NOT NULL" for name in [*keys, "_sequence", "_event_type"])
    window = f"PARTITION BY {', '.join(keys)} ORDER BY _sequence DESC"
    return connection.sql(
        f"FROM arrived WHERE {present} QUALIFY row_number() OVER ({window}) = 1"
    ).to_arrow_table()


def _compare(folder: Path, made: Made) -> list[str]:
    table = DeltaTable(folder).to_pyarrow_table()
    live = [kind != "REMOVE" for kind in table.column("_event_type").to_pylist()]
    return compare.differences(
        made.current, table.filter(pa.array(live)).drop_columns(NOT_OF_THE_ITEM), made.keys
    )
