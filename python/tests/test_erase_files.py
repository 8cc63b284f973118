"""Tests of erasure/erase_files.py: which rows and records are of an item, and what it does with a
file that it can't read."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dynalake_dev.machine import ROOT
from dynalake_dev.scripts import load

PROGRAM = ROOT / "erasure" / "erase_files.py"
CHANGE = {"eventName": "MODIFY", "tableName": "orders"}

erase_files: Any = load(PROGRAM)


class Lake:
    """A folder of files, a schema file whose one key column has this type, and keys to erase."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "files"
        self.folder.mkdir()
        self.schema, self.keys = folder / "schema.json", folder / "keys.jsonl"

    def run(self, kind: str, keys: str) -> Any:
        """`keys`: the text of the file of keys."""
        column = {"name": "id", "type": kind}
        schema = {"table": "orders", "keys": ["id"], "columns": [column]}
        self.schema.write_text(json.dumps(schema))
        self.keys.write_text(keys, encoding="utf-8")
        return erase_files.run(self.schema, self.keys, [str(self.folder)])

    def put_rows(self, name: str, values: list[Any], kind: pa.DataType) -> Path:
        path = self.folder / name
        pq.write_table(pa.table({"id": pa.array(values, kind)}), path)
        return path

    def put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def ids(self, name: str) -> list[Any]:
        ids: list[Any] = pq.read_table(self.folder / name).column("id").to_pylist()
        return ids


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def failed(raw: bytes) -> bytes:
    """A line of an error prefix."""
    return json.dumps({"rawData": base64.b64encode(raw).decode(), "errorCode": "x"}).encode()


def change(key: Any, **more: Any) -> bytes:
    return json.dumps({**CHANGE, **more, "dynamodb": {"Keys": key}}).encode()


def test_lines_of_an_export_that_were_rejected_are_looked_into(lake: Lake) -> None:
    theirs, other = {"id": {"S": "a"}, "memo": {"S": "x"}}, {"id": {"S": "b"}, "memo": {"S": "x"}}
    lines = [
        line
        for item in (theirs, other)
        for line in (
            {"Item": item},
            {"Metadata": {"WriteTimestampMicros": {"N": "1"}}, "Keys": {"id": item["id"]}},
        )
    ]
    lake.put("backfill-x.json", b"\n".join(failed(json.dumps(line).encode()) for line in lines))
    lake.put("no-key.json", failed(b'{"Item": {"memo": {"S": "x"}}}'))
    done = lake.run("string", '{"id": "a"}')
    assert (done.rows, len(done.unreadable)) == (2, 1)
    assert lake.run("string", '{"id": "b"}').rows == 2


# ---- numbers


def test_numbers_are_compared_with_all_their_digits(lake: Lake) -> None:
    near = [Decimal("1234567890123456789012345678901234567" + last) for last in "789"]
    lake.put_rows("a.parquet", near, pa.decimal128(38, 0))
    done = lake.run("decimal(38,0)", json.dumps({"id": str(near[1])}))
    assert (done.rows, lake.ids("a.parquet")) == (1, [near[0], near[2]])


def test_a_number_of_the_keys_is_no_double(lake: Lake) -> None:
    value = Decimal("0.12345678901234567891")
    lake.put_rows("a.parquet", [value, Decimal("0.5")], pa.decimal128(38, 20))
    assert lake.run("decimal(38,20)", f'{{"id": {value}}}').rows == 1


def test_a_number_of_a_row_is_no_double(lake: Lake) -> None:
    numbers = ["0.12345678901234567891", "0.12345678901234567892"]
    row = '{{"id": {}, "_event_type": "MODIFY", "_sequence": "0-0"}}'
    lake.put("plain", row.format(numbers[0]).encode())
    lake.put("raw", b"".join(failed(row.format(number).encode()) for number in numbers))
    assert lake.run("decimal(38,20)", f'{{"id": "{numbers[0]}"}}').rows == 2


@pytest.mark.parametrize(
    ("kind", "stored", "key"),
    [
        ("float", pa.float32(), "0.1"),
        ("float", pa.float32(), '"0.1"'),
        ("float", pa.float32(), "0.10000000149011612"),
        ("double", pa.float64(), "0.1"),
        ("double", pa.float64(), "0.1000000000000000055511151231257827"),
        ("double", pa.float64(), "1e-1"),
    ],
)
def test_floats_are_compared_as_the_column_holds_them(
    lake: Lake, kind: str, stored: pa.DataType, key: str
) -> None:
    lake.put_rows("a.parquet", [0.1, 0.2], stored)
    lake.put("error", failed(change({"id": {"N": "0.1"}})))
    assert lake.run(kind, f'{{"id": {key}}}').rows == 2


def test_a_text_that_is_no_number_for_the_function_is_none(lake: Lake) -> None:
    lake.put("error", failed(change({"id": {"S": "1_000"}})))
    assert lake.run("bigint", '{"id": 1000}').rows == 0


# ---- keys


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\u00a0"])
def test_a_key_may_have_any_character(lake: Lake, odd: str) -> None:
    lake.put_rows("a.parquet", [f"a{odd}b", "a"], pa.string())
    lines = json.dumps({"id": f"a{odd}b"}, ensure_ascii=False) + "\r\n\n"
    assert (lake.run("string", lines).rows, lake.ids("a.parquet")) == (1, ["a"])


