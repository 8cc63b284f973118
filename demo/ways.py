"""The two ways to the lake, and what the demo does differently for each.

`--via firehose` needs a relay, as the emulator's DynamoDB wakes no delivery stream. `--via direct`
needs nothing in between: the emulator's event source mapping takes the changes from the table's own
stream and hands them to the function, which writes the Parquet objects itself.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import duckdb

from dynalake_dev import lake
from dynalake_dev.changes import Step
from dynalake_dev.console import Stage, Timings
from dynalake_dev.contract import Written
from dynalake_dev.emulator import Emulator
from dynalake_dev.machine import REGION, ROOT, clean_environment
from dynalake_dev.process import ToolError
from dynalake_dev.terraform import Terraform

from . import loading
from .relay import Relay
from .state import WORK, Running

RELAY_MODULE = "demo.relay"
# One made-up change in this many fails.
FAILS_EVERY = 10
# What every way has: a schema change updates it in place.
GLUE_TABLE, FUNCTION = "aws_glue_catalog_table", "aws_lambda_function"
NOTIFICATIONS = ("aws_s3_bucket_notification.", "aws_sns_topic_subscription.")


@dataclass(frozen=True)
class Progress:
    """How many changes are accounted for, and in words how far the others are."""

    done: int
    detail: str


class Way(ABC):
    """Made for one run; from `start` on it knows what Terraform made."""

    # Of --via.
    name: ClassVar[str]
    # In terraform/examples, and what package.py builds for it.
    example: ClassVar[str]
    program: ClassVar[str]
    # What the example needs on the emulator only, while the table has nothing but its own items.
    override: ClassVar[str]
    # The resource by which changes begin to flow, and what has to be there before.
    opening: ClassVar[str]
    before_opening: ClassVar[tuple[str, ...]]
    # What a schema change updates in place, and what it must leave alone.
    updated: ClassVar[tuple[str, ...]]
    untouched: ClassVar[tuple[str, ...]] = ()
    metrics: ClassVar[list[str]] = lake.METRICS
    # Whether a change that fails is one that the function saw.
    fails_in_function: ClassVar[bool]
    # Whether the stream has the times of changes in whole seconds.
    whole_seconds: ClassVar[bool]
    # Sentences of the report.
    about_files: ClassVar[str]
    about_loading: ClassVar[str]

    def __init__(self) -> None:
        # Keys whose next deletion counts as Time to Live's.
        self.expired: set[str] = set()

    @abstractmethod
    def open(self, terraform: Terraform) -> None:
        """Changes the configuration from that of the table alone to that of the first apply."""

    def start(
        self,
        running: Running,
        emulator: Emulator,
        outputs: dict[str, Any],
        objects: lake.Lake,
        before: int,
    ) -> None:
        """Takes what was deployed. `before`: how many items the table had."""
        self.emulator, self.outputs, self.objects = emulator, outputs, objects
        table = emulator.client("dynamodb").describe_table(TableName=outputs["table_name"])
        self.stream_arn: str = table["Table"]["LatestStreamArn"]

    def arrange(self, story: list[Step], made_up: list[Step]) -> tuple[list[Step], list[Step]]:
        """The changes in the order in which they are written: those that come before the schema is
        corrected, and the others."""
        return [], story + made_up

    def correct(self, terraform: Terraform, timings: Timings) -> list[str]:
        """Corrects the schema."""
        return []

    @abstractmethod
    def fails(self, number: int) -> bool:
        """Whether the change of this number fails; it comes by `dynalake replay`."""

    @abstractmethod
    def check(self) -> None:
        """Raises what keeps changes from coming."""

    @abstractmethod
    def progress(self) -> Progress: ...

    @abstractmethod
    def carried(self) -> int:
        """How many changes became rows by themselves."""

    @abstractmethod
    def put_another_tables_change(self) -> None: ...

    @abstractmethod
    def put_no_change(self) -> None:
        """A record that is no change at all, as a shared stream may bring one."""

    def put_errors(self) -> str:
        """Sees to it that what failed is under the error prefix; returns the key of the object if
        the demo wrote it itself."""
        return ""

    @abstractmethod
    def error_differences(self, failed: Sequence[Written], foreign: int, own: str) -> list[str]:
        """How the error prefix differs from what should be there: what failed, and `foreign`
        foreign records. `own`: what `put_errors` returned."""

    def expected_metrics(self) -> dict[str, int]:
        """What else the function has to have counted."""
        return {}

    @abstractmethod
    def stream_differences(self, rows: Sequence[dict[str, Any]]) -> list[str]:
        """How the rows differ from what is in the stream."""

    @abstractmethod
    def about_stream(self) -> list[str]: ...

    @abstractmethod
    def stop(self) -> None:
        """Ends what the demo runs for it."""

    def keep(self) -> dict[str, Any]:
        """Has it go on without the demo; returns what is to be remembered."""
        return {}


class Firehose(Way):
    name = "firehose"
    example, program = "complete", "bootstrap"
    override = """
