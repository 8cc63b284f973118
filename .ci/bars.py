#!/usr/bin/env python3
"""Runs a packaged `bootstrap` against a Runtime API on loopback and measures what the project
promises.

    .ci/run bars

Peak resident memory (VmHWM) over events of Lambda's largest size must stay within 64 MiB, with
every answer checked. Exec to first poll should take 15 ms; as a time is no test on a busy machine,
only ten times that fails. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import base64
import json
import statistics
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

from dynalake_dev.runtime_api import RuntimeApi

EVENT_BYTES = 6_291_456
RESPONSE_BYTES = 6_291_456
# Firehose takes records of up to 1,000 KiB; a little of it is the envelope's.
RECORD_BYTES = 1_023_000
PEAK_KIB = 64 * 1024
FIRST_POLL_MS = 15
STARTS = 20
SCHEMA = {
    "table": "orders",
    "keys": ["orderId"],
    "old_image": True,
    "columns": [
        {"name": "order_id", "type": "string"},
        {"name": "total", "type": "decimal(38,9)"},
        {"name": "placed_at", "type": "timestamp"},
        {"name": "customer_city", "type": "string"},
        {"name": "customer_email", "type": "string", "protect": "sha256"},
        {"name": "items", "type": "array<struct<sku:string,qty:int,price:decimal(18,4)>>"},
        {"name": "tags", "type": "array<string>"},
        {"name": "attributes", "type": "map<string,string>"},
    ],
}


def change(number: int, item: dict | None = None) -> bytes:
    """A change record of about 1 KB, or of one item."""
    key = {"orderId": {"S": f"order-{number}"}}
    new = key | (
        item
        or {
            "total": {"N": f"{number}.50"},
            "placedAt": {"S": "2024-02-29T23:59:59.5+05:30"},
            "customer": {"M": {"city": {"S": "Ulm"}, "email": {"S": "a@example.org"}}},
            "items": {
                "L": [{"M": {"sku": {"S": "x"}, "qty": {"N": "1"}, "price": {"N": "9.99"}}}] * 2
            },
            "tags": {"SS": ["a", "b"]},
            "attributes": {"M": {"colour": {"S": "red"}, "size": {"S": "L"}}},
            "note": {"S": "unknown to the schema, so it is rescued"},
        }
    )
    images = {"Keys": key, "NewImage": new} | ({} if item else {"OldImage": new})
    record = {
        "tableName": "orders",
        "eventName": "INSERT" if item else "MODIFY",
        "eventID": f"event-{number}",
        "dynamodb": images
        | {
            "ApproximateCreationDateTime": 1720742302233719 + number,
            "ApproximateCreationDateTimePrecision": "MICROSECOND",
        },
    }
    return json.dumps(record, separators=(",", ":")).encode()


def event(changes) -> tuple[bytes, int]:
    """An event of as many changes as Lambda hands over at once, and how many those are."""
    arn = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/orders"
    head = f'{{"invocationId":"i","deliveryStreamArn":"{arn}","records":['
    records, size = [], len(head) + 2
    for number, data in enumerate(changes):
        record = json.dumps(
            {
                "recordId": f"{number:056}000000",
                "approximateArrivalTimestamp": 1720742303000,
                "data": base64.b64encode(data).decode(),
                "kinesisRecordMetadata": {
                    "sequenceNumber": f"{number:056}",
                    "subsequenceNumber": 0,
                },
            }
        )
        size += len(record) + 1
        if size > EVENT_BYTES:
            break
        records.append(record)
    return f"{head}{','.join(records)}]}}".encode(), len(records)


def filled(part) -> list:
    """As many parts as the largest record can carry."""
    return [part] * (RECORD_BYTES // (len(json.dumps(part, separators=(",", ":"))) + 1))


def wide(record: int) -> dict:
    """As many attributes as the largest record can carry, of names that no other record has."""
    return {
        f"{record}{at:05}": {"S": ""} for at in range(RECORD_BYTES // len('"123456":{"S":""},'))
    }


def large(item) -> list[bytes]:
    """As many of the largest records as an event can carry."""
    return [change(number, item(number)) for number in range(6)]


# Each: what it is, the changes. The first is the usual one; the others are as bad as Firehose lets
# them be.
EVENTS = [
    ("records of 1 KB", lambda: (change(n) for n in range(100_000))),
    ("10,000 tiny records", lambda: (b'{"tableName":"audit"}' for _ in range(10_000))),
    ("tiny records, as many as fit", lambda: (b"{}" for _ in range(100_000))),
    ("long texts", lambda: large(lambda _: {"note": {"S": "x" * RECORD_BYTES}})),
    ("records of 50,000 attributes", lambda: large(wide)),
    ("lists of NULLs", lambda: large(lambda _: {"tags": {"L": filled({"NULL": True})}})),
    (
        "unknown lists of empty lists",
        lambda: large(lambda _: {"unknown": {"L": filled({"L": []})}}),
    ),
    ("sets of empty texts", lambda: large(lambda _: {"tags": {"SS": filled("")}})),
]


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(sys.argv[1]) as archive:
            program = Path(archive.extract("bootstrap", folder))
        program.chmod(0o755)

        starts = []
        for _ in range(STARTS):
            api = RuntimeApi([str(program)], {"DYNALAKE_SCHEMA": json.dumps(SCHEMA)})
            starts.append(api.first_poll_ms)
            idle_kib = api.peak_kib()
            api.close()
        median = statistics.median(starts)
        print(
            f"exec to first poll  {median:.1f} ms median, {min(starts):.1f} to {max(starts):.1f} "
            f"of {STARTS}"
            f" (bar {FIRST_POLL_MS} ms, fails above {10 * FIRST_POLL_MS})"
        )
        if median > 10 * FIRST_POLL_MS:
            bad.append(f"exec to first poll takes {median:.1f} ms")
        print(f"peak when idle      {idle_kib / 1024:.1f} MiB")

        print(
            f"peak resident memory, bar {PEAK_KIB // 1024} MiB; each event three times to one "
            "process"
        )
        for what, changes in EVENTS:
            bytes_in, count = event(changes())
            for plan, settings in (
                ("schema", {"DYNALAKE_SCHEMA": json.dumps(SCHEMA)}),
                ("none", {}),
            ):
                api = RuntimeApi([str(program)], settings)
                peaks = []
                for _ in range(3):
                    started = time.perf_counter()
                    response = api.invoke(bytes_in)
                    api.await_poll()
                    seconds = time.perf_counter() - started
                    peaks.append(api.peak_kib() / 1024)
                api.close()
                answers = json.loads(response)["records"]
                results = Counter(answer["result"] for answer in answers)
                if len(answers) != count or len(response) > RESPONSE_BYTES:
                    bad.append(
                        f"{what}: {len(answers)} answers to {count} records, {len(response):,} "
                        "bytes"
                    )
                # Rows of the usual kind are hardly larger than their changes.
                if what == EVENTS[0][0] and results["Ok"] < count // 2:
                    bad.append(f"{what}, schema {plan}: {dict(results)}")
                if max(peaks) * 1024 > PEAK_KIB:
                    bad.append(f"{what}, schema {plan}: peak is {max(peaks):.1f} MiB")
                counts = ", ".join(f"{number:,} {result}" for result, number in results.items())
                print(
                    f"  {what:33} {plan:6} {len(bytes_in):>9,} -> {len(response):>9,} bytes"
                    f"  {peaks[0]:5.1f} {peaks[-1]:5.1f} MiB {seconds * 1000:6.0f} ms  {counts}",
                    flush=True,
                )
    if bad:
        sys.exit("bars not met:\n  " + "\n  ".join(bad))
    print("bars met")


if __name__ == "__main__":
    main()
