"""Runs the job of databricks/without_pipelines on classic Spark, with the connector's tables in the
place of Delta's.

    python databricks/tests/merge_on_spark.py RUNS.json

merge.py calls it, with the job's folder in PYTHONPATH and in a process of its own: this Spark has
another kind of session than the tests'.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

# The tests' own Spark is named there, and pyspark would look for it.
for variable in [name for name in os.environ if name.startswith(("SPARK_", "PYSPARK_"))]:
    del os.environ[variable]

import dynalake_merge as job  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

SCHEMA = "memory.lake"


def reject_another_type(spark: SparkSession, table: job.Table, settings: Namespace) -> None:
    """A table whose first column of text became a number, and whose tombstones are untouched."""
    name = next(name for name, kind in table.columns.items() if kind == "string")
    changed = replace(table, columns={**table.columns, name: "bigint"})
    merged = f"{SCHEMA}.{table.merged}"
    before = spark.table(merged).count()
    try:
        job.start_all(spark, [changed], settings)
    except job.Rejected as rejected:
        said = f"{merged}: `{name}` is string in the table and bigint in the schema file"
        assert str(rejected).startswith(said), rejected
    else:
        raise AssertionError(f"{name} of another type was not rejected")
    assert spark.table(merged).count() == before


def main() -> int:
    told = json.loads(Path(sys.argv[1]).read_text())
    spark = SparkSession.builder.master("local[2]").config(map=told["conf"]).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    for run in told["runs"]:
        for source, target in run["copies"]:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        words = [
            "--tables",
            run["tables"],
            "--files",
            run["files"],
            "--schema",
            SCHEMA,
            "--checkpoints",
            run["checkpoints"],
            "--tombstone-days",
            str(run["tombstone_days"]),
        ]
        settings = job.parse(words)
        tables = job.read_tables(settings.tables)
        for query in job.start_all(spark, tables, settings):
            query.awaitTermination()
        for table in tables:
            state = spark.sql(job.state_sql(table, SCHEMA))
            for name, rows in (
                (table.name, state),
                (table.merged, spark.table(f"{SCHEMA}.{table.merged}")),
            ):
                rows.write.parquet(str(Path(run["results"]) / name))
        reject_another_type(spark, tables[0], settings)
        print(spark.sql(f"SHOW TABLES IN {SCHEMA}").collect(), flush=True)
    spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
