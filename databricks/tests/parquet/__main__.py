"""Reads the Parquet files that dynalake writes, by engines that others wrote, and compares every
value with the same rows as lines of JSON.

    python3 databricks/tests/parquet           pyarrow, DuckDB, Spark 4.3
    python3 databricks/tests/parquet --older   pyarrow 17 and Spark 3.5.6, as AWS Glue 5.1 has it

It needs Linux, Rust, Python 3.11 or later and a JDK 17 or later; the engines come from PyPI into
target/databricks. What the files hold is in crates/dynalake-parquet/examples/agreement_files.rs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PROGRAM = "databricks/tests/parquet"


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 " + PROGRAM,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--older", action="store_true", help="pyarrow 17 and Spark 3.5.6")
    parser.add_argument(
        "--files", type=Path, metavar="DIR", help="what `agreement_files` has written; else it runs"
    )
    return parser.parse_args(words)


def main() -> int:
    arguments = parse(sys.argv[1:])
    if not __package__:
        # Started with only the standard library at hand: go on in the environment of the engines.
        environment = PROGRAM + (" --older" if arguments.older else "")
        command = [sys.executable, str(ROOT / "python"), environment, *sys.argv[1:]]
        os.execv(sys.executable, command)
    from dynalake_dev.process import main

    return main(PROGRAM, lambda: run(arguments))


def write_files(work: Path) -> Path:
    """The files of a fresh build."""
    from dynalake_dev import process

    folder = work / "files"
    shutil.rmtree(folder, ignore_errors=True)
    command = ["cargo", "run", "--locked", "--package", "dynalake-parquet"]
    command += ["--example", "agreement_files", "--", str(folder)]
    process.run(command, work / "cargo.log")
    return folder


def run(arguments: argparse.Namespace) -> int:
    # Only now, as these need the environment's packages.
    from dynalake_dev.console import Checks, Stage

    from . import engines
    from .cases import cases

    work = ROOT / "target" / "databricks" / ("parquet-older" if arguments.older else "parquet")
    work.mkdir(parents=True, exist_ok=True)
    files = arguments.files
    if files is None:
        with Stage("files", []):
            files = write_files(work)
    check = Checks(most_shown=10)
    all_cases = cases(files)
    with engines.Spark(work) as spark:
        readers = [engines.PYARROW, spark.engine]
        if not arguments.older:
            readers.insert(1, engines.duckdb_engine())
        for engine in readers:
            with Stage(engine.name, []) as stage:
                differences, count, values = engine.differences(all_cases, stage.update)
            check(engine.name, differences, f"{values:,} values of {count} files agree")
        check("planted differences", engines.not_found(all_cases), "all found")
        if not arguments.older:
            from . import mixed, size

            check(
                "files of Firehose's form, the emulator's and ours under one prefix",
                mixed.differences(files, work, spark),
                "one table, for DuckDB, Spark and Athena's view",
            )
            differences, said = size.differences(files, work)
            check("size of files", differences, said)
    return 1 if check.found else 0


if __name__ == "__main__":
    sys.exit(main())
