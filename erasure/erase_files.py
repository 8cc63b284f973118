#!/usr/bin/env python3
"""Takes the rows of given items out of the Parquet files and the error prefix.

    python3 erasure/erase_files.py --schema orders.schema.json --keys keys.jsonl \\
        s3://my-bucket/data/orders/ s3://my-bucket/errors/orders/

`keys.jsonl` has a key a line, as the key columns hold it: {"order_id": "o-1"}. A folder of this
machine will do in place of a URL. It needs pyarrow, and for S3 the credentials that the AWS command
line would use, with the right to read, write and delete there.

A Parquet file with rows of these items, or without a key, is written again without them, in the
same place and with the same form of timestamps; one with no other rows is deleted. In all other
files it looks for what Firehose puts under an error prefix, for what `dynalake backfill` and
`dynalake replay` reject, and for change records: JSON values, one after the other. It takes out
those of these items and leaves the others byte by byte. What it can't read it names and leaves as
it is; the exit code is then 1. It says how many files and rows there were, and never what was in
them.

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
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

NUMBER_TYPE = re.compile(r"tinyint|smallint|int|bigint|float|double|decimal(\(.*\))?")
# A decimal number as the function knows it. Python's own grammar takes more.
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
SPACE = re.compile(r"\s*")
# What readers of gzip, Parquet and JSON raise on damaged bytes. InvalidOperation: a number whose
# exponent is too large for a Decimal.
DAMAGED_GZIP = (OSError, EOFError, zlib.error)
DAMAGED_PARQUET = (pa.ArrowException, OSError, ValueError)
DAMAGED_JSON = (ValueError, RecursionError, InvalidOperation)

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
        """A column's value, so that equal ones are equal: numbers by value, the rest as text.

        Integers and decimals are compared with all their digits, floats and doubles as what the
        column can hold."""
        if value is None:
            return None
        text = str(value)
        if self.kind == "string" or not NUMBER.fullmatch(text):
            return text
        if self.kind in ("float", "double"):
            return _float_of_32_bits(float(text)) if self.kind == "float" else float(text)
        try:
            return Decimal(text)
        except InvalidOperation:
            return text

    def of_attribute(self, attribute: Any) -> set[Any]:
        """What the column would hold of a DynamoDB attribute; nothing, if it can't be a key's.
        Binary may be encoded twice."""
        members = attribute.items() if isinstance(attribute, dict) else ()
        # Members that are null beside the descriptor say nothing.
        described = [(kind, value) for kind, value in members if value is not None]
        if len(described) != 1:
            return set()
        [(kind, value)] = described
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

    table: str
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

    def has_change(self, keys: Any, table: str | None) -> bool:
        """Whether a change record's `Keys` are one of these items'. `table`: the record's."""
        attributes = keys if isinstance(keys, dict) else {}
        values = [column.of_attribute(attributes.get(column.attribute)) for column in self.columns]
        if not all(values):
            # Another table of the same stream has other keys.
            if keys and table is not None and table != self.table:
                return False
            raise Unreadable("a change record without the key")
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
            # Nothing at all is a control message.
            return bool(raw.strip()) and self._has_record(json.loads(raw, parse_float=Decimal))
        except (TypeError, *DAMAGED_JSON):
            raise Unreadable("rawData that is no JSON in base64") from None

    def _has_record(self, record: Any) -> bool:
        if isinstance(record, dict):
            detail, change = record.get("detail"), record
            if record.get("dynamodb") is None and isinstance(detail, dict):
                change = detail
            images = change.get("dynamodb")
            if isinstance(images, dict):
                return self.has_change(images.get("Keys"), _table_of(change))
            # A line of a table's export, which `dynalake backfill` has rejected.
            for keys in (record.get("Item"), record.get("Keys")):
                if isinstance(keys, dict):
                    return self.has_change(keys, self.table)
            if "_sequence" in record and "_event_type" in record:
                return self.has_row(record)
        raise Unreadable("a record that is neither a change nor a row nor a line of an export")


