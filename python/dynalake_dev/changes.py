"""Changes to orders: as many made-up ones as wanted, the same for the same seed.

They have DynamoDB's own attribute values, as boto3's low-level client takes them, with everything
that real tables have and examples leave out: numbers of 38 digits, sets, binary, nested maps, times
with an offset, text that is not ASCII, and values that do not fit the schema.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

Attribute = dict[str, Any]
Item = dict[str, Attribute]


@dataclass
class Step:
    """One change: `put` replaces the item, `update` sets attributes (None removes one), `delete`
    needs no attributes."""

    action: str
    key: str
    attributes: Mapping[str, Attribute | None] = field(default_factory=dict)
    note: str = ""
    # Signed by the Time to Live service instead of a user.
    ttl: bool = False


def S(value: str) -> Attribute:
    return {"S": value}


def N(value: Any) -> Attribute:
    return {"N": str(value)}


def M(**members: Attribute) -> Attribute:
    return {"M": members}


def L(*members: Attribute) -> Attribute:
    return {"L": list(members)}


# ---- made-up changes


TEXTS = [
    "plain",
    "Größe",
    "naïve café",
    "Привет",
    "注文",
    "🛒🎁",
    "tab\tand\nline",
    'quote" and \\',
    "",
    " blanks ",
]


def generated(count: int, seed: int) -> Iterator[Step]:
    """Changes of mixed kinds, the same for the same seed. None of them leaves its item as it
    was."""
    chance = random.Random(seed)
    living: list[str] = []
    for number in range(count):
        fate = chance.random()
        attributes = _attributes(chance)
        # Different each time, as DynamoDB writes no change that changes nothing.
        attributes["units"] = N(number)
        if not living or fate < 0.5:
            key = "g-{:05d}{}".format(number, chance.choice(["", "-ü", "-注"]))
            living.append(key)
            yield Step("put", key, attributes)
        elif fate < 0.65:
            yield Step("put", chance.choice(living), attributes)
        elif fate < 0.85:
            removed = chance.sample(sorted(MAKERS), 2)
            yield Step("update", chance.choice(living), {**attributes, **dict.fromkeys(removed)})
        else:
            key = living.pop(chance.randrange(len(living)))
            yield Step("delete", key, ttl=chance.random() < 0.2)


def items(count: int, seed: int) -> Iterator[Item]:
    """Items whose attributes all fit, the same for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        yield {"orderId": S(f"b-{number:05d}"), **_made(chance)}


def _made(chance: random.Random) -> dict[str, Attribute]:
    return {name: make(chance) for name, make in MAKERS.items() if chance.random() < 0.5}


def _attributes(chance: random.Random) -> dict[str, Attribute]:
    attributes = _made(chance)
    if chance.random() < 0.15:
        name = chance.choice(sorted(MISFITS))
        attributes[name] = chance.choice(MISFITS[name])
    if chance.random() < 0.10:
        name = chance.choice(["couponCode", "gift.wrap", "größe", 'with "quotes"', "list[0]"])
        attributes[name] = chance.choice(
            [S("x"), N(7), {"B": b"\xff\x00"}, M(a=L(N("1.5"), {"BOOL": True}))]
        )
    return attributes


def _decimal(chance: random.Random, digits: int, scale: int) -> Attribute:
    """A number of up to `digits` digits, `scale` of them after the point, as DynamoDB writes it."""
    number = chance.randrange(10 ** chance.randint(1, digits)) * chance.choice([1, 1, -1])
    text = str(abs(number)).rjust(scale + 1, "0")
    whole, fraction = text[:-scale], text[-scale:].rstrip("0")
    sign = "-" if number < 0 else ""
    return N(sign + whole + ("." + fraction if fraction else ""))


def _whole(bits: int) -> Callable[[random.Random], Attribute]:
    def make(chance: random.Random) -> Attribute:
        return N(
            chance.choice(
                [0, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1, chance.randrange(2 ** (bits - 1))]
            )
        )

    return make


def _time(chance: random.Random) -> datetime:
    return datetime(1990, 1, 1, tzinfo=UTC) + timedelta(
        microseconds=chance.randrange(40 * 365 * 86400 * 10**6)
    )


def _time_text(chance: random.Random) -> Attribute:
    zone = timezone(timedelta(minutes=chance.choice([0, 60, -480, 330])))
    return S(_time(chance).astimezone(zone).isoformat(sep=chance.choice("T ")))


def _text(chance: random.Random) -> Attribute:
    return S(chance.choice(TEXTS) + chance.choice(["", f" {chance.randrange(1000)}"]))


def _some(chance: random.Random, make: Callable[[], Any], most: int = 4) -> list[Any]:
    """From one to `most` different values."""
    return list(dict.fromkeys(make() for _ in range(chance.randint(1, most))))


def _item(chance: random.Random) -> Attribute:
    return M(sku=_text(chance), qty=N(chance.randint(1, 99)), price=_decimal(chance, 18, 4))


