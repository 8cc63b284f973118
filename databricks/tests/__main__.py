"""Runs the shipped pipeline on open-source Spark, and compares its tables with a model of the
DynamoDB tables.

    python3 databricks/tests                 three tables of 100,000 changes, two small ones
    python3 databricks/tests --changes 5000  smaller, for working on it

It needs Linux, Rust, Python 3.11 or later and a JDK 17 or later. All else it brings along into
target/databricks: half a GB of packages from PyPI the first time. README.md beside this file says
what is tested, and what is not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent.parent


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 databricks/tests",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--changes",
        type=int,
        default=100_000,
        metavar="N",
        help="changes of each large table (100000)",
    )
    parser.add_argument(
        "--seeds", type=int, default=3, metavar="N", help="how many large tables (3)"
    )
    arguments = parser.parse_args(words)
    if arguments.changes < 1000 or arguments.seeds < 1:
        parser.error("give --changes from 1000 and --seeds from 1")
    return arguments


def main() -> int:
    arguments = parse(sys.argv[1:])
    if not __package__:
        # Started with only the standard library at hand: go on in the tests' own environment.
        command = [sys.executable, str(ROOT / "python"), "databricks/tests", *sys.argv[1:]]
        os.execv(sys.executable, command)
    from dynalake_dev.process import main

    return main("databricks/tests", lambda: run(arguments))


def run(arguments: argparse.Namespace) -> int:
    # Only now, as these need the environment's packages.
    from dynalake_dev import process
    from dynalake_dev.console import Checks, Stage, say

    from . import (
        athena,
        backfill,
        cloud_files,
        erasing,
        live,
        merge,
        sql,
        tables,
        tools,
        view,
        wide,
        wrong,
    )
    from .spark import Pipeline, Spark

    tools.check()
    began, check, seeds = time.monotonic(), Checks(), arguments.seeds

    with Stage("connector and command line", []) as stage:
        tools.build_connector()
        tools.build_command_line(stage.update)
    with Stage("queries", []):
        # Before Spark Connect begins, whose address would be taken from the environment.
        process.run([sys.executable, str(TESTS / "queries.py")], tools.WORK / "queries.log")
    shutil.rmtree(tables.FOLDER, ignore_errors=True)
    tables.FOLDER.mkdir(parents=True)
    with Spark() as spark:
        orders = tables.orders(arguments.changes, arguments.changes // 20, arguments.seeds)
        with Stage("change streams, through the function into Parquet", []) as stage:
            making, all_made = tables.make([*orders, tables.VIEWED]), []
            for future in making:
                stage.update("tables", len(all_made), len(making))
                all_made.append(future.result())
            stage.result = ", ".join(
                f"{made.order.name} {len(made.sequences):,}" for made in all_made
            )

        viewed = all_made.pop()
        named = {made.order.name: made for made in all_made}
        small = named["customers"]
        with Stage("wrong settings", []):
            differences = wrong.not_rejected(spark, small)
        check("wrong settings", differences, "each rejected, with its name, value and a fix")
        check(
            "what only Databricks knows",
            cloud_files.differences(small),
            "asked for as it should be",
        )

        pipeline = Pipeline(spark, "lake")
        rows, states = (
            sum(len(of) for of in all_of)
            for all_of in ([made.current for made in all_made], [made.history for made in all_made])
        )
        with Stage("first update: half of the changes", []):
            live.first(pipeline, all_made)
        with Stage("second update: the other half, a column more, rows without key", []):
            live.second(pipeline, all_made)
        check(
            "current states and history",
            live.differences(pipeline, all_made),
            f"{rows:,} rows and {states:,} states, 0 differ from the model",
        )
        check(
            "change logs and quarantines",
            live.log_differences(pipeline, all_made, False),
            "what was delivered",
        )
        with Stage("third update: files once more", []):
            live.replay(pipeline, all_made)
        check(
            "current states and history after the replay",
            live.differences(pipeline, all_made),
            "0 differ",
        )
        check(
            "change logs and quarantines after the replay",
            live.log_differences(pipeline, all_made, True),
            "what was delivered, with what came again",
        )
        with Stage("SQL of `dynalake ddl`", []):
            differences = (
                sql.differences(spark)
                + sql.declared_differences(spark, small)
                + [
                    what
                    for made in list(named.values())[seeds:]
                    for what in sql.view_differences(pipeline, made)
                ]
            )
        check(
            "SQL of `dynalake ddl`",
            differences,
            "columns, types and comments as in the schema file; 0 rows of its view differ",
        )

        check(
            "ties that are torn apart",
            live.tie_differences(pipeline, named["ties"]),
            f"queries/ties.sql counts the {named['ties'].untold} items",
        )
        with Stage("erasure, on copies of the tables", []):
            differences = [
                what
                for name in ("rich", "customers")
                for what in erasing.spark_differences(pipeline, named[name])
            ]
            differences += erasing.spark_differences(pipeline, small, erasing.REVERSED)
            differences += sql.governance_differences(spark, erasing.SCHEMA, small)
        check(
            "erasure, on copies of the tables",
            differences,
            "what is asked for is gone, and nothing else",
        )

        with Stage("a view of a table, by `where`", []):
            differences, moved = view.differences(spark)
        check(
            "a view of a table, by `where`",
            differences,
            f"the filtered table, after {moved:,} changes that let an item in or out",
        )

        with Stage("exports and replays", []):
            differences, rows, predicted = backfill.differences(
                spark, max(600, arguments.changes // 150)
            )
        check(
            "a hole in the stream, healed by exports, and failures by replays",
            differences,
            f"{rows:,} rows, 0 differ except {predicted} as predicted; second runs change no byte",
        )

        with Stage("mutants of the pipeline", []):
            differences = wrong.undetected(spark, small) + wrong.undetected_by_comparison(
                pipeline, small
            )
        check("mutants and planted differences", differences, "all found")

    with Stage("MERGE on Delta tables by delta-rs", []):
        differences = [what for made in all_made[seeds - 1 :] for what in merge.differences(made)]
    check("Delta tables by delta-rs", differences, "0 rows differ, nor after a replay")
    with Stage("MERGE on Spark, without pipelines", []):
        differences = merge.spark_differences(
            [named[name] for name in ("customers", "ties", wide.TABLE)]
        )
    check("MERGE on Spark, without pipelines", differences, "0 rows differ, nor after a replay")
    viewed.lake.deliver([path for part in viewed.parts for path in part])
    viewed.lake.deliver(tables.replayed(viewed, 0))
    with Stage("Athena's view by DuckDB", []):
        differences = [what for made in [*all_made, viewed] for what in athena.differences(made)]
    check(
        "Athena's view by DuckDB",
        differences,
        f"0 rows differ, nor those of {viewed.untold} items whose greatest _sequence is an older "
        "state's",
    )
    with Stage("erasure, from the files", []):
        differences = [
            what for name in ("rich", "customers") for what in erasing.file_differences(named[name])
        ]
    check("erasure, from the files", differences, "what is asked for is gone, and nothing else")

    result = f"{len(check.found):,} differences" if check.found else "all as it should be"
    say(f"{'✗' if check.found else '✓'} {result} in {time.monotonic() - began:.0f} s")
    return 1 if check.found else 0


if __name__ == "__main__":
    sys.exit(main())