@pytest.mark.parametrize("line", ["[" * 100_000, '{"id": 1e9999999999999999999}', '{"no": 1}', "["])
def test_a_line_that_is_no_key_is_rejected(lake: Lake, line: str) -> None:
    with pytest.raises(erase_files.Rejected, match="--keys: line 2 is no key"):
        lake.run("bigint", '{"id": 1}\n' + line)


# ---- records that don't say whose they are


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (json.dumps({**CHANGE, "dynamodb": {"NewImage": {"id": {"S": "o-1"}}}}), "without the key"),
        (change(None).decode(), "without the key"),
        (change([]).decode(), "without the key"),
        (change({}).decode(), "without the key"),
        (change({"other": {"S": "o-1"}}).decode(), "without the key"),
        (change({"id": "o-1"}).decode(), "without the key"),
        (change({"id": {"L": []}}).decode(), "without the key"),
        (change({"id": {"S": "o-1", "N": "1"}}).decode(), "without the key"),
        ("[]", "neither a change nor a row"),
        ("{}", "neither a change nor a row"),
        ("0", "neither a change nor a row"),
        ("[" * 100_000, "rawData that is no JSON"),
        ('{"a": 1e9999999999999999999}', "rawData that is no JSON"),
    ],
)
def test_a_record_that_does_not_say_whose_it_is_is_named(lake: Lake, raw: str, why: str) -> None:
    lines = failed(change({"id": {"S": "o-1"}})) + failed(raw.encode())
    path = lake.put("error", lines)
    done = lake.run("string", '{"id": "o-1"}')
    assert (done.rows, len(done.unreadable), path.read_bytes()) == (0, 1, lines)
    assert done.unreadable[0].startswith(f"{path}: ") and why in done.unreadable[0]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" \n",
        change({"id": {"S": "o-2"}}),
        # Another table of the same stream.
        change({"other": {"S": "o-1"}}, tableName="customers"),
        change({"other": {"S": "o-1"}}, tableName=None, eventSourceARN="a:table/customers/stream"),
    ],
)
def test_a_record_of_others_is_kept(lake: Lake, raw: bytes) -> None:
    path = lake.put("error", failed(raw))
    done = lake.run("string", '{"id": "o-1"}')
    assert (done.rows, done.unreadable, path.read_bytes()) == (0, [], failed(raw))


@pytest.mark.parametrize(
    "record",
    [
        change({"id": {"S": "o-1", "N": None}}),
        json.dumps({"detail": json.loads(change({"id": {"S": "o-1"}}))}).encode(),
        json.dumps({"dynamodb": None, "detail": json.loads(change({"id": {"S": "o-1"}}))}).encode(),
    ],
)
def test_each_shape_of_a_record_is_known(lake: Lake, record: bytes) -> None:
    lake.put("error", failed(record) + record)
    done = lake.run("string", '{"id": "o-1"}')
    assert (done.rows, done.deleted, done.unreadable) == (2, 1, [])


# ---- damaged files


def damaged_parquet(place: slice) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": [f"o-{each}" for each in range(5000)]}), sink)
    data = bytearray(sink.getvalue().to_pybytes())
    data[place] = b"\xff" * len(data[place])
    return bytes(data)


PACKED = gzip.compress(failed(change({"id": {"S": "o-1"}})) * 500)
DAMAGED: dict[str, Callable[[], bytes]] = {
    "truncated.gz": lambda: PACKED[:-12],
    "wrong-sum.gz": lambda: PACKED[:-8] + b"\0" * 8,
    "garbled.gz": lambda: PACKED[:40] + b"\xff" * 40,
    "deep.json": lambda: b"[" * 100_000,
    "exponent.json": lambda: b'{"a": 1e9999999999999999999}',
    "bytes.json": lambda: b"\xff\xfe",
    "pages.parquet": lambda: damaged_parquet(slice(60, 400)),
    "footer.parquet": lambda: damaged_parquet(slice(-300, -8)),
    "text.parquet": lambda: b"no Parquet",
    "empty.parquet": lambda: b"",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named_and_the_others_are_done(lake: Lake, name: str) -> None:
    path = lake.put("m-" + name, DAMAGED[name]())
    for other in ("a", "z"):
        lake.put_rows(other + ".parquet", ["o-1", "o-2"], pa.string())
        lake.put(other, failed(change({"id": {"S": "o-1"}})))
    lake.run("string", '{"id": "nobody"}')  # writes the schema file
    words = ["--schema", str(lake.schema), "--keys", str(lake.keys), str(lake.folder)]
    lake.keys.write_text('{"id": "o-1"}')
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith(f"left as it is: {path}: ") and done.stderr.count("\n") == 1
    assert (
        "5 files looked at, 4 rows and records erased, 2 files written again, 2 del" in done.stdout
    )
    assert path.read_bytes() == DAMAGED[name]()
    assert lake.ids("a.parquet") == lake.ids("z.parquet") == ["o-2"]


def test_a_file_that_is_gone_before_it_is_read_is_named(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("error", failed(change({"id": {"S": "o-1"}})))
    found = erase_files.files_of

    def with_one_more(place: str) -> Any:
        system, paths = found(place)
        return system, [str(lake.folder / "expired"), *paths]

    monkeypatch.setattr(erase_files, "files_of", with_one_more)
    done = lake.run("string", '{"id": "o-1"}')
    assert (done.rows, len(done.unreadable)) == (1, 1)
    assert "expired: it can't be read" in done.unreadable[0]