# The relay's source. On AWS, DynamoDB itself writes into the Kinesis stream and needs none.
resource "aws_dynamodb_table" "this" {
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
}
"""
    opening = "aws_dynamodb_kinesis_streaming_destination."
    # Firehose reads from the latest record on, and S3 never repeats the notification of an object
    # that came before its configuration.
    before_opening = ("aws_kinesis_firehose_delivery_stream.", *NOTIFICATIONS)
    updated = (GLUE_TABLE, FUNCTION, "aws_kinesis_firehose_delivery_stream")
    fails_in_function, whole_seconds = False, False
    about_files = (
        "the emulator's Firehose writes an object per change, the real one gathers them for a "
        "minute"
    )
    about_loading = (
        "The emulator's own export writes no files, so the demo writes one as DynamoDB lays it "
        "out. It also writes the object of the error prefix, as Firehose does."
    )

    def open(self, terraform: Terraform) -> None:
        """It is the same."""

    def start(
        self,
        running: Running,
        emulator: Emulator,
        outputs: dict[str, Any],
        objects: lake.Lake,
        before: int,
    ) -> None:
        super().start(running, emulator, outputs, objects, before)
        client = emulator.client
        running.relay = self.relay = Relay(
            client("dynamodbstreams"),
            client("kinesis"),
            self.stream_arn,
            outputs["stream_name"],
            REGION,
        )
        self.relay.passed_over = before
        self.relay.expired = self.expired
        self.emulators_own: list[str] = []

    def arrange(self, story: list[Step], made_up: list[Step]) -> tuple[list[Step], list[Step]]:
        told, total = len(story), len(story) + len(made_up)
        self.relay.fails = lambda number: told <= number < total and number % FAILS_EVERY == 0
        self.relay.start()
        return super().arrange(story, made_up)

    def fails(self, number: int) -> bool:
        return self.relay.fails(number)

    def check(self) -> None:
        if self.relay.error is not None:
            log = WORK / "emulator.log"
            raise ToolError(f"the relay failed: {self.relay.error!r}\nThe emulator's log is {log}")

    def progress(self) -> Progress:
        failed, stored = len(self.relay.failed), len(self.objects.objects())
        relayed = len(self.relay.sent) + failed
        detail = f"{relayed:,} relayed" + (f", {failed} failed" if failed else "")
        return Progress(min(relayed, stored + failed), detail)

    def carried(self) -> int:
        return len(self.relay.sent)

    def put_another_tables_change(self) -> None:
        self._put(json.dumps(dict(self.relay.sent[0], tableName="customers")).encode())

    def put_no_change(self) -> None:
        self._put(b"this is not a change record")

    def _put(self, data: bytes) -> None:
        self.emulator.client("kinesis").put_record(
            StreamName=self.outputs["stream_name"], PartitionKey="foreign", Data=data
        )

    def put_errors(self) -> str:
        """The emulator's Firehose keeps no failed record."""
        return loading.put_errors(
            self.emulator.client("s3"),
            self.outputs["bucket"],
            self.outputs["error_prefix"],
            self.outputs["delivery_stream_name"],
            self.relay.failed,
        )

    def error_differences(self, failed: Sequence[Written], foreign: int, own: str) -> list[str]:
        return ["in the error prefix: " + text for text in self.objects.error_texts(but=own)]

    def stream_differences(self, rows: Sequence[dict[str, Any]]) -> list[str]:
        """The emulator's own records in the stream must not have been delivered too."""
        kinesis = self.emulator.client("kinesis")
        ours, self.emulators_own = lake.event_ids_in_stream(kinesis, self.outputs["stream_name"])
        twice = {row["_event_id"] for row in rows} & set(self.emulators_own)
        found = []
        if twice:
            found.append(
                f"{len(twice)} changes were delivered twice, in the emulator's own shape too"
            )
        missing = {change["eventID"] for change in self.relay.sent} - set(ours)
        if missing:
            found.append(f"{len(missing)} relayed changes are not in the Kinesis stream")
        return found

    def about_stream(self) -> list[str]:
        return [
            f"{len(self.emulators_own):,} records of the emulator's own stay in the stream "
            "undelivered; each change came by the relay",
            "Time to Live: the emulator's stream has no such deletions, so the story deletes and "
            "the relay signs",
        ]

    def stop(self) -> None:
        self.relay.stop()

    def keep(self) -> dict[str, Any]:
        """Hands the relay's work to a process of its own, which goes on where the thread
        stopped."""
        relay = self.relay
        relay.stop()
        arguments = [relay.stream_arn, relay.stream_name, str(relay.last_sequence_number)]
        with open(WORK / "relay.log", "w") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", RELAY_MODULE, self.emulator.endpoint, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=clean_environment(),
                cwd=ROOT,
                start_new_session=True,
            )
        return {"relay": started.pid}


