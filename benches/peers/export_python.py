"""An export's items to Parquet files, by json, boto3's TypeDeserializer and pyarrow: what the
tutorials do.

export_python.py SCHEMA EXPORT OUT PROCESSES
"""

import gzip
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pyarrow
import pyarrow.parquet
from boto3.dynamodb.types import TypeDeserializer
from files import METADATA, arrow_type, coercion, not_json

ROWS_AT_ONCE = 20_000
# The export's time less five minutes.
TIME = datetime(2024, 5, 27, 6, 6, 47, tzinfo=UTC)
SEQUENCE = f"{int(TIME.timestamp()) * 1_000_000:020}-{0:056}"


def write(schema_file, file, out):
    pyarrow.set_cpu_count(1)
    columns = json.loads(Path(schema_file).read_text())["columns"]
    types = {column["name"]: column["type"] for column in columns}
    coercions = {name: coercion(arrow_type(ty)) for name, ty in types.items()}
    schema = pyarrow.schema([(name, arrow_type(ty)) for name, ty in (types | METADATA).items()])
    deserialize = TypeDeserializer().deserialize

    def row(line):
        row, rescued = {}, {}
        for name, value in json.loads(line)["Item"].items():
            value = deserialize(value)
            try:
                row[name] = None if value is None else coercions[name](value)
            except (KeyError, TypeError, ValueError):
                rescued[name] = value
        row["_event_type"] = "EXPORT"
        row["_event_time"] = TIME
        row["_table"] = "orders"
        row["_sequence"] = SEQUENCE
        if rescued:
            row["_rescued"] = json.dumps(rescued, default=not_json)
        return row

    target = Path(out) / (Path(file).name + ".parquet")
    options = {"compression": "snappy", "use_deprecated_int96_timestamps": True}
    with (
        gzip.open(file) as lines,
        pyarrow.parquet.ParquetWriter(target, schema, **options) as writer,
    ):
        while rows := [row(line) for line in islice(lines, ROWS_AT_ONCE)]:
            writer.write_table(pyarrow.Table.from_pylist(rows, schema))


def main():
    schema, export, out, processes = sys.argv[1:]
    Path(out).mkdir(parents=True)
    files = sorted(Path(export, "data").iterdir())
    with ProcessPoolExecutor(int(processes)) as pool:
        list(pool.map(write, [schema] * len(files), map(str, files), [out] * len(files)))


if __name__ == "__main__":
    main()
