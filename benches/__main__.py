"""Measures dynalake beside what one would use instead, in one run on one core, and beside what the
machine can do.

    python3 benches                      everything; some ten minutes. Writes benches/results and
                                         the tables of docs/performance.md
    python3 benches --rounds 5           with fewer rounds than 15, and so more noise
    python3 benches --workloads typical  prints these workloads only, and writes nothing
    python3 benches --files              events to Parquet bytes only; prints, and writes nothing
    python3 benches --backfill           an export of 5 million items to Parquet files, beside Spark
                                         and Python; needs a JDK 17 and 5 GB of disk, prints, and
                                         writes nothing. --items N: of fewer
    python3 benches --spark              the Spark job on two cores, beside what its tasks run;
                                         needs a JDK 17 and 9 GB of disk, prints, and writes
                                         nothing. --items N: not of 2.4 million
    python3 benches --direct             the direct function: a batch of Kinesis to objects on an S3
                                         on loopback, beside Python and Rust; prints, and writes
                                         nothing
    python3 benches --quick              for CI: once and small. Fails where a peer does not run or
                                         says something else than ours, or the peak memory is over
                                         its bar; times count for nothing
    python3 benches --instructions       counts our instructions under valgrind, and fails where a
                                         count is more than 2 % above or 5 % below what
                                         benches/instructions.json keeps; with --update writes the
                                         new counts. Code 77: it keeps none for this processor
    python3 benches --render             writes report, chart and docs/performance.md from
                                         benches/results/speed.json, measuring nothing; with --check
                                         fails where one of them is not what it would write

It needs Linux, Rust, Python 3.11 or later, Node 20 or later with npm, for --instructions valgrind,
and the internet for what it downloads the first time. All that it makes is in target/benches and
benches/target.

The peers, each from an event's bytes to a response's, on the same events:
  ours         dynalake by a schema, the code that is deployed
  baseline     idiomatic Rust: aws_lambda_events, serde_json::Value, serde_dynamo
  python       the Python of the tutorials: walk the type tags, json, base64
  boto3        the same, by boto3's TypeDeserializer
  node         Node with @aws-sdk/util-dynamodb
  lower bound  not a transformation, but the least that any has to do: base64 decoded by SIMD,
               simd-json's tape of it, and as many bytes as ours returns encoded; lower bound+ makes
               a tape of the event itself too
From an event's change records to a Parquet file:
  ours         dynalake-parquet
  arrow        idiomatic Rust: serde_json::Value, serde_dynamo, arrow-json, parquet's Arrow writer
  python       boto3's TypeDeserializer and pyarrow
  duckdb       the second half only: our rows of JSON to a file
  lower bound  the parquet crate writing the same values from ready columns
From a batch of Kinesis to an object that is stored:
  ours         the direct function, the code that is deployed
  baseline     idiomatic Rust: aws_lambda_events, serde_dynamo, arrow-json, parquet, object_store
  python       the Python of the tutorials: boto3 and pyarrow
Before anything is timed, the peers' rows are compared with ours, value by value. Time is what all
threads of a process have on the processor, so waiting costs nothing. Peers take turns, round by
round; medians count. docs/performance.md has the results, and what they leave out.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 benches",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--quick", action="store_true", help="what CI runs: agreement and peak memory, no times"
    )
    what.add_argument(
        "--instructions", action="store_true", help="count instructions under valgrind"
    )
    what.add_argument(
        "--render",
        action="store_true",
        help="write report, chart and docs/performance.md from the last results",
    )
    what.add_argument(
        "--files", action="store_true", help="measure events to Parquet bytes, and nothing else"
    )
    what.add_argument(
        "--direct", action="store_true", help="measure the direct function, and nothing else"
    )
    what.add_argument(
        "--backfill",
        action="store_true",
        help="measure an export to Parquet files, and nothing else",
    )
    what.add_argument(
        "--spark", action="store_true", help="measure the Spark job, and nothing else"
    )
    parser.add_argument(
        "--items",
        type=int,
        metavar="N",
        help="with --backfill: not 5,000,000; with --spark: not 2,400,000",
    )
    parser.add_argument(
        "--rounds", type=int, metavar="N", help="how often everything is measured (15)"
    )
    parser.add_argument(
        "--workloads", metavar="A,B", help="some of small, typical, wide, large, adversarial"
    )
    parser.add_argument(
        "--update", action="store_true", help="with --instructions: keep the new counts"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="with --render: write nothing, fail where something is stale",
    )
    arguments = parser.parse_args(words)
    if arguments.update and not arguments.instructions:
        parser.error("--update goes with --instructions")
    if arguments.check and not arguments.render:
        parser.error("--check goes with --render")
    if (arguments.rounds or arguments.workloads) and (
        arguments.instructions
        or arguments.render
        or arguments.quick
        or arguments.backfill
        or arguments.spark
    ):
        parser.error("--rounds and --workloads go with a run that takes times")
    takes_items = arguments.backfill or arguments.spark
    if arguments.items is not None and (not takes_items or arguments.items < 1):
        parser.error("--items goes with --backfill and --spark: give a number from 1")
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error("--rounds: give a number from 1")
    return arguments


def main() -> int:
    arguments = parse(sys.argv[1:])
    if not __package__:
        # Started with only the standard library at hand: go on in the benches' own environment.
        command = [sys.executable, str(ROOT / "python"), "benches", *sys.argv[1:]]
        os.execv(sys.executable, command)
    from dynalake_dev import process

    return process.main("benches", lambda: run(arguments))


def run(arguments: argparse.Namespace) -> int:
    from dynalake_dev import console
    from dynalake_dev.process import ToolError

    from . import backfill, building, direct, files, instructions, measure, report, spark

    if arguments.render:
        return report.render(is_check=arguments.check)
    if arguments.instructions:
        return instructions.run(is_update=arguments.update)
    if arguments.backfill:
        report.show_tables(backfill.run(arguments.items or backfill.ITEMS, []))
        return 0
    if arguments.spark:
        tables, missed = spark.run(arguments.items or spark.ITEMS, [])
        report.show_tables(tables)
        return 1 if missed else 0
    chosen = arguments.workloads.split(",") if arguments.workloads else measure.WORKLOADS
    for name in chosen:
        if name not in measure.WORKLOADS:
            known = ", ".join(measure.WORKLOADS)
            raise ToolError(f"--workloads: there is no {name!r}; choose from {known}")
    timings: console.Timings = []
    rounds = 1 if arguments.quick else arguments.rounds or 15
    if arguments.files:
        building.check_tools()
        building.WORK.mkdir(parents=True, exist_ok=True)
        with console.Stage("Rust peers and worker", timings) as stage:
            building.build_rust(stage.update, "worker", "files")
        report.show_tables(files.tables(files.run(chosen, rounds, False, timings)))
        return 0
    if arguments.direct:
        tables, missed = direct.run(chosen, rounds, False, timings)
        report.show_tables(tables)
        return 1 if missed else 0
    program = measure.build(timings)
    found = measure.Run(program, chosen, rounds, arguments.quick, timings).run()
    found["files"] = files.run(chosen, rounds, arguments.quick, timings)
    missed = report.show_results(found, is_quick=arguments.quick)
    if arguments.quick:
        missed += direct.run(["typical"], rounds, True, timings)[1]
    if not arguments.quick and chosen == measure.WORKLOADS:
        report.RESULTS.parent.mkdir(exist_ok=True)
        report.RESULTS.write_text(report.to_json(found))
        report.render(is_check=False)
    if arguments.quick and missed:
        console.say(console.bad("\nbars missed that are no times: " + "; ".join(missed)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
