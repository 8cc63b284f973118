"""Tables in both forms: files, and what their lines of JSON say that the files have to hold.

Values are compared in a plain form that keeps all that Parquet does: instants as nanoseconds since
1970, floats as their bits, maps as pairs in their order.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from dynalake_dev.contract import split
from dynalake_dev.ddl import METADATA

TIME = re.compile(r"(.{19})(?:\.(\d+))?Z")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ARROW_TYPES = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ns", "UTC"),
}


class Number(str):
    """A number's text in JSON."""


@dataclass(frozen=True)
class Case:
    """A file and its rows."""

    folder: Path
    form: str

    @property
    def name(self) -> str:
        return f"{self.folder.name}/{self.form}"

    @property
    def file(self) -> Path:
        return self.folder / f"{self.form}.parquet"

    @cached_property
    def columns(self) -> dict[str, str]:
        """The file's columns: names and Hive types."""
        schema = json.loads((self.folder / "schema.json").read_text())
        declared = [column for column in schema["columns"] if column.get("protect") != "drop"]
        return {column["name"]: canonical(column["type"]) for column in declared + METADATA}

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        text = (self.folder / f"{self.form}.jsonl").read_text(encoding="utf-8")
        return [
            json.loads(line, parse_int=Number, parse_float=Number) for line in text.split("\n")[:-1]
        ]

    def expected(self) -> dict[str, list[Any]]:
        return {
            name: [expected(line.get(name), kind) for line in self.lines]
            for name, kind in self.columns.items()
        }


def cases(folder: Path) -> list[Case]:
    """Those in a folder: the edge values in both forms, of others INT96."""
    found = [
        Case(each, form)
        for each in sorted(folder.iterdir())
        for form in ("int96", "micros")
        if form == "int96" or not each.name.startswith("random")
    ]
    assert len(found) > 50, f"{folder} has few files"
    return found


def canonical(hive: str) -> str:
    """A Hive type as engines spell it."""
    hive = re.sub(r"\s", "", hive).lower()
    return re.sub(r"\bdecimal(?=[,>]|$)", "decimal(10,0)", hive)


def inside(hive: str) -> tuple[str, list[tuple[str, str]]]:
    """What a nested type is, and the names and types in it."""
    kind, _, rest = hive.partition("<")
    if not rest:
        return "", []
    if kind == "array":
        return kind, [("element", rest[:-1])]
    if kind == "map":
        return kind, [("value", rest[:-1].split(",", 1)[1])]
    members = [member.split(":", 1) for member in split(rest[:-1])]
    return kind, [(name, of) for name, of in members]


def expected(value: Any, hive: str) -> Any:
    """A value of a line as the plain form of its type."""
    if value is None:
        return None
    kind, parts = inside(hive)
    if kind == "array":
        return [expected(element, parts[0][1]) for element in value]
    if kind == "map":
        return [(key, expected(member, parts[0][1])) for key, member in value.items()]
    if kind == "struct":
        assert value.keys() <= dict(parts).keys()
        return {name: expected(value.get(name), of) for name, of in parts}
    if hive in ("float", "double"):
        assert type(value) is Number
        return bits(float(value), hive)
    if hive.endswith("int"):
        assert type(value) is Number
        return int(value)
    if hive.startswith("decimal"):
        return Decimal(value)
    if hive == "date":
        return date.fromisoformat(value)
    if hive == "timestamp":
        match = TIME.fullmatch(value)
        assert match is not None, value
        since = datetime.fromisoformat(match[1] + "+00:00") - EPOCH
        fraction = (match[2] or "").ljust(9, "0")
        return (since.days * 86_400 + since.seconds) * 10**9 + int(fraction)
    assert type(value) is (bool if hive == "boolean" else str), (value, hive)
    return value


def bits(value: float, hive: str) -> bytes:
    return struct.pack("<f" if hive == "float" else "<d", value)


# ---- what engines give, as Arrow


def arrow_type(hive: str) -> pa.DataType:
    kind, parts = inside(hive)
    if kind == "array":
        return pa.list_(arrow_type(parts[0][1]))
    if kind == "map":
        return pa.map_(pa.string(), arrow_type(parts[0][1]))
    if kind == "struct":
        return pa.struct([(name, arrow_type(of)) for name, of in parts])
    if hive.startswith("decimal"):
        return pa.decimal128(*map(int, hive[8:-1].split(",")))
    return ARROW_TYPES[hive]


