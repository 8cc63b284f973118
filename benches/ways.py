"""Which way to the lake for whom, in one table: latency, what steady changes cost a month, order,
what is kept how long, limits. And what a longer window does to files.

    python3 -m benches.ways

docs/ways.md has both tables between its markers. The costs are arithmetic by benches/scale.py's
prices and limits, with the same caveat: none of it was seen on AWS. Lambda reads DynamoDB Streams
for free, and Kinesis too unless the stream is on demand. The direct function's time is its bar (not
a measurement): a full batch in CPU_MS_OF_A_BATCH on a whole processor; and an object waits
STORE_SECONDS for S3. Of the Spark job nothing was measured on Glue: SPARK_SHARE and
SPARK_BATCH_SECONDS are assumptions.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from math import ceil

from benches import scale

RATES = [10, 1_000, 100_000]
WINDOWS = [1, 5, 30, 60, 300]

# As the module direct sets it by default.
WINDOW_SECONDS = 5
MEMORY_MB = 512
BATCH_RECORDS = 10_000

CPU_MS_OF_A_BATCH = 80
STORE_SECONDS = 0.1

# As the module glue_job sets it by default.
WORKERS, WORKER_DPU, TRIGGER_SECONDS = 2, 0.25, 60
# A worker of G.025X, of which one is the driver:
# https://docs.aws.amazon.com/glue/latest/webapi/API_Job.html
WORKER_PROCESSORS = 2
# Of us-east-1, billed by the second while the job runs: https://aws.amazon.com/glue/pricing/
DPU_HOUR = 0.44
# Assumptions: the program gets a quarter of the workers' processors, beside Spark, Python and the
# reading of the stream; a batch takes five seconds; its checkpoint ten requests to S3 (two files,
# each written, listed, renamed).
SPARK_SHARE, SPARK_BATCH_SECONDS, CHECKPOINT_REQUESTS = 0.25, 5, 10

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
BATCH_BYTES = 6 * scale.MIB
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html: a
# partition takes 1,000 writes of 1 KB a second. A new table on demand takes 4,000
# (…/on-demand-capacity-mode.html), and so has four. Each partition is a shard of the stream.
PARTITION_WRITES, FIRST_PARTITIONS = 1_000, 4
# Kinesis' records come in base64.
BASE64 = 4 / 3

# Seconds on average; docs/latency-and-cost.md has the stages.
FIREHOSE_SECONDS, FIREHOSE_MOST = 35, 70
STREAMS_POLL, KINESIS_POLL = 0.25, 1.0

DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"
COMPARED = f"{DYNAMODB}/streamsmain.html"
QUOTAS = f"{DYNAMODB}/ServiceQuotas.html"
FREE = f"{DYNAMODB}/CostOptimization_StreamsUsage.html"
POLLED = "https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"
GIVEN_UP = "https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html"
GLUE_PRICES = "https://aws.amazon.com/glue/pricing/"
GLUE_RESTARTS = "https://docs.aws.amazon.com/glue/latest/dg/glue-streaming-maintenance.html"
LARGE = "https://docs.aws.amazon.com/streams/latest/dev/large-records.html"
RECORD = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html"
)


@dataclass(frozen=True)
class DirectNeeds:
    """What the direct function needs for a steady rate of changes."""

    shards: int
    invocations_per_second: float
    # Seconds of invocations in a second.
    concurrency: float


def direct_needs(
    rate: float, start: scale.Measured, *, kinesis: bool, window: float = WINDOW_SECONDS
) -> DirectNeeds:
    if kinesis:
        shards = scale.needs(rate, start).shards
    else:
        shards = max(FIRST_PARTITIONS, ceil(rate / PARTITION_WRITES))
    batch_bytes = start.change_bytes * (BASE64 if kinesis else 1)
    per_batch = min(BATCH_RECORDS, BATCH_BYTES / batch_bytes)
    # A batch goes when it is full, or when its window ends; a shard without changes makes none.
    per_shard = max(rate / shards / per_batch, min(1 / window, rate / shards))
    invocations = shards * per_shard
    cpu_seconds = rate * batch_bytes / BATCH_BYTES * CPU_MS_OF_A_BATCH / 1_000
    share = min(1, MEMORY_MB / scale.MB_OF_A_PROCESSOR)
    return DirectNeeds(shards, invocations, cpu_seconds / share + invocations * STORE_SECONDS)


def direct_dollars(
    rate: float, start: scale.Measured, *, kinesis: bool, window: float = WINDOW_SECONDS
) -> dict[str, float]:
    """A month's bill. An invocation writes one object."""
    need = direct_needs(rate, start, kinesis=kinesis, window=window)
    calls = need.invocations_per_second * scale.MONTH_SECONDS
    gb_seconds = need.concurrency * scale.MONTH_SECONDS * MEMORY_MB / 1_024
    source = firehose_parts(rate, start)["source"] if kinesis else 0.0
    return {
        "source": source,
        "Lambda and its log": gb_seconds * scale.LAMBDA_GB_SECOND
        + calls * (scale.LAMBDA_REQUEST + scale.LOG_LINE_BYTES / scale.GIB * scale.LOG_GIB),
        "objects and notifications": calls * (scale.S3_REQUEST + scale.NOTIFICATION),
    }


