#!/usr/bin/env python3
"""What 1,000, 100,000 and a million changes a second need, by arithmetic from what was measured and
what AWS documents.

    python3 benches/scale.py

Nothing of it was seen on AWS. A change is the workload `typical`'s, an item below 1 KB. The
function's time is the time on the processor that benches/results/speed.json has, as if Lambda's
processors were those of the machine it was measured on, at the default memory's share of one.
Prices are list prices of us-east-1 from memory, the same as in docs/latency-and-cost.md; of prices
that fall with volume the first tier.
"""

from __future__ import annotations

import json
import statistics
import sys
from dataclasses import dataclass
from math import ceil
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results" / "speed.json"
RATES = [1_000, 100_000, 1_000_000]
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
MONTH_SECONDS = 730 * 3600

# As the modules set it by default.
MEMORY_MB = 256
FUNCTION_BUFFER_BYTES = 1 * MIB
FUNCTION_BUFFER_SECONDS = 5
OBJECT_SECONDS = 60
RETENTION_DAYS = 7

# AWS' documented limits. Those of the function's share:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_OF_A_PROCESSOR = 1_769
# https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html, with the partition
# key.
SHARD_BYTES_PER_SECOND = MIB
SHARD_RECORDS_PER_SECOND = 1_000
PARTITION_KEY_BYTES = 32
# https://docs.aws.amazon.com/firehose/latest/dev/limits.html
INVOCATIONS_PER_SHARD = 5
# Below this interval Firehose writes each object by S3's multipart upload
# (https://docs.aws.amazon.com/firehose/latest/dev/buffering-hints.html): create, a part, complete.
MULTIPART_BELOW_SECONDS = 60
MULTIPART_REQUESTS = 3

KINESIS_LIMITS = "https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html"
FIREHOSE_LIMITS = "https://docs.aws.amazon.com/firehose/latest/dev/limits.html"
DYNAMODB_LIMITS = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"
)
LAMBDA_LIMITS = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
S3_LIMITS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html"

# Dollars. docs/latency-and-cost.md has all but the last.
CAPTURE_UNIT = 0.10 / 1e6
KINESIS_IN_GIB, KINESIS_OUT_GIB, KINESIS_KEPT_GIB_MONTH = 0.08, 0.04, 0.10
FIREHOSE_GIB, CONVERSION_GIB = 0.029, 0.018
LAMBDA_GB_SECOND, LAMBDA_REQUEST = 0.0000167, 0.20 / 1e6
S3_REQUEST, NOTIFICATION = 0.005 / 1_000, (0.0005 + 0.0012) / 1_000
# By the GB delivered, not rounded up, and by object (https://aws.amazon.com/firehose/pricing/).
PARTITIONING_GIB, PARTITIONING_OBJECT = 0.02, 0.005 / 1_000
SHARD_HOUR, SHARD_RETENTION_HOUR = 0.015, 0.02
STREAM_HOUR = 0.04
LOG_GIB, LOG_LINE_BYTES = 0.50, 512
PUT_UNIT = 0.014 / 1e6


@dataclass(frozen=True)
class Measured:
    """What the arithmetic starts from."""

    change_bytes: float
    # Of the whole function, for a MB of changes (before base64), on one processor.
    cpu_ms_per_mib: float


def measured(results: dict) -> Measured:
    workload, functions = results["workloads"]["typical"], results["functions"]
    milliseconds = statistics.median(functions["invocation_ms"]["ours"])
    return Measured(
        workload["raw_bytes"] / workload["records"],
        milliseconds / (functions["whole_raw_bytes"] / MIB),
    )


def requests_per_object(interval_seconds: float) -> int:
    """S3's PUT-class requests for an object of one part."""
    return MULTIPART_REQUESTS if interval_seconds < MULTIPART_BELOW_SECONDS else 1


@dataclass(frozen=True)
class Needs:
    """What a steady rate of changes needs, spread evenly, with nothing to spare."""

    rate: float
    bytes_per_second: float
    write_units: float
    shards: int
    invocations_per_second: float
    invocation_seconds: float
    concurrency: float
    objects_per_second: float


