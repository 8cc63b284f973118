"""What must arrive, worked out from what was written and the schema file alone.

None of this comes from the Rust code or goes through it: it is the contract once more, in plain
Python, for the schemas and values that the demo uses. `differences` compares it with the rows that
DuckDB read from Parquet, `current_differences` compares the table's items with the current state.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .changes import Attribute, Item

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?"
)
INTEGERS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
# What must be in `_rescued`: path to reason and attribute.
Rescued = dict[str, tuple[str, Attribute]]
UNITS = {"s": 10**6, "ms": 10**3, "us": 1}
# Firehose's 64-bit nanoseconds reach from 1677 to 2262; the contract takes the whole years within.
FIRST_YEAR, LAST_YEAR = 1678, 2261
# Java's calendar is Julian before this day.
FIRST_DAY = date(1582, 10, 15)
# Text that is an epoch in a column which states its unit: fewer digits could be a year or a date.
EPOCH_TEXT = re.compile(r"[+-]?[0-9]{9,}(\.[0-9]+)?")


@dataclass
class Written:
    """A change as it was written into the table, and between which times (seconds since 1970)."""

    key: str
    event: str
    old: Item | None
    new: Item | None
    began: float
    ended: float
    ttl: bool = False
    note: str = ""


@dataclass
class Unordered:
    """Members of a set, which DynamoDB gives back in any order."""

    members: list[Any]


@dataclass
class JsonText:
    """A text that is the JSON of this."""

    value: Any


@dataclass
class NumberText:
    """A text that is this number."""

    value: Decimal


class Misfit(Exception):
    """An attribute that does not fit its column; the argument is the reason."""


# ---- one value into one type


def coerce(attribute: Attribute, hive: str, unit: str | None, path: str, rescued: Rescued) -> Any:
    """The column's value; what does not fit is added to `rescued`, and leaves None."""
    [(kind, value)] = attribute.items()
    if kind == "NULL":
        return None
    try:
        if hive.startswith("array<"):
            return _array(kind, value, hive[6:-1], path, rescued)
        if hive.startswith("map<"):
            return _map(kind, value, hive[4:-1].split(",", 1)[1], path, rescued)
        if hive.startswith("struct<"):
            return _struct(kind, value, hive[7:-1], path, rescued)
        return _scalar(kind, value, hive, unit)
    except Misfit as misfit:
        rescued[path] = (misfit.args[0], attribute)
        return None


def _scalar(kind: str, value: Any, hive: str, unit: str | None) -> Any:
    if hive == "string":
        return text_of({kind: value})
    if hive == "boolean":
        return _boolean(kind, value)
    if hive == "date":
        return _date(kind, value)
    if hive == "timestamp":
        return _timestamp(kind, value, unit)
    if kind not in ("N", "S") or not NUMBER.fullmatch(value):
        raise Misfit("type")
    number = Decimal(value)
    if hive in INTEGERS:
        if number != int(number) or not -(2 ** (INTEGERS[hive] - 1)) <= number < 2 ** (
            INTEGERS[hive] - 1
        ):
            raise Misfit("range")
        return int(number)
    if hive.startswith("decimal("):
        precision, scale = (int(part) for part in hive[8:-1].split(","))
        scaled = Fraction(number) * 10**scale
        if scaled.denominator != 1 or abs(scaled) >= 10**precision:
            raise Misfit("range")
        return number
    if hive == "double":
        nearest = float(value)
        if not math.isfinite(nearest):
            raise Misfit("range")
        return nearest
    if hive == "float":
        try:
            # "<" for the standard's format, which rejects what is too large; the machine's own
            # makes infinity of it.
            return struct.unpack("<f", struct.pack("<f", float(value)))[0]
        except OverflowError:
            raise Misfit("range") from None
    raise AssertionError("no expectation for the type " + hive)


def _boolean(kind: str, value: Any) -> bool:
    if kind == "BOOL":
        return bool(value)
    if kind == "S" and value.isascii() and value.lower() in ("true", "false"):
        return bool(value.lower() == "true")
    if kind == "N" and NUMBER.fullmatch(value) and Decimal(value) in (0, 1):
        return Decimal(value) == 1
    raise Misfit("type")


def _date(kind: str, value: Any) -> date:
    if kind != "S" or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise Misfit("type")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise Misfit("type") from None
    if day < FIRST_DAY:
        raise Misfit("range")
    return day


