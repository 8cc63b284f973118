"""Streams of changes, made up by a seed, and the model of the table that they are changes of.

The model is DynamoDB's side alone: a dictionary of items to which the changes are applied one after
the other, as they were made. The stream then delivers their records as badly as AWS may: twice, in
another order, much later.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dynalake_dev import changes
from dynalake_dev.changes import Attribute, Item, M, N, S
from dynalake_dev.contract import Schema, Written
from dynalake_dev.machine import ROOT

FIRST_TIME_US = 1_767_225_600_000_000
# Kinesis sequence numbers have 56 digits.
FIRST_NUMBER = 49615332175504399275388999519764255559777264071916650498
TTL_SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
EPOCH = datetime(1970, 1, 1)

# How far a record may come before or after its turn, in changes.
JITTER = 200

TICKS_US = {"MICROSECOND": 1, "MILLISECOND": 1000}
# Changes that one failed invocation had, where the stream has milliseconds.
BATCH = 20
RECORDS_IN_EVENT = 500


@dataclass
class Kind:
    """What the items of a table look like. `added` is the attribute whose column the schema file
    gets half-way."""

    schema_file: str
    key: Callable[[int], Item]
    attributes: Callable[[random.Random], dict[str, Attribute]]
    added: str

    def schema(self, part: int) -> dict:
        """The schema file; in the first part without the column of the attribute that is added."""
        schema = json.loads((ROOT / self.schema_file).read_text())
        if part == 0:
            schema["columns"] = [
                column for column in schema["columns"] if column["name"] != self.added
            ]
        return schema


def _some(names: list[str], chance: random.Random) -> dict[str, Attribute]:
    attributes = {name: changes.MAKERS[name](chance) for name in names if chance.random() < 0.5}
    if chance.random() < 0.1:
        name = chance.choice([name for name in names if name in changes.MISFITS])
        attributes[name] = chance.choice(changes.MISFITS[name])
    if chance.random() < 0.05:
        attributes["couponCode"] = S("AUTUMN")
    return attributes


def _customer(chance: random.Random) -> dict[str, Attribute]:
    attributes = {
        "name": S(chance.choice(changes.TEXTS)),
        "email": S(f"{chance.randrange(1000)}@example.com"),
        "credit": N(chance.choice(["0", "-12.5", "1234567890123456.78", "0.001", "1E+3"])),
        "since": S(chance.choice(["2024-02-29", "1999-12-31", "2025-02-29"])),
        "address": M(street=S("Am Markt"), city=S(chance.choice(changes.TEXTS)), zip=N(8001)),
    }
    return {name: attribute for name, attribute in attributes.items() if chance.random() < 0.7}


ORDERS = ["total", "placedAt", "expiresAt", "customer", "items", "tags", "attributes"]
KINDS = {
    # The lean one, for many changes.
    "orders": Kind(
        "examples/orders.schema.json",
        lambda at: {"orderId": S(f"o-{at}")},
        lambda chance: _some(ORDERS, chance),
        "attributes",
    ),
    # All types, protected columns, the old image.
    "rich": Kind(
        "demo/orders.schema.json",
        lambda at: {"orderId": S(f"ü-{at}")},
        lambda chance: _some(sorted(changes.MAKERS), chance),
        "note",
    ),
    # A sort key, and that a number.
    "customers": Kind(
        "examples/customers.schema.json",
        lambda at: {"tenant": S(f"t-{at % 7}"), "customerId": N(at - 50)},
        _customer,
        "address",
    ),
}


@dataclass
class Change:
    """One change of an item, as DynamoDB made it."""

    at: int
    key: Item
    event: str
    old: Item | None
    new: Item | None
    time_us: int
    number: int
    ttl: bool
    precision: str = "MICROSECOND"

    def record(self, table: str) -> bytes:
        """The change record that Kinesis carries."""
        images = {"NewImage": self.new, "OldImage": self.old}
        return json.dumps(
            {
                "awsRegion": "eu-central-1",
                "eventID": f"e-{self.at}",
                "eventName": self.event,
                "userIdentity": TTL_SERVICE if self.ttl else None,
                "recordFormat": "application/json",
                "tableName": table,
                "dynamodb": {
                    "ApproximateCreationDateTime": self.time_us // TICKS_US[self.precision],
                    "ApproximateCreationDateTimePrecision": self.precision,
                    "Keys": self.key,
                    **{name: image for name, image in images.items() if image is not None},
                },
                "eventSource": "aws:dynamodb",
            },
            ensure_ascii=False,
            separators=(",", ":"),
            default=_binary,
        ).encode()

    def sequence(self, number: int) -> str:
        """`_sequence` of a delivery, by the contract: the time in 20 digits, Kinesis' number in
        56."""
        return f"{self.time_us:020d}-{number:056d}"


def _binary(value: bytes) -> str:
    """Binary, as it goes through Kinesis: in base64 of base64."""
    return base64.b64encode(base64.b64encode(value)).decode()


@dataclass
class Delivery:
    """A change record that arrives, and under which Kinesis sequence number."""

    place: float
    change: Change
    number: int


@dataclass
class Row:
    """A row that has to be in a table: its columns' values, and what has to be in `_rescued`."""

    values: dict[str, Any]
    rescued: dict[str, tuple]


