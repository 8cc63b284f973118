"""Writes the story into the DynamoDB table through its real API, and keeps what it wrote."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from dynalake_dev.changes import Attribute, Item, Step
from dynalake_dev.contract import Written


class Writer:
    """Knows each item as it should be now, so that the expectation needs nothing that the table
    says."""

    def __init__(
        self, dynamodb: Any, table: str, key: str, expired: set[str], before: Sequence[Item]
    ) -> None:
        self.dynamodb, self.table, self.key = dynamodb, table, key
        self.expired = expired
        self.items: dict[str, Item] = {item[key]["S"]: item for item in before}
        self.written: list[Written] = []

    def write(self, step: Step) -> None:
        key = {self.key: {"S": step.key}}
        old = self.items.get(step.key)
        new: Item | None = None
        if step.ttl:
            self.expired.add(step.key)
        began = time.time()
        if step.action == "put":
            new = _present(key | dict(step.attributes))
            self.dynamodb.put_item(TableName=self.table, Item=new)
        elif step.action == "update":
            new = _present(key | (old or {}) | dict(step.attributes))
            self.dynamodb.update_item(TableName=self.table, Key=key, **_update(step))
        else:
            self.dynamodb.delete_item(TableName=self.table, Key=key)
        ended = time.time()
        if new is None:
            self.items.pop(step.key)
            event = "REMOVE"
        else:
            self.items[step.key] = new
            event = "INSERT" if old is None else "MODIFY"
        self.written.append(Written(step.key, event, old, new, began, ended, step.ttl, step.note))


def _present(attributes: Mapping[str, Attribute | None]) -> Item:
    """Without the attributes that a step removes."""
    return {name: value for name, value in attributes.items() if value is not None}


def _update(step: Step) -> dict[str, Any]:
    """An update expression for top-level attributes, whatever characters their names have."""
    names, values, sets, removes = {}, {}, [], []
    for number, (name, value) in enumerate(step.attributes.items()):
        names[f"#n{number}"] = name
        if value is None:
            removes.append(f"#n{number}")
        else:
            values[f":v{number}"] = value
            sets.append(f"#n{number} = :v{number}")
    expression = " ".join(
        f"{word} {', '.join(parts)}"
        for word, parts in (("SET", sets), ("REMOVE", removes))
        if parts
    )
    request: dict[str, Any] = {"UpdateExpression": expression, "ExpressionAttributeNames": names}
    if values:
        request["ExpressionAttributeValues"] = values
    return request
