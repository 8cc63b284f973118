"""The whole story of a table, on Spark: items from before its stream, changes that are late or come
twice, a hole of ten minutes in which nothing reaches the stream, records that fail. Exports come in
by the real `dynalake backfill`, failed records by the real `dynalake replay`.

In the end the current state by AUTO CDC has to be the DynamoDB table. Which row it is of each item,
by its time and `_sequence`, a model computes from the changes, the deliveries and the exports'
times.
"""

from __future__ import annotations

import base64
import csv
import json
import random
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dynalake_dev import export
from dynalake_dev.changes import Item
from dynalake_dev.export import Place, from_us, to_us
from dynalake_dev.machine import ROOT

from . import compare, tables, tools, view
from .spark import CATALOG, ENGINES_COLUMNS, Pipeline, Spark
from .streams import (
    EPOCH,
    KINDS,
    RECORDS_IN_EVENT,
    Change,
    Delivery,
    Kind,
    Rows,
    Schema,
    Stream,
    event_of,
    key_columns,
    row_of,
)

SECOND = 1_000_000
# From the first change to the last. The margin of five minutes has to be small beside it.
DURATION_US = 4000 * SECOND
MARGIN = timedelta(minutes=5)
# How far an export's clock is off.
SKEW = timedelta(seconds=60)

# When what happens, as parts of the whole time; exports at a random moment between two.
STREAM_BEGINS, HOLE_BEGINS, HOLE_ENDS = 0.2, 0.4, 0.55
FIRST_EXPORT, SECOND_EXPORT = (0.25, 0.35), (0.7, 0.9)
# Part of the deliveries that are there before the second export.
EARLY = 0.7


@dataclass
class ModelRow:
    """A row that has to be in the lake: after which change its item is so, and whether it is a
    tombstone."""

    change: Change
    is_tombstone: bool
    sequence: str
    time_us: int


