"""Tests of the oracle: values worked out by hand, and differences that it has to find."""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from dynalake_dev import contract
from dynalake_dev.changes import Attribute, L, M, N, S
from dynalake_dev.contract import JsonText, NumberText, Rescued, Schema, Unordered, Written

SCHEMA = {
    "table": "orders",
    "keys": ["orderId"],
    "old_image": True,
    "columns": [
        {"name": "order_id", "type": "string"},
        {"name": "total", "type": "decimal(10,2)"},
        {"name": "customer_city", "type": "string"},
        {"name": "mail", "type": "string", "path": ["customer", "email"], "protect": "sha256"},
        {"name": "card", "type": "string", "path": ["cardNumber"], "protect": "drop"},
        {"name": "tags", "type": "array<string>"},
    ],
}


# ---- one value into one type


@pytest.mark.parametrize(
    ("attribute", "hive", "value"),
    [
        (N(127), "tinyint", 127),
        (N("1E+2"), "int", 100),
        (S("-128"), "tinyint", -128),
        (N("9.95"), "decimal(18,4)", Decimal("9.95")),
        (N("0.1"), "double", 0.1),
        # The nearest number of 32 bits.
        (N("0.1"), "float", 0.10000000149011612),
        ({"BOOL": False}, "boolean", False),
        (S("True"), "boolean", True),
        (N("0.0"), "boolean", False),
        (S("2026-02-28"), "date", date(2026, 2, 28)),
        (N(1), "string", NumberText(Decimal(1))),
        ({"BOOL": True}, "string", "true"),
        ({"B": b"\x00"}, "string", "AA=="),
        (L(N(1), {"NULL": True}), "string", JsonText([Decimal(1), None])),
        ({"SS": ["b", "a"]}, "array<string>", Unordered(["b", "a"])),
        (M(a=N(1)), "map<string,bigint>", {"a": 1}),
        (M(a=M(b=N(1))), "struct<a:struct<b:int,c:string>>", {"a": {"b": 1, "c": None}}),
        ({"NULL": True}, "int", None),
    ],
)
def test_a_value_that_fits_takes_its_type(attribute: Attribute, hive: str, value: Any) -> None:
    rescued: Rescued = {}
    assert contract.coerce(attribute, hive, "s", "x", rescued) == value
    assert rescued == {}


@pytest.mark.parametrize(
    ("attribute", "hive", "reason"),
    [
        (N(128), "tinyint", "range"),
        (N("2.5"), "int", "range"),
        (N("0.001"), "decimal(10,2)", "range"),
        (N("100000000"), "decimal(10,2)", "range"),
        (N("1E+39"), "float", "range"),
        (S("1e999"), "double", "range"),
        (S("many"), "int", "type"),
        (S("yes"), "boolean", "type"),
        (N(2), "boolean", "type"),
        (S("2026-02-30"), "date", "type"),
        (N(20261224), "date", "type"),
        (S("2999-01-01T00:00:00Z"), "timestamp", "range"),
        (S("yesterday"), "timestamp", "type"),
        (S("x"), "array<string>", "type"),
        (L(), "map<string,string>", "type"),
        (S("x"), "struct<a:int>", "type"),
    ],
)
def test_a_value_that_does_not_fit_is_rescued(attribute: Attribute, hive: str, reason: str) -> None:
    rescued: Rescued = {}
    assert contract.coerce(attribute, hive, "s", "x", rescued) is None
    assert rescued == {"x": (reason, attribute)}


@pytest.mark.parametrize(
    ("attribute", "unit", "moment"),
    [
        (S("2026-01-31T23:59:59.123456+01:00"), "s", datetime(2026, 1, 31, 22, 59, 59, 123456)),
        (S("2026-01-31T00:30-0530"), "s", datetime(2026, 1, 31, 6, 0)),
        (S("2026-01-31"), "s", datetime(2026, 1, 31)),
        (N("1.5"), "s", datetime(1970, 1, 1, 0, 0, 1, 500000)),
        (N(-1), "ms", datetime(1969, 12, 31, 23, 59, 59, 999000)),
        (N(1), "us", datetime(1970, 1, 1, 0, 0, 0, 1)),
    ],
)
def test_times_are_utc_to_the_microsecond(
    attribute: Attribute, unit: str, moment: datetime
) -> None:
    assert contract.coerce(attribute, "timestamp", unit, "x", {}) == moment


def test_a_container_keeps_what_fits_and_rescues_each_member_that_does_not() -> None:
    rescued: Rescued = {}
    item = L(M(sku=S("A"), qty=N("1.5"), colour=S("red")))
    value = contract.coerce(item, "array<struct<sku:string,qty:int>>", "s", "items", rescued)
    assert value == [{"sku": "A", "qty": None}]
    assert rescued == {
        "items[0].qty": ("range", N("1.5")),
        "items[0].colour": ("unknown", S("red")),
    }