class Direct(Way):
    """From the table's own stream. The first schema takes the key for a number, so that no change
    can be a row; corrected, it takes them all."""

    name = "direct"
    example, program = "direct", "direct"
    override = """
# A table that is in use before its stream is switched on.
resource "aws_dynamodb_table" "this" {
  stream_enabled   = false
  stream_view_type = null
}
"""
    opening = "aws_lambda_event_source_mapping."
    # S3 never repeats the notification of an object that came before its configuration.
    before_opening = ("aws_lambda_alias.", *NOTIFICATIONS)
    updated = (GLUE_TABLE, FUNCTION, "aws_lambda_alias")
    # An update would stop it for minutes.
    untouched = ("aws_lambda_event_source_mapping",)
    metrics = [*lake.METRICS, "ObjectsWritten", "StoreRetries"]
    fails_in_function, whole_seconds = True, True
    about_files = (
        "the emulator hands over at once what the stream has, the real mapping gathers changes for "
        "five seconds"
    )
    about_loading = (
        "The emulator's own export writes no files, so the demo writes one as DynamoDB lays it "
        "out. The lines of the error prefix are the function's."
    )
    wrong_key_type = "bigint"

    def __init__(self) -> None:
        super().__init__()
        self._failing = 0
        self._foreign = 0
        # Of each object: how many rows it has.
        self._rows: dict[str, int] = {}

    def open(self, terraform: Terraform) -> None:
        terraform.override("")
        self._correct_schema = terraform.schema.read_text()
        schema = json.loads(self._correct_schema)
        key = next(each for each in schema["columns"] if each.get("path") == schema["keys"])
        key["type"] = self.wrong_key_type
        terraform.schema.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")

    def arrange(self, story: list[Step], made_up: list[Step]) -> tuple[list[Step], list[Step]]:
        self._failing = -(-len(made_up) // FAILS_EVERY)
        steps = [replace(step, ttl=False) for step in made_up]
        told = [
            replace(step, ttl=False, note="deleted by a user: a tombstone") if step.ttl else step
            for step in story
        ]
        return steps[: self._failing], told + steps[self._failing :]

    def correct(self, terraform: Terraform, timings: Timings) -> list[str]:
        found = []
        with Stage("terraform apply, the schema corrected", timings) as stage:
            terraform.schema.write_text(self._correct_schema)
            applied = terraform.apply(stage.update)
            version = applied.outputs["function_version"]
            touched = [
                address
                for _, address in applied.events
                if any(kind in address for kind in self.untouched)
            ]
            if touched:
                found.append(f"another schema changes {touched[0]}")
            if version == self.outputs["function_version"]:
                found.append("another schema made no version of the function")
            outcome = "the mapping changed" if touched else "the mapping stays"
            stage.result = f"version {version} of the function; {outcome}"
        return found

    def fails(self, number: int) -> bool:
        return number < self._failing

    def check(self) -> None:
        """Nothing runs that could fail."""

    def progress(self) -> Progress:
        rows, failed = self.carried(), self._failed()
        detail = f"{rows:,} rows" + (f", {failed} error lines" if failed else "")
        return Progress(rows + failed, detail)

    def carried(self) -> int:
        keys = self._own_objects()
        self.objects.fetch()
        for key in keys:
            if key not in self._rows:
                file = str(self.objects.folder / key)
                query = "SELECT num_rows FROM parquet_file_metadata(?)"
                [(count,)] = duckdb.execute(query, [file]).fetchall()
                self._rows[key] = count
        return sum(self._rows.values())

    def _own_objects(self) -> list[str]:
        """The objects that the function wrote: backfill and replay give others' names."""
        keys = [each["Key"] for each in self.objects.objects()]
        return [key for key in keys if key.rsplit("/", 1)[1].startswith("dynamodb-")]

    def _failed(self) -> int:
        return len(self.objects.error_lines()) - self._foreign

    def put_another_tables_change(self) -> None:
        arn = self.stream_arn.replace(f"/{self.outputs['table_name']}/", "/customers/")
        self._invoke(self._record(arn, Keys={"customerId": {"N": "7"}}))

    def put_no_change(self) -> None:
        self._foreign += 1
        self._invoke(self._record(self.stream_arn))

    def _record(self, arn: str, **images: Any) -> dict[str, Any]:
        change = {"ApproximateCreationDateTime": int(time.time()), "SequenceNumber": "1"}
        return {
            "eventID": "foreign",
            "eventName": "REMOVE",
            "eventSource": "aws:dynamodb",
            "eventSourceARN": arn,
            "awsRegion": REGION,
            "dynamodb": change | images,
        }

    def _invoke(self, record: dict[str, Any]) -> None:
        """Hands a record to the function as the mapping does: no stream of a table has foreign
        ones."""
        answer = self.emulator.client("lambda").invoke(
            FunctionName=self.outputs["function_name"],
            Qualifier="live",
            Payload=json.dumps({"Records": [record]}).encode(),
        )
        said = json.loads(answer["Payload"].read())
        if said != {"batchItemFailures": []}:
            raise ToolError(f"the function answered {said}")

    def error_differences(self, failed: Sequence[Written], foreign: int, own: str) -> list[str]:
        """By key, event, order and code. The images are compared as rows, once replayed."""
        lines = self.objects.error_lines()
        found: list[str] = []
        theirs: list[tuple[int, str, str]] = []
        others = 0
        for line in lines:
            record = json.loads(base64.b64decode(line["rawData"]))
            keys = record["dynamodb"].get("Keys")
            if keys is None and line["errorCode"] == "dynalake.no_keys":
                others += 1
            elif line["errorCode"] == "dynalake.key_not_filled":
                number = int(record["dynamodb"]["SequenceNumber"])
                theirs.append((number, keys["orderId"]["S"], record["eventName"]))
            else:
                found.append(f"an error line has the code {line['errorCode']}")
        ours = [(change.key, change.event) for change in failed]
        if [(key, event) for _, key, event in sorted(theirs)] != ours:
            found.append(
                f"{len(ours)} changes failed, and {len(theirs)} error lines have others, or in "
                "another order"
            )
        if others != foreign:
            found.append(f"{others} error lines are of foreign records, not {foreign}")
        return found

    def expected_metrics(self) -> dict[str, int]:
        written = len(self._own_objects()) + len(self.objects.errors())
        return {"ObjectsWritten": written, "StoreRetries": 0}

    def stream_differences(self, rows: Sequence[dict[str, Any]]) -> list[str]:
        """Each change of the table's stream is a row, and each row is of one."""
        streams = self.emulator.client("dynamodbstreams")
        ids = lake.event_ids_in_table_stream(streams, self.stream_arn)
        theirs = [row["_event_id"] for row in rows]
        if sorted(ids) == sorted(theirs):
            return []
        return [
            f"the table's stream has {len(ids)} changes, {len(set(ids) - set(theirs))} of them in "
            f"no row; {len(theirs)} rows have an event"
        ]

    def about_stream(self) -> list[str]:
        return [
            f"{len(self._own_objects()):,} batches came by the event source mapping, from the "
            "table's own stream",
            "Time to Live: the emulator's stream has no such deletions, so the story deletes as a "
            "user does",
        ]

    def stop(self) -> None:
        """Nothing runs."""


WAYS: dict[str, type[Way]] = {each.name: each for each in (Firehose, Direct)}
