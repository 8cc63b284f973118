"""Mode export: the data files of an export, in tasks that fail and are tried again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from databricks.tests.streams import KINDS, Stream
from dynalake_dev import build, export
from dynalake_dev.console import Checks, Stage
from dynalake_dev.export import Place

from . import rows
from .job import ATTEMPTS, Lake, new_lake
from .records import rejected_lines
from .stream import faults_differences

FILES = 200
FAULTS = ["child", "worker", "worker-after"]
DAMAGED_FILES = 6
TIME = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
# An item that can't be a row.
BAD = {"orderId": {"S": "bad"}, "total": {"N": 5}}


def run(check: Checks, program: Path, items: int) -> None:
    """All of it."""
    with Stage("an export", []) as stage:
        stream = Stream(KINDS["rich"], 3, items + items // 4, items)
        images = [*stream.items.values(), BAD]
        lake = new_lake("export", stream.kind.schema(1), program)
        made = _made(lake, stream, images, FILES)
        stage.result = f"{len(images):,} items in {FILES} data files"
    with Stage("the same by `dynalake backfill`", []):
        expected = rows.read(_backfill(lake, made, accept=(1,)))
    with Stage("tasks that fail", []):
        lake.export(made, master=ATTEMPTS, in_turn=FAULTS)
    check("faults", faults_differences(lake, FAULTS), "each happened")
    check(
        "rows of the export",
        rows.differences(expected, rows.read(lake.out)) + _names(lake),
        f"{expected.num_rows:,} equal, value by value, in files of the same names",
    )
    again = rejected_lines(lake.folder / "reference-rejected")
    wrong = [] if rejected_lines(lake.rejected) == again else ["they differ from backfill's"]
    check("rejected items", wrong or ([] if len(again) == 1 else ["one was planted"]), "the same")
    _damaged(check, program, stream)


def _made(lake: Lake, stream: Stream, items: list, files: int) -> Path:
    place = Place(lake.folder / "bucket", files=files)
    return export.full(place, stream.table, lake_keys(lake), items, TIME)


def lake_keys(lake: Lake) -> list[str]:
    keys: list[str] = json.loads(lake.schema.read_text())["keys"]
    return keys


def _backfill(lake: Lake, made: Path, accept: tuple[int, ...]) -> Path:
    out = lake.folder / "reference"
    words = ["backfill", "--schema", lake.schema, made, "--out", out]
    words += ["--rejected", lake.folder / "reference-rejected"]
    build.dynalake(lake.program, *words, accept=accept)
    return out


def _names(lake: Lake) -> list[str]:
    there = rows.names(lake.folder / "reference")
    return [] if rows.names(lake.out) == there else ["files have other names than backfill's"]


def _damaged(check: Checks, program: Path, stream: Stream) -> None:
    """A data file that is not what the manifest says is named, and costs no other."""
    lake = new_lake("damaged", stream.kind.schema(1), program)
    made = _made(lake, stream, list(stream.items.values()), DAMAGED_FILES)
    entries = (made / "manifest-files.json").read_text().splitlines()
    key = json.loads(entries[0])["dataFileS3Key"]
    file = lake.folder / "bucket" / key
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with Stage("an export with a damaged data file", []):
        code = lake.export(made, accept=(0, 1))
    name = Path(key).name
    found = [] if code == 1 else ["the job has succeeded"]
    if not any(line.startswith("dynalake_job: left out:") and name in line for line in lake.said):
        found.append(f"{name} is not named")
    expected = rows.read(_backfill(lake, made, accept=(1,)))
    found += rows.differences(expected, rows.read(lake.out)) + _names(lake)
    check("a damaged data file", found, "named, and all others are there")