def _timestamp(kind: str, value: Any, unit: str | None) -> datetime:
    if kind == "N" or (kind == "S" and unit and EPOCH_TEXT.fullmatch(value)):
        micros = Decimal(value) * UNITS[unit or "s"]
        if not -(10**17) < micros < 10**17:
            raise Misfit("range")
        when = datetime(1970, 1, 1) + timedelta(microseconds=int(micros))
    elif kind == "S" and (match := TIME.fullmatch(value)):
        day, minutes, seconds, fraction, zone = match.groups()
        try:
            when = datetime.fromisoformat(f"{day}T{minutes or '00:00'}:{seconds or '00'}")
        except ValueError:
            raise Misfit("type") from None
        when += timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))
        if zone and zone not in "Zz":
            digits = zone[1:].replace(":", "").ljust(4, "0")
            offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            when -= offset if zone[0] == "+" else -offset
    else:
        raise Misfit("type")
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise Misfit("range")
    return when


def _array(kind: str, value: Any, member: str, path: str, rescued: Rescued) -> Any:
    if kind == "L":
        return [coerce(each, member, None, f"{path}[{i}]", rescued) for i, each in enumerate(value)]
    if kind in ("SS", "NS", "BS"):
        return Unordered([coerce({kind[0]: each}, member, None, path, rescued) for each in value])
    raise Misfit("type")


def _map(kind: str, value: Any, member: str, path: str, rescued: Rescued) -> Any:
    if kind != "M":
        raise Misfit("type")
    return {
        name: coerce(each, member.strip(), None, join(path, name), rescued)
        for name, each in value.items()
    }


def _struct(kind: str, value: Any, members: str, path: str, rescued: Rescued) -> Any:
    if kind != "M":
        raise Misfit("type")
    types = dict(member.strip().split(":", 1) for member in split(members))
    for name, each in value.items():
        if name not in types:
            rescued[join(path, name)] = ("unknown", each)
    return {
        name: coerce(value[name], hive, None, join(path, name), rescued) if name in value else None
        for name, hive in types.items()
    }


def split(text: str) -> list[str]:
    """Splits at the commas outside all brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += letter in "<("
        depth -= letter in ">)"
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def join(path: str, name: str) -> str:
    if name == "" or re.search(r'[.\[\]"]', name):
        return f"{path}[{json.dumps(name, ensure_ascii=False)}]"
    return f"{path}.{name}" if path else name


def text_of(attribute: Attribute) -> Any:
    """What a string column holds."""
    [(kind, value)] = attribute.items()
    if kind == "S":
        return value
    if kind == "N":
        return NumberText(Decimal(value))
    if kind == "BOOL":
        return "true" if value else "false"
    if kind == "B":
        return base64.b64encode(value).decode()
    return JsonText(plain(attribute))


def plain(attribute: Attribute) -> Any:
    """The attribute value as plain JSON has it."""
    [(kind, value)] = attribute.items()
    if kind == "NULL":
        return None
    if kind == "N":
        return Decimal(value)
    if kind == "B":
        return base64.b64encode(value).decode()
    if kind == "M":
        return {name: plain(each) for name, each in value.items()}
    if kind == "L":
        return [plain(each) for each in value]
    if kind in ("SS", "NS", "BS"):
        return Unordered([plain({kind[0]: each}) for each in value])
    return value


# ---- one change into one row


class Schema:
    def __init__(self, schema: dict[str, Any]) -> None:
        self.columns: list[dict[str, Any]] = schema["columns"]
        self.table: str = schema["table"]
        self.keys: list[str] = schema["keys"]
        self.keeps_old: bool = schema.get("old_image", False)
        self.by_path = {
            tuple(column["path"]): column for column in self.columns if "path" in column
        }
        self.by_name = {column["name"]: column for column in self.columns if "path" not in column}
        self.in_lake = [column for column in self.columns if column.get("protect") != "drop"]

    def column_of(self, path: tuple[str, ...]) -> dict[str, Any] | None:
        return self.by_path.get(path) or self.by_name.get("_".join(snake(name) for name in path))

    def row(self, written: Written) -> tuple[dict[str, Any], Rescued]:
        """The columns' values, and what must be in `_rescued`: path to reason and attribute."""
        row, rescued = self.state(written.new or {})
        if written.event == "REMOVE":
            row["order_id"] = written.key
        row["_event_type"] = written.event
        row["_table"] = self.table
        row["_ttl_delete"] = True if written.ttl else None
        if self.keeps_old:
            row["_old"] = JsonText(self._old(written.old, ())) if written.old is not None else None
        return row, rescued

    def state(self, item: Item) -> tuple[dict[str, Any], Rescued]:
        """What an item is in the lake: the declared columns, and what must be in `_rescued`."""
        row: dict[str, Any] = {column["name"]: None for column in self.in_lake}
        rescued: Rescued = {}
        self._bind(item, (), row, rescued)
        return row, rescued

    def attributes(self, members: Item, above: tuple[str, ...] = ()) -> dict[str, Attribute]:
        """The attribute that each column takes of an item."""
        found: dict[str, Attribute] = {}
        for name, attribute in members.items():
            column = self.column_of(above + (name,))
            if column is not None:
                found[column["name"]] = attribute
            elif "M" in attribute:
                found.update(self.attributes(attribute["M"], above + (name,)))
        return found

    def _bind(
        self, members: Item, above: tuple[str, ...], row: dict[str, Any], rescued: Rescued
    ) -> bool:
        """Fills the row from a map; returns whether a column took anything of it."""
        took, left = False, {}
        for name, attribute in members.items():
            path = above + (name,)
            where = join_all(path)
            column = self.column_of(path)
            if column is not None:
                took = True
                protect = column.get("protect")
                if protect == "drop":
                    continue
                value = coerce(attribute, column["type"], column.get("unit"), where, rescued)
                row[column["name"]] = digest(value) if protect == "sha256" else value
            elif "M" in attribute and self._bind(attribute["M"], path, row, rescued):
                took = True
            else:
                left[where] = ("unknown", attribute)
        # Where nothing was taken, the whole map is one entry, made by the caller.
        if took or not above:
            rescued.update(left)
        return took

    def _old(self, members: Item, above: tuple[str, ...]) -> dict[str, Any]:
        """The item before the change; what a column protects is hidden here too."""
        old: dict[str, Any] = {}
        for name, attribute in members.items():
            path = above + (name,)
            protect = (self.column_of(path) or {}).get("protect")
            if protect == "drop":
                continue
            if protect == "sha256":
                old[name] = digest(text_of(attribute))
            elif "M" in attribute:
                old[name] = self._old(attribute["M"], path)
            else:
                old[name] = plain(attribute)
        return old


