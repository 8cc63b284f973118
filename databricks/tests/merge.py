"""The job for those without pipelines (databricks/without_pipelines), against the same model.

Its SQL decides on real Delta tables, by DuckDB and delta-rs: which row of a batch is the newest,
which rows are of one item, when one is newer, what each column is set to. And its Spark code runs,
on the connector's tables in the place of Delta's, whose jars come from no Python package.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

from dynalake_dev import process, scripts
from dynalake_dev.contract import same
from dynalake_dev.machine import ROOT

from . import compare, spark, tools
from .streams import Row
from .tables import Made, replayed

JOB = ROOT / "databricks" / "without_pipelines"
job = scripts.load(JOB / "dynalake_merge.py")
FOLDER = tools.WORK / "delta"
# How long the last runs keep a tombstone; and times of changes, seen from whenever this runs.
DAYS, PAST, FUTURE = 14, datetime(2001, 1, 1), datetime(2200, 1, 1)
# The tests' own, and what the results are written by.
CONF = {
    **spark.CONF,
    "spark.jars": str(tools.CONNECTOR),
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}


def tables_file(all_made: list[Made], part: int, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"tables.{part}.json"
    path.write_text(json.dumps([made.setting(part) for made in all_made]))
    return path


# ---- on Delta, by delta-rs


def differences(made: Made) -> list[str]:
    """What differs after all files, and after some of them once more."""
    folder = FOLDER / made.order.name
    shutil.rmtree(folder, ignore_errors=True)
    before, after = (job.read_tables(tables_file([made], part, folder))[0] for part in (0, 1))
    found = []
    parts = [(before, made.parts[0]), (after, made.parts[1])]
    for what, passes in (("", parts), (", replayed", [(after, replayed(made, 0))])):
        for table, paths in passes:
            for path in paths:
                _merge(folder / "delta", made.lake.read(path), table)
        state = _state(folder / "delta", after)
        found += [
            f"{made.order.name} by delta-rs{what}: {each}"
            for each in compare.differences(made.current, state, made.keys)
        ]
    return found


def _merge(folder: Path, rows: pa.Table, table: job.Table) -> None:
    newest = _newest(rows, table)
    if not DeltaTable.is_deltatable(str(folder)):
        write_deltalake(folder, newest.slice(0, 0))
    delta = DeltaTable(folder)
    there = {field.name for field in delta.schema().fields}
    if not there >= set(table.all_columns):
        # What the job's ALTER TABLE does.
        write_deltalake(delta, newest.slice(0, 0), mode="append", schema_mode="merge")
        delta = DeltaTable(folder)
    values = {name: _sql(value) for name, value in job.assignments(table).items()}
    (
        delta.merge(
            newest, _sql(job.same_key(table.keys)), source_alias=job.SOURCE, target_alias=job.TARGET
        )
        .when_matched_update(values, _sql(job.IS_NEWER))
        .when_not_matched_insert(values)
        .execute()
    )


def _newest(rows: pa.Table, table: job.Table) -> pa.Table:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for name in table.all_columns:
        # A file of before the new column, read again.
        if name not in rows.schema.names:
            rows = rows.append_column(name, pa.nulls(len(rows)))
    connection.register(job.ARRIVED, rows)
    return connection.sql(_sql(job.newest_sql(table))).to_arrow_table()


def _sql(text: str) -> str:
    """Spark quotes names by another sign than DuckDB and delta-rs."""
    return text.replace("`", '"')


def _state(folder: Path, table: job.Table) -> pa.Table:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE SCHEMA lake")
    connection.register("delta_rows", DeltaTable(folder).to_pyarrow_table())
    connection.execute(f"CREATE VIEW lake.{table.merged} AS FROM delta_rows")
    return connection.sql(_sql(job.state_sql(table, "lake"))).to_arrow_table()


# ---- on Spark


def spark_differences(all_made: list[Made]) -> list[str]:
    """What differs after two runs of the job: half of the files, and all of them after the schema
    files got a column; after a third, with some of the files once more; and after two more, for
    which the schema files lost the column and tombstones are kept for DAYS: one with a file of late
    changes, one with nothing new."""
    folder = FOLDER / "spark"
    shutil.rmtree(folder, ignore_errors=True)
    files = folder / "files"
    runs: list[dict[str, Any]] = []
    for run, part in enumerate((0, 1, 1, 0, 0)):
        runs.append(
            {
                "tables": str(tables_file(all_made, part, folder)),
                "tombstone_days": 36_500 if run < 3 else DAYS,
                "files": str(files),
                "copies": [
                    copy
                    for at, made in enumerate(all_made)
                    for copy in _copies(made, at, run, files)
                ],
                "checkpoints": str(folder / "checkpoints"),
                "results": str(folder / f"results.{run}"),
            }
        )
    (folder / "runs.json").write_text(json.dumps({"conf": CONF, "runs": runs}))
    script = tools.TESTS / "merge_on_spark.py"
    command = [sys.executable, str(script), str(folder / "runs.json")]
    environment = os.environ | {"PYTHONPATH": str(JOB)}
    process.run(command, tools.WORK / "merge.log", environment)
    found = []
    for run, what in ((1, ""), (2, ", replayed")):
        for made in all_made:
            table = pq.read_table(folder / f"results.{run}" / made.order.name)
            found += [
                f"{made.order.name} by the job on Spark{what}: {each}"
                for each in compare.differences(made.current, table, made.keys)
            ]
    for made in filter(_has_late, all_made):
        found += [
            f"{made.order.name} by the job on Spark, without a column: {each}"
            for each in _late_differences(made, folder)
        ]
    return found


def _lost(made: Made) -> str:
    """The column that the schema file loses."""
    before, after = (
        {column["name"] for column in made.lake.schemas[part]["columns"]} for part in (0, 1)
    )
    [lost] = after - before
    return lost


def _has_late(made: Made) -> bool:
    """Whether an item has a value in that column; those of the table `ties` don't."""
    return any(row.values[_lost(made)] is not None for row in made.current.values())


