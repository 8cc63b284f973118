#!/usr/bin/env python3
"""Runs the recipe for a replay, as it is written, with an `aws` that only records what it gets.

    python3 .ci/test_recipes.py

Two changes of one item have to go to one shard in their order, so they have one partition key, and
come in the order of the objects that Firehose wrote. It needs bash and jq.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# `s3 cp` brings the error prefix; `kinesis put-records` says that it took all.
AWS = """#!/bin/sh
case "$1 $2" in
  "s3 cp") mkdir -p replay && cp -r "$ERRORS_FOLDER"/. replay/ ;;
  "kinesis put-records")
    while [ "$1" != --records ]; do shift; done
    cat "${2#file://}" >> "$TAKEN"; echo 0 ;;
esac
"""


def recipe() -> str:
    """The one block of shell in the documents that puts records back into the stream, after those
    that come before it on its page."""
    recipes = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        found = re.findall(r"^( *)```sh\n(.*?)^\1```", path.read_text(), re.DOTALL | re.MULTILINE)
        blocks = [textwrap.dedent(block) for _, block in found]
        recipes += [
            "".join(blocks[: at + 1])
            for at, block in enumerate(blocks)
            if "kinesis put-records" in block
        ]
    assert len(recipes) == 1, f"{len(recipes)} recipes put records back, and not one"
    return recipes[0]


def change(keys: dict, at: int) -> bytes:
    return json.dumps(
        {"eventName": "MODIFY", "dynamodb": {"Keys": keys, "ApproximateCreationDateTime": at}}
    ).encode()


def main() -> int:
    one = [{"tenant": {"S": "t"}, "id": {"N": "7"}}, {"id": {"N": "7"}, "tenant": {"S": "t"}}]
    other, long = (
        {"tenant": {"S": "ü"}, "id": {"N": "8"}},
        {"tenant": {"S": "x" * 2000}, "id": {"N": "9"}},
    )
    records = [
        change(one[0], 1),
        change(other, 2),
        change(one[1], 3),
        change(long, 4),
        b"no JSON",
        change(one[0], 5),
    ]
    lines = [
        json.dumps({"rawData": base64.b64encode(record).decode(), "attemptsMade": 4})
        for record in records
    ]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "bin").mkdir()
        (place / "bin" / "aws").write_text(AWS)
        (place / "bin" / "aws").chmod(0o755)
        # Written in another order than that of their names, which begin with the time.
        for name, part in (("2026-11-25-02-b", lines[3:]), ("2026-11-25-01-a", lines[:3])):
            errors = place / "errors" / "hour=01"
            errors.mkdir(parents=True, exist_ok=True)
            (errors / name).write_text(
                "".join(part) if name.endswith("a") else "\n".join(part) + "\n"
            )
        (place / "work").mkdir()
        taken = place / "taken"
        settings = {
            **os.environ,
            "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
            "TAKEN": str(taken),
            "BUCKET": "b",
            "STREAM": "s",
            "ERRORS": "errors/",
            "ERRORS_FOLDER": str(place / "errors"),
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", recipe()],
            cwd=place / "work",
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        batches = [json.loads(line) for line in taken.read_text().splitlines()]
        assert not list((place / "work").glob("replay-batch-*")), "a batch that was taken is left"
    put = [record for batch in batches for record in batch]
    assert done.stdout.split()[0] == str(len(records)), f"it counts {done.stdout.split()[0]}"
    assert [base64.b64decode(record["Data"]) for record in put] == records, (
        "the records aren't those of the objects, in order"
    )
    keys = [record["PartitionKey"] for record in put]
    assert keys[0] == keys[2] == keys[5], f"changes of one item go to several shards: {keys}"
    assert len(set(keys)) == 4, f"all items go to one shard: {keys}"
    assert all(1 <= len(key) <= 256 for key in keys), (
        f"a partition key has 1 to 256 characters: {list(map(len, keys))}"
    )
    print("recipe of the replay: one item's changes to one shard, in their order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
