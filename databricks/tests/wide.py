"""A table of 200 columns with its key in the last one, and with each word that Spark hides in all
its names.

Spark answers that a setting is absent if password, secret, token, accesskey or access.key is in
it, and Delta keeps statistics of a table's first 32 columns. Both once kept such a table from being
made at all. python/tests/test_wide.py sees that all these words are in each kind of name.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dynalake_dev.changes import Attribute, L, M, N, S

from .streams import Kind

COLUMNS = 200
# spark.redaction.regex has no name with access_key or "access key", which others think it has.
WORDS = ["password", "secret", "token", "accesskey", "access_key"]
TABLE = "accesskey_password_secret_tokens"
FOLDER = "secret-tokens/password/AccessKey"
ADDED = "password_note"

Maker = Callable[[random.Random], Attribute]
# Types, and values of them. Years before 1900, where calendars and zones differ, too.
TYPES: list[tuple[str, Maker]] = [
    ("string", lambda chance: S(f"text {chance.randrange(1000)}")),
    ("bigint", lambda chance: N(chance.randrange(-(2**63), 2**63))),
    (
        "decimal(38,9)",
        lambda chance: N(f"{chance.randrange(10**20)}.{chance.randrange(10**9):09d}"),
    ),
    (
        "timestamp",
        lambda chance: S(
            f"{chance.choice([1678, 1752, 1899, 1900, 2026, 2261])}-02-28T23:59:59."
            f"{chance.randrange(10**6):06d}Z"
        ),
    ),
    (
        "date",
        lambda chance: S(chance.choice(["1582-10-15", "1600-02-29", "1899-12-31", "2026-01-31"])),
    ),
    ("boolean", lambda chance: {"BOOL": chance.random() < 0.5}),
    ("double", lambda chance: N(chance.choice(["0.1", "-1E+100", "12.5"]))),
    (
        "array<string>",
        lambda chance: {"SS": ["a", "b"]} if chance.random() < 0.5 else L(S("x"), S("y")),
    ),
    ("map<string,string>", lambda chance: M(secretToken=S("x"), Password=S("y"))),
    (
        "struct<accesskey:string,password:string,secret:string,token:int>",
        lambda chance: M(
            accesskey=S("k"), password=S("p"), secret=S("s"), token=N(chance.randrange(9))
        ),
    ),
]


def _columns() -> list[dict]:
    columns: list[dict] = [
        {"name": "refresh_token", "type": "string", "comment": "token of the payment provider"},
        {
            "name": "password_hash",
            "type": "string",
            "protect": "sha256",
            "comment": "never the password itself",
        },
        {"name": "secret", "type": "string", "protect": "drop"},
        {"name": "key_id", "type": "string", "path": ["auth", "accessKey"]},
        {"name": "key_name", "type": "string", "path": ["auth", "access key"]},
        {"name": "login", "type": "string", "path": ["auth", "password"]},
        {"name": "pepper", "type": "string", "path": ["auth", "secret"]},
        {"name": "bearer", "type": "string", "path": ["auth", "token"]},
        {"name": ADDED, "type": "string"},
    ]
    for at in range(len(columns), COLUMNS - 1):
        word, (kind, _) = WORDS[at % len(WORDS)], TYPES[at % len(TYPES)]
        columns.append(
            {
                "name": f"{word}_{at}",
                "type": kind,
                "comment": f"the {word} of {at}",
            }
        )
    return [
        *columns,
        {"name": "secret_token", "type": "string", "comment": "partition key: the accessKey"},
    ]


@dataclass
class Wide(Kind):
    """Its schema is made here, and in no file."""

    def schema(self, part: int) -> dict:
        columns = [column for column in _columns() if part == 1 or column["name"] != ADDED]
        return {"table": TABLE, "keys": ["secretToken"], "columns": columns}


def _attributes(chance: random.Random) -> dict[str, Attribute]:
    by_type = dict(TYPES)
    names = ("accessKey", "access key", "password", "secret", "token", "scope")
    auth = {name: S(name) for name in names}
    attributes: dict[str, Attribute] = {"auth": M(**auth)}
    for column in _columns()[:-1]:
        if "path" not in column and chance.random() < 0.3:
            attributes[column["name"]] = by_type[column["type"]](chance)
    return attributes


KIND = Wide("", lambda at: {"secretToken": S(f"t-{at}")}, _attributes, ADDED)


def old_rows(after: str) -> list[dict[str, Any]]:
    """Rows with dates before 1900 that are put into the files as they are, each of another item."""
    days = ["0001-01-01", "1500-02-28", "1582-10-15", "1600-02-29", "1899-12-31"]
    times = [
        "1678-01-01T00:00:00.000000Z",
        "1752-09-14T12:34:56.789012Z",
        "1899-12-31T23:59:59.999999Z",
    ]
    by_type = {column["type"]: column["name"] for column in _columns()}
    return [
        {
            "secret_token": f"old-{at}",
            by_type["date"]: day,
            by_type["timestamp"]: times[at % len(times)],
            "_event_type": "INSERT",
            "_event_time": "2026-01-01T00:00:00.000000Z",
            "_event_id": f"old-{at}",
            "_table": TABLE,
            "_sequence": f"{after}-{at:056d}",
        }
        for at, day in enumerate(days)
    ]


def value_of(name: str, value: Any) -> Any:
    """A planted row's value as a reader gives it."""
    kind = {column["name"]: column["type"] for column in _columns()}.get(name)
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "timestamp" or name == "_event_time":
        return datetime.fromisoformat(value.rstrip("Z"))
    return value