def digest(value: str | None) -> str | None:
    return None if value is None else hashlib.sha256(value.encode()).hexdigest()


def join_all(path: Sequence[str]) -> str:
    text = ""
    for name in path:
        text = join(text, name)
    return text


def snake(name: str) -> str:
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", name)
    # ASCII before lower case: the sign of Kelvin is a k in lower case.
    name = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9_]", "_", name).lower()) or "_"
    return "_" + name if name[0].isdigit() else name


# ---- comparing


def same(expected: Any, actual: Any) -> bool:
    if isinstance(expected, JsonText):
        try:
            value = json.loads(actual, parse_float=Decimal, parse_int=Decimal)
        except (TypeError, ValueError):
            return False
        return same(expected.value, value)
    if isinstance(expected, NumberText):
        is_number = isinstance(actual, str) and NUMBER.fullmatch(actual) is not None
        return is_number and Decimal(actual) == expected.value
    if isinstance(expected, Unordered):
        return (
            isinstance(actual, list)
            and len(actual) == len(expected.members)
            and all(
                same(one, other)
                for one, other in zip(
                    sorted(expected.members, key=_order),
                    sorted(actual, key=_order),
                    strict=True,
                )
            )
        )
    if isinstance(expected, dict):
        return (
            isinstance(actual, dict)
            and expected.keys() == actual.keys()
            and all(same(value, actual[name]) for name, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(expected) == len(actual)
            and all(map(same, expected, actual))
        )
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    has_type = isinstance(actual, type(expected)) or isinstance(expected, Decimal)
    return has_type and bool(expected == actual)


def _order(value: Any) -> tuple[int, Any, str]:
    if isinstance(value, NumberText):
        return (1, value.value, "")
    if isinstance(value, Decimal):
        return (1, value, "")
    return (0, 0, str(value))


def same_attribute(expected: Attribute, actual: Any) -> bool:
    """DynamoDB JSON as it was written (binary as bytes), and as `_rescued` has it (binary as
    base64)."""
    if not isinstance(actual, dict) or expected.keys() != actual.keys():
        return False
    [(kind, one)], [other] = expected.items(), actual.values()
    if kind == "M":
        same_names = bool(one.keys() == other.keys())
        return same_names and all(same_attribute(each, other[name]) for name, each in one.items())
    if kind == "L":
        return len(one) == len(other) and all(map(same_attribute, one, other))
    if kind == "B":
        return bool(base64.b64encode(one).decode() == other)
    if kind == "BS":
        return sorted(base64.b64encode(each).decode() for each in one) == sorted(other)
    if kind == "N":
        return Decimal(one) == Decimal(other)
    if kind == "NS":
        return sorted(map(Decimal, one)) == sorted(map(Decimal, other))
    if kind == "SS":
        return sorted(one) == sorted(other)
    return bool(one == other)


def differences(
    changes: Sequence[Written],
    rows: Sequence[dict[str, Any]],
    schema: Schema,
    whole_seconds: bool = False,
) -> list[str]:
    """Every way in which the lake is not what was written; empty where all is well.
    `whole_seconds`: whether times are cut to seconds, as a table's own stream has them."""
    found: list[str] = []
    arrived: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        arrived.setdefault(row["order_id"], []).append(row)
    wanted: dict[str, list[Written]] = {}
    for change in changes:
        wanted.setdefault(change.key, []).append(change)
    for key in sorted(set(wanted) | set(arrived)):
        # An item's changes in the order that a reader of the lake would give them.
        theirs = sorted(arrived.get(key, []), key=lambda row: row["_sequence"])
        ours = wanted.get(key, [])
        if len(theirs) != len(ours):
            found.append(
                "{}: {} changes were written ({}), {} rows arrived ({})".format(
                    key,
                    len(ours),
                    ", ".join(change.event for change in ours),
                    len(theirs),
                    ", ".join(row["_event_type"] for row in theirs),
                )
            )
            continue
        for number, (change, row) in enumerate(zip(ours, theirs, strict=True), 1):
            place = f"{key}, change {number} of {len(ours)} ({change.event})"
            found += [
                f"{place}: {what}" for what in _row_differences(change, row, schema, whole_seconds)
            ]
    ids = [row["_event_id"] for row in rows]
    if len(set(ids)) != len(ids) or None in ids:
        found.append(f"{len(ids)} rows have {len(set(ids) - {None})} different event ids")
    return found


def current_differences(
    items: Sequence[Item], rows: Sequence[dict[str, Any]], schema: Schema
) -> list[str]:
    """Every way in which the current state is not what the DynamoDB table holds; empty where all is
    well."""
    found: list[str] = []
    ours = {item[schema.keys[0]]["S"]: item for item in items}
    theirs: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        theirs.setdefault(row["order_id"], []).append(row)
    for key in sorted(set(ours) | set(theirs)):
        if key not in theirs:
            found.append(f"{key}: is in DynamoDB, and not in the current state")
        elif key not in ours:
            found.append(f"{key}: is in the current state, and not in DynamoDB")
        elif len(theirs[key]) > 1:
            found.append(f"{key}: is {len(theirs[key])} times in the current state")
        else:
            expected, rescued = schema.state(ours[key])
            found += [
                f"{key}, current state: {what}"
                for what in _value_differences(expected, rescued, theirs[key][0])
            ]
    return found


def _row_differences(
    change: Written, row: dict[str, Any], schema: Schema, whole_seconds: bool
) -> list[str]:
    expected, rescued = schema.row(change)
    found = _value_differences(expected, rescued, row)
    when = row["_event_time"].replace(tzinfo=UTC).timestamp()
    began = math.floor(change.began) if whole_seconds else change.began
    if not began - 0.05 <= when <= change.ended + 0.05:
        found.append(f"_event_time {when} is not between {change.began} and {change.ended}")
    micros = round((row["_event_time"] - datetime(1970, 1, 1)) / timedelta(microseconds=1))
    if not row["_sequence"].startswith(f"{micros:020d}-"):
        found.append(
            "_sequence {} does not begin with the event time {}".format(row["_sequence"], micros)
        )
    return found


def _value_differences(
    expected: dict[str, Any], rescued: Rescued, row: dict[str, Any]
) -> list[str]:
    found = []
    for name, value in expected.items():
        if name not in row:
            found.append(f"there is no column {name}")
        elif not same(value, row[name]):
            found.append(f"{name}\n      expected  {value!r}\n      arrived   {row[name]!r}")
    return found + rescued_differences(rescued, row["_rescued"])


def rescued_differences(rescued: Rescued, text: str | None) -> list[str]:
    """What differs between what must be in `_rescued`, path to reason and attribute, and what
    is."""
    found = []
    actual = json.loads(text) if text is not None else {}
    for path in sorted(set(rescued) | set(actual)):
        if path not in actual:
            found.append(f"_rescued lacks {path}: {rescued[path]!r}")
        elif path not in rescued:
            found.append(f"_rescued has {path} and should not: {actual[path]!r}")
        elif actual[path]["reason"] != rescued[path][0] or not same_attribute(
            rescued[path][1], actual[path]["value"]
        ):
            found.append(
                f"_rescued, {path}\n      expected  {rescued[path]!r}\n      arrived   "
                f"{actual[path]!r}"
            )
    return found