def spark_workers(rate: float, start: scale.Measured) -> int:
    """The driver, and as many workers as the program's time needs; the module's number at least."""
    processors = rate * start.change_bytes / BATCH_BYTES * CPU_MS_OF_A_BATCH / 1_000 / SPARK_SHARE
    return max(WORKERS, 1 + ceil(processors / WORKER_PROCESSORS))


def job_dollars(workers: int) -> float:
    """A month of a job that runs all day."""
    return workers * WORKER_DPU * DPU_HOUR * scale.MONTH_SECONDS / 3600


def spark_dollars(rate: float, start: scale.Measured) -> dict[str, float]:
    """A month's bill. A batch writes one object for each shard, as each is a task of its own."""
    batches = scale.MONTH_SECONDS / TRIGGER_SECONDS
    objects = min(rate * scale.MONTH_SECONDS, scale.needs(rate, start).shards * batches)
    return {
        "source": firehose_parts(rate, start)["source"],
        "job": job_dollars(spark_workers(rate, start)),
        "objects and notifications": objects * (scale.S3_REQUEST + scale.NOTIFICATION)
        + batches * CHECKPOINT_REQUESTS * scale.S3_REQUEST,
    }


def break_even(start: scale.Measured) -> float:
    """Changes a second above which the smallest job is cheaper than Firehose and its function."""
    parts = firehose_parts(1_000, start)
    by_change = (parts["Firehose"] + parts["Lambda and its log"]) / 1_000
    return job_dollars(WORKERS) / by_change


def dollars(value: float) -> str:
    if value >= 100:
        return f"${scale.short(value)}"
    return f"${value:,.0f}" if value >= 10 else f"${value:.1f}"


def arithmetic(parts: dict[str, float]) -> str:
    """`a + b + c = sum`, in the order of the parts; what costs nothing is left out."""
    terms = [dollars(value) for value in parts.values() if value]
    total = f"**{dollars(sum(parts.values()))}**"
    return f"{' + '.join(terms)} = {total}" if len(terms) > 1 else total


def firehose_parts(rate: float, start: scale.Measured) -> dict[str, float]:
    parts = scale.dollars(scale.needs(rate, start), start.change_bytes)
    kinesis = min(parts["Kinesis on demand"], parts["Kinesis provisioned"])
    return {
        "source": parts["change data capture"] + kinesis,
        "Firehose": parts["Firehose"],
        "Lambda and its log": parts["Lambda and its log"],
        "objects and notifications": parts["objects and notifications"],
    }


def seconds(poll: float, window: float = WINDOW_SECONDS) -> str:
    """On average and at most: half the poll and half the window, or all of both; then the function
    and its PUT. The average is that of steady traffic: a lone change begins a window, and waits for
    all of it."""
    work = 2 * STORE_SECONDS
    return f"{poll / 2 + window / 2 + work:.0f} s; {ceil(poll + window + work)} s"