# ---- names


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("orderId", "order_id"),
        ("HTTPCode", "http_code"),
        ("line1Address", "line1_address"),
        ("1st", "_1st"),
        ("größe", "gr_e"),
        ("\u212aelvin", "_elvin"),
        ("", "_"),
    ],
)
def test_column_names(name: str, column: str) -> None:
    assert contract.snake(name) == column


def test_paths_quote_what_a_reader_could_misread() -> None:
    assert contract.join_all(["a", "b"]) == "a.b"
    assert contract.join_all(["a", "x.y", "b"]) == 'a["x.y"].b'
    assert contract.join_all(["gift.wrap"]) == '["gift.wrap"]'
    assert contract.join_all(["a", ""]) == 'a[""]'


def test_types_are_split_outside_brackets_only() -> None:
    parts = contract.split("a:decimal(18,4),b:map<string,int>,c:int")
    assert parts == ["a:decimal(18,4)", "b:map<string,int>", "c:int"]


# ---- one change into one row


def item(**more: Attribute) -> dict[str, Attribute]:
    return {
        "orderId": S("o-1"),
        "total": N("12.5"),
        "customer": M(city=S("Ulm"), email=S("a@example.com")),
        "cardNumber": S("4111"),
        "tags": {"SS": ["x", "y"]},
        **more,
    }


def test_a_row_takes_columns_by_path_and_by_name_and_hides_what_is_protected() -> None:
    row, rescued = Schema(SCHEMA).state(item())
    assert row == {
        "order_id": "o-1",
        "total": Decimal("12.5"),
        "customer_city": "Ulm",
        "mail": hashlib.sha256(b"a@example.com").hexdigest(),
        "tags": Unordered(["x", "y"]),
    }
    assert rescued == {}


def test_what_no_column_takes_is_rescued_whole_or_beside_what_was_taken() -> None:
    more = item(gift=M(paper=S("red")), customer=M(city=S("Ulm"), vip={"BOOL": True}))
    _, rescued = Schema(SCHEMA).state(more)
    assert rescued == {
        "gift": ("unknown", M(paper=S("red"))),
        "customer.vip": ("unknown", {"BOOL": True}),
    }


def test_the_old_image_is_plain_json_without_protected_values() -> None:
    row, _ = Schema(SCHEMA).row(Written("o-1", "MODIFY", item(), item(), 0, 0))
    assert row["_old"] == JsonText(
        {
            "orderId": "o-1",
            "total": Decimal("12.5"),
            "customer": {
                "city": "Ulm",
                "email": hashlib.sha256(b"a@example.com").hexdigest(),
            },
            "tags": Unordered(["x", "y"]),
        }
    )


def test_a_deletion_has_the_key_and_says_whether_time_to_live_made_it() -> None:
    row, rescued = Schema(SCHEMA).row(Written("o-1", "REMOVE", item(), None, 0, 0, ttl=True))
    assert (row["order_id"], row["total"], row["_ttl_delete"]) == ("o-1", None, True)
    assert (row["_event_type"], rescued) == ("REMOVE", {})


# ---- comparing


def test_values_are_the_same_by_value_and_type() -> None:
    assert contract.same(Decimal("1.50"), Decimal("1.5"))
    assert contract.same(NumberText(Decimal(100)), "1E+2")
    assert contract.same(JsonText({"a": [Decimal(1)]}), '{"a":[1.0]}')
    assert contract.same(Unordered(["b", "a"]), ["a", "b"])
    assert not contract.same(Unordered(["a", "a"]), ["a", "b"])
    for other in ("a text", "", None):
        assert not contract.same(NumberText(Decimal(100)), other)
        assert not contract.same(JsonText({"a": 1}), other)
    assert not contract.same(True, 1)
    assert not contract.same(1, True)
    assert not contract.same(1, 1.0)
    assert not contract.same({"a": None}, {})
    assert not contract.same([1], [1, 1])
    assert not contract.same("1", None)


def test_rescued_attributes_are_compared_in_dynamodb_json() -> None:
    assert contract.same_attribute({"B": b"\x00"}, {"B": "AA=="})
    assert contract.same_attribute({"NS": ["1", "2.0"]}, {"NS": ["2", "1"]})
    assert contract.same_attribute(M(a=L(N("1.0"))), M(a=L(N(1))))
    assert not contract.same_attribute(N(1), S("1"))
    assert not contract.same_attribute(M(a=N(1)), M(a=N(2)))
    assert not contract.same_attribute(L(N(1)), L(N(1), N(1)))
    assert not contract.same_attribute({"SS": ["a"]}, {"SS": ["b"]})


