"""What no stream brings: the items from before, by infer and backfill, and the changes that failed,
by replay.

The emulator's own export writes no files, and its Firehose keeps no failed record. So the export is
written here as DynamoDB lays it out, from what the table holds, and the object of the error prefix
as Firehose does (https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dynalake_dev import build, changes, export, process
from dynalake_dev.changes import Item
from dynalake_dev.emulator import Emulator
from dynalake_dev.machine import REGION, clean_environment
from dynalake_dev.process import ToolError

from .state import WORK

BATCH = 25


@dataclass(frozen=True)
class Inferred:
    """What `dynalake infer` found in the items from before."""

    columns: int
    # What `dynalake diff` says of it and the schema file that is applied.
    differences: str


def put_items(dynamodb: Any, table: str, count: int, seed: int) -> list[Item]:
    """Fills the table with items that no stream has seen."""
    items = list(changes.items(count, seed))
    for at in range(0, len(items), BATCH):
        requests = [{"PutRequest": {"Item": item}} for item in items[at : at + BATCH]]
        left = dynamodb.batch_write_item(RequestItems={table: requests})["UnprocessedItems"]
        if left:
            raise ToolError(f"the emulator left {len(left[table])} items unwritten")
    return items


def infer(program: Path, table: str, items: Sequence[Item], schema: Path) -> Inferred:
    """Infers a schema from a scan of the table, checks it, and compares it with the schema file
    that is applied."""
    sample, inferred = WORK / "items.jsonl", WORK / "inferred.schema.json"
    sample.write_text("".join(export.json_line(item) for item in items))
    options: list[str | Path] = [
        "--table",
        table,
        "--keys",
        "orderId",
        "--evidence",
        WORK / "evidence.json",
    ]
    inferred.write_bytes(build.dynalake(program, "infer", *options, sample))
    build.dynalake(program, "check", inferred)
    said = build.dynalake(program, "diff", inferred, schema, accept=(0, 1))
    columns = len(json.loads(inferred.read_text())["columns"])
    return Inferred(columns, said.decode().splitlines()[-1].partition(",")[0])


def backfill(
    program: Path, emulator: Emulator, schema: Path, items: Sequence[Item], table: str, out: str
) -> None:
    """Loads an export of these items."""
    place = export.Place(WORK / "exports")
    folder = export.full(place, table, ["orderId"], items, datetime.now(UTC))
    _run(program, emulator, "backfill", "--schema", schema, folder, "--out", out)


def put_errors(s3: Any, bucket: str, prefix: str, stream: str, failed: Sequence[Any]) -> str:
    """Writes what failed as an object of the error prefix; returns its key."""
    now = datetime.now(UTC)
    arrival = int(now.timestamp() * 1000)
    lines = [
        json.dumps(
            {
                "attemptsMade": 4,
                "arrivalTimestamp": arrival,
                "errorCode": "Lambda.FunctionError",
                "errorMessage": "The Lambda function was successfully invoked but it returned an "
                "error result.",
                "attemptEndingTimestamp": arrival + 1000,
                "rawData": base64.b64encode(json.dumps(change).encode()).decode(),
                "lambdaARN": "arn:aws:lambda:eu-central-1:000000000000:function:" + stream,
            }
        )
        for change in failed
    ]
    key = (
        f"{prefix}processing-failed/dt={now:%Y-%m-%d}/hour={now:%H}/"
        f"{stream}-1-{now:%Y-%m-%d-%H-%M-%S}-5c1f0d5e-9a53-4b0a-8a6e-0c6a3a1c7b11"
    )
    s3.put_object(Bucket=bucket, Key=key, Body="".join(line + "\n" for line in lines).encode())
    return key


def replay(program: Path, emulator: Emulator, schema: Path, errors: str, out: str) -> None:
    """Replays the objects under a prefix."""
    _run(program, emulator, "replay", "--schema", schema, errors, "--out", out)


def _run(program: Path, emulator: Emulator, *words: str | Path) -> None:
    environment = clean_environment(emulator.endpoint) | {"AWS_REGION": REGION}
    process.run([str(program), *map(str, words)], WORK / f"{words[0]}.log", environment)