def ways_rows(start: scale.Measured) -> tuple[list[str], list[list[str]]]:
    """The one table."""
    hours = scale.MONTH_SECONDS / 3600
    rows = [
        [
            f"latency to S3, on average; at most (directly: window {WINDOW_SECONDS} s)",
            f"{FIREHOSE_SECONDS} s; {FIREHOSE_MOST} s",
            seconds(KINESIS_POLL),
            f"{seconds(STREAMS_POLL)}; [polled four times a second]({POLLED})",
            f"{TRIGGER_SECONDS / 2 + SPARK_BATCH_SECONDS:.0f} s;"
            f" {TRIGGER_SECONDS + SPARK_BATCH_SECONDS} s, if a batch takes"
            f" {SPARK_BATCH_SECONDS} s (not measured)",
        ]
    ]
    rows += [
        [
            f"$ a month at {rate:,} changes/s: {what}",
            arithmetic(firehose_parts(rate, start)),
            arithmetic(direct_dollars(rate, start, kinesis=True)),
            arithmetic(direct_dollars(rate, start, kinesis=False)),
            arithmetic(spark_dollars(rate, start)),
        ]
        for rate, what in zip(
            RATES,
            ("source + Firehose, Lambda or job + objects", "the same", "the same"),
            strict=True,
        )
    ]
    rows += [
        [
            "at rest, beside alarms and dashboard",
            f"a stream: {dollars(hours * scale.SHARD_HOUR)} to "
            f"{dollars(hours * scale.STREAM_HOUR)} a month",
            "the same",
            f"**nothing**: [Lambda's reads are free]({FREE})",
            f"the stream, and the job all day: {WORKERS} × {WORKER_DPU} DPU ×"
            f" [${DPU_HOUR} an hour]({GLUE_PRICES}) = {dollars(job_dollars(WORKERS))}"
            " a month",
        ],
        [
            "order of an item's changes",
            "by time in µs, then Kinesis' number",
            "the same",
            f"**[exact]({COMPARED})**, by DynamoDB's number; [times are whole seconds]({RECORD})",
            "as by Firehose",
        ],
        [
            "duplicates",
            f"[some, from DynamoDB and Kinesis]({COMPARED}); merged",
            "the same",
            f"[none from the source]({COMPARED}); a batch that comes again writes the same object,"
            " a part of it is merged",
            "some, as by Firehose; a batch that comes again writes the same "
            "objects, or its rows twice; merged",
        ],
        [
            "how long it may be broken",
            "a week (`retention_hours`), up to a year",
            "the same (a week at most), then on S3 (on-failure bucket)",
            f"22 of [the stream's 24 hours]({COMPARED}), then on S3"
            f" ([on-failure bucket]({GIVEN_UP}))",
            "a week (`retention_hours`), up to a year;"
            f" [Glue restarts it each week]({GLUE_RESTARTS})",
        ],
        [
            "readers of the stream",
            "5",
            "5",
            f"[2; of a global table 1]({QUOTAS})",
            "5",
        ],
        [
            "tables in the lake from one DynamoDB table",
            "one for each delivery stream, each charged for the whole stream",
            "**several**, by one function",
            "**several**, by one function",
            "one for each job",
        ],
        [
            "largest change",
            f"1 MB; [AWS advises against Lambda with larger ones]({LARGE})",
            f"1 MB (DynamoDB skips larger ones; [Lambda takes up to 6 MB]({LARGE}))",
            "two images of 400 KB: each fits",
            "1 MB (DynamoDB skips larger ones)",
        ],
        [
            "decimals",
            "as Firehose's SerDe reads them (seen on no account; "
            "[compare first](limits.md#values-to-compare-first))",
            "all 38 digits, written by us",
            "all 38 digits, written by us",
            "all 38 digits, written by us",
        ],
        [
            "a record that can't be a row",
            "error prefix",
            "error prefix",
            "error prefix",
            "error prefix",
        ],
        [
            "what it needs of the table",
            "nothing",
            "nothing",
            "a stream with both images",
            "nothing",
        ],
        [
            "for whom",
            "who has other consumers of the stream, wants a week of reserve, or wants AWS to write"
            " the files",
            "the week of reserve, and seconds or several tables, without Firehose's charge",
            "**most others**: the cheapest and the soonest",
            "who joins or enriches changes in flight by [a script of their own](spark.md); above"
            f" some {scale.short(break_even(start))} changes/s it is cheaper than Firehose",
        ],
    ]
    headers = [
        "",
        '`via = "firehose"`',
        '`"direct"` from Kinesis',
        '`"direct"` from DynamoDB Streams',
        '`"spark"`, a Glue job',
    ]
    return headers, rows


def files_rows(start: scale.Measured) -> tuple[list[str], list[list[str]]]:
    """What a window makes of a table with four shards at 100 and 1,000 changes a second."""
    rows = []
    for window in WINDOWS:
        cells = [f"{window} s"]
        for rate in (100, 1_000):
            need = direct_needs(rate, start, kinesis=False, window=window)
            parts = direct_dollars(rate, start, kinesis=False, window=window)
            cells += [
                scale.short(need.invocations_per_second * 86_400),
                scale.short(rate / need.invocations_per_second),
                dollars(parts["objects and notifications"]),
            ]
        rows.append(cells)
    headers = ["window"]
    for rate in (100, 1_000):
        headers += [f"{rate:,}/s: objects a day", "rows in each", "$ a month for them"]
    return headers, rows


def blocks(results: dict) -> dict[str, str]:
    """What is between the markers of docs/ways.md."""
    start = scale.measured(results)
    return {
        "WAYS": scale.markdown(*ways_rows(start)),
        "FILES": scale.markdown(*files_rows(start)),
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    if not scale.RESULTS.exists():
        sys.exit("benches/results/speed.json is missing; make it by: python3 benches")
    print("\n".join(blocks(json.loads(scale.RESULTS.read_text())).values()), end="")
