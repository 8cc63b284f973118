#!/usr/bin/env python3
"""Takes the rows of given items out of the Parquet files and the error prefix.

    python3 erasure/erase_files.py --schema orders.schema.json --keys keys.jsonl \\
        s3://my-bucket/data/orders/ s3://my-bucket/errors/orders/

`keys.jsonl` has a key a line, as the key columns hold it: {"order_id": "o-1"}. A folder of this
machine will do in place of a URL. It needs pyarrow, and for S3 the credentials that the AWS command
line would use, with the right to read, write and delete there.

A Parquet file with rows of these items, or without a key, is written again without them, in the
same place and with the same form of timestamps; one with no other rows is deleted. In all other
files it looks for what Firehose puts under an error prefix, and for change records: JSON values,
one after the other. It takes out those of these items and leaves the others byte by byte. What it
can't read it names and leaves as it is; the exit code is then 1. It says how many files and rows
there were, and never what was in them.

Run it twice: the second time finds nothing. docs/erasure.md has the steps around it.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import gzip
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

NUMBER = re.compile(r"tinyint|smallint|int|bigint|float|double|decimal(\(.*\))?")
SPACE = re.compile(r"\s*")

Key = tuple[Any, ...]


class Rejected(Exception):
    """A wrong setting: its name, its value and the fix."""


class Unreadable(Exception):
    """What is in a file isn't what this can look into."""


@dataclass(frozen=True)
class KeyColumn:
    """A key attribute and the column that holds it."""

    attribute: str
    name: str
    kind: str
    hashed: bool

    def value(self, value: Any) -> Any:
        """A column's value, so that equal ones are equal: numbers by value, the rest as text."""
        if value is None:
            return None
        if self.kind == "string":
            return str(value)
        try:
            return Decimal(str(value)).normalize()
        except InvalidOperation:
            return str(value)

    def of_attribute(self, attribute: Any) -> set[Any]:
        """What the column would hold of a DynamoDB attribute. Binary may be encoded twice."""
        if not isinstance(attribute, dict) or len(attribute) != 1:
            return set()
        [(kind, value)] = attribute.items()
        if kind not in ("S", "N", "B") or not isinstance(value, str):
            return set()
        texts = {value}
        if kind == "B":
            texts |= {once for once in [_decoded(value)] if once is not None}
        if self.hashed:
            texts = {hashlib.sha256(text.encode()).hexdigest() for text in texts}
        return {self.value(text) for text in texts}


@dataclass
class Erasure:
    """The keys to erase, and what was done."""

    columns: list[KeyColumn]
    keys: set[Key]
    looked_at: int = 0
    rewritten: int = 0
    deleted: int = 0
    rows: int = 0
    unreadable: list[str] = field(default_factory=list)

    def has_row(self, row: dict[str, Any]) -> bool:
        """Whether a row is of these items, or of nobody."""
        key = tuple(column.value(row.get(column.name)) for column in self.columns)
        return None in key or key in self.keys

    def has_change(self, keys: Any) -> bool:
        """Whether a change record's `Keys` are one of these items'."""
        if not isinstance(keys, dict):
            return False
        values = [column.of_attribute(keys.get(column.attribute)) for column in self.columns]
        return any(
            all(value in of_column for value, of_column in zip(key, values, strict=True))
            for key in self.keys
        )

    def has(self, value: Any) -> bool:
        """Whether a JSON value under an error prefix is of these items."""
        if not isinstance(value, dict):
            raise Unreadable("a JSON value that is no object")
        if "rawData" in value:
            return self._has_raw(value["rawData"])
        if "payload" in value or "requestContext" in value:
            raise Unreadable("a batch of records, of which Lambda keeps all or none")
        return self._has_record(value)

    def _has_raw(self, text: Any) -> bool:
        try:
            raw = base64.b64decode(text, validate=True)
            record = json.loads(raw) if raw.strip() else {}
        except (TypeError, ValueError):
            raise Unreadable("rawData that is no JSON in base64") from None
        return bool(record) and self._has_record(record)

    def _has_record(self, record: Any) -> bool:
        if isinstance(record, dict):
            change = record.get("dynamodb")
            if change is None and isinstance(record.get("detail"), dict):
                change = record["detail"].get("dynamodb")
            if isinstance(change, dict):
                return self.has_change(change.get("Keys"))
            if "_sequence" in record and "_event_type" in record:
                return self.has_row(record)
        raise Unreadable("a record that is neither a change nor a row")


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None


def key_columns(schema: dict[str, Any]) -> list[KeyColumn]:
    """The columns that hold the key: by path, else by name, else by the name in snake case."""
    found = []
    for key in schema["keys"]:
        free = [column for column in schema["columns"] if "path" not in column]
        takes = [column for column in schema["columns"] if column.get("path") == [key]]
        takes += [column for column in free if column["name"] == key]
        takes += [column for column in free if column["name"] == snake(key)]
        if not takes:
            raise Rejected(f"--schema: no column takes the key {key}; `dynalake check` explains it")
        column = takes[0]
        kind = re.sub(r"\s", "", column["type"]).lower()
        if kind != "string" and not NUMBER.fullmatch(kind):
            raise Rejected(
                f"--schema: the key column {column['name']} is a {kind}; this compares texts and "
                "numbers only, so take such rows out by hand"
            )
        hashed = column.get("protect") == "sha256"
        found.append(KeyColumn(key, column["name"], kind, hashed))
    return found


