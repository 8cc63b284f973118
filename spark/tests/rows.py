"""Rows of Parquet files, compared value by value by an engine that others wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

MOST_SHOWN = 3


def read(folder: Path) -> pa.Table:
    """All rows of a folder, in an order that does not depend on the files."""
    tables = [pq.ParquetFile(path).read() for path in sorted(folder.rglob("*.parquet"))]
    return ordered(pa.concat_tables(tables)) if tables else pa.table({"_sequence": []})


def names(folder: Path) -> list[str]:
    """A folder's files of rows."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.parquet"))


def ordered(table: pa.Table) -> pa.Table:
    # The key is for rows of an export, which have one sequence.
    names = ["_sequence", "_event_id", table.column_names[0]]
    return table.sort_by([(name, "ascending") for name in names if name in table.column_names])


def twice(table: pa.Table) -> pa.Table:
    return ordered(pa.concat_tables([table, table]))


def current(table: pa.Table, keys: Sequence[str]) -> pa.Table:
    """The items as they are now: of each key the row of the greatest `_sequence`, unless that is a
    delete."""
    columns = [table.column(name).to_pylist() for name in (*keys, "_sequence", "_event_type")]
    newest: dict[tuple, tuple[str, int]] = {}
    for at, (*key, sequence, _) in enumerate(zip(*columns, strict=True)):
        newest[tuple(key)] = max(newest.get(tuple(key), ("", 0)), (sequence, at))
    kept = sorted(at for _, at in newest.values() if columns[-1][at] != "REMOVE")
    return table.take(kept)


def differences(expected: pa.Table, found: pa.Table) -> list[str]:
    """All columns in which two ordered tables differ, each with its first rows."""
    if expected.schema.names != found.schema.names:
        return [f"columns are {found.schema.names}, not {expected.schema.names}"]
    if expected.num_rows != found.num_rows:
        return [f"there are {found.num_rows:,} rows, not {expected.num_rows:,}"]
    said = []
    for field in expected.schema:
        one, other = (each.column(field.name).combine_chunks() for each in (expected, found))
        if one.type != other.type:
            said.append(f"{field.name} is {other.type}, not {one.type}")
        elif not one.equals(other):
            pairs = zip(one.to_pylist(), other.to_pylist(), strict=True)
            unequal = [(at, pair) for at, pair in enumerate(pairs) if pair[0] != pair[1]]
            said += [
                f"{field.name}, row {at}\n      expected  {pair[0]!r}\n      is        {pair[1]!r}"
                for at, pair in unequal[:MOST_SHOWN]
            ]
            said += [f"{field.name} differs in form only"] * (not unequal)
    return said


def not_found(table: pa.Table) -> list[str]:
    """Differences that are planted, and that the comparison does not find."""
    missed = []
    for at, field in enumerate(table.schema):
        column = table.column(at).combine_chunks()
        if column.null_count == len(column):
            continue
        # One value goes, and one gets a neighbour's.
        row = pc.index(pc.is_valid(column), True).as_py()
        marks = pa.array([number == row for number in range(len(column))])
        emptied = pc.if_else(marks, pa.scalar(None, field.type), column)
        if not differences(table, table.set_column(at, field, emptied)):
            missed.append(f"{field.name}, one value that is null")
        moved = pa.concat_arrays([column.slice(1), column.slice(0, 1)])
        if not moved.equals(column) and not differences(table, table.set_column(at, field, moved)):
            missed.append(f"{field.name}, each value one row up")
    if not differences(table, table.slice(1)):
        missed.append("a row that is missing")
    if not differences(table, ordered(pa.concat_tables([table, table.slice(0, 1)]))):
        missed.append("a row that is there twice")
    return missed
