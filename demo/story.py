"""What happens to the orders, written by hand: each change shows one thing that real tables do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from dynalake_dev.changes import L, M, N, S, Step


def story() -> list[Step]:
    now = datetime.now(UTC).replace(microsecond=0)
    in_a_year = int((now + timedelta(days=365)).timestamp())
    berlin = timezone(timedelta(hours=1))
    first = {
        "status": S("placed"),
        "total": N("12345678901234567890123456789.123456789"),
        "quantity": N(3),
        "priority": N(-128),
        "grade": N(32767),
        "units": N("9223372036854775807"),
        "weight": N("0.1"),
        "ratio": N("0.333"),
        "paid": {"BOOL": False},
        "placedAt": S(now.astimezone(berlin).isoformat()),
        "expiresAt": N(in_a_year),
        "changedMs": N(int(now.timestamp()) * 1000 + 123),
        "dueOn": S("2026-12-24"),
        "customer": M(
            name=S("Ada Lovelace"), email=S("ada@example.com"), address=M(city=S("Zürich"))
        ),
        "cardNumber": S("4111 1111 1111 1111"),
        "items": L(
            M(sku=S("A-7"), qty=N(2), price=N("9.95")),
            M(sku=S('B-"9"'), qty=N(1), price=N("12345678901234.0001")),
        ),
        "tags": {"SS": ["gift", "express", "größe:xl"]},
        "scores": {"NS": ["1", "2.5", "1234567890123456789012345678.0123456789"]},
        "prints": {"BS": [b"\x00\x01\xff", b"second"]},
        "photo": {"B": b"\x89PNG\r\n\x1a\n"},
        "attributes": M(colour=S("green"), Colour=S("GREEN"), fragile={"BOOL": True}),
        "limits": M(perDay=N(10), perYear=N("3650000000")),
        "location": M(lat=N("47.3769"), lon=N("8.5417"), label=S("Zürich HB")),
        "visit": M(
            at=S("2026-01-31T23:59:59.123456+01:00"),
            by=M(on=S("2026-02-28"), sure={"BOOL": True}),
            seen=M(paid=L(N("1.5"), N("12345678901234.1234")), **{"größe xl": L(N(-1))}),
        ),
        "note": {"NULL": True},
    }
    return [
        Step(
            "put",
            "o-1",
            first,
            "an order with every attribute type, decimals of 38 digits, binary, sets",
        ),
        Step("update", "o-1", {"status": S("paid"), "paid": {"BOOL": True}}, "it is paid"),
        Step(
            "update",
            "o-1",
            {"total": S("about 12"), "quantity": N("2.5"), "priority": N(300)},
            "wrong type, not integral, out of range: three attributes are rescued, the row stays",
        ),
        Step(
            "update",
            "o-1",
            {"total": S("12.50"), "quantity": N(2), "priority": N(1), "note": None},
            "corrected; a number in a string is as good as a number",
        ),
        Step(
            "put",
            "o-2",
            {
                "status": S("placed"),
                "total": N("0.000000001"),
                "couponCode": S("AUTUMN"),
                "gift.wrap": M(paper=S("rot"), bow={"BOOL": True}),
                "placedAt": S("2025-11-01T13:26:40.123456+01:00"),
            },
            "attributes that no column takes: rescued whole, their names whatever they are",
        ),
        Step(
            "update",
            "o-2",
            {"placedAt": S("yesterday"), "dueOn": S("2026-02-30"), "paid": S("yes")},
            "text that is no time, no date and no boolean",
        ),
        Step(
            "update",
            "o-2",
            {
                "placedAt": S("2999-01-01T00:00:00Z"),
                "dueOn": S("2026-02-28"),
                "paid": {"BOOL": True},
                "units": N("1E+19"),
            },
            "a year that Firehose would wrap silently, a number beyond 64 bits",
        ),
        Step(
            "update",
            "o-2",
            {"items": L(M(sku=S("C-1"), qty=N("1.5"), price=N("0.00001"), colour=S("red")))},
            "inside a list: one member too fine, one too small, one unknown",
        ),
        Step(
            "put",
            "o-3",
            {
                "status": S("新しい注文 🛒"),
                "note": S('line one\nline two\t"quoted" \\ back'),
                "customer": M(name=S("Jürgen Straße"), address=M(city=S("Köln"), country=S("DE"))),
                "limits": M(perDay=S("7"), perHour=S("many")),
            },
            "text that is not ASCII; a map of which one member fits and one does not",
        ),
        Step("delete", "o-3", note="deleted by a user: a tombstone"),
        Step(
            "put",
            "o-4",
            {
                "status": S("reserved"),
                "expiresAt": N(int((now + timedelta(minutes=2)).timestamp())),
            },
            "an order that will expire",
        ),
        Step("delete", "o-4", note="deleted by Time to Live: the tombstone says so", ttl=True),
        Step("update", "b-00001", {"status": S("picked up")}, "an item from before changes"),
        Step("delete", "b-00002", note="an item from before is deleted"),
        Step(
            "put",
            "o-3",
            {"status": S("again"), "total": N("-99999999999999999999999999999.999999999")},
            "the deleted key comes back, with the smallest number its column holds",
        ),
    ]