def snake(name: str) -> str:
    """An attribute's name as a column's, as the function has it."""
    name = re.sub("[^A-Za-z0-9_]", "_", name)
    name = re.sub("([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub("([A-Z])([A-Z][a-z])", r"\1_\2", name)
    name = re.sub("_+", "_", name.lower()) or "_"
    return "_" + name if name[0].isdigit() else name


def read_keys(path: Path, columns: list[KeyColumn]) -> set[Key]:
    keys = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            key = tuple(column.value(row[column.name]) for column in columns)
        except (ValueError, TypeError, KeyError):
            key = (None,)
        if None in key:
            names = ", ".join(f'"{column.name}": …' for column in columns)
            raise Rejected(f"--keys: line {number} is no key; write {{{names}}}")
        keys.add(key)
    if not keys:
        raise Rejected(f"--keys: {path} has no keys; write one a line")
    return keys


def files_of(place: str) -> tuple[pafs.FileSystem, list[str]]:
    if "://" in place:
        system, folder = pafs.FileSystem.from_uri(place)
    else:
        system, folder = pafs.LocalFileSystem(), str(Path(place).resolve())
    selector = pafs.FileSelector(folder.rstrip("/"), recursive=True)
    try:
        found = system.get_file_info(selector)
    except FileNotFoundError:
        raise Rejected(
            f"{place}: there is no such folder; write one, or s3://bucket/prefix/"
        ) from None
    return system, sorted(each.path for each in found if each.type == pafs.FileType.File)


def erase_parquet(system: pafs.FileSystem, path: str, erasure: Erasure) -> None:
    with system.open_input_file(path) as source:
        file = pq.ParquetFile(source)
        names = [column.name for column in erasure.columns]
        missing = set(names) - set(file.schema_arrow.names)
        if missing:
            raise Unreadable(f"a Parquet file without the column {sorted(missing)[0]}")
        keys = file.read(columns=names).to_pylist()
        kept = [not erasure.has_row(row) for row in keys]
        if all(kept):
            return
        rows = file.read().filter(pa.array(kept))
        leaves = [file.schema.column(at) for at in range(len(file.schema.names))]
        int96 = any(leaf.physical_type == "INT96" for leaf in leaves)
    erasure.rows += kept.count(False)
    if rows.num_rows == 0:
        system.delete_file(path)
        erasure.deleted += 1
        return
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, use_deprecated_int96_timestamps=int96)
    _write(system, path, sink.getvalue(), erasure)


def erase_json(system: pafs.FileSystem, path: str, erasure: Erasure) -> None:
    with system.open_input_file(path) as source:
        data = source.read()
    packed = data[:2] == b"\x1f\x8b"
    kept, taken = [], 0
    for text, value in _values(gzip.decompress(data) if packed else data):
        if erasure.has(value):
            taken += 1
        else:
            kept.append(text)
    if taken == 0:
        return
    erasure.rows += taken
    if not kept:
        system.delete_file(path)
        erasure.deleted += 1
        return
    rest = "".join(kept).encode()
    _write(system, path, gzip.compress(rest) if packed else rest, erasure)


def _values(data: bytes) -> Iterator[tuple[str, Any]]:
    """The JSON values of a file, each with its text and the white space behind it."""
    decoder = json.JSONDecoder()
    try:
        text = data.decode("utf-8")
        at = SPACE.match(text).end()  # type: ignore[union-attr]
        while at < len(text):
            value, end = decoder.raw_decode(text, at)
            end = SPACE.match(text, end).end()  # type: ignore[union-attr]
            yield text[at:end], value
            at = end
    except ValueError:
        raise Unreadable("neither Parquet nor JSON") from None


def _write(system: pafs.FileSystem, path: str, data: Any, erasure: Erasure) -> None:
    if isinstance(system, pafs.LocalFileSystem):
        # Never half a file in the place of a whole one. S3 does the same by itself.
        beside = path + ".erasing"
        with system.open_output_stream(beside) as sink:
            sink.write(data)
        system.move(beside, path)
    else:
        with system.open_output_stream(path) as sink:
            sink.write(data)
    erasure.rewritten += 1


def run(schema: Path, keys: Path, places: list[str]) -> Erasure:
    """Erases the keys from the files in all places."""
    columns = key_columns(json.loads(schema.read_text(encoding="utf-8")))
    erasure = Erasure(columns, read_keys(keys, columns))
    for place in places:
        system, paths = files_of(place)
        for path in paths:
            erasure.looked_at += 1
            try:
                erase = erase_parquet if path.endswith(".parquet") else erase_json
                erase(system, path, erasure)
            except (Unreadable, pa.ArrowInvalid, gzip.BadGzipFile) as error:
                why = str(error) if isinstance(error, Unreadable) else "damaged"
                erasure.unreadable.append(f"{path}: {why}")
    return erasure


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schema", type=Path, required=True, help="the table's schema file")
    parser.add_argument("--keys", type=Path, required=True, help="JSON lines with a key each")
    parser.add_argument("places", nargs="+", metavar="FOLDER", help="folders or s3:// URLs")
    arguments = parser.parse_args()
    try:
        erasure = run(arguments.schema, arguments.keys, arguments.places)
    except Rejected as rejected:
        print(f"erase_files: {rejected}", file=sys.stderr)
        return 2
    for what in erasure.unreadable:
        print(f"left as it is: {what}", file=sys.stderr)
    print(
        f"{erasure.looked_at} files looked at, {erasure.rows} rows and records erased, "
        f"{erasure.rewritten} files written again, {erasure.deleted} deleted, "
        f"{len(erasure.unreadable)} left as they are"
    )
    return 1 if erasure.unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
