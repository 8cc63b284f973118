"""A table's export to S3, laid out as DynamoDB writes it: the manifests with their checksums, and
gzipped files with a line per item.

The emulator's own export writes no files. Here they are written from a model of the table, or from
what a scan by boto3's low-level client gives, whose binary values are `bytes`.

    PREFIX/AWSDynamoDB/EXPORT_ID/manifest-summary.json, manifest-files.json, *.md5, _started
    PREFIX/AWSDynamoDB/EXPORT_ID/data/NAME.json.gz       of a full export
    PREFIX/AWSDynamoDB/data/NAME.json.gz                 of incremental ones, all in one folder

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html

The same arguments give the same names and bytes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from .changes import Item
from .machine import REGION

ACCOUNT = "123456789012"
BUCKET = "exports"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How long an export takes.
DURATION = timedelta(minutes=5)


class Change(Protocol):
    """A change of an item, as the table made it: its image before and after."""

    @property
    def key(self) -> Item: ...
    @property
    def old(self) -> Item | None: ...
    @property
    def new(self) -> Item | None: ...
    @property
    def time_us(self) -> int: ...


@dataclass(frozen=True)
class Place:
    """Where an export is written to: a folder in place of the bucket, and a prefix in it.

    An export has at least one file for each partition of its table, empty ones included.
    """

    folder: Path
    prefix: str = ""
    files: int = 4


def full(
    place: Place, table: str, keys: Sequence[str], items: Iterable[Item], time: datetime
) -> Path:
    """Writes a full export of these items; returns the folder with its manifests.

    `keys`: the names of the key's attributes. `time`: what the export calls its time.
    """
    lines = [(_key_text({name: item[name] for name in keys}), {"Item": item}) for item in items]
    named = {"exportTime": _iso(time), "exportType": "FULL_EXPORT"}
    return _write(place, table, lines, time, named)


def incremental(
    place: Place,
    table: str,
    changes: Iterable[Change],
    since: datetime,
    until: datetime,
    old_images: bool = True,
) -> Path:
    """Writes an incremental export of what these changes, in their order, did to the table between
    two times; returns the folder with its manifests."""
    lines = [
        (_key_text(line["Keys"]), line)
        for line in compacted(changes, to_us(since), to_us(until), old_images)
    ]
    named = {
        "exportFromTime": _iso(since),
        "exportToTime": _iso(until),
        "outputView": "NEW_AND_OLD_IMAGES" if old_images else "NEW_IMAGE",
        "exportType": "INCREMENTAL_EXPORT",
    }
    return _write(place, table, lines, until, named)


def compacted(
    changes: Iterable[Change], since_us: int, until_us: int, old_images: bool = True
) -> list[dict[str, Any]]:
    """The lines of an incremental export, one for each item that was changed from `since_us` on
    and before `until_us`.

    Each has the item's last state, the time of the last change, and as its old image the state
    before the first one. An item that was neither there before nor is after has no line.
    """
    of_items: dict[str, tuple[Change, Change]] = {}
    for change in changes:
        if since_us <= change.time_us < until_us:
            key = _key_text(change.key)
            first, _ = of_items.get(key, (change, change))
            of_items[key] = (first, change)
    lines = []
    for first, last in of_items.values():
        if first.old is None and last.new is None:
            continue
        line: dict[str, Any] = {
            # A string in AWS' documentation, an attribute value in the files.
            "Metadata": {"WriteTimestampMicros": {"N": str(last.time_us)}},
            "Keys": last.key,
        }
        if last.new is not None:
            line["NewImage"] = last.new
        if first.old is not None and old_images:
            line["OldImage"] = first.old
        lines.append(line)
    return lines


def json_line(value: dict[str, Any]) -> str:
    """An item or a line of an export as a line of text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_base64) + "\n"


def to_us(time: datetime) -> int:
    """Microseconds since 1970."""
    return (time - EPOCH) // timedelta(microseconds=1)


def from_us(time_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=time_us)


def _write(
    place: Place,
    table: str,
    lines: Iterable[tuple[str, dict[str, Any]]],
    time: datetime,
    named: dict[str, str],
) -> Path:
    """Writes data files and manifests. `lines`: each with its key, which says its partition."""
    of_files: list[list[bytes]] = [[] for _ in range(place.files)]
    for key, line in lines:
        of_files[_digest(key)[0] % place.files].append(json_line(line).encode())

    digest = _digest(table + json.dumps(named)).hex()
    export_id = f"{to_us(time) // 1000:014d}-{digest[:8]}"
    root = "/".join(filter(None, [place.prefix, "AWSDynamoDB"]))
    home = f"{root}/{export_id}"
    is_full = named["exportType"] == "FULL_EXPORT"
    entries = []
    for number, of_file in enumerate(of_files):
        data = gzip.compress(b"".join(of_file), mtime=0)
        name = base64.b32encode(_digest(f"{export_id} {number}"))[:26].decode().lower()
        key = f"{home if is_full else root}/data/{name}.json.gz"
        _put(place.folder / key, data)
        entries.append(
            {
                "itemCount": len(of_file),
                "md5Checksum": _md5(data),
                "etag": hashlib.md5(data).hexdigest() + "-1",
                "dataFileS3Key": key,
            }
        )

    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    summary = {
        "version": "2020-06-30" if is_full else "2023-08-01",
        "exportArn": f"{arn}/export/{export_id}",
        "startTime": _iso(time),
        "endTime": _iso(time + DURATION),
        "tableArn": arn,
        "tableId": "12345a12-abcd-123a-ab12-1234abc12345",
        "s3Bucket": BUCKET,
        "s3Prefix": place.prefix or None,
        "s3SseAlgorithm": "AES256",
        "s3SseKmsKeyId": None,
        "manifestFilesS3Key": f"{home}/manifest-files.json",
        "billedSizeBytes": sum(len(line) for of_file in of_files for line in of_file),
        "itemCount": sum(map(len, of_files)),
        "outputFormat": "DYNAMODB_JSON",
        **named,
    }
    folder = place.folder / home
    manifests = {
        "manifest-files": "".join(json.dumps(entry) + "\n" for entry in entries).encode(),
        "manifest-summary": json.dumps(summary).encode(),
    }
    _put(folder / "_started", b"")
    for name, data in manifests.items():
        _put(folder / (name + ".json"), data)
        _put(folder / (name + ".md5"), _md5(data).encode())
    return folder


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _key_text(key: Item) -> str:
    return json.dumps(key, sort_keys=True, default=_base64)


def _iso(time: datetime) -> str:
    """As the manifests have times, in milliseconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def _base64(value: bytes) -> str:
    """Binary is encoded once in an export, where a change record has it encoded twice."""
    return base64.b64encode(value).decode()


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
