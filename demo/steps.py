"""The steps of a run. Each takes what the steps before it returned, and returns a value of its own:

prepare  → Prepared      a table with items from before, and the schema that is inferred of them
deploy   → Deployment    what Terraform made, and the clients that reach it
write    → Delivery      the changes that were written
load     → Loaded        what backfill and replay brought, which no stream did
verify   → Verified      the rows that arrived, and how they differ from the changes
compare  → CurrentState  the table's items beside the current state in the lake
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynalake_dev import build, contract, ddl, emulator, lake
from dynalake_dev.changes import Item, Step, generated
from dynalake_dev.console import Stage, Timings
from dynalake_dev.emulator import Emulator
from dynalake_dev.machine import ROOT
from dynalake_dev.terraform import Applied, Terraform

from . import loading, state
from .state import WORK, Running
from .story import story
from .ways import Way
from .writing import Writer

SCHEMA = ROOT / "demo" / "orders.schema.json"
# Without any progress for so long, something is broken, and it is time to say what is missing.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Prepared:
    """A DynamoDB table with items that were there before the pipeline."""

    way: Way
    emulator: Emulator
    terraform: Terraform
    program: Path
    before: list[Item]


@dataclass(frozen=True)
class Deployment:
    """What Terraform made on the emulator, and what reaches it."""

    way: Way
    emulator: Emulator
    terraform: Terraform
    program: Path
    applied: Applied
    schema: contract.Schema
    lake: lake.Lake
    writer: Writer

    @property
    def outputs(self) -> dict[str, Any]:
        return self.applied.outputs

    @property
    def command_line(self) -> ddl.CommandLine:
        return ddl.CommandLine(self.program, self.terraform.schema)


@dataclass(frozen=True)
class Delivery:
    """What was written into the table."""

    # Those of the changes that are the story's.
    story: list[contract.Written]
    failures: list[str]


@dataclass(frozen=True)
class Loaded:
    """What backfill and replay brought, and what else went into the stream."""

    # The items of the export.
    exported: list[Item]
    # The object under the error prefix, if the demo wrote it, and the changes that failed.
    error_key: str
    failed: list[contract.Written]
    # How many items differed from the current state: before, with the export, with the replay.
    differing: list[int]
    foreign: ForeignRecords


@dataclass
class ForeignRecords:
    """What a shared stream may bring: a record that is no change at all, and another table's
    changes."""

    failed: int = 0
    dropped: int = 0


@dataclass(frozen=True)
class Opened:
    """The lake as it was when its objects were fetched, with the SQL that belongs to it."""

    # The current-state view that `dynalake ddl` prints for Athena, and its name.
    view_sql: str
    view: str
    duckdb: Any


@dataclass(frozen=True)
class Verified:
    """What arrived, and how it differs from what was written."""

    opened: Opened
    # Those of changes.
    rows: list[dict[str, Any]]
    metrics: dict[str, int]
    log_lines: list[str]
    notified: list[str]
    differences: list[str]


@dataclass(frozen=True)
class CurrentState:
    """The DynamoDB table as a scan finds it, beside the view that ships for Athena."""

    items: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    differences: list[str]


def prepare(
    running: Running, way: Way, is_kept: bool, items: int, seed: int, timings: Timings
) -> Prepared:
    with Stage("function's package", timings) as stage:
        out, log = WORK / "dist", WORK / "package.log"
        package = build.function_package(way.program, out, log, stage.update)
        stage.result = f"{package.stat().st_size:,} bytes"
    running.build = build.CommandLineBuild(WORK / "command_line.log")
    with Stage("emulator", timings) as stage:
        running.emulator = started = emulator.start(WORK, owned=not is_kept)
        state.write(started)
        stage.result = started.endpoint
    terraform = Terraform(WORK, started.endpoint, way.example)
    with Stage("terraform init", timings):
        terraform.prepare(SCHEMA, package)
        terraform.override(way.override)
        terraform.init()
    with Stage("a table from before", timings) as stage:
        terraform.apply(stage.update, only="aws_dynamodb_table.this")
        dynamodb, table = started.client("dynamodb"), json.loads(SCHEMA.read_text())["table"]
        before = loading.put_items(dynamodb, table, items, seed)
        stage.result = f"{len(before):,} items that no stream has seen"
    with Stage("command line, built meanwhile", timings):
        program = running.build.wait()
    with Stage("dynalake infer, check, diff", timings) as stage:
        inferred = loading.infer(program, table, lake.items(dynamodb, table), SCHEMA)
        stage.result = f"{inferred.columns} columns; to the file applied {inferred.differences}"
    return Prepared(way, started, terraform, program, before)


def deploy(running: Running, prepared: Prepared, timings: Timings) -> Deployment:
    way, started, terraform = prepared.way, prepared.emulator, prepared.terraform
    way.open(terraform)
    with Stage("terraform apply", timings) as stage:
        applied = terraform.apply(stage.update)
        done = sum(kind == "apply_complete" for kind, _ in applied.events)
        stage.result = f"{done} resources"
    client, outputs = started.client, applied.outputs
    table, prefixes = outputs["table_name"], (outputs["data_prefix"], outputs["error_prefix"])
    objects = lake.Lake(WORK / "lake", client("s3"), outputs["bucket"], *prefixes)
    objects.clear()
    way.start(running, started, outputs, objects, len(prepared.before))
    return Deployment(
        way=way,
        emulator=started,
        terraform=terraform,
        program=prepared.program,
        applied=applied,
        schema=contract.Schema(json.loads(SCHEMA.read_text())),
        lake=objects,
        writer=Writer(client("dynamodb"), table, "orderId", way.expired, prepared.before),
    )


# ---- changes


def write(deployed: Deployment, changes: int, seed: int, timings: Timings) -> Delivery:
    way, told, failures = deployed.way, story(), []
    first, others = way.arrange(told, list(generated(changes, seed)))
    if first:
        with Stage("changes that the schema can't take", timings) as stage:
            _write_all(deployed, first, stage)
            failures += wait_for_changes(deployed, stage)
            stage.result = f"{len(first):,} lines in the error prefix"
        failures += way.correct(deployed.terraform, timings)
    with Stage("changes into DynamoDB", timings) as stage:
        _write_all(deployed, others, stage)
        made_up = len(others) - len(told)
        stage.result = f"{len(told)} of the story, {made_up:,} made up (seed {seed})"
    with Stage("changes into Parquet", timings) as stage:
        failures += wait_for_changes(deployed, stage)
        stage.result = f"{len(deployed.lake.objects()):,} objects"
    at = len(first)
    return Delivery(deployed.writer.written[at : at + len(told)], failures)


def _write_all(deployed: Deployment, steps: list[Step], stage: Stage) -> None:
    for number, step in enumerate(steps):
        stage.update(done=number, total=len(steps))
        deployed.way.check()
        deployed.writer.write(step)


def wait_for_changes(deployed: Deployment, stage: Stage) -> list[str]:
    """Waits until as many changes are accounted for as were written; whether they are the right
    ones is checked later. Returns what is missing once nothing has moved for a minute."""
    total = len(deployed.writer.written)
    before, since = None, time.monotonic()
    while True:
        deployed.way.check()
        progress = deployed.way.progress()
        stage.update(progress.detail, progress.done, total)
        if progress.done >= total:
            return []
        if progress != before:
            before, since = progress, time.monotonic()
        elif time.monotonic() - since > PATIENCE_SECONDS:
            return [
                f"after {PATIENCE_SECONDS:.0f} s without progress: {total:,} changes written, "
                f"{progress.done:,} accounted for: {progress.detail}"
            ]
        time.sleep(0.5)


# ---- what no stream brings


def load(deployed: Deployment, timings: Timings) -> Loaded:
    """Backfills what was there before, and replays what failed."""
    outputs, schema, way = deployed.outputs, deployed.terraform.schema, deployed.way
    bucket, table = outputs["bucket"], outputs["table_name"]
    out = f"s3://{bucket}/{outputs['data_prefix']}"
    items = lake.items(deployed.emulator.client("dynamodb"), table)
    differing = [_differing(deployed, items)]
    with Stage("dynalake backfill", timings) as stage:
        loading.backfill(deployed.program, deployed.emulator, schema, items, table, out)
        differing.append(_differing(deployed, items))
        stage.result = (
            f"{len(items):,} items exported; {differing[0]:,} differed, now {differing[1]:,}"
        )
    written = enumerate(deployed.writer.written)
    failed = [change for number, change in written if way.fails(number)]
    with Stage("dynalake replay", timings) as stage:
        key = way.put_errors()
        errors = f"s3://{bucket}/{outputs['error_prefix']}"
        loading.replay(deployed.program, deployed.emulator, schema, errors, out)
        differing.append(_differing(deployed, items))
        stage.result = (
            f"{len(failed):,} changes that failed; {differing[1]:,} differed, now {differing[2]:,}"
        )
    with Stage("records that are no change of it", timings) as stage:
        foreign = ForeignRecords()
        way.put_no_change()
        foreign.failed += 1
        way.put_another_tables_change()
        foreign.dropped += 1
        stage.result = "one of another table, one no change at all"
    return Loaded(items, key, failed, differing, foreign)


def _differing(deployed: Deployment, items: list[Item]) -> int:
    """How many differences there are between the table and its current state."""
    deployed.lake.fetch()
    opened = open_lake(deployed, deployed.command_line)
    rows = lake.rows(opened.duckdb, opened.view)
    return len(contract.current_differences(items, rows, deployed.schema))


# ---- checking


def verify(deployed: Deployment, loaded: Loaded, is_kept: bool, timings: Timings) -> Verified:
    with Stage("every value compared", timings) as stage:
        stage.update("fetching the Parquet objects")
        deployed.lake.fetch()
        opened = open_lake(deployed, deployed.command_line)
        rows = lake.rows(opened.duckdb, deployed.outputs["glue_table"])
        exported = [row for row in rows if row["_event_type"] == "EXPORT"]
        changed = [row for row in rows if row["_event_type"] != "EXPORT"]
        way, written = deployed.way, deployed.writer.written
        found = contract.differences(written, changed, deployed.schema, way.whole_seconds)
        found += contract.current_differences(loaded.exported, exported, deployed.schema)
        found += way.error_differences(loaded.failed, loaded.foreign.failed, loaded.error_key)
        metrics, log_lines, differences = _check_metrics(deployed, loaded.foreign)
        found += differences
        found += way.stream_differences(changed)
        notified, differences = _check_notifications(deployed, is_kept)
        found += differences
        values = sum(value is not None for row in rows for value in row.values())
        outcome = "all equal" if not found else f"{len(found)} differences"
        stage.result = f"{len(rows):,} rows, {values:,} values, {outcome}"
    return Verified(opened, changed, metrics, log_lines, notified, found)


def open_lake(deployed: Deployment, command_line: ddl.CommandLine) -> Opened:
    """Takes the fetched objects and the schema file as they are now."""
    database, table = deployed.outputs["glue_database"], deployed.outputs["glue_table"]
    view_sql = command_line.sql("athena", "view")
    connection = lake.connect(deployed.lake.folder, database, table, view_sql)
    return Opened(view_sql, table + "_current", connection)


def _check_metrics(
    deployed: Deployment, foreign: ForeignRecords
) -> tuple[dict[str, int], list[str], list[str]]:
    """The function's own count must agree; what is in no row must be in it."""
    logs, function = deployed.emulator.client("logs"), deployed.emulator.client("lambda")
    way, written = deployed.way, deployed.writer.written
    arrived = [change for number, change in enumerate(written) if not way.fails(number)]
    failed = len(written) - len(arrived) if way.fails_in_function else 0
    rescued = sum(bool(deployed.schema.row(change)[1]) for change in arrived)
    for _ in range(3):
        name = deployed.outputs["function_name"]
        metrics, lines = lake.metrics(logs, function, name, way.metrics)
        expected = {
            "RecordsIn": len(arrived) + failed + foreign.failed + foreign.dropped,
            "RecordsOk": len(arrived),
            "RowsRescued": rescued,
            "Duplicates": 0,
            "RecordsFailed": failed + foreign.failed,
            "RecordsDropped": foreign.dropped,
            **way.expected_metrics(),
        }
        if metrics["RecordsIn"] >= expected["RecordsIn"]:
            break
        # The emulator may collect an invocation's last line only with the next invocation.
        way.put_another_tables_change()
        foreign.dropped += 1
    found = [
        f"the function counted {name} = {metrics[name]:,}, not {value:,}"
        for name, value in expected.items()
        if metrics[name] != value
    ]
    return metrics, lines, found