def needs(rate: float, start: Measured) -> Needs:
    bytes_per_second = rate * start.change_bytes
    by_bytes = rate * (start.change_bytes + PARTITION_KEY_BYTES) / SHARD_BYTES_PER_SECOND
    shards = ceil(max(by_bytes, rate / SHARD_RECORDS_PER_SECOND))
    # A shard's buffer goes to the function when it is full, or old.
    per_shard = max(bytes_per_second / shards / FUNCTION_BUFFER_BYTES, 1 / FUNCTION_BUFFER_SECONDS)
    invocations = shards * per_shard
    cpu_seconds = bytes_per_second / MIB * start.cpu_ms_per_mib / 1_000
    concurrency = cpu_seconds / (MEMORY_MB / MB_OF_A_PROCESSOR)
    return Needs(
        rate=rate,
        bytes_per_second=bytes_per_second,
        write_units=rate,
        shards=shards,
        invocations_per_second=invocations,
        invocation_seconds=concurrency / invocations,
        concurrency=concurrency,
        objects_per_second=shards / OBJECT_SECONDS,
    )


def dollars(need: Needs, change_bytes: float, seconds: float = MONTH_SECONDS) -> dict[str, float]:
    """For that many seconds at that rate; of Kinesis both ways to pay, of which one is charged."""
    changes = need.rate * seconds
    kinesis_gib = changes * ceil(change_bytes / KIB) * KIB / GIB
    firehose_gib = changes * ceil(change_bytes / (5 * KIB)) * 5 * KIB / GIB
    kept = KINESIS_KEPT_GIB_MONTH * (RETENTION_DAYS - 1) / 30
    hours, calls = seconds / 3600, need.invocations_per_second * seconds
    gb_seconds = need.concurrency * seconds * MEMORY_MB / 1024
    return {
        "change data capture": changes * CAPTURE_UNIT,
        "Kinesis on demand": hours * STREAM_HOUR
        + kinesis_gib * (KINESIS_IN_GIB + KINESIS_OUT_GIB + kept),
        "Kinesis provisioned": hours * need.shards * (SHARD_HOUR + SHARD_RETENTION_HOUR)
        + changes * ceil(change_bytes / (25 * KIB)) * PUT_UNIT,
        "Firehose": firehose_gib * (FIREHOSE_GIB + CONVERSION_GIB),
        "Lambda and its log": gb_seconds * LAMBDA_GB_SECOND
        + calls * (LAMBDA_REQUEST + LOG_LINE_BYTES / GIB * LOG_GIB),
        "objects and notifications": need.objects_per_second
        * seconds
        * (requests_per_object(OBJECT_SECONDS) * S3_REQUEST + NOTIFICATION),
    }


def partitioning_dollars(changes: float, change_bytes: float, objects: float) -> float:
    """What dynamic partitioning adds, at most: rows are no larger than their change records."""
    return changes * change_bytes / GIB * PARTITIONING_GIB + objects * PARTITIONING_OBJECT


def total(parts: dict[str, float]) -> float:
    """With the cheaper way to pay for Kinesis."""
    dearer = max(parts["Kinesis on demand"], parts["Kinesis provisioned"])
    return sum(parts.values()) - dearer


@dataclass(frozen=True)
class Limit:
    """A quota, the changes a second at which it is reached, and what to turn."""

    name: str
    quota: str
    source: str
    reached_at: float
    turn: str