def _customer(chance: random.Random) -> Attribute:
    name = chance.choice(TEXTS)
    members = {"name": S(name), "email": S(f"{chance.randrange(10**6)}@example.com")}
    members["address"] = M(city=_text(chance))
    if chance.random() < 0.2:
        members["vip"] = {"BOOL": True}
    return {"M": members}


def _map(chance: random.Random, make: Callable[[], Attribute]) -> Attribute:
    names = ["size", "Size", "colour", "größe", "a.b", "x y"]
    return {"M": {name: make() for name in chance.sample(names, chance.randint(0, 3))}}


def _visit(chance: random.Random) -> Attribute:
    prices = {
        name: L(*[_decimal(chance, 18, 4) for _ in range(chance.randint(1, 3))])
        for name in chance.sample(["a", "B", "ü y"], 2)
    }
    return M(
        at=_time_text(chance),
        by=M(on=S(_time(chance).date().isoformat()), sure={"BOOL": chance.random() < 0.5}),
        seen={"M": prices},
    )


MAKERS: dict[str, Callable[[random.Random], Attribute]] = {
    "status": _text,
    "total": lambda chance: _decimal(chance, 38, 9),
    "quantity": _whole(32),
    "priority": _whole(8),
    "grade": _whole(16),
    "weight": lambda chance: N(repr(round(chance.uniform(-1000, 1000), chance.randint(1, 9)))),
    "ratio": lambda chance: N(repr(round(chance.uniform(0.001, 1), 5))),
    "paid": lambda chance: {"BOOL": chance.random() < 0.5},
    "placedAt": _time_text,
    # In the years to come, so that the emulator's Time to Live takes none away.
    "expiresAt": lambda chance: N(chance.randrange(1_900_000_000, 4_000_000_000)),
    "changedMs": lambda chance: N(chance.randrange(4_000_000_000_000)),
    "dueOn": lambda chance: S(_time(chance).date().isoformat()),
    "customer": _customer,
    "cardNumber": lambda chance: S(f"{chance.randrange(10**16):016d}"),
    "items": lambda chance: {"L": [_item(chance) for _ in range(chance.randint(0, 3))]},
    "tags": lambda chance: {"SS": _some(chance, lambda: chance.choice(TEXTS[:-2]))},
    "scores": lambda chance: {"NS": _some(chance, lambda: _decimal(chance, 38, 10)["N"])},
    "prints": lambda chance: {
        "BS": _some(chance, lambda: chance.getrandbits(64).to_bytes(8, "big"))
    },
    "photo": lambda chance: {"B": chance.getrandbits(400).to_bytes(50, "big")},
    "attributes": lambda chance: _map(
        chance, lambda: chance.choice([_text(chance), N(5), {"BOOL": True}])
    ),
    "limits": lambda chance: _map(chance, lambda: N(chance.randrange(2**40))),
    "location": lambda chance: M(
        lat=N(repr(round(chance.uniform(-90, 90), 6))), lon=N(8), label=_text(chance)
    ),
    "visit": _visit,
    "note": lambda chance: chance.choice(
        [
            _text(chance),
            {"NULL": True},
            N("12.25"),
            {"BOOL": False},
            L(N("1.5"), S("two"), {"NULL": True}),
            M(deep=M(er=S("ü"))),
        ]
    ),
}

MISFITS: dict[str, list[Attribute]] = {
    "total": [S("about 12"), N("1E-10"), N("1E+29"), {"BOOL": True}, L(N(1))],
    "quantity": [N("2.5"), N(2**31), S("many"), {"NULL": True}, S("1e3")],
    "priority": [N(128), N(-129), M(level=N(1))],
    "grade": [N(32768), S("A")],
    "weight": [S("heavy"), S("1e999"), {"SS": ["1"]}],
    "ratio": [N("1E+39"), S("half")],
    "paid": [S("true"), N(1)],
    "placedAt": [
        S("yesterday"),
        S("2025-02-30T00:00:00Z"),
        S("2999-01-01T00:00:00Z"),
        {"BOOL": True},
    ],
    "changedMs": [N("99999999999999999"), S("noon")],
    "dueOn": [S("2026-02-30"), S("24.12.2026"), N(20261224)],
    "items": [S("none"), L(S("A-7")), L(M(sku=S("A"), qty=N("1.5"), price=N(1)), {"NULL": True})],
    "tags": [S("gift"), L(S("a"), N(1), {"BOOL": True}), M(a=S("b"))],
    "scores": [L(N(1), S("two"), N("1E-11")), N(5)],
    "prints": [{"B": b"one"}, L({"B": b"\x01"}, S("text"))],
    "photo": [S("a text"), N(1)],
    "attributes": [L(), S("none")],
    "limits": [M(perDay=N("1.5"), perYear=N(1)), S("none")],
    "location": [L(N(1), N(2), S("x")), M(lat=N(1), lon=S("east"), label=S("x"), alt=N(400))],
}
