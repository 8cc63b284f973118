"""What is at both ends and in between: the DynamoDB table's items, objects and rows, notifications,
metrics, the Kinesis stream."""

from __future__ import annotations

import json
import re
import shutil
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb


class Lake:
    """The bucket's objects under a prefix, and where their copies are on this machine."""

    def __init__(
        self, folder: Path, s3: Any, bucket: str, data_prefix: str, error_prefix: str
    ) -> None:
        self.folder, self.s3, self.bucket = folder, s3, bucket
        self.data_prefix, self.error_prefix = data_prefix, error_prefix
        self._error_lines: dict[str, list[dict[str, Any]]] = {}

    def objects(self) -> list[dict[str, Any]]:
        return self._list(self.data_prefix)

    def errors(self) -> list[dict[str, Any]]:
        return self._list(self.error_prefix)

    def error_texts(self, but: str = "", most: int = 3) -> list[str]:
        """What Firehose says of records that it could not convert; without their data, which may be
        anyone's. `but`: the key of an object that is not asked for."""
        said = []
        for each in [each for each in self.errors() if each["Key"] != but][:most]:
            document = json.loads(
                self.s3.get_object(Bucket=self.bucket, Key=each["Key"])["Body"].read()
            )
            document.pop("rawData", None)
            said.append("{}: {}".format(each["Key"], document.get("ErrorCode", document)))
        return said

    def error_lines(self) -> list[dict[str, Any]]:
        """The lines of all objects under the error prefix."""
        lines = []
        for each in self.errors():
            if each["Key"] not in self._error_lines:
                body = self.s3.get_object(Bucket=self.bucket, Key=each["Key"])["Body"].read()
                self._error_lines[each["Key"]] = [json.loads(line) for line in body.splitlines()]
            lines += self._error_lines[each["Key"]]
        return lines

    def _list(self, prefix: str) -> list[dict[str, Any]]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [each for page in pages for each in page.get("Contents", [])]

    def clear(self) -> None:
        """Removes the copies of an earlier run."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def fetch(self) -> None:
        """Copies the Parquet objects that aren't here yet."""
        for each in self.objects():
            path = self.folder / each["Key"]
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished = path.with_suffix(".new")
                self.s3.download_file(self.bucket, each["Key"], str(unfinished))
                unfinished.replace(path)


def connect(
    folder: Path, database: str, table: str, current_state: str
) -> duckdb.DuckDBPyConnection:
    """DuckDB with the Parquet files of a folder under the names that Glue has for them, and with
    the current state over them: `current_state` is the view that `dynalake ddl` prints for
    Athena."""
    connection = duckdb.connect()
    schema = _quoted(database)
    connection.execute(f"CREATE SCHEMA {schema}; USE {schema}")
    files = str(folder / "**" / "*.parquet").replace("'", "''")
    options = "hive_partitioning = true, union_by_name = true"
    connection.execute(f"CREATE VIEW {_quoted(table)} AS FROM read_parquet('{files}', {options})")
    connection.execute(current_state)
    return connection


def rows(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    found = connection.execute(f"FROM {_quoted(name)}")
    names = [column[0] for column in found.description]
    return [dict(zip(names, values, strict=True)) for values in found.fetchall()]


def types(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, str]]:
    """Each column with DuckDB's type."""
    return [row[:2] for row in connection.execute(f"DESCRIBE {_quoted(name)}").fetchall()]


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def items(dynamodb: Any, table: str) -> list[dict[str, Any]]:
    """All that the DynamoDB table holds now."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def notifications(sqs: Any, queue_url: str, keep: bool) -> list[str]:
    """Receives every message in the queue; returns the object keys in them.

    Each is deleted as a reader of the queue does, or shown again at once where it is to be kept.
    """
    keys, seen = [], []
    while True:
        messages = sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0, VisibilityTimeout=120
        ).get("Messages", [])
        if not messages:
            break
        for message in messages:
            body = json.loads(message["Body"])
            # Raw delivery leaves SNS' envelope out.
            event = json.loads(body["Message"]) if "Message" in body else body
            keys += [record["s3"]["object"]["key"] for record in event.get("Records", [])]
        seen += messages
        if not keep:
            sqs.delete_message_batch(
                QueueUrl=queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ],
            )
    if keep:
        for message in seen:
            sqs.change_message_visibility(
                QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
    return keys


def unquoted(key: str) -> str:
    """An object key as S3 has it; a notification writes it as a URL does."""
    return urllib.parse.unquote_plus(key)


def count_messages(sqs: Any, queue_url: str) -> int:
    attributes = sqs.get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


METRICS = ["RecordsIn", "RecordsOk", "RecordsDropped", "RecordsFailed", "RowsRescued", "Duplicates"]


def metrics(
    logs: Any, function: Any, function_name: str, names: Sequence[str]
) -> tuple[dict[str, int], list[str]]:
    """The sums of what the function counted, and its lines at WARN or ERROR, from its log group."""
    sums, said = dict.fromkeys(names, 0), []
    for message in messages(logs, function, function_name):
        if '"_aws"' in message:
            line = json.loads(message)
            for name in names:
                sums[name] += line.get(name, 0)
        # As text or as JSON: on AWS the function's logging settings decide, the emulator knows text
        # only.
        elif re.search(r" (WARN|ERROR) |\"level\":\"(WARN|ERROR)\"", message):
            said.append(message)
    return sums, said


def messages(logs: Any, function: Any, function_name: str) -> Iterator[str]:
    """Every line in the function's log group."""
    configuration = function.get_function_configuration(FunctionName=function_name)
    group = configuration.get("LoggingConfig", {}).get("LogGroup", "/aws/lambda/" + function_name)
    # Stream by stream: the emulator's filter_log_events ends after 10,000 events, without a token.
    for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group):
        for stream in page["logStreams"]:
            more: dict[str, str] = {}
            while True:
                answer = logs.get_log_events(
                    logGroupName=group,
                    logStreamName=stream["logStreamName"],
                    startFromHead=True,
                    **more,
                )
                yield from (event["message"] for event in answer["events"])
                if answer["nextForwardToken"] == more.get("nextToken"):
                    break
                more = {"nextToken": answer["nextForwardToken"]}


def event_ids_in_stream(kinesis: Any, stream: str) -> tuple[list[str], list[str]]:
    """Event ids of the records in the Kinesis stream: the relay's, and those that the emulator put
    there itself."""
    ours: list[str] = []
    emulators: list[str] = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=10000)
            for record in answer["Records"]:
                try:
                    change = json.loads(record["Data"])
                except ValueError:
                    continue
                (ours if "tableName" in change else emulators).append(change["eventID"])
            if not answer["Records"] and not answer.get("MillisBehindLatest"):
                break
            iterator = answer.get("NextShardIterator")
    return ours, emulators


def event_ids_in_table_stream(streams: Any, arn: str) -> list[str]:
    """Event ids of the changes in a table's own stream."""
    found: list[str] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator, Limit=1000)
            found += [record["eventID"] for record in answer["Records"]]
            if not answer["Records"]:
                break
            iterator = answer.get("NextShardIterator")
    return found


def partitions(keys: Sequence[str]) -> dict[str, int]:
    """How many objects are under each folder."""
    counts: dict[str, int] = {}
    for key in keys:
        folder = str(Path(key).parent) + "/"
        counts[folder] = counts.get(folder, 0) + 1
    return counts