def limits(start: Measured) -> list[Limit]:
    """In the order in which they are reached. Counted at a rate where nothing is rounded to one
    shard."""
    rate = 1e6
    need = needs(rate, start)

    def at(quota: float, used: float) -> float:
        return quota / used * rate

    stream_bytes = rate * (start.change_bytes + PARTITION_KEY_BYTES)
    # In a shard that is full: how many invocations it keeps busy.
    busy = need.concurrency / need.shards
    found = [
        Limit(
            "Kinesis, a new stream on demand",
            "4 MB/s; it then grows by itself",
            KINESIS_LIMITS,
            at(4 * MIB, stream_bytes),
            "more at once: `shard_count`, sized for the peak",
        ),
        Limit(
            "DynamoDB, writes to a table",
            "40,000 units/s",
            DYNAMODB_LIMITS,
            at(40_000, need.write_units),
            "ask for more (Service Quotas); several tables",
        ),
        Limit(
            "Kinesis on demand, most Regions",
            "200 MB/s",
            KINESIS_LIMITS,
            at(200 * MIB, stream_bytes),
            "ask for more, or `shard_count`",
        ),
        Limit(
            "Kinesis on demand, us-east-1, us-west-2, eu-west-1",
            "10 GB/s",
            KINESIS_LIMITS,
            at(10 * GIB, stream_bytes),
            "several streams",
        ),
        Limit(
            "Kinesis shards, most Regions",
            "1,000 or 6,000",
            KINESIS_LIMITS,
            at(1_000, need.shards),
            "ask for more (Service Quotas)",
        ),
        Limit(
            "Kinesis shards, us-east-1, us-west-2, eu-west-1",
            "20,000",
            KINESIS_LIMITS,
            at(20_000, need.shards),
            "ask for more (Service Quotas)",
        ),
        Limit(
            "Lambda, concurrent in the account",
            "1,000",
            LAMBDA_LIMITS,
            at(1_000, need.concurrency),
            "ask for more; `memory_size` makes each shorter",
        ),
        Limit(
            "S3, PUTs to a prefix",
            "3,500/s",
            S3_LIMITS,
            at(3_500, need.objects_per_second * requests_per_object(OBJECT_SECONDS)),
            "a longer `buffering_interval_seconds`",
        ),
        Limit(
            "Lambda, at a time for a shard",
            f"{INVOCATIONS_PER_SHARD}; a full shard needs {busy:.2f}",
            FIREHOSE_LIMITS,
            float("inf") if busy <= INVOCATIONS_PER_SHARD else 0,
            "`memory_size`",
        ),
        Limit(
            "Firehose, reading from Kinesis",
            "none",
            FIREHOSE_LIMITS,
            float("inf"),
            "",
        ),
    ]
    return sorted(found, key=lambda limit: limit.reached_at)


def short(value: float) -> str:
    """Three digits at most of what they mean."""
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.2g}"


def needs_rows(start: Measured) -> tuple[list[str], list[list[str]]]:
    columns = [needs(rate, start) for rate in RATES]
    bills = [dollars(need, start.change_bytes) for need in columns]
    rows = [
        ["changes, MB/s", *(short(need.bytes_per_second / MIB) for need in columns)],
        ["Kinesis shards, none to spare", *(f"{need.shards:,}" for need in columns)],
        ["invocations a second", *(short(need.invocations_per_second) for need in columns)],
        ["one takes, ms", *(short(need.invocation_seconds * 1_000) for need in columns)],
        ["Lambdas at a time", *(short(need.concurrency) for need in columns)],
        ["Parquet objects a second", *(short(need.objects_per_second) for need in columns)],
    ]
    rows += [[f"$ a month: {part}", *(short(bill[part]) for bill in bills)] for part in bills[0]]
    rows.append(
        ["**$ a month, the cheaper Kinesis**", *(f"**{short(total(bill))}**" for bill in bills)]
    )
    partitioning = [
        partitioning_dollars(
            need.rate * MONTH_SECONDS,
            start.change_bytes,
            need.shards * MONTH_SECONDS / OBJECT_SECONDS,
        )
        for need in columns
    ]
    rows.append(["$ a month more for `event_time`, at most", *map(short, partitioning)])
    return ["", *(f"{rate:,}/s" for rate in RATES)], rows


def limits_rows(start: Measured) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            limit.name,
            f"[{limit.quota}]({limit.source})",
            short(limit.reached_at) + "/s" if limit.reached_at < float("inf") else "never",
            limit.turn,
        ]
        for limit in limits(start)
    ]
    return ["limit", "by default", "reached at", "what to turn"], rows


def markdown(headers: list[str], rows: list[list[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def section(results: dict) -> str:
    """Both tables, and what they start from."""
    start = measured(results)
    return (
        f"From changes of {start.change_bytes:,.0f} bytes and {start.cpu_ms_per_mib:.1f} ms on the "
        "processor for a MB of them"
        f" (whole function), with {MEMORY_MB} MB of memory:\n\n"
        f"{markdown(*needs_rows(start))}\n{markdown(*limits_rows(start))}"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    if not RESULTS.exists():
        sys.exit("benches/results/speed.json is missing; make it by: python3 benches")
    print(section(json.loads(RESULTS.read_text())), end="")
