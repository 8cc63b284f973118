"""The tables of the tests: their streams, files, and what has to come of them."""

from __future__ import annotations

import multiprocessing
import random
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import tools, wide
from .firehose import Lake
from .streams import KINDS, Row, Rows, Schema, Stream, key_columns

FOLDER = tools.WORK / "lakes"


@dataclass(frozen=True)
class Order:
    """A table to be made."""

    name: str
    kind: str
    seed: int
    changes: int
    keys: int
    # In each of the two parts.
    files: int = 4
    history: bool = False
    by_hand: bool = False
    # Milliseconds, and several changes of an item in one of them.
    ties: bool = False
    # Where its files are, in the folder of all tables.
    folder: str = ""

    @property
    def location(self) -> str:
        return self.folder or self.name


@dataclass
class Made:
    """A table whose files are there; those of the second part still wait."""

    order: Order
    lake: Lake
    keys: list[str]
    parts: list[list[Path]]
    # By `_sequence`, and as the DynamoDB table has them: the same, except for ties.
    current: Rows
    truth: Rows
    untold: int
    history: Rows
    # Of the change log: `_sequence` of each delivery, and how many deliveries are deletes by Time
    # to Live.
    sequences: list[str]
    ttl_deletes: int
    # The keys of all items that there ever were.
    ever: list[tuple] = field(default_factory=list)
    by_hand: list[dict[str, Any]] = field(default_factory=list)

    def setting(self, part: int) -> dict:
        """Its object in the file of tables, with the schema file as it is before or after the new
        column."""
        setting = {
            "schema": self.lake.schemas[part],
            "location": self.order.location,
            "name": self.order.name,
        }
        return {**setting, "history": True} if self.order.history else setting


def orders(changes: int, keys: int, seeds: int) -> list[Order]:
    many = [Order(f"orders_{seed}", "orders", seed, changes, keys) for seed in range(1, seeds + 1)]
    return many + [
        Order("rich", "rich", 11, 1500, 150, by_hand=True),
        # Few batches: one of the history costs Spark as much as ten of the current state.
        Order("customers", "customers", 12, 1500, 60, files=2, history=True),
        Order("ties", "customers", 30, 800, 60, files=2, history=True, ties=True),
        # Every word that Spark takes for a secret's, in its name, its columns and its folder.
        Order(
            wide.TABLE,
            "wide",
            14,
            # Enough that some come after the new column, whatever JITTER does to their order.
            1000,
            40,
            files=1,
            folder=wide.FOLDER,
            by_hand=True,
        ),
    ]


# For the views alone, which cost little.
VIEWED = Order("viewed_ties", "orders", 15, 20_000, 600, ties=True)


def make(all_orders: list[Order]) -> list[Future[Made]]:
    """Makes them in processes of their own."""
    # Not forked: Spark's client has threads.
    pool = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
    made = [pool.submit(_make, order) for order in all_orders]
    pool.shutdown(wait=False)
    return made


def _make(order: Order) -> Made:
    kind = wide.KIND if order.kind == "wide" else KINDS[order.kind]
    stream = Stream(kind, order.seed, order.changes, order.keys, order.ties)
    lake = Lake(FOLDER / order.location, stream)
    made = Made(
        order=order,
        lake=lake,
        keys=key_columns(Schema(lake.schemas[1])),
        parts=[
            lake.write(part, deliveries, order.files)
            for part, deliveries in enumerate(stream.parts())
        ],
        current=stream.current_by_sequence(),
        truth=stream.current(),
        untold=stream.untold(),
        history=stream.history() if order.history else {},
        sequences=[delivery.change.sequence(delivery.number) for delivery in stream.deliveries],
        ever=stream.ever(),
        ttl_deletes=sum(delivery.change.ttl for delivery in stream.deliveries),
    )
    if order.kind == "wide":
        _plant_old_dates(made, Schema(lake.schemas[1]))
    if order.by_hand:
        made.by_hand = _by_hand(made)
        made.parts[1].append(lake.write_by_hand(1, "by-hand", made.by_hand))
    return made


def _plant_old_dates(made: Made, schema: Schema) -> None:
    """Rows with dates before 1900, in both of Parquet's forms of timestamps."""
    rows = wide.old_rows(f"{1_767_225_600_000_000:020d}")
    for half, int96 in ((rows[::2], True), (rows[1::2], False)):
        made.parts[1].append(made.lake.write_by_hand(1, f"old-dates-{int96}", half, int96))
    lacking = [column["name"] for column in schema.in_lake] + ["_event_time", "_sequence"]
    for row in rows:
        values = {name: wide.value_of(name, row[name]) if name in row else None for name in lacking}
        made.current[row["secret_token"],] = made.truth[row["secret_token"],] = Row(values, {})
        made.sequences.append(row["_sequence"])
        made.ever.append((row["secret_token"],))


def _by_hand(made: Made) -> list[dict[str, Any]]:
    """Rows that can't be merged, each for another reason. The newest of all, so that taking one
    would show."""
    key = made.keys[-1]
    row = {
        **dict(zip(made.keys, next(iter(made.current)), strict=True)),
        "_event_type": "MODIFY",
        "_event_time": "2026-12-31T00:00:00.000000Z",
        "_event_id": "by-hand",
        "_table": "orders",
        "_sequence": "9" * 20 + "-" + "9" * 56,
    }
    lacking = [key, "_sequence", "_event_type"]
    return [{name: value for name, value in row.items() if name != lack} for lack in lacking] + [
        {"_event_type": "REMOVE", "_event_time": row["_event_time"]},
    ]


def replayed(made: Made, at: int) -> list[Path]:
    """Which files come once more: all of the first table's, newest first; a random half of the
    others'."""
    files = [path for part in made.parts for path in part]
    return files[::-1] if at == 0 else random.Random(made.order.seed).sample(files, len(files) // 2)
