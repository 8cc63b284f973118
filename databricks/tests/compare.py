"""Compares a table, as an engine gives it back, with the rows that have to be in it."""

from __future__ import annotations

from datetime import timezone
from typing import Any, Dict, List, Sequence

import pyarrow as pa
from expect import rescued_differences, same
from streams import Row, Rows

MOST_SHOWN = 5


def rows_of(table: pa.Table) -> List[Dict[str, Any]]:
    """The table's rows as plain Python: maps as dictionaries, times in UTC and without a zone."""
    columns = {
        field.name: [_plain(value, field.type) for value in table.column(field.name).to_pylist()]
        for field in table.schema
    }
    names = list(columns)
    return [dict(zip(names, values)) for values in zip(*columns.values())]


def _plain(value: Any, kind: pa.DataType) -> Any:
    if value is None or not (pa.types.is_nested(kind) or pa.types.is_timestamp(kind)):
        return value
    if pa.types.is_map(kind):
        return {key: _plain(member, kind.item_type) for key, member in value}
    if pa.types.is_struct(kind):
        return {field.name: _plain(value[field.name], field.type) for field in kind}
    if pa.types.is_nested(kind):
        return [_plain(member, kind.value_type) for member in value]
    return value if value.tzinfo is None else value.astimezone(timezone.utc).replace(tzinfo=None)


def differences(expected: Rows, table: pa.Table, keys: Sequence[str], more: Sequence[str] = ()) -> List[str]:
    """Every row that is missing, too much or otherwise. Of columns that have to be there, and `more` that may."""
    names = {"_rescued"}.union(*(row.values for row in expected.values()))
    found = ["there is no column {}".format(name) for name in sorted(names - set(table.schema.names))]
    found += ["there is a column {}".format(name) for name in sorted(set(table.schema.names) - names - set(more))]
    if found:
        return found
    seen = set()
    for row in rows_of(table):
        key = tuple(row[name] for name in keys)
        if key in seen:
            found.append("{}: is there twice".format(key))
        elif key not in expected:
            found.append("{}: should not be there".format(key))
        else:
            found += ["{}: {}".format(key, what) for what in _row(expected[key], row)]
        seen.add(key)
    return found + ["{}: is missing".format(key) for key in expected if key not in seen]


def _row(expected: Row, row: Dict[str, Any]) -> List[str]:
    found = [
        "{}\n      expected  {!r}\n      is        {!r}".format(name, value, row[name])
        for name, value in expected.values.items() if not same(value, row[name])
    ]
    return found + rescued_differences(expected.rescued, row["_rescued"])


def report(found: Sequence[str]) -> str:
    lines = ["  " + line for line in found[:MOST_SHOWN]]
    if len(found) > MOST_SHOWN:
        lines.append("  and {:,} more".format(len(found) - MOST_SHOWN))
    return "\n".join(lines)
