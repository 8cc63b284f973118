"""Shows the whole pipeline at work on this machine: DynamoDB, Kinesis, Firehose, the Lambda
function, Parquet, SQS.

    python3 demo                      build, deploy on a local AWS emulator, write, wait, check,
                                      show, take down
    python3 demo --keep               the same, and leave it running to look around; prints how
    python3 demo --sql 'FROM orders'  ask the lake of a demo that was kept, by DuckDB
    python3 demo --down               take down what was kept
    python3 demo --via direct         all of this by the direct way: no Kinesis, no Firehose
    python3 demo --test               the end-to-end test: 1,000 changes, an empty second plan, the
                                      same columns in Glue, Parquet and SQL, a schema change in
                                      place, nothing left after destroy

It needs Linux, Rust, Terraform and Python 3.11 or later (3.9 will do to start it, where a later one
is on the PATH), and the internet for what it downloads the first time. It asks for no AWS account:
it reads no AWS settings or credentials, and all that it makes is in target/demo.

What it does
  1. makes a Python environment of its own (the emulator, DuckDB, boto3), builds the function by
     package.py, and the command line;
  2. starts the emulator, makes a table there with items in it, and infers a schema of them by
     `dynalake infer`;
  3. applies terraform/examples/complete, as it would be applied to AWS;
  4. writes a story of changes into the table through DynamoDB's API, then as many made-up ones as
     you like;
  5. relays them into Kinesis as DynamoDB does on AWS, except that one in ten fails, and waits
     until each is in Parquet or accounted for;
  6. loads the items from before by `dynalake backfill`, from an export that it writes as DynamoDB
     does, as the emulator's own writes no files; and the failed changes by `dynalake replay`;
  7. compares every value with what was written, by an expectation of its own; exit code 1 if one
     differs;
  8. compares the table's items with the current state: the view of `dynalake ddl` over the Parquet
     objects, by DuckDB;
  9. shows the rows, where they are, the notifications, what was rescued and why, the time that each
     stage took, and the current state beside the table that it came from.

With --via direct, 3 and 5 differ: it applies terraform/examples/direct, with a schema that
takes the key for a number. One in ten of the made-up changes is written, and the function puts each
into the error prefix, as it can't be a row. The schema is corrected and applied, and the other
changes come through the table's own stream and the event source mapping, without a relay.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 demo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--test", action="store_true", help="run as the end-to-end test")
    what.add_argument(
        "--keep", action="store_true", help="leave it running, and print how to look around"
    )
    what.add_argument("--down", action="store_true", help="take down what --keep left running")
    what.add_argument(
        "--sql",
        metavar="QUERY",
        help="ask the lake of a kept demo: orders is each change, orders_current the current state",
    )
    parser.add_argument(
        "--via",
        choices=("firehose", "direct"),
        default="firehose",
        help="the way to the lake: Kinesis and Firehose, or the table's own stream and a function "
        "that writes Parquet (firehose)",
    )
    parser.add_argument(
        "--changes",
        type=int,
        metavar="N",
        help="made-up changes besides the story's (60; with --test 1000)",
    )
    parser.add_argument(
        "--items",
        type=int,
        metavar="N",
        default=200,
        help="items that are in the table before the pipeline is (200)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the made-up changes (1)"
    )
    arguments = parser.parse_args(words)
    if arguments.changes is None:
        arguments.changes = 1000 if arguments.test else 60
    # By the direct way the made-up ones show what fails.
    least = 1 if arguments.via == "direct" else 0
    if arguments.changes < least:
        parser.error(f"--changes: give a number from {least}")
    if arguments.items < 3:
        parser.error("--items: give a number from 3; the story changes two of them")
    return arguments


def main() -> int:
    arguments = parse(sys.argv[1:])
    os.environ.setdefault("DYNALAKE_DEMO_STARTED", str(time.time()))
    if not __package__:
        # Started with only the standard library at hand: go on in the demo's own environment.
        command = [sys.executable, str(ROOT / "python"), "demo", *sys.argv[1:]]
        os.execv(sys.executable, command)
    from dynalake_dev import process

    from . import run

    return process.main("demo", lambda: run.run(arguments))


if __name__ == "__main__":
    sys.exit(main())
