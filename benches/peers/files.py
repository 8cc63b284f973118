"""The peers in Python that write Parquet files.

files.py serve FOLDER    runs what each line of standard input names: PEER NAME [FILE]; answers by
                         the file's size

python: records to a file by json, boto3's TypeDeserializer and pyarrow. What does not fit its
column goes to `_rescued`, a whole attribute at a time. duckdb: our rows of JSON, NAME.rows.json, to
a file; that is the second half of the job only.
"""

import base64
import json
import re
import sys
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pyarrow
import pyarrow.parquet
from boto3.dynamodb.types import TypeDeserializer

METADATA = {
    "_event_type": "string",
    "_event_time": "timestamp",
    "_event_id": "string",
    "_table": "string",
    "_sequence": "string",
    "_rescued": "string",
}
ARROW = {
    "string": pyarrow.string(),
    "boolean": pyarrow.bool_(),
    "int": pyarrow.int32(),
    "bigint": pyarrow.int64(),
    "double": pyarrow.float64(),
    "timestamp": pyarrow.timestamp("us"),
}
DUCKDB = {"string": "VARCHAR", "int": "INTEGER"}


def parts(text):
    """A type's name, and what is between its brackets, at the outermost commas."""
    name, _, inner = text.partition("<")
    found, depth = [""], 0
    for character in inner.removesuffix(">"):
        depth += (character in "<(") - (character in ">)")
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return name, found


def arrow_type(text):
    name, inner = parts(text)
    if name == "array":
        return pyarrow.list_(arrow_type(inner[0]))
    if name == "map":
        return pyarrow.map_(pyarrow.string(), arrow_type(inner[1]))
    if name == "struct":
        members = (member.partition(":") for member in inner)
        return pyarrow.struct([(member, arrow_type(ty)) for member, _, ty in members])
    if name.startswith("decimal"):
        return pyarrow.decimal128(*map(int, re.findall(r"\d+", name)))
    return ARROW[name]


def duckdb_type(text):
    name, inner = parts(text)
    if name == "array":
        return duckdb_type(inner[0]) + "[]"
    if name == "map":
        return f"MAP(VARCHAR, {duckdb_type(inner[1])})"
    if name == "struct":
        members = (member.partition(":") for member in inner)
        return f"STRUCT({', '.join(f'{member} {duckdb_type(ty)}' for member, _, ty in members)})"
    return DUCKDB.get(name, name.upper())


def instant(value):
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return datetime.fromtimestamp(int(value), UTC)


def whole(value):
    if not isinstance(value, Decimal) or value != (integer := int(value)):
        raise ValueError
    return integer


def only(kind):
    def coerce(value):
        if not isinstance(value, kind):
            raise ValueError
        return value

    return coerce


def optional(coerce):
    return lambda value: None if value is None else coerce(value)


def coercion(ty):
    """Makes of what boto3 returns what pyarrow takes as this type; a ValueError or TypeError says
    that it does not fit."""
    if pyarrow.types.is_list(ty):
        element = optional(coercion(ty.value_type))
        is_list = only((list, set))
        return lambda value: [element(each) for each in is_list(value)]
    if pyarrow.types.is_map(ty):
        item, is_dict = optional(coercion(ty.item_type)), only(dict)
        return lambda value: [(key, item(each)) for key, each in is_dict(value).items()]
    if pyarrow.types.is_struct(ty):
        members, is_dict = {field.name: optional(coercion(field.type)) for field in ty}, only(dict)

        def struct(value):
            try:
                return {name: members[name](each) for name, each in is_dict(value).items()}
            except KeyError:
                raise ValueError from None

        return struct
    if pyarrow.types.is_decimal(ty):
        return only(Decimal)
    if pyarrow.types.is_floating(ty):
        is_decimal = only(Decimal)
        return lambda value: float(is_decimal(value))
    if pyarrow.types.is_integer(ty):
        return whole
    if pyarrow.types.is_timestamp(ty):
        return instant
    return only(bool if pyarrow.types.is_boolean(ty) else str)


def not_json(value):
    return float(value) if isinstance(value, Decimal) else list(value)


class Input:
    def __init__(self, folder, name):
        with open(f"{folder}/{name}.event.json", "rb") as file:
            records = json.load(file)["records"]
        self.records = [
            (
                record["kinesisRecordMetadata"]["sequenceNumber"],
                base64.b64decode(record["data"]),
            )
            for record in records
        ]
        with open(f"{folder}/{name}.schema.json", "rb") as file:
            columns = json.load(file)["columns"]
        types = {column["name"]: column["type"] for column in columns}
        self.coercions = {name: coercion(arrow_type(ty)) for name, ty in types.items()}
        self.schema = pyarrow.schema(
            [(name, arrow_type(ty)) for name, ty in (types | METADATA).items()]
        )
        self.duckdb_columns = {name: duckdb_type(ty) for name, ty in (types | METADATA).items()}
        self.folder, self.name = folder, name

    def python(self, file):
        made = self.made_by_python()
        if file:
            with open(file, "wb") as opened:
                opened.write(made)
        return made.size

    def made_by_python(self):
        deserialize = TypeDeserializer().deserialize
        rows = []
        for sequence_number, data in self.records:
            change = json.loads(data)
            image = change["dynamodb"]["Keys" if change["eventName"] == "REMOVE" else "NewImage"]
            row, rescued = {}, {}
            for name, value in image.items():
                value = deserialize(value)
                try:
                    row[name] = None if value is None else self.coercions[name](value)
                except (KeyError, TypeError, ValueError):
                    rescued[name] = value
            time = change["dynamodb"]["ApproximateCreationDateTime"]
            row["_event_type"] = change["eventName"]
            row["_event_time"] = time
            row["_event_id"] = change["eventID"]
            row["_table"] = change["tableName"]
            row["_sequence"] = f"{time:020}-{sequence_number:0>56}"
            if rescued:
                row["_rescued"] = json.dumps(rescued, default=not_json)
            rows.append(row)
        out = pyarrow.BufferOutputStream()
        self.write(pyarrow.Table.from_pylist(rows, self.schema), out)
        return out.getvalue()

    def write(self, table, out):
        pyarrow.parquet.write_table(
            table, out, compression="snappy", use_deprecated_int96_timestamps=True
        )

    def duckdb(self, file):
        columns = ", ".join(f"'{name}': '{ty}'" for name, ty in self.duckdb_columns.items())
        rows = f"{self.folder}/{self.name}.rows.json"
        file = file or f"{self.folder}/{self.name}.duckdb.parquet"
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute(
                f"COPY (FROM read_json('{rows}', format = 'newline_delimited', "
                f"columns = {{{columns}}})) TO '{file}' (FORMAT parquet, COMPRESSION snappy)"
            )
        with open(file, "rb") as opened:
            return opened.seek(0, 2)

    def load(self, _):
        return 0


def serve(folder):
    inputs = {}
    pyarrow.set_cpu_count(1)
    for line in sys.stdin:
        peer, name, *file = line.split()
        if name not in inputs:
            inputs[name] = Input(folder, name)
        print(getattr(inputs[name], peer)(file[0] if file else None), flush=True)


if __name__ == "__main__":
    serve(sys.argv[2])