def hive_type(kind: pa.DataType) -> str:
    """The Hive type of an Arrow type."""
    if pa.types.is_map(kind):
        assert kind.key_type == pa.string()
        return f"map<string,{hive_type(kind.item_type)}>"
    if pa.types.is_list(kind):
        return f"array<{hive_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{hive_type(field.type)}' for field in kind)}>"
    if pa.types.is_decimal128(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    names = {of: name for name, of in ARROW_TYPES.items()}
    return names.get(kind, str(kind))


def plain(table: pa.Table) -> dict[str, list[Any]]:
    """A table's columns in the plain form."""
    return {
        field.name: [
            _plain(value, field.type)
            for value in table.column(field.name).cast(_untimed(field.type)).to_pylist()
        ]
        for field in table.schema
    }


def _untimed(kind: pa.DataType) -> pa.DataType:
    """The type with integers for instants: Python's have microseconds alone."""
    if pa.types.is_timestamp(kind):
        return pa.int64()
    if pa.types.is_map(kind):
        return pa.map_(kind.key_field, kind.item_field.with_type(_untimed(kind.item_type)))
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_untimed(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_untimed(field.type)) for field in kind])
    return kind


def _plain(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_timestamp(kind):
        return value * {"ns": 1, "us": 1_000}[kind.unit]
    if pa.types.is_map(kind):
        return [(key, _plain(member, kind.item_type)) for key, member in value]
    if pa.types.is_struct(kind):
        return {field.name: _plain(value[field.name], field.type) for field in kind}
    if pa.types.is_list(kind):
        return [_plain(member, kind.value_type) for member in value]
    if pa.types.is_floating(kind):
        return bits(value, hive_type(kind))
    return value


# ---- both


def cut(value: Any, hive: str) -> Any:
    """The plain form with instants cut to microseconds."""
    if value is None or "timestamp" not in hive:
        return value
    kind, parts = inside(hive)
    if kind == "array":
        return [cut(element, parts[0][1]) for element in value]
    if kind == "map":
        return [(key, cut(member, parts[0][1])) for key, member in value]
    if kind == "struct":
        return {name: cut(value[name], of) for name, of in parts}
    return value // 1_000 * 1_000


def compare(case: Case, table: pa.Table, is_cut: bool) -> tuple[list[str], int]:
    """The differences of a table that an engine has read, and how many values were compared."""
    types = {field.name: hive_type(field.type) for field in table.schema}
    if list(types) != list(case.columns):
        return [f"{case.name}: its columns are {', '.join(types)}"], 0
    others = [
        f"{case.name}, {name}\n      expected  {hive}\n      is        {types[name]}"
        for name, hive in case.columns.items()
        if types[name] != hive
    ]
    if others:
        return others, 0
    if table.num_rows != len(case.lines):
        return [f"{case.name}: {table.num_rows} rows, not {len(case.lines)}"], 0
    found = []
    actual = plain(table)
    for name, values in case.expected().items():
        hive = case.columns[name]
        if is_cut:
            values = [cut(value, hive) for value in values]
        for at, (value, other) in enumerate(zip(values, actual[name], strict=True)):
            if value != other:
                found.append(
                    f"{case.name}, row {at}, {name} {hive}"
                    f"\n      expected  {short(value)}\n      is        {short(other)}"
                )
    return found, table.num_rows * table.num_columns


def compare_rows(rows: Sequence[dict[str, Any]], table: pa.Table, key: str) -> list[str]:
    """The differences of a table that has to have these rows, in the plain form, in any order. No
    two rows have the same `key`. Of the table's columns those that the rows have."""
    names = list(rows[0])
    columns = plain(table.select(names))
    actual = dict(zip(columns[key], zip(*columns.values(), strict=True), strict=True))
    wanted = {row[key]: tuple(row[name] for name in names) for row in rows}
    assert len(wanted) == len(rows), f"{key} is not unique"
    if table.num_rows != len(rows) or actual.keys() != wanted.keys():
        return [f"{table.num_rows:,} rows of {len(actual):,} keys, not {len(rows):,}"]
    return [
        f"{at}\n      expected  {short(value)}\n      is        {short(actual[at])}"
        for at, value in wanted.items()
        if value != actual[at]
    ]


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}… ({len(text):,} characters)"