class Story:
    """A table, its stream and its exports."""

    def __init__(
        self,
        name: str,
        kind: Kind,
        is_in: Callable[[Item | None], bool],
        changes: int,
        files: int = 1,
    ) -> None:
        self.name, self.is_in = name, is_in
        # Of each export. A file is a batch of Spark's.
        self.files = files
        pace_us = 2 * DURATION_US // changes
        self.stream = Stream(kind, 21, changes, changes // 2, pace_us=pace_us)
        self.chance = random.Random(21)
        self.first = self.chance.uniform(*FIRST_EXPORT)
        self.second = self.chance.uniform(*SECOND_EXPORT)
        self.schema = kind.schema(1)
        self.keys = key_columns(Schema(self.schema))
        self.folder = tables.FOLDER / name
        self.work = self.folder.with_name(name + ".work")
        self.work.mkdir(parents=True)
        self.schema_file = self.work / "schema.json"
        self.schema_file.write_text(json.dumps(self.schema))

        begins, hole, ends = map(self._second_at, (STREAM_BEGINS, HOLE_BEGINS, HOLE_ENDS))
        times = {change.at: change.time_us for change in self.stream.changes}
        self.lost = {at for at, time in times.items() if time < begins or hole <= time < ends}
        failing = self.chance.sample(
            sorted(times.keys() - self.lost - self.stream.tied), changes // 20
        )
        self.failed = sorted(failing)
        self.deliveries = [
            delivery
            for delivery in self.stream.deliveries
            if delivery.change.at not in self.lost.union(failing)
        ]
        self.delivered = 0
        self.rows: list[ModelRow] = []
        # Items whose end is in no export that was loaded.
        self.unknown: set[str] = set()
        self.loaded: list[tuple[str, Path, list[str | Path]]] = []

    def time_at(self, part: float) -> int:
        """The time at such a part of the whole."""
        first, last = self.stream.changes[0].time_us, self.stream.changes[-1].time_us
        return first + int((last - first) * part)

    def _second_at(self, part: float) -> int:
        """The same, cut to whole seconds: of a second either all changes are lost, or none. An
        incremental export knows no order within one."""
        return self.time_at(part) // SECOND * SECOND

    # ---- the stream

    def deliver(self, until: float) -> None:
        """Writes files of the deliveries up to a part of all, by `dynalake transform`."""
        at = int(until * len(self.deliveries))
        deliveries, self.delivered = self.deliveries[self.delivered : at], at
        events = self.work / f"events-{at}.jsonl"
        events.write_text("".join(self._events(deliveries)))
        out = self.folder / f"stream-{at}"
        self._run("transform", "--format", "parquet", "--out", out, events)
        for delivery in deliveries:
            self._add(delivery.change, delivery.change.sequence(delivery.number))

    def _events(self, deliveries: list[Delivery]) -> Iterable[str]:
        for at in range(0, len(deliveries), RECORDS_IN_EVENT):
            event = event_of(deliveries[at : at + RECORDS_IN_EVENT], self.stream.table)
            yield json.dumps(event) + "\n"

    def _add(self, change: Change, sequence: str) -> None:
        """A change's row. One that the view takes no notice of gives none."""
        if self.is_in(change.new) or self.is_in(change.old):
            is_tombstone = not self.is_in(change.new)
            self.rows.append(ModelRow(change, is_tombstone, sequence, change.time_us))

    # ---- what failed

    def replay(self) -> None:
        """Writes the error prefixes' objects, and replays them."""
        errors = self.work / "errors"
        shutil.rmtree(errors, ignore_errors=True)
        kinds = {
            "processing-failed": self._processing_failed,
            "format-conversion-failed": self._conversion_failed,
            "direct": self._direct_failed,
        }
        for number, (kind, line_of) in enumerate(kinds.items()):
            lines = [
                json.dumps(line_of(self.stream.changes[at]))
                for at in self.failed[number :: len(kinds)]
            ]
            name = f"stream-1-2026-01-01-00-00-00-0a1b2c3d-{number:04}"
            path = errors / kind / "2026/01/01/00" / name
            path.parent.mkdir(parents=True)
            # Firehose sometimes leaves the line breaks out.
            path.write_text(("\n" if number % 2 == 0 else "").join(lines))
        self._load("replay", errors)
        for at, failed in enumerate(self.failed):
            change = self.stream.changes[failed]
            # Firehose does not say which number a record had that failed in the function.
            self._add(change, change.sequence(change.number if at % len(kinds) else 0))

    def _line(self, change: Change, data: bytes, code: str, **more: Any) -> dict[str, Any]:
        return {
            "attemptsMade": 4,
            "arrivalTimestamp": change.time_us // 1000,
            code + "Code": "Failed",
            code + "Message": "It failed.",
            "attemptEndingTimestamp": change.time_us // 1000 + 60_000,
            "rawData": base64.b64encode(data).decode(),
            **more,
        }

    def _processing_failed(self, change: Change) -> dict[str, Any]:
        arn = "lambdaArn" if change.at % 2 else "lambdaARN"
        return self._line(change, change.record(self.stream.table), "error", **{arn: "arn:aws:l"})

    def _conversion_failed(self, change: Change) -> dict[str, Any]:
        """What failed after the function: its row."""
        event = json.dumps(event_of([Delivery(0, change, change.number)], self.stream.table))
        row = self._run("transform", "--format", "jsonl", stdin=event.encode())
        number = {"sequenceNumber": f"{change.number:056d}", "subSequenceNumber": "0"}
        return self._line(change, row.rstrip(b"\n"), "lastError", **number)

    def _direct_failed(self, change: Change) -> dict[str, Any]:
        number = {"sequenceNumber": f"{change.number:056d}", "shardId": "shardId-000000000000"}
        return self._line(change, change.record(self.stream.table), "error", **number)

    # ---- exports

    def full(
        self, part: float, known_keys: Path | None = None, skew: timedelta | None = None
    ) -> Path:
        """Exports the table as it is at a part of the time, and loads that; returns the export's
        folder."""
        moment = self.time_at(part)
        place = Place(self.work / "bucket", files=self.files)
        time = self._off(moment, skew)
        last = self.table_at(moment)
        items = [change.new for change in last.values() if change.new is not None]
        made = export.full(place, self.stream.table, self.schema["keys"], items, time)
        known = [] if known_keys is None else ["--known-keys", known_keys]
        self._load("backfill", made, *known)

        dated = to_us(time - MARGIN)
        sequence = f"{dated:020d}-{0:056d}"
        lake = set() if known_keys is None else read_keys(known_keys)
        for key, change in last.items():
            if self.is_in(change.new):
                self.rows.append(ModelRow(change, False, sequence, dated))
            elif self._key_of(change) in lake:
                self.rows.append(ModelRow(change, True, sequence, dated))
            else:
                self.unknown.add(key)
        return made

    def table_at(self, moment: int) -> dict[str, Change]:
        """The last change of each item until then."""
        return self._last(change for change in self.stream.changes if change.time_us <= moment)

    def _key_of(self, change: Change) -> tuple[str, ...]:
        """The key columns' values, as a CSV file has them."""
        values, _ = Schema(self.schema).state(change.key)
        return tuple(str(values[name]) for name in self.keys)

    def incremental(self, begins: float, ends: float) -> None:
        """Exports what changed between two parts of the time, and loads that."""
        since, until = (self._off(self.time_at(part)) for part in (begins, ends))
        place = Place(self.work / "bucket", "exports/orders", self.files)
        changes = self.stream.changes
        made = export.incremental(place, self.stream.table, changes, since, until)
        self._load("backfill", made)
        within = [change for change in changes if to_us(since) <= change.time_us < to_us(until)]
        first = {json.dumps(change.key): change for change in reversed(within)}
        for key, change in self._last(within).items():
            if first[key].old is not None or change.new is not None:
                seconds, micros = divmod(change.time_us, SECOND)
                sequence = f"{seconds * SECOND:020d}-{micros:056d}"
                is_tombstone = not self.is_in(change.new)
                self.rows.append(ModelRow(change, is_tombstone, sequence, change.time_us))
            else:
                self.unknown.add(key)

    def _off(self, time_us: int, skew: timedelta | None = None) -> datetime:
        """What an export calls this time, by a clock that is so much ahead, or by chance; manifests
        have milliseconds."""
        if skew is None:
            skew = SKEW * self.chance.uniform(-1, 1)
        time = from_us(time_us) + skew
        return time.replace(microsecond=time.microsecond // 1000 * 1000)

    def _last(self, changes: Iterable[Change]) -> dict[str, Change]:
        """The last change of each item."""
        return {json.dumps(change.key): change for change in changes}

    def _load(self, command: str, source: Path, *words: str | Path) -> None:
        """Runs a command that loads what is in a folder into one of its name."""
        options = ["--out", self.folder / source.name, *words]
        self.loaded.append((command, source, options))
        self._run(command, source, *options)

    def _run(self, command: str, *words: str | Path, stdin: bytes = b"") -> bytes:
        return tools.dynalake(command, "--schema", self.schema_file, *words, stdin=stdin)

    def changed_by_second_runs(self) -> list[str]:
        """Files that are not the same after each export and the errors were loaded once more."""
        before = self._files()
        for command, source, options in self.loaded:
            self._run(command, source, *options)
        after = self._files()
        names = sorted(before.keys() | after.keys())
        return [
            f"{name}: a second run changed it"
            for name in names
            if before.get(name) != after.get(name)
        ]

    def _files(self) -> dict[str, bytes]:
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    # ---- what has to come of it

    def expected(self) -> Rows:
        """The rows of the current state: of each key the one with the greatest `_sequence`."""
        schema, rows = Schema(self.schema), {}
        for row in self._newest().values():
            if not row.is_tombstone:
                made = row_of(schema, row.change, row.sequence)
                made.values["_event_time"] = EPOCH + timedelta(microseconds=row.time_us)
                rows[self.stream.key_of(schema, made)] = made
        return rows

    def differences(self, table: pa.Table) -> list[str]:
        """All in which a current state is not what is expected."""
        found = compare.differences(self.expected(), table, self.keys, more=ENGINES_COLUMNS)
        return [f"{self.name}: {what}" for what in found]

    def _newest(self) -> dict[str, ModelRow]:
        newest: dict[str, ModelRow] = {}
        for row in self.rows:
            key = json.dumps(row.change.key)
            if key not in newest or newest[key].sequence < row.sequence:
                newest[key] = row
        return newest

    def untold(self) -> tuple[list[str], int]:
        """Items whose newest row is not their last state and should be; and how many need not, as
        their end was lost and no export has it: their key was not yet in the lake, or they
        came and went within an incremental export's window."""
        newest, found, predicted = self._newest(), [], 0
        for key, last in self._last(self.stream.changes).items():
            row, image = newest.get(key), last.new if self.is_in(last.new) else None
            told = None if row is None or row.is_tombstone else row.change.new
            if told != image and key in self.unknown:
                predicted += 1
            elif told != image:
                found.append(f"{self.name}: {key}: the newest row is not the item's last state")
        return found, predicted

    def healed(self) -> dict[str, int]:
        """How many items are right by an export alone, by what was lost of them."""
        counts = {"from before": 0, "changed in the hole": 0, "deleted in the hole": 0}
        begins = self._second_at(STREAM_BEGINS)
        for row in self._newest().values():
            if row.change.at in self.lost:
                is_old = row.change.time_us < begins
                lost = "deleted" if row.is_tombstone else "changed"
                counts["from before" if is_old else f"{lost} in the hole"] += 1
        return counts


def write_keys(pipeline: Pipeline, table: str, keys: list[str], folder: Path) -> Path:
    """The keys that the lake has, as a CSV file, by the statement of the page on backfills."""
    page = (ROOT / "docs" / "operations" / "backfill.md").read_text()
    [statement] = re.findall(r"```sql\n(INSERT OVERWRITE DIRECTORY .+?)```", page, re.DOTALL)
    for stated, here in (
        ("s3://my-bucket/keys/", folder.as_uri()),
        ("order_id", ", ".join(keys)),
        ("main.dynalake.orders", f"{CATALOG}.{pipeline.name}.{table}"),
    ):
        if stated not in statement:
            raise ValueError(f"the statement of the page has no {stated}")
        statement = statement.replace(stated, here)
    pipeline.spark.sql(statement)
    [file] = folder.glob("*.csv")
    return file


def read_keys(path: Path) -> set[tuple[str, ...]]:
    with open(path, newline="") as file:
        return {tuple(row) for row in csv.reader(file)}


def without_a_margin(story: Story, made: Path, folder: Path) -> None:
    """A lake with the rows of an export whose clock is ahead, dated by it: they win over what
    changed meanwhile."""
    shutil.copytree(story.folder, folder, ignore=shutil.ignore_patterns(made.name))
    out = folder / made.name
    tools.dynalake("backfill", "--schema", story.schema_file, made, "--out", out, "--margin", "0s")


def that_win(story: Story, made: Path, folder: Path) -> None:
    """A lake in which exports' rows are newer than all changes."""
    shutil.copytree(story.folder, folder)
    exports = [source.name for command, source, _ in story.loaded if command == "backfill"]
    for path in (path for name in exports for path in (folder / name).rglob("*.parquet")):
        rows = pq.ParquetFile(path).read()
        newest = pa.array(["9" * 20 + "-" + "9" * 56] * rows.num_rows)
        rows = rows.set_column(rows.schema.get_field_index("_sequence"), "_sequence", newest)
        pq.write_table(rows, path, use_deprecated_int96_timestamps=True)


MUTANTS = {"exports_without_a_margin": without_a_margin, "exports_that_win": that_win}


def differences(spark: Spark, changes: int) -> tuple[list[str], int, int]:
    """All in which the current states are not the tables; how many rows they have, and how many
    items differ as they must."""
    pipeline = Pipeline(spark, "story")
    whole = Story("story", KINDS["rich"], lambda item: item is not None, changes, files=2)
    part = Story("story_of_a_view", view.KIND, view.is_in, changes)
    stories = [whole, part]
    whole.deliver(EARLY)
    whole.full(whole.first)
    _update(pipeline, {whole.name: whole})

    # What was lost comes back: to one table by a full export and the keys that the lake has, to the
    # other by an incremental one.
    keys = write_keys(pipeline, whole.name, whole.keys, whole.work / "keys")
    whole.full(whole.second, known_keys=keys)
    whole.deliver(1)
    part.deliver(1)
    part.incremental(HOLE_BEGINS - 0.05, part.second)
    ahead = part.full(part.second, skew=SKEW)
    for story in stories:
        story.replay()
    found = [what for story in stories for what in story.changed_by_second_runs()]
    for name, load in MUTANTS.items():
        load(part, ahead, tables.FOLDER / name)
    _update(pipeline, {story.name: story for story in stories} | dict.fromkeys(MUTANTS, part))

    rows = predicted = 0
    for story in stories:
        rows += len(story.expected())
        untold, differ = story.untold()
        found += untold
        predicted += differ
        found += story.differences(pipeline.table(story.name))
        healed = story.healed()
        if min(healed.values()) < 2 or not story.failed:
            found.append(f"{story.name}: {healed} came by exports: take another seed")
    for name in MUTANTS:
        if not part.differences(pipeline.table(name)):
            found.append(f"{name}: no difference was found")
    return found, rows, predicted


def _update(pipeline: Pipeline, stories: dict[str, Story]) -> None:
    """Takes in what is there for these tables, by the stories' schema files."""
    settings = [
        {"name": name, "schema": story.schema, "location": name} for name, story in stories.items()
    ]
    pipeline.update(pipeline.configuration(settings, volume=str(tables.FOLDER)))