def _late(made: Made) -> tuple[str, tuple, tuple, tuple]:
    """The column that the schema file lost, an item that is then written, one that is deleted, and
    one whose delete is of long ago."""
    lost = _lost(made)
    written = next(key for key, row in made.current.items() if row.values[lost] is not None)
    deleted, long_deleted = [key for key in made.current if key != written][:2]
    return lost, written, deleted, long_deleted


def _late_rows(made: Made) -> list[dict[str, Any]]:
    """Newer than all others, by their sequence."""
    _, *keys = _late(made)
    events = zip(("MODIFY", "REMOVE", "REMOVE"), (FUTURE, FUTURE, PAST), strict=True)
    return [
        {
            **dict(zip(made.keys, key, strict=True)),
            "_event_type": event,
            "_event_time": f"{time.isoformat()}Z",
            "_sequence": "9" * 20 + "-" + "9" * 56,
        }
        for key, (event, time) in zip(keys, events, strict=True)
    ]


def _late_differences(made: Made, folder: Path) -> list[str]:
    """All in which the last run left another state, other tombstones, or other values in the column
    that the schema file lost."""
    lost, written, *gone = _late(made)
    name, merged = made.order.name, f"{made.order.name}_merged"
    blank = dict.fromkeys(made.current[written].values)
    late = blank | dict(zip(made.keys, written, strict=True))
    late |= {"_event_time": FUTURE, "_sequence": _late_rows(made)[0]["_sequence"]}
    wanted = {**made.current, written: Row(late, {})}
    wanted = {key: row for key, row in wanted.items() if key not in gone}
    state = pq.read_table(folder / "results.4" / name)
    without = {
        key: Row({name: value for name, value in row.values.items() if name != lost}, row.rescued)
        for key, row in wanted.items()
    }
    found = compare.differences(without, state, made.keys)

    before, after = (
        {
            tuple(row[name] for name in made.keys): row
            for row in compare.rows_of(pq.read_table(folder / f"results.{run}" / merged))
        }
        for run in (2, 4)
    )
    found += [
        f"{key}: {lost} is {after[key][lost]!r}, not {row.values[lost]!r}"
        for key, row in wanted.items()
        if key in after and not same(row.values[lost], after[key][lost])
    ]
    oldest = datetime.now(UTC).replace(tzinfo=None) - timedelta(DAYS)
    deletes = {key: row for key, row in before.items() if row["_event_type"] == "REMOVE"}
    kept = {key for key, row in deletes.items() if row["_event_time"] >= oldest} | {gone[0]}
    tombstones = {key for key, row in after.items() if row["_event_type"] == "REMOVE"}
    if tombstones != kept or not deletes:
        found.append(f"{len(tombstones)} tombstones of {len(deletes)}, not {len(kept)}")
    return found


def _copies(made: Made, at: int, run: int, files: Path) -> list[list[str]]:
    """Which files are put where the job finds them, before this run."""
    if run < 2:
        paths = made.parts[run]
    elif run == 2:
        paths = replayed(made, at)
    else:
        is_late = run == 3 and _has_late(made)
        paths = [made.lake.write_by_hand(0, "late", _late_rows(made))] if is_late else []
    prefix = "again-" if run == 2 else ""
    return [
        [
            str(made.lake.waiting / path),
            str(files / made.order.location / path.with_name(prefix + path.name)),
        ]
        for path in paths
    ]