def _check_notifications(deployed: Deployment, is_kept: bool) -> tuple[list[str], list[str]]:
    """The queue must have one notification for each object."""
    sqs, outputs = deployed.emulator.client("sqs"), deployed.outputs
    notified = lake.notifications(sqs, outputs["queue_url"], keep=is_kept)
    # S3 writes a key in a notification as a URL has it, so `=` is %3D.
    keys = sorted(lake.unquoted(key) for key in notified)
    objects = sorted(each["Key"] for each in deployed.lake.objects())
    dead = lake.count_messages(sqs, outputs["dead_letter_queue_url"])
    found = []
    if keys != objects:
        found.append(
            f"the queue has notifications of {len(keys):,} objects ({len(set(keys)):,} different "
            f"ones), the bucket has {len(objects):,}"
        )
    if dead:
        found.append(f"{dead} messages are in the dead-letter queue")
    return notified, found


def compare(deployed: Deployment, verified: Verified, timings: Timings) -> CurrentState:
    with Stage("current state compared", timings) as stage:
        dynamodb, view = deployed.emulator.client("dynamodb"), verified.opened.view
        items = lake.items(dynamodb, deployed.outputs["table_name"])
        rows = lake.rows(verified.opened.duckdb, view)
        found = contract.current_differences(items, rows, deployed.schema)
        outcome = f"{len(found):,} differences" if found else "all equal"
        stage.result = f"{len(items):,} items in DynamoDB, {len(rows):,} rows in {view}, {outcome}"
    return CurrentState(items, rows, found)
