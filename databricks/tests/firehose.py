"""From deliveries to Parquet files, as Firehose does it: events for the function, its rows, files
under date prefixes.

The function is the real one, by `dynalake transform`. Its rows become Parquet by the Glue table's
columns, as in Firehose's format conversion (here DuckDB reads the JSON, numbers from their text).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dynalake_dev.ddl import METADATA, duckdb_type

from . import tools
from .streams import RECORDS_IN_EVENT, Delivery, Stream, event_of


class Lake:
    """A folder of Parquet files, one table's. Files wait beside it until they are delivered."""

    def __init__(self, folder: Path, stream: Stream) -> None:
        self.folder, self.table = folder, stream.table
        self.schemas = [stream.kind.schema(part) for part in (0, 1)]
        self.waiting = folder.with_name(folder.name + ".waiting")
        folder.mkdir(parents=True)
        for part, schema in enumerate(self.schemas):
            self.schema_file(part).write_text(json.dumps(schema))

    def schema_file(self, part: int) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{part}.schema.json")

    def write(self, part: int, deliveries: Sequence[Delivery], files: int) -> list[Path]:
        """Makes the files of a part of the stream; returns where they will be, under the
        folder."""
        size = -(-len(deliveries) // files)
        paths = []
        for number, at in enumerate(range(0, len(deliveries), size)):
            rows = self._rows(part, deliveries[at : at + size])
            # By the time of arrival, as Firehose's prefix has it.
            hour = datetime.fromtimestamp(1_767_225_600 + 3600 * (files * part + number), UTC)
            path = Path(hour.strftime("dt=%Y-%m-%d/hour=%H")) / f"{part}-{number}.parquet"
            # Half of the files with Hive's old form of timestamps.
            paths.append(self._write(path, rows, int96=number % 2 == 0))
        return paths

    def write_by_hand(
        self, part: int, name: str, rows: list[dict[str, Any]], int96: bool = False
    ) -> Path:
        """Makes a file with rows that the function would never write."""
        lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        return self._write(
            Path("dt=2026-12-31/hour=00", name + ".parquet"), self._to_arrow(lines, part), int96
        )

    def deliver(self, paths: Sequence[Path]) -> None:
        """Puts files where the pipeline finds them; once more, under other names, where they are
        there already."""
        for path in paths:
            target = self.folder / path
            while target.exists():
                target = target.with_name("again-" + target.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.waiting / path, target)
        # What backfill and replay reject is beside the rows, and must not be read as rows.
        rejected = self.folder / "rejected" / "an-object.json"
        rejected.parent.mkdir(exist_ok=True)
        rejected.write_text('{"rawData": ""}\n')

    def read(self, path: Path) -> pa.Table:
        return pq.ParquetFile(self.waiting / path).read()

    def _write(self, path: Path, rows: pa.Table, int96: bool) -> Path:
        (self.waiting / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, self.waiting / path, use_deprecated_int96_timestamps=int96)
        return path

    def _rows(self, part: int, deliveries: Sequence[Delivery]) -> pa.Table:
        """The function's rows for events of these deliveries."""
        lines = []
        for at in range(0, len(deliveries), RECORDS_IN_EVENT):
            event = event_of(deliveries[at : at + RECORDS_IN_EVENT], self.table)
            options = ["--schema", self.schema_file(part), "--format", "jsonl"]
            stdin = json.dumps(event).encode()
            lines.append(tools.dynalake("transform", *options, stdin=stdin))
        return self._to_arrow(b"".join(lines), part)

    def _to_arrow(self, lines: bytes, part: int) -> pa.Table:
        """Rows by the columns of the Glue table."""
        columns = {
            # With a zone, so that Parquet says that it is UTC.
            column["name"]: duckdb_type(column["type"], timestamp="TIMESTAMPTZ")
            for column in glue_columns(self.schemas[part])
        }
        path = self.folder.with_name(self.folder.name + ".rows.jsonl")
        path.write_bytes(lines)
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.read_json(
            str(path), columns=columns, format="newline_delimited", maximum_object_size=1 << 24
        ).to_arrow_table()
        path.unlink()
        return rows


def glue_columns(schema: dict) -> list[dict]:
    return [column for column in schema["columns"] if column.get("protect") != "drop"] + METADATA
