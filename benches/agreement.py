"""Whether the peers' responses say what ours says, so that no peer is faster by dropping work.

A peer has no schema, so its row is the item as plain JSON, and five attributes of the change. In
ours the same values are in columns by their type, or in `_rescued`. What a peer loses (digits
beyond a double, the order of a set) is not held against it.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows(response: bytes) -> dict[str, dict]:
    """The rows of a response, by `recordId`."""
    records = json.loads(response)["records"]
    failed = [record["recordId"] for record in records if record["result"] != "Ok"]
    if failed:
        raise ValueError(
            f"{len(failed)} of {len(records)} records are not Ok, the first is {failed[0]}"
        )
    return {record["recordId"]: json.loads(base64.b64decode(record["data"])) for record in records}


def difference(ours: bytes, theirs: bytes, schema: dict) -> str | None:
    """The first place where a peer's response says something else than ours; None where there is
    none."""
    our_rows, their_rows = rows(ours), rows(theirs)
    if list(our_rows) != list(their_rows):
        return "the records are not the same ones in the same order"
    types = {column["name"]: column["type"] for column in schema["columns"]}
    for record_id, row in our_rows.items():
        mine, other = comparable(row, types), comparable_peer(their_rows[record_id], types)
        if mine != other:
            names = [name for name in mine | other if mine.get(name) != other.get(name)]
            return f"record {record_id} differs in {', '.join(names)}"
    return None


def comparable(row: dict, types: dict[str, str]) -> dict:
    """Our row as the item that it came from."""
    item = {name: typed(value, types[name]) for name, value in row.items() if name in types}
    for path, entry in json.loads(row.get("_rescued", "{}")).items():
        put_back(item, path, unmarshalled(entry["value"]))
    # 20 digits of time, then the record's sequence number.
    item["_sequence"] = row["_sequence"].partition("-")[2]
    item["_event_time"] = microseconds(row["_event_time"])
    return item | {name: row[name] for name in ("_event_type", "_event_id", "_table")}


def comparable_peer(row: dict, types: dict[str, str]) -> dict:
    item = {
        name: typed(value, types.get(name, ""))
        for name, value in row.items()
        if not name.startswith("_")
    }
    item["_sequence"] = row["_sequence"].zfill(56)
    return item | {
        name: row[name] for name in ("_event_time", "_event_type", "_event_id", "_table")
    }


def typed(value: Any, kind: str) -> Any:
    """A value in a form that is the same for the same value, whoever wrote it."""
    if isinstance(value, dict):
        return {name: typed(value[name], "") for name in sorted(value)}
    if isinstance(value, list):
        # Ours keeps a set's order, Python's sets don't, and a row no longer shows a set from a
        # list.
        return sorted((typed(element, "") for element in value), key=repr)
    if isinstance(value, bool) or value is None:
        return value
    if kind == "timestamp":
        return microseconds(value)
    # A decimal is a string in ours and a double in theirs.
    try:
        return float(value)
    except ValueError:
        return value


def microseconds(value: Any) -> Any:
    """Of a timestamp column: ISO text, or seconds since 1970; other text stays."""
    if isinstance(value, (int, float)):
        return int(value * 1_000_000)
    try:
        return (datetime.fromisoformat(value) - EPOCH) // timedelta(microseconds=1)
    except ValueError:
        return value


def unmarshalled(value: dict) -> Any:
    """What `_rescued` holds in DynamoDB's JSON, as plain values."""
    ((tag, inner),) = value.items()
    if tag == "M":
        return {name: unmarshalled(inner[name]) for name in sorted(inner)}
    if tag == "L":
        return sorted((unmarshalled(element) for element in inner), key=repr)
    if tag in ("SS", "NS"):
        return sorted((typed(element, "") for element in inner), key=repr)
    return None if tag == "NULL" else typed(inner, "")


def put_back(item: dict, path: str, value: Any) -> None:
    """Puts what was rescued where it came from; the inputs' names need no quotes in a path."""
    *parents, last = re.findall(r"[^.\[\]]+", path)
    for name in parents:
        item = item.setdefault(name, {})
    if isinstance(item, list):
        # Its place in a sorted list is not known, but that it was left empty is.
        item.remove(None)
        item.append(value)
        item.sort(key=repr)
    else:
        item[last] = value


def lower_bound_difference(
    found: str, event: bytes, response: bytes, with_event: bool
) -> str | None:
    """Whether the lower bound made a node of every value and every member's name, and as much
    base64 as we return."""
    nodes, encoded = map(int, re.findall(r"\d+", found))
    parsed = json.loads(event)
    wanted = sum(
        count(json.loads(base64.b64decode(record["data"]))) for record in parsed["records"]
    )
    wanted += count(parsed) if with_event else 0
    if nodes != wanted:
        return f"the tapes have {nodes:,} nodes, the records {wanted:,}"
    if not 0 <= len(response) - encoded <= 4:
        return f"{encoded:,} bytes were encoded, ours returned {len(response):,}"
    return None


def count(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + count(member) for member in value.values())
    if isinstance(value, list):
        return 1 + sum(map(count, value))
    return 1


def raw_bytes(event: bytes) -> int:
    """What the records of an event hold together, before base64."""
    return sum(len(base64.b64decode(record["data"])) for record in json.loads(event)["records"])