def arrived(change: Written, number: int) -> dict[str, Any]:
    """The row of a change, as the lake would have it."""
    row, rescued = Schema(SCHEMA).row(change)
    row = {name: plain(value) for name, value in row.items()}
    micros = 1_000_000 * number
    entries = {
        path: {"reason": reason, "value": attribute}
        for path, (reason, attribute) in rescued.items()
    }
    return row | {
        "_event_id": f"e-{number}",
        "_event_time": datetime(1970, 1, 1, 0, 0, number),
        "_sequence": f"{micros:020d}-{number:056d}",
        "_rescued": json.dumps(entries) if entries else None,
    }


def plain(value: Any) -> Any:
    if isinstance(value, Unordered):
        return value.members
    if isinstance(value, JsonText):
        return json.dumps(
            value.value,
            default=lambda each: plain(each) if isinstance(each, Unordered) else float(each),
        )
    return value


CHANGES = [
    Written("o-1", "INSERT", None, item(), 1, 1),
    Written("o-1", "MODIFY", item(), item(total=S("about 12")), 2, 2),
    Written("o-1", "REMOVE", item(total=S("about 12")), None, 3, 3),
]
ROWS = [arrived(change, number) for number, change in enumerate(CHANGES, 1)]


def test_rows_that_are_what_was_written_do_not_differ_in_whatever_order_they_come() -> None:
    assert contract.differences(CHANGES, ROWS[::-1], Schema(SCHEMA)) == []


def test_times_of_a_tables_own_stream_are_cut_to_seconds() -> None:
    change = Written("o-1", "INSERT", None, item(), 1.9, 1.95)
    rows = [arrived(change, 1)]
    assert contract.differences([change], rows, Schema(SCHEMA), whole_seconds=True) == []
    assert contract.differences([change], rows, Schema(SCHEMA)) != []
    change = Written("o-1", "INSERT", None, item(), 2.9, 2.95)
    assert contract.differences([change], rows, Schema(SCHEMA), whole_seconds=True) != []


@pytest.mark.parametrize(
    ("number", "column", "value", "said"),
    [
        (0, "total", Decimal("12.51"), "total"),
        (0, "customer_city", None, "customer_city"),
        (0, "tags", ["x"], "tags"),
        (0, "_event_type", "MODIFY", "_event_type"),
        (0, "_event_time", datetime(1970, 1, 1, 0, 0, 9), "_event_time"),
        (0, "_sequence", "0" * 20 + "-1", "does not begin with"),
        (1, "_rescued", None, "_rescued lacks total"),
        (0, "_rescued", '{"x":{"reason":"type","value":{"S":"y"}}}', "_rescued has x"),
        (1, "_rescued", '{"total":{"reason":"range","value":{"S":"about 12"}}}', "_rescued, total"),
        (1, "_rescued", '{"total":{"reason":"type","value":{"S":"about 13"}}}', "_rescued, total"),
        (1, "_old", "{}", "_old"),
        (2, "order_id", "o-2", "rows arrived"),
        (2, "_ttl_delete", True, "_ttl_delete"),
        (2, "_event_id", "e-1", "different event ids"),
    ],
)
def test_a_planted_difference_is_found(number: int, column: str, value: Any, said: str) -> None:
    rows = copy.deepcopy(ROWS)
    rows[number][column] = value
    found = contract.differences(CHANGES, rows, Schema(SCHEMA))
    assert any(said in text for text in found), found


def test_missing_duplicate_and_foreign_rows_are_found() -> None:
    schema = Schema(SCHEMA)
    assert len(contract.differences(CHANGES, ROWS[1:], schema)) == 1
    # One difference for the count, one for the event id that is there twice.
    assert len(contract.differences(CHANGES, [*ROWS, ROWS[0]], schema)) == 2
    foreign = {**ROWS[0], "order_id": "o-9", "_event_id": "e-9"}
    assert len(contract.differences(CHANGES, [*ROWS, foreign], schema)) == 1
    assert any(
        "no column" in text
        for text in contract.differences(
            CHANGES, [{name: row[name] for name in row if name != "total"} for row in ROWS], schema
        )
    )


def test_the_current_state_has_each_item_once_and_no_other() -> None:
    schema, row = Schema(SCHEMA), ROWS[0]
    other = {**row, "order_id": "o-2"}
    assert contract.current_differences([item()], [row], schema) == []
    for items, rows, said in [
        ([item()], [], "not in the current state"),
        ([], [row], "not in DynamoDB"),
        ([item()], [row, row], "2 times"),
        ([item()], [row, other], "not in DynamoDB"),
        ([item(total=N(1))], [row], "total"),
        ([item(more=N(1))], [row], "_rescued lacks more"),
    ]:
        found = contract.current_differences(items, rows, schema)
        assert len(found) == 1 and said in found[0], (said, found)