def _float_of_32_bits(number: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        # No column has it.
        return number


def _table_of(change: dict[str, Any]) -> str | None:
    """The DynamoDB table that a change record names, if it does."""
    arn = re.search(":table/([^/]+)", str(change.get("eventSourceARN")))
    name = change.get("tableName") or (arn and arn[1])
    return name if isinstance(name, str) else None


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
        if kind != "string" and not NUMBER_TYPE.fullmatch(kind):
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
    # Only line feeds: a key may have other characters that Python takes for the end of a line.
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_float=Decimal)
            key = tuple(column.value(row[column.name]) for column in columns)
        except (TypeError, KeyError, *DAMAGED_JSON):
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


def erase_parquet(data: bytes, erasure: Erasure) -> tuple[int, Any]:
    """How many rows of a Parquet file are erased, and the file with the others, or None without
    any."""
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names = [column.name for column in erasure.columns]
        missing = set(names) - set(file.schema_arrow.names)
        if missing:
            raise Unreadable(f"a Parquet file without the column {sorted(missing)[0]}")
        keys = file.read(columns=names).to_pylist()
        kept = [not erasure.has_row(row) for row in keys]
        if all(kept):
            return 0, data
        rows = file.read().filter(pa.array(kept))
        leaves = [file.schema.column(at) for at in range(len(file.schema.names))]
        int96 = any(leaf.physical_type == "INT96" for leaf in leaves)
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink, use_deprecated_int96_timestamps=int96)
    except DAMAGED_PARQUET:
        raise Unreadable("damaged") from None
    return kept.count(False), sink.getvalue() if rows.num_rows else None


def erase_json(data: bytes, erasure: Erasure) -> tuple[int, Any]:
    """How many JSON values are erased, and the file with the others, as they were."""
    packed = data[:2] == b"\x1f\x8b"
    try:
        text = gzip.decompress(data) if packed else data
    except DAMAGED_GZIP:
        raise Unreadable("damaged") from None
    kept, taken = [], 0
    for value_text, value in _values(text):
        if erasure.has(value):
            taken += 1
        else:
            kept.append(value_text)
    rest = "".join(kept).encode()
    return taken, (gzip.compress(rest) if packed else rest) if kept else None


def _values(data: bytes) -> Iterator[tuple[str, Any]]:
    """The JSON values of a file, each with its text and the white space behind it."""
    decoder = json.JSONDecoder(parse_float=Decimal)
    try:
        text = data.decode("utf-8")
        at = SPACE.match(text).end()  # type: ignore[union-attr]
        while at < len(text):
            value, end = decoder.raw_decode(text, at)
            end = SPACE.match(text, end).end()  # type: ignore[union-attr]
            yield text[at:end], value
            at = end
    except DAMAGED_JSON:
        raise Unreadable("neither Parquet nor JSON") from None


def erase_file(system: pafs.FileSystem, path: str, erasure: Erasure) -> None:
    # Whole, so that an error of the storage is not taken for a damaged file.
    try:
        with system.open_input_file(path) as source:
            data = source.read()
    except OSError as error:
        raise Unreadable(f"it can't be read ({error})") from None
    erase = erase_parquet if path.endswith(".parquet") else erase_json
    taken, rest = erase(data, erasure)
    if taken == 0:
        return
    if rest is None:
        system.delete_file(path)
        erasure.deleted += 1
    else:
        _write(system, path, rest)
        erasure.rewritten += 1
    erasure.rows += taken


def _write(system: pafs.FileSystem, path: str, data: Any) -> None:
    if isinstance(system, pafs.LocalFileSystem):
        # Never half a file in the place of a whole one. S3 does the same by itself.
        beside = path + ".erasing"
        with system.open_output_stream(beside) as sink:
            sink.write(data)
        system.move(beside, path)
    else:
        with system.open_output_stream(path) as sink:
            sink.write(data)


def run(schema: Path, keys: Path, places: list[str]) -> Erasure:
    """Erases the keys from the files in all places."""
    content = json.loads(schema.read_text(encoding="utf-8"))
    columns = key_columns(content)
    erasure = Erasure(content["table"], columns, read_keys(keys, columns))
    for place in places:
        system, paths = files_of(place)
        for path in paths:
            erasure.looked_at += 1
            try:
                erase_file(system, path, erasure)
            except Unreadable as error:
                erasure.unreadable.append(f"{path}: {error}")
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
