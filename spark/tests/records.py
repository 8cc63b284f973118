"""The records of a stream as Kinesis would hand them over, in files, and what has to come of
them."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from databricks.tests.streams import KINDS, RECORDS_IN_EVENT, Delivery, Stream, event_of
from dynalake_dev import build

# After so many records one comes that is no row.
BAD_EVERY = 97
ARRIVES_AFTER_US = 1_500_123
SEED = 7
# The columns that a reader of Kinesis gives, and others that the job does not need.
COLUMNS = pa.schema(
    [
        ("data", pa.binary()),
        ("streamName", pa.string()),
        ("partitionKey", pa.string()),
        ("sequenceNumber", pa.string()),
        ("approximateArrivalTimestamp", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass
class Raw:
    """A record that is not a change of the table, in the place of one."""

    data: bytes
    time_us: int

    def record(self, table: str) -> bytes:
        return self.data


def _bad(change: bytes) -> dict[str, tuple[bytes, str | None]]:
    """Records that can't be rows, each with the code that it has to get; None: it is dropped."""
    record = json.loads(change)

    def without(name: str) -> bytes:
        return json.dumps({key: value for key, value in record.items() if key != name}).encode()

    def with_images(**images: object) -> bytes:
        inner = {**record["dynamodb"], **images}
        return json.dumps({**record, "eventName": "INSERT", "dynamodb": inner}).encode()

    deep: dict[str, object] = {"NULL": True}
    for _ in range(80):
        deep = {"L": [deep]}
    return {
        "text": (b"\x00 no JSON at all \n", "dynalake.not_json"),
        "nothing": (b"", "dynalake.not_json"),
        "zipped": (gzip.compress(change, mtime=0), "dynalake.compressed"),
        "latin-1": (b'{"tableName":"orders","note":"\xfc"}', "dynalake.not_utf8"),
        "no table": (without("tableName"), "dynalake.no_table"),
        "no event name": (without("eventName"), "dynalake.no_event_name"),
        "no keys": (with_images(Keys={}), "dynalake.no_keys"),
        "malformed": (
            with_images(NewImage={**record["dynamodb"]["Keys"], "total": {"N": 5}}),
            "dynalake.malformed_attribute_value",
        ),
        "deep": (
            with_images(NewImage={**record["dynamodb"]["Keys"], "total": deep}),
            "dynalake.nested_too_deep",
        ),
        "another table": (json.dumps({**record, "tableName": "audit"}).encode(), None),
    }


@dataclass
class Records:
    """A stream's records, and what has to come of them."""

    table: str
    schema: dict
    deliveries: list[Delivery]
    # By number: the record's data, the arrival in milliseconds, and the code.
    rejected: dict[str, tuple[bytes, int, str]]
    dropped: int

    @property
    def rows(self) -> int:
        return len(self.deliveries) - len(self.rejected) - self.dropped

    def write_files(self, folder: Path, files: int, first: int = 0, kept: int = 0) -> None:
        """As Parquet files of a stream, each with a place of its own in the order of time. `kept`:
        so many of the last are left out."""
        folder.mkdir(parents=True, exist_ok=True)
        size = -(-len(self.deliveries) // files)
        for number in range(files - kept)[first:]:
            part = self.deliveries[number * size : (number + 1) * size]
            path = folder / f"{number:04}.parquet"
            pq.write_table(self._columns(part), path, row_group_size=500)

    def batches(self) -> list[pa.RecordBatch]:
        """As the job's tasks get them."""
        table = self._columns(self.deliveries)
        columns = {
            "data": table["data"],
            "sequence_number": table["sequenceNumber"].cast(pa.binary()),
            "arrival_us": table["approximateArrivalTimestamp"].cast(pa.int64()),
        }
        return pa.table(columns).to_batches(max_chunksize=200)

    def _columns(self, part: Sequence[Delivery]) -> pa.Table:
        return pa.table(
            {
                "data": [each.change.record(self.table) for each in part],
                "streamName": ["orders"] * len(part),
                "partitionKey": ["p"] * len(part),
                "sequenceNumber": [f"{each.number:056d}" for each in part],
                "approximateArrivalTimestamp": [arrival_us(each) for each in part],
            },
            schema=COLUMNS,
        )

    def transform(self, program: Path, schema: Path, out: Path) -> None:
        """The rows of the same records by `dynalake transform`, from Firehose's events."""
        events = "".join(
            json.dumps(event_of(self.deliveries[at : at + RECORDS_IN_EVENT], self.table)) + "\n"
            for at in range(0, len(self.deliveries), RECORDS_IN_EVENT)
        )
        words = ["transform", "--schema", schema, "--format", "parquet", "--out", out, "-"]
        # Bad records are rejected, which is code 1.
        build.dynalake(program, *words, stdin=events.encode(), accept=(1,))


def arrival_us(delivery: Delivery) -> int:
    return delivery.change.time_us + ARRIVES_AFTER_US


def make(kind: str, changes: int) -> Records:
    """Changes of a table: some twice, some late, some not what they should be."""
    of_kind = KINDS[kind]
    stream = Stream(of_kind, SEED, changes, max(changes // 20, 1))
    deliveries: list[Delivery] = []
    rejected: dict[str, tuple[bytes, int, str]] = {}
    dropped = 0
    # A number that no change has.
    number = max(delivery.number for delivery in stream.deliveries) + 10**12
    for at, delivery in enumerate(stream.deliveries):
        deliveries.append(delivery)
        if at % BAD_EVERY:
            continue
        bad = list(_bad(delivery.change.record(stream.table)).values())
        data, code = bad[at // BAD_EVERY % len(bad)]
        number += 1
        deliveries.append(Delivery(delivery.place, Raw(data, delivery.change.time_us), number))
        if code is None:
            dropped += 1
        else:
            arrival_ms = arrival_us(deliveries[-1]) // 1000
            rejected[f"{number:056d}"] = (data, arrival_ms, code)
    return Records(stream.table, of_kind.schema(1), deliveries, rejected, dropped)


def rejected_lines(folder: Path, names: str = "*.json") -> list[dict]:
    """What is in the files of rejected records."""
    return [
        json.loads(line)
        for path in sorted(folder.rglob(names))
        for line in path.read_text().splitlines()
    ]


def rejected_differences(records: Records, lines: Sequence[dict], times: int = 1) -> list[str]:
    """All in which lines of rejected records are not those that have to be there."""
    found, seen = [], dict.fromkeys(records.rejected, 0)
    for line in lines:
        number = line.get("sequenceNumber")
        if number not in seen:
            found.append(f"rejected {number}: should not be there")
            continue
        seen[number] += 1
        data, arrival_ms, code = records.rejected[number]
        expected = {
            "rawData": base64.b64encode(data).decode(),
            "arrivalTimestamp": arrival_ms,
            "attemptEndingTimestamp": arrival_ms,
            "errorCode": code,
        }
        found += [
            f"rejected {number}: {name} is {line.get(name)!r}, not {value!r}"
            for name, value in expected.items()
            if line.get(name) != value
        ]
    found += [
        f"rejected {number} ({records.rejected[number][2]}): is there {count} times, not {times}"
        for number, count in seen.items()
        if count != times
    ]
    return found
