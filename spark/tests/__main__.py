"""Runs the Spark job on Spark 3.5.6, as AWS Glue 5.1 has it, and compares its rows with those of
`dynalake transform` and `dynalake backfill`.

    python3 spark/tests                   100,000 changes, 20,000 items
    python3 spark/tests --changes 5000    smaller, for working on it

It needs Linux, Rust, Python 3.11 or later and a JDK 17 or later; Spark comes from PyPI into
target/databricks. spark/README.md says more.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = "spark/tests"
LEAST_CHANGES = 5000


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 " + PROGRAM,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--changes", type=int, default=100_000, metavar="N", help="changes of the stream (100000)"
    )
    arguments = parser.parse_args(words)
    if arguments.changes < LEAST_CHANGES:
        parser.error(f"--changes is {arguments.changes}: give {LEAST_CHANGES} or more")
    return arguments


def main() -> int:
    arguments = parse(sys.argv[1:])
    if not __package__:
        # Started with only the standard library at hand: go on in the tests' own environment.
        command = [sys.executable, str(ROOT / "python"), PROGRAM, *sys.argv[1:]]
        os.execv(sys.executable, command)
    from dynalake_dev.process import main

    return main(PROGRAM, lambda: run(arguments))


def run(arguments: argparse.Namespace) -> int:
    # Only now, as these need the environment's packages.
    from dynalake_dev import build, machine
    from dynalake_dev.console import Checks, Stage, say
    from dynalake_dev.venv import ENVIRONMENTS

    from . import export, job, stream

    machine.require(PROGRAM, ENVIRONMENTS[PROGRAM].tools)
    began, check = time.monotonic(), Checks()
    job.WORK.mkdir(parents=True, exist_ok=True)
    with Stage("command line", []):
        program = build.CommandLineBuild(job.WORK / "cargo.log").wait().resolve()
    stream.run(check, program, arguments.changes)
    export.run(check, program, arguments.changes // 5)
    seconds = time.monotonic() - began
    spent = os.times()
    on_processor = spent.user + spent.system + spent.children_user + spent.children_system
    if check.found:
        say(f"✗ {len(check.found):,} differences in {seconds:.0f} s; see {job.WORK}")
        return 1
    say(f"✓ all as it should be in {seconds:.0f} s, {on_processor:.0f} s on the processor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
