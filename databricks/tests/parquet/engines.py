"""The engines, each of which reads a file as an Arrow table."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .cases import Case, compare

CONF = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    # Compiling the plans' code would take most of the time.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.session.timeZone": "UTC",
    # As the pipeline and the job ask for it: files are by today's calendar.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "3g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
}


@dataclass(frozen=True)
class Engine:
    name: str
    read: Callable[[Path], pa.Table]
    # Whether it cuts instants to microseconds.
    is_cut: bool
    # Tables that it can't read, whoever writes them.
    left_out: tuple[str, ...] = ()

    def differences(
        self, cases: Sequence[Case], say: Callable[[str, int, int], None]
    ) -> tuple[list[str], int, int]:
        """What it reads otherwise, and how many files and values were compared."""
        found, values = [], 0
        cases = [case for case in cases if case.folder.name not in self.left_out]
        for at, case in enumerate(cases):
            say("files", at, len(cases))
            try:
                table = self.read(case.file)
            except Exception as error:
                text = str(error).strip().partition("\n")[0]
                found.append(f"{case.name}: {type(error).__name__}: {text[:300]}")
                continue
            differences, compared = compare(case, table, self.is_cut)
            found += differences
            values += compared
        return found, len(cases), values


PYARROW = Engine(
    f"pyarrow {pa.__version__}, to the nanosecond", lambda file: pq.ParquetFile(file).read(), False
)


def duckdb_engine() -> Engine:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")

    def read(file: Path) -> pa.Table:
        return connection.read_parquet(str(file), hive_partitioning=False).to_arrow_table()

    # Each array or map around another doubles the time: 32 levels would take hours.
    name = f"DuckDB {duckdb.__version__}, to the microsecond"
    return Engine(name, read, True, left_out=("deepest",))


class Spark:
    """Classic Spark in this process."""

    def __init__(self, work: Path) -> None:
        import pyspark

        self.work = work
        self.engine = Engine(
            f"Spark {pyspark.__version__}, to the microsecond",
            lambda file: self.table(self.session.read.parquet(str(file))),
            True,
        )

    def __enter__(self) -> Spark:
        from pyspark.sql import SparkSession

        for name in [name for name in os.environ if name.startswith(("SPARK_", "PYSPARK_"))]:
            del os.environ[name]
        os.environ.update(SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable)
        folder = self.work / "spark"
        shutil.rmtree(folder, ignore_errors=True)
        builder = SparkSession.builder.master("local[2]")
        conf = {
            **CONF,
            "spark.local.dir": str(folder / "local"),
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
        }
        for name, value in conf.items():
            builder = builder.config(name, value)
        # What Spark's process says goes to a log.
        stderr = os.dup(2)
        with open(self.work / "spark.log", "wb") as log:
            os.dup2(log.fileno(), 2)
        try:
            self.session = builder.getOrCreate()
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        return self

    def __exit__(self, *error: Any) -> None:
        self.session.stop()

    def table(self, frame: Any) -> pa.Table:
        """A DataFrame's rows, in their order."""
        if hasattr(frame, "toArrow"):
            return frame.toArrow()
        # pyspark 3.5 has only what toPandas is made of.
        from pyspark.sql.pandas.types import to_arrow_schema

        batches = frame._collect_as_arrow()
        if batches:
            return pa.Table.from_batches(batches)
        return to_arrow_schema(frame.schema).empty_table()


def not_found(cases: Sequence[Case]) -> list[str]:
    """Differences that are planted into a table, and that the comparison does not find."""
    missed = []
    [case] = [case for case in cases if case.name == "nested/int96"]
    table = PYARROW.read(case.file)
    for at, field in enumerate(table.schema):
        column = table.column(at).to_pylist() if "timestamp" not in str(field.type) else None
        if column is None or all(value == column[0] for value in column):
            continue
        moved = pa.array(column[1:] + column[:1], field.type)
        if not compare(case, table.set_column(at, field, moved), False)[0]:
            missed.append(f"{field.name}, each value one row up")
    at = table.schema.get_field_index("c_timestamp")
    instants = table.column(at).cast(pa.int64()).to_pylist()
    for step, is_cut in [(1, False), (1_000, True)]:
        later = pa.array([value and value + step for value in instants], pa.timestamp("ns"))
        if not compare(case, table.set_column(at, "c_timestamp", later), is_cut)[0]:
            missed.append(f"c_timestamp, {step} ns later")
    [case] = [case for case in cases if case.name == "nothing/int96"]
    table = PYARROW.read(case.file)
    field = table.schema.field("c0")
    emptied = pa.array([value or [] for value in table.column("c0").to_pylist()], field.type)
    at = table.schema.get_field_index("c0")
    if not compare(case, table.set_column(at, field, emptied), False)[0]:
        missed.append("c0, empty instead of null")
    return missed
