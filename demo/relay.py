"""Carries changes from the table's DynamoDB stream into Kinesis, as DynamoDB itself does on AWS.

Why a relay: on AWS, "Kinesis Data Streams for DynamoDB" writes each change into the Kinesis stream.
The emulator does too, but in the shape of DynamoDB Streams, and such a record wakes no delivery
stream. So these records stay in the stream unread, and the demo takes each change from the DynamoDB
stream and puts it into Kinesis in the shape that AWS uses: table name, microseconds, binary values
in base64 twice.

With `--keep` this module runs as a process of its own:
python -m demo.relay ENDPOINT STREAM_ARN STREAM SEQUENCE_NUMBER
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

# Small, as the emulator answers nothing else while it delivers a batch.
BATCH = 10
TTL_SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


class Relay:
    def __init__(
        self, streams: Any, kinesis: Any, stream_arn: str, stream_name: str, region: str
    ) -> None:
        self.streams, self.kinesis = streams, kinesis
        self.stream_arn, self.stream_name, self.region = stream_arn, stream_name, region
        self.table = stream_arn.split("/")[1]
        # Keys whose next deletion counts as Time to Live's: the emulator's own leaves no change in
        # the stream.
        self.expired: set[str] = set()
        self.sent: list[dict[str, Any]] = []
        # So many of the stream's first records are from before DynamoDB wrote into Kinesis.
        self.passed_over = 0
        # Which changes fail behind Firehose, by their number; they come by `dynalake replay`.
        self.fails: Callable[[int], bool] = lambda number: False
        self.failed: list[dict[str, Any]] = []
        self._seen = 0
        self.last_sequence_number: str | None = None
        self.error: BaseException | None = None
        self._last_time_us = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run_thread, name="relay", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, wait: bool = True) -> None:
        self._stop.set()
        if wait and self._thread.is_alive():
            self._thread.join(30)

    def _run_thread(self) -> None:
        try:
            self.run()
        except BaseException as error:
            self.error = error

    def run(self, after: str | None = None) -> None:
        """Relays until it is stopped, from the stream's beginning or after a sequence number."""
        shards = self.streams.describe_stream(StreamArn=self.stream_arn)["StreamDescription"][
            "Shards"
        ]
        if len(shards) != 1:
            raise RuntimeError(f"the emulator's DynamoDB stream has {len(shards)} shards, not one")
        position = {"ShardIteratorType": "TRIM_HORIZON"}
        if after:
            position = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        iterator = self.streams.get_shard_iterator(
            StreamArn=self.stream_arn, ShardId=shards[0]["ShardId"], **position
        )["ShardIterator"]
        while iterator and not self._stop.is_set():
            answer = self.streams.get_records(ShardIterator=iterator, Limit=BATCH)
            iterator = answer.get("NextShardIterator")
            if answer["Records"]:
                self._take([self._change(record) for record in answer["Records"]])
                self.last_sequence_number = answer["Records"][-1]["dynamodb"]["SequenceNumber"]
            else:
                self._stop.wait(0.1)

    def _take(self, changes: list[dict[str, Any]]) -> None:
        """Puts a batch into Kinesis, without what is from before and what fails."""
        put: list[dict[str, Any]] = []
        for number, change in enumerate(changes, self._seen - self.passed_over):
            if number >= 0:
                (self.failed if self.fails(number) else put).append(change)
        self._seen += len(changes)
        if put:
            self._put(put)

    def _put(self, changes: list[dict[str, Any]]) -> None:
        """One batch, in order; an item's changes share a partition key, so they keep their order on
        AWS too."""
        answer = self.kinesis.put_records(
            StreamName=self.stream_name,
            Records=[
                {
                    "PartitionKey": hashlib.md5(_json(change["dynamodb"]["Keys"]))
                    .hexdigest()
                    .upper(),
                    "Data": _json(change),
                }
                for change in changes
            ],
        )
        if answer["FailedRecordCount"]:
            raise RuntimeError(f"Kinesis rejected {answer['FailedRecordCount']} records")
        self.sent += changes

    def _change(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record as "Kinesis Data Streams for DynamoDB" writes it."""
        source = record["dynamodb"]
        change: dict[str, Any] = {
            "ApproximateCreationDateTime": self._time_us(source["SequenceNumber"]),
            "Keys": _twice(source["Keys"]),
        }
        for image in ("NewImage", "OldImage"):
            if image in source:
                change[image] = _twice(source[image])
        change["SizeBytes"] = len(_json(change))
        change["ApproximateCreationDateTimePrecision"] = "MICROSECOND"
        identity = None
        key = next(iter(source["Keys"].values())).get("S")
        if record["eventName"] == "REMOVE" and key in self.expired:
            self.expired.discard(key)
            identity = TTL_SERVICE
        return {
            "awsRegion": self.region,
            "eventID": record["eventID"],
            "eventName": record["eventName"],
            "userIdentity": identity,
            "recordFormat": "application/json",
            "tableName": self.table,
            "dynamodb": change,
            "eventSource": "aws:dynamodb",
        }

    def _time_us(self, sequence_number: str) -> int:
        """The time of the change in microseconds.

        The emulator gives whole seconds, but its sequence numbers begin with milliseconds. Each
        change is later than the one before, as on AWS an item's changes are.
        """
        self._last_time_us = max(int(sequence_number[:20]) * 1000, self._last_time_us + 1)
        return self._last_time_us


def _twice(attributes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """boto3's attribute values as JSON with binary values in base64 of base64."""
    return {name: _attribute(value) for name, value in attributes.items()}


def _attribute(attribute: dict[str, Any]) -> dict[str, Any]:
    [(kind, value)] = attribute.items()
    if kind == "B":
        return {kind: _binary(value)}
    if kind == "BS":
        return {kind: [_binary(member) for member in value]}
    if kind == "L":
        return {kind: [_attribute(member) for member in value]}
    if kind == "M":
        return {kind: _twice(value)}
    return {kind: value}


def _binary(value: bytes) -> str:
    return base64.b64encode(base64.b64encode(value)).decode()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def main() -> None:
    from dynalake_dev.emulator import Emulator
    from dynalake_dev.machine import REGION, ROOT

    endpoint, arn, name, last = sys.argv[1:]
    port = int(endpoint.rsplit(":", 1)[1])
    client = Emulator(ROOT / "target" / "demo", port, pid=0).client
    relay = Relay(client("dynamodbstreams"), client("kinesis"), arn, name, REGION)
    while True:
        try:
            relay.run(after=relay.last_sequence_number or last)
        except Exception as error:
            print(f"relay: {error}", file=sys.stderr, flush=True)
            if client("dynamodb").list_tables()["TableNames"] == []:
                raise
            time.sleep(1)


if __name__ == "__main__":
    main()
