"""Compares a table, as an engine gives it back, with the rows that have to be in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import pyarrow as pa

from dynalake_dev.contract import rescued_differences, same

from .streams import Row, Rows


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """The table's rows as plain Python: maps as dictionaries, times in UTC and without a zone."""
    columns = {
        field.name: [_plain(value, field.type) for value in table.column(field.name).to_pylist()]
        for field in table.schema
    }
    names = list(columns)
    return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(value: Any, kind: pa.DataType) -> Any:
    if value is None or not (pa.types.is_nested(kind) or pa.types.is_timestamp(kind)):
        return value
    if pa.types.is_map(kind):
        return {key: _plain(member, kind.item_type) for key, member in value}
    if pa.types.is_struct(kind):
        return {field.name: _plain(value[field.name], field.type) for field in kind}
    if pa.types.is_nested(kind):
        return [_plain(member, kind.value_type) for member in value]
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def differences(
    expected: Rows, table: pa.Table, keys: Sequence[str], more: Sequence[str] = ()
) -> list[str]:
    """Every row that is missing, too much or otherwise. Of columns that have to be there, and
    `more` that may."""
    names = {"_rescued"}.union(*(row.values for row in expected.values()))
    found = [f"there is no column {name}" for name in sorted(names - set(table.schema.names))]
    found += [
        f"there is a column {name}" for name in sorted(set(table.schema.names) - names - set(more))
    ]
    if found:
        return found
    seen = set()
    for row in rows_of(table):
        key = tuple(row[name] for name in keys)
        if key in seen:
            found.append(f"{key}: is there twice")
        elif key not in expected:
            found.append(f"{key}: should not be there")
        else:
            found += [f"{key}: {what}" for what in _row(expected[key], row)]
        seen.add(key)
    return found + [f"{key}: is missing" for key in expected if key not in seen]


def _row(expected: Row, row: dict[str, Any]) -> list[str]:
    found = [
        f"{name}\n      expected  {value!r}\n      is        {row[name]!r}"
        for name, value in expected.values.items()
        if not same(value, row[name])
    ]
    return found + rescued_differences(expected.rescued, row["_rescued"])