Rows = dict[tuple, Row]


class Stream:
    """The changes of one table, made and delivered.

    With `ties` the stream has milliseconds, as one that was there before Terraform, and hot items
    with several changes in one of them. DynamoDB then also writes such a change twice, and
    invocations fail whose changes come again later, in the order of each item.
    """

    def __init__(
        self,
        kind: Kind,
        seed: int,
        changes: int,
        keys: int,
        ties: bool = False,
        pace_us: int = 200_000,
    ) -> None:
        self.kind, self.count, self.keys, self.ties = kind, changes, keys, ties
        # The most time from one change to the next.
        self.pace_us = pace_us
        self.table = kind.schema(1)["table"]
        self.chance = random.Random(seed)
        self.items: dict[int, Item] = {}
        self.last: dict[int, Change] = {}
        self.changes: list[Change] = []
        # Changes of an item within one tick of the clock: only Kinesis' number gives their order.
        self.tied: set = set()
        self._make()
        self.deliveries = sorted(self._deliver(), key=lambda delivery: delivery.place)

    # ---- the table

    def _make(self) -> None:
        chance, time_us, number, at_key = self.chance, FIRST_TIME_US, FIRST_NUMBER, 0
        precision = "MILLISECOND" if self.ties else "MICROSECOND"
        for at in range(self.count):
            number += chance.randint(1, 10**9)
            if at and chance.random() < (0.4 if self.ties else 0.05):
                if chance.random() < 0.2:
                    at_key = chance.randrange(self.keys)
            else:
                time_us += (
                    chance.randint(1, self.pace_us // TICKS_US[precision]) * TICKS_US[precision]
                )
                at_key = chance.randrange(self.keys)
            change = self._change(at, at_key, time_us, number)
            change.precision = precision
            before = self.last.get(at_key)
            if before is not None and before.time_us == time_us:
                self.tied |= {before.at, at}
            self.last[at_key] = change
            self.changes.append(change)

    def _change(self, at: int, at_key: int, time_us: int, number: int) -> Change:
        chance, key = self.chance, self.kind.key(at_key)
        old, fate = self.items.get(at_key), chance.random()
        if old is not None and fate < 0.2:
            del self.items[at_key]
            return Change(at, key, "REMOVE", old, None, time_us, number, ttl=fate < 0.05)
        attributes = self.kind.attributes(chance)
        if at < self.count // 2 + 2 * JITTER:
            attributes.pop(self.kind.added, None)
        kept = {}
        if old is not None and fate < 0.6:
            kept = {name: value for name, value in old.items() if chance.random() < 0.8}
        new = {**kept, **attributes, **key}
        self.items[at_key] = new
        return Change(
            at, key, "INSERT" if old is None else "MODIFY", old, new, time_us, number, ttl=False
        )

    # ---- the stream

    def _deliver(self) -> list[Delivery]:
        chance, count = self.chance, self.count
        deliveries, next_number = [], self.changes[-1].number
        failed = self._failed() if self.ties else {}
        for change in self.changes:
            if change.at in failed:
                # Put back into the stream, it has another number.
                next_number += chance.randint(1, 10**9)
                deliveries.append(Delivery(failed[change.at], change, next_number))
                continue
            # 3 % are stragglers.
            late = chance.uniform(0, 0.3 * count) if chance.random() < 0.03 else 0
            deliveries.append(
                Delivery(change.at + chance.uniform(-JITTER, JITTER) + late, change, change.number)
            )
            if chance.random() < 0.1:
                number = change.number
                # Firehose delivers a record twice; or DynamoDB writes one twice, and then it has
                # another number.
                if (self.ties or change.at not in self.tied) and chance.random() < 0.5:
                    next_number += chance.randint(1, 10**9)
                    number = next_number
                deliveries.append(
                    Delivery(change.at + chance.uniform(0, 0.6 * count), change, number)
                )
        # Of each item that is gone in the end an older state comes last of all.
        states: dict[str, Change] = {}
        for change in self.changes:
            if change.event != "REMOVE":
                states[json.dumps(change.key)] = change
        for change in self.last.values():
            if change.event == "REMOVE":
                older = states[json.dumps(change.key)]
                number = next(each.number for each in deliveries if each.change is older)
                deliveries.append(Delivery(2 * count + chance.random(), older, number))
        return deliveries

    def _failed(self) -> dict[int, float]:
        """Changes whose invocation failed, and when they come again. What happened to an item in
        one tick failed together: of a tie that is torn apart nobody can know the order."""
        failed: dict[int, float] = {}
        for begin in range(0, self.count, BATCH):
            if self.chance.random() < 0.05:
                # After they were made: the schema file of then has their attributes.
                late = begin + 2 * BATCH + self.count / 2 * self.chance.random()
                ticks = {
                    (json.dumps(change.key), change.time_us)
                    for change in self.changes[begin : begin + BATCH]
                }
                for change in self.changes[max(0, begin - BATCH) : begin + 2 * BATCH]:
                    if (json.dumps(change.key), change.time_us) in ticks:
                        failed[change.at] = late
        return failed

    def parts(self) -> list[list[Delivery]]:
        """Before and after the schema file gets its new column."""
        at = sum(delivery.place < self.count / 2 for delivery in self.deliveries)
        return [self.deliveries[:at], self.deliveries[at:]]

    # ---- what has to come of it

    def current(self) -> Rows:
        """The model's items, as rows of the current state."""
        number: dict[int, int] = {}
        for delivery in self.deliveries:
            number[delivery.change.at] = max(delivery.number, number.get(delivery.change.at, 0))
        live = [change for change in self.last.values() if change.new is not None]
        assert len(live) == len(self.items)
        schema = Schema(self.kind.schema(1))
        rows = [row_of(schema, change, change.sequence(number[change.at])) for change in live]
        return {self.key_of(schema, row): row for row in rows}

    def current_by_sequence(self) -> Rows:
        """The items as the greatest `_sequence` has them: what can be known without the change
        before it.

        It differs from `current` if an older one of several changes in one tick was written twice.
        """
        schema, newest = Schema(self.kind.schema(1)), {}
        for delivery in self.deliveries:
            key, sequence = (
                json.dumps(delivery.change.key),
                delivery.change.sequence(delivery.number),
            )
            newest[key] = max(newest.get(key, ("",)), (sequence, delivery.change.at))
        live = [
            (self.changes[at], sequence)
            for sequence, at in newest.values()
            if self.changes[at].new is not None
        ]
        rows = [row_of(schema, change, sequence) for change, sequence in live]
        return {self.key_of(schema, row): row for row in rows}

    def ever(self) -> list[tuple]:
        """The key columns' values of all items that there ever were."""
        schema = Schema(self.kind.schema(1))
        keys = {json.dumps(change.key): change.key for change in self.changes}
        rows = [Row(schema.state(key)[0], {}) for key in keys.values()]
        return [self.key_of(schema, row) for row in rows]

    def untold(self) -> int:
        """How many items have a newest change by `_sequence` that isn't their last one."""
        newest: dict[str, tuple[str, int]] = {}
        for delivery in self.deliveries:
            key, sequence = (
                json.dumps(delivery.change.key),
                delivery.change.sequence(delivery.number),
            )
            newest[key] = max(newest.get(key, ("", 0)), (sequence, delivery.change.at))
        last = {json.dumps(change.key): change.at for change in self.last.values()}
        return sum(at != last[key] for key, (_, at) in newest.items())

    def history(self) -> Rows:
        """All states of all items by `_sequence`: each from its own to that of the item's next
        change. A change that came twice in a row is one state."""
        schema, rows = Schema(self.kind.schema(1)), {}
        of_key: dict[str, dict[str, Change]] = {}
        for delivery in self.deliveries:
            change = delivery.change
            of_key.setdefault(json.dumps(change.key), {})[change.sequence(delivery.number)] = change
        for delivered in of_key.values():
            states: list[list[str]] = []
            for sequence in sorted(delivered):
                if states and delivered[states[-1][-1]] is delivered[sequence]:
                    states[-1].append(sequence)
                else:
                    states.append([sequence])
            for state, after in zip(states, [*states[1:], None], strict=True):
                change = delivered[state[0]]
                if change.new is not None:
                    row = row_of(schema, change, state[-1])
                    row.values["_event_id"] = f"e-{change.at}"
                    row.values["__START_AT"] = state[0]
                    row.values["__END_AT"] = after[0] if after else None
                    rows[self.key_of(schema, row) + (row.values["__START_AT"],)] = row
        return rows

    def key_of(self, schema: Schema, row: Row) -> tuple:
        return tuple(row.values[name] for name in key_columns(schema))


def event_of(deliveries: Sequence[Delivery], table: str) -> dict:
    """The event that Firehose invokes the function with."""
    return {
        "invocationId": "i",
        "deliveryStreamArn": "arn:aws:firehose:eu-central-1:123456789012:deliverystream/test",
        "sourceKinesisStreamArn": "arn:aws:kinesis:eu-central-1:123456789012:stream/test",
        "region": "eu-central-1",
        "records": [
            {
                "recordId": f"{delivery.number:056d}{at:06d}",
                "approximateArrivalTimestamp": delivery.change.time_us // 1000,
                "data": base64.b64encode(delivery.change.record(table)).decode(),
                "kinesisRecordMetadata": {
                    "sequenceNumber": f"{delivery.number:056d}",
                    "subsequenceNumber": 0,
                },
            }
            for at, delivery in enumerate(deliveries)
        ],
    }


def key_columns(schema: Schema) -> list[str]:
    return [schema.column_of((key,))["name"] for key in schema.keys]


def row_of(schema: Schema, change: Change, sequence: str) -> Row:
    """The row of the current state that has an item as a change left it."""
    values, rescued = schema.row(
        Written("", change.event, change.old, change.new, 0, 0, change.ttl)
    )
    for name in ("_event_type", "_table", "_ttl_delete", "_old"):
        values.pop(name, None)
    values["_event_time"] = EPOCH + timedelta(microseconds=change.time_us)
    values["_sequence"] = sequence
    return Row(values, rescued)
