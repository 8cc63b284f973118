"""The oracle against the cases in fixtures/, which are derived from the contract line by line.

So the oracle, the transformation and the contract can't drift apart unseen.
"""

from __future__ import annotations

import base64
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from dynalake_dev.contract import Schema, Written, rescued_differences, same, split
from dynalake_dev.machine import ROOT

FIXTURES = ROOT / "fixtures"
# Of the groups attributes, coercion, old-image, protect and rescue. The others have what the oracle
# leaves out on purpose, as no schema and value of the demo has it: names that collide, protected
# members of a column, numbers that DynamoDB can't hold, records that are malformed.
CASES = [
    "attributes/empty-values",
    "attributes/every-type-in-columns-of-its-own",
    "attributes/every-type-in-string-columns",
    "attributes/every-type-rescued",
    "attributes/null-is-absent-or-null",
    "attributes/sets-in-their-order",
    "attributes/strings-of-every-kind",
    "coercion/array-of-structs",
    "coercion/bigint-ends",
    "coercion/boolean",
    "coercion/date",
    "coercion/decimal-38-38",
    "coercion/decimal-38-digits",
    "coercion/decimal-small-precision",
    "coercion/int-ends",
    "coercion/map",
    "coercion/smallint-ends",
    "coercion/timestamp-ends",
    "coercion/timestamp-forms",
    "coercion/timestamps-inside-containers",
    "coercion/tinyint-ends",
    "protect/drop-leaves-no-trace",
    "protect/inside-an-unknown-map",
    "rescue/all-fitted",
    "rescue/paths-and-odd-names",
    "rescue/the-highest-attribute-of-which-nothing-is-bound",
]


def decoded(attribute: Any) -> Any:
    """An attribute of changes.json with its binary as bytes, as boto3 gives it."""
    [(kind, value)] = attribute.items()
    if kind == "B":
        return {kind: binary(value)}
    if kind == "BS":
        return {kind: [binary(each) for each in value]}
    if kind == "L":
        return {kind: [decoded(each) for each in value]}
    if kind == "M":
        return {kind: {name: decoded(each) for name, each in value.items()}}
    return attribute


def binary(text: str) -> bytes:
    # As on the wire: base64 of base64.
    return base64.b64decode(base64.b64decode(text))


def typed(value: Any, hive: str) -> Any:
    """A value of a row as DuckDB reads it from Parquet."""
    hive = hive.strip()
    if value is None:
        return None
    if hive.startswith("array<"):
        return [typed(each, hive[6:-1]) for each in value]
    if hive.startswith("map<"):
        return {name: typed(each, split(hive[4:-1])[1]) for name, each in value.items()}
    if hive.startswith("struct<"):
        members = [member.strip().split(":", 1) for member in split(hive[7:-1])]
        return {name: typed(value.get(name), kind) for name, kind in members}
    if hive == "date":
        return date.fromisoformat(value)
    if hive == "timestamp":
        return datetime.fromisoformat(value).replace(tzinfo=None)
    if hive.startswith("decimal"):
        return Decimal(value)
    if hive in ("float", "double"):
        return float(value)
    return int(value) if hive in ("tinyint", "smallint", "int", "bigint") else value


@pytest.mark.parametrize("case", CASES)
def test_rows_are_the_fixtures(case: str) -> None:
    folder = FIXTURES / case
    text = json.loads((folder / "schema.json").read_text())
    schema = Schema(text)
    changes = json.loads((folder / "changes.json").read_text())
    answers = json.loads((folder / "expected.json").read_text(), parse_float=str, parse_int=str)
    for change, answer in zip(changes, answers, strict=True):
        assert answer["result"] == "Ok"
        new, old = (
            decoded({"M": change[image]})["M"] if image in change else None
            for image in ("item", "old")
        )
        event = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
        expected, rescued = schema.row(Written("k", event, old, new, 0, 0))
        row = answer["row"]
        types = {column["name"]: column["type"] for column in text["columns"]}
        for name in types.keys() & expected.keys():
            actual = typed(row.get(name), types[name])
            assert same(expected[name], actual), (change["recordId"], name, expected[name], actual)
        assert rescued_differences(rescued, row.get("_rescued")) == [], change["recordId"]
    assert changes
