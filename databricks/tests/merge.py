"""The same files on real Delta tables, by delta-rs: a MERGE that keeps what was deleted as a tombstone.

It is not what is shipped. It is a second engine that must come to the same table: other code for the order, for Delta's
files, for nested types, and for the new column.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import List

import compare
import duckdb
import pyarrow as pa
import tools
from deltalake import DeltaTable, write_deltalake
from tables import Made, replayed

FOLDER = tools.WORK / "delta"
NOT_OF_THE_ITEM = ["_event_type", "_event_id", "_table", "_ttl_delete", "_old"]


def differences(made: Made) -> List[str]:
    """What differs after all files, and after some of them once more."""
    folder = FOLDER / made.order.name
    shutil.rmtree(folder, ignore_errors=True)
    found = []
    files = [path for part in made.parts for path in part]
    for what, paths in (("", files), (", replayed", replayed(made, 0))):
        for path in paths:
            merge(folder, made.lake.read(path), made.keys)
        found += ["{} by delta-rs{}: {}".format(made.order.name, what, each) for each in _compare(folder, made)]
    return found


def merge(folder: Path, rows: pa.Table, keys: List[str]) -> None:
    newest = _newest(rows, keys)
    if not DeltaTable.is_deltatable(str(folder)):
        write_deltalake(folder, newest)
        return
    same_key = " AND ".join("target.{0} = source.{0}".format(key) for key in keys)
    (
        DeltaTable(folder)
        .merge(newest, same_key, source_alias="source", target_alias="target", merge_schema=True)
        .when_matched_update_all("source._sequence > target._sequence")
        .when_not_matched_insert_all()
        .execute()
    )


def _newest(rows: pa.Table, keys: List[str]) -> pa.Table:
    """Of each key the newest row: MERGE takes one."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("arrived", rows)
    return connection.sql(
        "FROM arrived WHERE {} QUALIFY row_number() OVER (PARTITION BY {} ORDER BY _sequence DESC) = 1".format(
            " AND ".join(name + " IS NOT NULL" for name in [*keys, "_sequence", "_event_type"]), ", ".join(keys))
    ).to_arrow_table()


def _compare(folder: Path, made: Made) -> List[str]:
    table = DeltaTable(folder).to_pyarrow_table()
    live = [kind != "REMOVE" for kind in table.column("_event_type").to_pylist()]
    return compare.differences(made.current, table.filter(pa.array(live)).drop_columns(NOT_OF_THE_ITEM), made.keys)
