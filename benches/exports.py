"""Exports to backfill from: items of 1.3 KB, made up from a seed, laid out as DynamoDB does it."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import json
import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

EXPORT_ID = "01716790307109-cfa31da1"
HOME = f"AWSDynamoDB/{EXPORT_ID}"
TIME = "2024-05-27T06:11:47.000Z"
# Items of a file.
FILE_ITEMS = 125_000
# So many different ones, each with its own key; more than gzip and Snappy look back.
BODIES = 20_000

SCHEMA = {
    "table": "orders",
    "keys": ["order_id"],
    "columns": [
        {"name": name, "type": ty}
        for name, ty in {
            "order_id": "string",
            "customer_id": "string",
            "status": "string",
            "total": "decimal(38,9)",
            "placed_at": "timestamp",
            "expires_at": "timestamp",
            "gift": "boolean",
            "memo": "string",
            "shipping": "struct<name:string,street:string,city:string,zip:string,country:string>",
            "items": "array<struct<sku:string,qty:int,price:decimal(18,4)>>",
            "tags": "array<string>",
            "scores": "array<double>",
            "attributes": "map<string,string>",
        }.items()
    ],
}

WORDS = "order delivered by the carrier on second attempt please leave at door".split()


def body(source: random.Random) -> dict:
    """An item without its key: the benches' typical one, with two more lines and a memo."""

    def line() -> dict:
        price = f"{source.randrange(1000)}.{1 + source.randrange(99):02}"
        return {
            "M": {
                "sku": {"S": f"sku-{source.randbytes(4).hex()}"},
                "qty": {"N": str(1 + source.randrange(9))},
                "price": {"N": price},
            }
        }

    def pick(*choices: str) -> dict:
        return {"S": source.choice(choices)}

    total = f"{source.randrange(100_000)}.{1 + source.randrange(999_999_999):09}"
    placed = f"2025-11-{1 + source.randrange(28):02}T12:{source.randrange(60):02}:40Z"
    return {
        "customer_id": {"S": source.randbytes(6).hex()},
        "status": pick("new", "paid", "shipped"),
        "total": {"N": total},
        "placed_at": {"S": placed},
        "expires_at": {"N": str(1_762_000_000 + source.randrange(1_000_000))},
        "gift": {"BOOL": source.random() < 0.5},
        "memo": {"S": " ".join(source.choices(WORDS, k=78))},
        "shipping": {
            "M": {
                "name": pick("Zoë Müller", "John Smith", "Łukasz Nowak"),
                "street": {"S": f"Main Street {source.randrange(200)}"},
                "city": pick("Ulm", "Zürich", "Amsterdam"),
                "zip": {"S": f"{source.randrange(100_000):05}"},
                "country": pick("DE", "CH", "NL"),
            }
        },
        "items": {"L": [line() for _ in range(4)]},
        "tags": {"SS": ["priority", "returning", "web"]},
        "scores": {"NS": [f"0.{1 + source.randrange(9)}", f"1{source.randrange(9)}.5"]},
        "attributes": {"M": {"colour": {"S": "red"}, "size": {"S": "L"}, "note": {"NULL": True}}},
    }


@functools.cache
def bodies() -> list[str]:
    """JSON of items without their keys, from behind the first bracket on."""
    source = random.Random(0)
    texts = (
        json.dumps(body(source), ensure_ascii=False, separators=(",", ":")) for _ in range(BODIES)
    )
    return [text[1:] for text in texts]


def write_file(folder: Path, number: int, first: int, count: int) -> tuple[dict, int]:
    """A data file of so many items; its line in the manifest, and its bytes before gzip."""
    lines = [
        f'{{"Item":{{"order_id":{{"S":"o-{at:09}"}},{bodies()[at % BODIES]}}}\n'
        for at in range(first, first + count)
    ]
    text = "".join(lines).encode()
    data = gzip.compress(text, 6, mtime=0)
    key = f"{HOME}/data/{number:05}.json.gz"
    (folder / key).write_bytes(data)
    entry = {
        "itemCount": count,
        "md5Checksum": base64.b64encode(hashlib.md5(data).digest()).decode(),
        "etag": "x-1",
        "dataFileS3Key": key,
    }
    return entry, len(text)


def make(folder: Path, items: int, processes: int) -> Path:
    """Writes an export of so many items, unless it is there; returns its folder. Its schema is
    beside it."""
    home = folder / HOME
    summary = home / "manifest-summary.json"
    if summary.exists():
        return home
    (home / "data").mkdir(parents=True, exist_ok=True)
    (folder / "schema.json").write_text(json.dumps(SCHEMA))
    firsts = range(0, items, FILE_ITEMS)
    with ProcessPoolExecutor(processes) as pool:
        done = list(
            pool.map(
                write_file,
                [folder] * len(firsts),
                range(len(firsts)),
                firsts,
                [min(FILE_ITEMS, items - first) for first in firsts],
            )
        )
    entries = "".join(json.dumps(entry) + "\n" for entry, _ in done)
    (home / "manifest-files.json").write_text(entries)
    arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"
    manifest = {
        "exportArn": f"{arn}/export/{EXPORT_ID}",
        "exportTime": TIME,
        "tableArn": arn,
        "s3Bucket": "exports",
        "manifestFilesS3Key": f"{HOME}/manifest-files.json",
        "billedSizeBytes": sum(size for _, size in done),
        "itemCount": items,
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    }
    # Last: it says that all is there.
    summary.write_text(json.dumps(manifest))
    return home
