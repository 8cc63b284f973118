"""A view of a DynamoDB table: the schema file's `where` chooses items, which enter and leave it.

Nothing in Databricks knows of it: a change by which an item leaves comes as a REMOVE. The current
state by AUTO CDC has to be the DynamoDB table, filtered.
"""

from __future__ import annotations

import random
from typing import Any

from dynalake_dev import changes
from dynalake_dev.changes import Attribute, Item, S

from . import compare, tables
from .firehose import Lake
from .spark import ENGINES_COLUMNS, Pipeline, Spark
from .streams import Kind, Rows, Schema, Stream, key_columns

NAME = "open_orders"
WHERE = {"status": ["open", "paid*"]}
STATUSES = ["open", "paid", "paid by card", "shipped", "returned"]


class View(Kind):
    def schema(self, part: int) -> dict[str, Any]:
        return {
            "name": NAME,
            "table": "orders",
            "keys": ["orderId"],
            "where": WHERE,
            "columns": [
                {"name": "order_id", "type": "string"},
                {"name": "status", "type": "string"},
                {"name": "total", "type": "decimal(38,9)"},
            ],
        }


def attributes(chance: random.Random) -> dict[str, Attribute]:
    """One order in eight has no status."""
    status = {"status": S(chance.choice(STATUSES))} if chance.random() < 0.875 else {}
    return {**status, "total": changes.MAKERS["total"](chance)}


def is_in(item: Item | None) -> bool:
    """Whether the view has an item."""
    status = (item or {}).get("status", {}).get("S", "")
    return status == "open" or status.startswith("paid")


KIND = View("", lambda at: {"orderId": S(f"o-{at}")}, attributes, "")


def differences(spark: Spark) -> tuple[list[str], int]:
    """What differs after each of two updates' files, and how many changes let an item in or out
    without a delete."""
    stream = Stream(KIND, 16, 1500, 100)
    lake = Lake(tables.FOLDER / NAME, stream)
    # The table's name is the schema file's.
    setting = {"schema": lake.schemas[0], "location": NAME}
    pipeline = Pipeline(spark, "view")
    for part, deliveries in enumerate(stream.parts()):
        lake.deliver(lake.write(part, deliveries, 2))
        pipeline.update(pipeline.configuration([setting], volume=str(tables.FOLDER)))
    modified = [change for change in stream.changes if change.event == "MODIFY"]
    entered = sum(is_in(change.new) and not is_in(change.old) for change in modified)
    left = sum(is_in(change.old) and not is_in(change.new) for change in modified)
    found = compare.differences(
        filtered(stream), pipeline.table(NAME), keys(stream), more=ENGINES_COLUMNS
    )
    if min(entered, left) < 50:
        found.append(f"only {entered} changes let an item in, and {left} out: take another seed")
    return found, entered + left


def filtered(stream: Stream) -> Rows:
    """The model's items that are in the view."""
    items = {change.key["orderId"]["S"]: change.new for change in stream.last.values()}
    return {key: row for key, row in stream.current().items() if is_in(items[key[0]])}


def keys(stream: Stream) -> list[str]:
    return key_columns(Schema(stream.kind.schema(1)))
