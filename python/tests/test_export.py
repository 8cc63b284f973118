"""Tests of the exports that demo and tests write: what a reader of AWS' own relies on."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dynalake_dev import export
from dynalake_dev.changes import Item, N, S
from dynalake_dev.export import Place

TIME = datetime(2026, 5, 27, 6, 11, 47, 500_999, UTC)
SECOND = timedelta(seconds=1)
ITEMS = [{"id": S(f"o-{at}"), "photo": {"B": b"\xff\x00"}, "total": N("12.50")} for at in range(20)]


@dataclass
class Change:
    key: Item
    old: Item | None
    new: Item | None
    time_us: int


def change(at: int, name: str, old: str | None, new: str | None) -> Change:
    """A change of an item, so many seconds after TIME."""
    key = {"id": S(name)}
    images = [None if value is None else {**key, "value": S(value)} for value in (old, new)]
    return Change(key, *images, export.to_us(TIME) + at * 1_000_000)


CHANGES = [
    change(0, "before", None, "1"),
    change(1, "changed", "0", "1"),
    change(2, "made", None, "1"),
    change(3, "deleted", "0", "1"),
    change(4, "fleeting", None, "1"),
    change(5, "fleeting", "1", None),
    change(6, "made again", "0", None),
    change(7, "changed", "1", "2"),
    change(8, "deleted", "1", None),
    change(9, "made again", None, "1"),
    change(10, "after", None, "1"),
]


def read(place: Place, folder: Path) -> tuple[dict[str, Any], list[list[dict[str, Any]]]]:
    """The summary, and the lines of each file, found as a reader does: by the manifests alone, each
    checked."""
    for name in ("manifest-files", "manifest-summary"):
        data = (folder / f"{name}.json").read_bytes()
        assert (folder / f"{name}.md5").read_text() == md5(data)
    summary = json.loads((folder / "manifest-summary.json").read_text())
    manifest = place.folder / summary["manifestFilesS3Key"]
    assert manifest == folder / "manifest-files.json"
    files = []
    for line in manifest.read_text().splitlines():
        entry = json.loads(line)
        data = (place.folder / entry["dataFileS3Key"]).read_bytes()
        lines = gzip.decompress(data).splitlines()
        assert entry["md5Checksum"] == md5(data)
        assert entry["itemCount"] == len(lines)
        files.append([json.loads(line) for line in lines])
    assert summary["itemCount"] == sum(map(len, files))
    return summary, files


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


@pytest.mark.parametrize("prefix", ["", "exports/daily"])
def test_a_full_export_has_each_item_once(tmp_path: Path, prefix: str) -> None:
    place = Place(tmp_path, prefix, files=3)
    folder = export.full(place, "orders", ["id"], ITEMS, TIME)
    summary, files = read(place, folder)
    assert folder.parent == tmp_path / prefix / "AWSDynamoDB"
    assert re.fullmatch(r"\d{14}-[0-9a-f]{8}", folder.name)
    assert (folder / "_started").exists()
    assert {path.parent for path in tmp_path.rglob("*.json.gz")} == {folder / "data"}
    assert summary["exportTime"] == "2026-05-27T06:11:47.500Z"
    assert summary["exportType"] == "FULL_EXPORT"
    assert summary["outputFormat"] == "DYNAMODB_JSON"
    assert summary["tableArn"].endswith(":table/orders")
    assert summary["exportArn"] == f"{summary['tableArn']}/export/{folder.name}"
    assert "exportFromTime" not in summary and "outputView" not in summary
    items = [line["Item"] for lines in files for line in lines]
    assert all(item["photo"] == {"B": "/wA="} for item in items), "encoded once"
    assert sorted(item["id"]["S"] for item in items) == sorted(item["id"]["S"] for item in ITEMS)
    assert all(files), "every partition has some of 20 items"


def test_an_export_of_nothing_has_its_files(tmp_path: Path) -> None:
    place = Place(tmp_path, files=2)
    summary, files = read(place, export.full(place, "orders", ["id"], [], TIME))
    assert files == [[], []] and summary["billedSizeBytes"] == 0


def test_the_files_of_a_table_have_the_same_keys_each_time(tmp_path: Path) -> None:
    """As DynamoDB's partitions, whatever else an item has."""
    of_times = []
    for at, items in enumerate([ITEMS, [{**item, "total": N(1)} for item in ITEMS[::-1]]]):
        place = Place(tmp_path / str(at))
        _, files = read(place, export.full(place, "orders", ["id"], items, TIME))
        of_times.append([{line["Item"]["id"]["S"] for line in lines} for lines in files])
    assert of_times[0] == of_times[1]


def test_the_same_export_has_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for at in range(2):
        place = Place(tmp_path / str(at))
        export.full(place, "orders", ["id"], ITEMS, TIME)
        export.incremental(place, "orders", CHANGES, TIME, TIME + 10 * SECOND)
        paths = sorted(path for path in place.folder.rglob("*") if path.is_file())
        written.append({path.relative_to(place.folder): path.read_bytes() for path in paths})
    assert written[0] == written[1]


def test_an_incremental_export_has_the_last_state_and_the_one_before_its_window(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    since = TIME + SECOND
    folder = export.incremental(place, "orders", CHANGES, since, TIME + 10 * SECOND)
    summary, files = read(place, folder)
    assert {path.parent for path in tmp_path.rglob("*.json.gz")} == {folder.parent / "data"}
    assert summary["exportFromTime"] == "2026-05-27T06:11:48.500Z"
    assert summary["exportToTime"] == "2026-05-27T06:11:57.500Z"
    assert summary["exportType"] == "INCREMENTAL_EXPORT"
    assert summary["outputView"] == "NEW_AND_OLD_IMAGES"
    assert "exportTime" not in summary
    lines = {line["Keys"]["id"]["S"]: line for lines in files for line in lines}
    images = {
        name: tuple(
            line.get(image, {}).get("value", {}).get("S") for image in ("OldImage", "NewImage")
        )
        for name, line in lines.items()
    }
    assert images == {
        "changed": ("0", "2"),
        "made": (None, "1"),
        "deleted": ("0", None),
        "made again": ("0", "1"),
    }, "from inclusive, to exclusive, and nothing of what came and went"
    times = {name: line["Metadata"]["WriteTimestampMicros"] for name, line in lines.items()}
    assert times["changed"] == {"N": str(export.to_us(TIME) + 7_000_000)}
    assert list(lines["made"]) == ["Metadata", "Keys", "NewImage"]


def test_old_images_can_be_left_out() -> None:
    since, until = export.to_us(TIME), export.to_us(TIME + 10 * SECOND)
    lines = export.compacted(CHANGES, since, until, old_images=False)
    assert len(lines) == 5 and not any("OldImage" in line for line in lines)


def test_two_incremental_exports_share_a_folder(tmp_path: Path) -> None:
    place = Place(tmp_path)
    middle, end = TIME + 7 * SECOND, TIME + 11 * SECOND
    folders = [
        export.incremental(place, "orders", CHANGES, since, until)
        for since, until in ((TIME, middle), (middle, end))
    ]
    first, second = (read(place, folder) for folder in folders)
    assert first[0]["itemCount"] == 5 and second[0]["itemCount"] == 4
    assert len(list((tmp_path / "AWSDynamoDB" / "data").iterdir())) == 8


def test_times_are_exact() -> None:
    assert export.from_us(export.to_us(TIME)) == TIME
