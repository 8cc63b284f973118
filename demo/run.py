"""One run of the demo from start to end, and what becomes of it: taken down, or kept."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import checks
import ddl
import emulator as emulators
import environment
import expect
import lake as lakes
import processes
import report
import show
import story
from emulator import Emulator
from processes import Refused
from relay import Relay
from terraform import SCHEMA, Applied, Terraform
from writing import Writer

STATE = environment.WORK / "state.json"
RELAY_PROGRAM = environment.DEMO / "relay.py"
# Without any progress for so long, something is broken, and it is time to say what is missing.
PATIENCE_SECONDS = 60.0


def run(arguments: argparse.Namespace) -> int:
    environment.WORK.mkdir(parents=True, exist_ok=True)
    with open(environment.WORK / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused("another demo is running in {}".format(environment.WORK)) from None
        os.set_inheritable(lock.fileno(), False)
        if arguments.down:
            return down()
        if arguments.sql is not None:
            return ask(arguments.sql)
        return Demo(arguments).run()


class Demo:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.timings: List[Tuple[str, float]] = []
        self.emulator: Optional[Emulator] = None
        self.relay: Optional[Relay] = None
        self.building: Optional[processes.Beside] = None
        self.failures: List[str] = []

    def run(self) -> int:
        _clear_earlier_run()
        finished = False
        try:
            self._deploy()
            self._write_and_wait()
            self._verify()
            self._compare_current_state()
            self._show()
            if self.arguments.test:
                self._test()
            if self.arguments.keep:
                self._keep()
            else:
                self._take_down()
            finished = True
        finally:
            if not finished:
                # Whatever comes now must not stop half-way: it is short, and the user has already asked for the end.
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
                self._abandon()
        return self._verdict()

    def _stage(self, title: str) -> show.Stage:
        return show.Stage(title, self.timings)

    # ---- deploying

    def _deploy(self) -> None:
        with self._stage("function's package") as stage:
            package = environment.build_package(stage.update)
            stage.result = "{:,} bytes".format(package.stat().st_size)
        # Terraform leaves it time enough: it waits for AWS more than it works.
        self.building = environment.start_building_command_line()
        with self._stage("emulator") as stage:
            self.emulator = emulators.start(owned=not self.arguments.keep)
            _write_state(self.emulator)
            stage.result = self.emulator.endpoint
        self.terraform = Terraform(self.emulator.endpoint)
        with self._stage("terraform init"):
            self.terraform.prepare(environment.DEMO / "orders.schema.json", package)
            self.terraform.init()
        with self._stage("terraform apply") as stage:
            self.applied = self.terraform.apply(stage.update)
            done = sum(kind == "apply_complete" for kind, _ in self.applied.events)
            stage.result = "{} resources".format(done)
        self.outputs = self.applied.outputs
        self.schema = expect.Schema(json.loads((environment.DEMO / "orders.schema.json").read_text()))
        client = self.emulator.client
        self.lake = lakes.Lake(
            client("s3"), self.outputs["bucket"], self.outputs["data_prefix"], self.outputs["error_prefix"]
        )
        stream_arn = client("dynamodb").describe_table(TableName=self.outputs["table_name"])["Table"]["LatestStreamArn"]
        self.relay = Relay(
            client("dynamodbstreams"), client("kinesis"), stream_arn, self.outputs["stream_name"], emulators.REGION
        )
        self.writer = Writer(client("dynamodb"), self.outputs["table_name"], "orderId", self.relay.expired)

    # ---- changes

    def _write_and_wait(self) -> None:
        self.relay.start()
        with self._stage("changes into DynamoDB") as stage:
            steps = story.told()
            self.told = len(steps)
            steps += story.generated(self.arguments.changes, self.arguments.seed)
            for number, step in enumerate(steps):
                stage.update(done=number, total=len(steps))
                self._check_relay()
                self.writer.write(step)
            stage.result = "{} of the story, {:,} made up (seed {})".format(
                self.told, self.arguments.changes, self.arguments.seed)
        with self._stage("changes into Parquet") as stage:
            self._wait(stage)
            stage.result = "{:,} objects".format(len(self.lake.objects()))
        with self._stage("records that are no change of the table") as stage:
            self._put_strangers()
            stage.result = "one of another table, one that is no change at all"

    def _check_relay(self) -> None:
        if self.relay.error is not None:
            raise Refused("the relay failed: {!r}\nThe emulator's log is {}".format(self.relay.error, emulators.LOG))

    def _wait(self, stage: show.Stage) -> None:
        """Waits until there are as many objects as changes; whether they are the right ones is checked later."""
        total = len(self.writer.written)
        before, since = None, time.monotonic()
        while True:
            self._check_relay()
            relayed, delivered = len(self.relay.sent), len(self.lake.objects())
            failed = len(self.lake.errors())
            detail = "{:,} relayed".format(relayed) + (", {} in the error prefix".format(failed) if failed else "")
            stage.update(detail, delivered, total)
            if relayed >= total and delivered + failed >= total:
                return
            if (relayed, delivered, failed) != before:
                before, since = (relayed, delivered, failed), time.monotonic()
            elif time.monotonic() - since > PATIENCE_SECONDS:
                self.failures.append("after {:.0f} s without progress: {:,} changes written, {:,} relayed, {:,} objects".format(
                    PATIENCE_SECONDS, total, relayed, delivered))
                return
            time.sleep(0.5)

    def _put_strangers(self) -> None:
        """What a shared stream may bring: a record that is no change at all, and another table's change."""
        self.strangers = {"RecordsFailed": 1, "RecordsDropped": 0}
        self._put(b"this is not a change record")
        self._put_another_tables()

    def _put_another_tables(self) -> None:
        change = dict(self.relay.sent[0], tableName="customers")
        self._put(json.dumps(change).encode())
        self.strangers["RecordsDropped"] += 1

    def _put(self, data: bytes) -> None:
        self.emulator.client("kinesis").put_record(
            StreamName=self.outputs["stream_name"], PartitionKey="stranger", Data=data)

    # ---- checking

    def _verify(self) -> None:
        with self._stage("command line, built meanwhile"):
            self.command_line = ddl.CommandLine(environment.built_command_line(self.building), SCHEMA)
        with self._stage("every value compared") as stage:
            stage.update("fetching the Parquet objects")
            self.lake.fetch(anew=True)
            self.connect()
            self.rows = lakes.rows(self.duckdb, self.outputs["glue_table"])
            written = self.writer.written
            found = expect.differences(written, self.rows, self.schema)
            found += ["in the error prefix: " + text for text in self.lake.error_texts()]
            found += self._check_metrics() + self._check_stream() + self._check_notifications()
            self.failures += found
            values = sum(value is not None for row in self.rows for value in row.values())
            stage.result = "{:,} rows, {:,} values, {}".format(
                len(self.rows), values, "all equal" if not found else "{} differences".format(len(found)))

    def _check_metrics(self) -> List[str]:
        """The function's own count must agree; what is in no row must be in it."""
        logs, function = self.emulator.client("logs"), self.emulator.client("lambda")
        rescued = sum(bool(self.schema.row(change)[1]) for change in self.writer.written)
        for _ in range(3):
            self.metrics, self.log_lines = lakes.metrics(logs, function, self.outputs["function_name"])
            expected = {
                "RecordsIn": len(self.writer.written) + sum(self.strangers.values()),
                "RecordsOk": len(self.writer.written),
                "RowsRescued": rescued,
                "Duplicates": 0,
                **self.strangers,
            }
            if self.metrics["RecordsIn"] >= expected["RecordsIn"]:
                break
            # The emulator may collect an invocation's last line with the next invocation only.
            self._put_another_tables()
        return [
            "the function counted {} = {:,}, not {:,}".format(name, self.metrics[name], value)
            for name, value in expected.items() if self.metrics[name] != value
        ]

    def _check_stream(self) -> List[str]:
        """The emulator's own records in the stream must not have been delivered too."""
        ours, self.emulators_own = lakes.event_ids_in_stream(
            self.emulator.client("kinesis"), self.outputs["stream_name"])
        arrived = {row["_event_id"] for row in self.rows}
        found = []
        if arrived & set(self.emulators_own):
            found.append("{} changes were delivered twice, in the emulator's own shape too".format(
                len(arrived & set(self.emulators_own))))
        relayed = {change["eventID"] for change in self.relay.sent}
        if not relayed <= set(ours):
            found.append("{} relayed changes are not in the Kinesis stream".format(len(relayed - set(ours))))
        return found

    def _check_notifications(self) -> List[str]:
        """Each object must have been told of once."""
        self.notified = lakes.notifications(
            self.emulator.client("sqs"), self.outputs["queue_url"], keep=self.arguments.keep)
        # S3 writes a key in a notification as a URL has it, so `=` is %3D.
        told = sorted(lakes.unquoted(key) for key in self.notified)
        objects = sorted(each["Key"] for each in self.lake.objects())
        dead = lakes.count_messages(self.emulator.client("sqs"), self.outputs["dead_letter_queue_url"])
        found = []
        if told != objects:
            found.append("the queue told of {:,} objects ({:,} different ones), the bucket has {:,}".format(
                len(told), len(set(told)), len(objects)))
        if dead:
            found.append("{} messages are in the dead-letter queue".format(dead))
        return found

    def connect(self) -> None:
        """Takes the fetched objects and the schema file as they are now."""
        self.view_sql = self.command_line.sql("athena", "view")
        self.duckdb = lakes.connect(self.outputs["glue_database"], self.outputs["glue_table"], self.view_sql)

    def _compare_current_state(self) -> None:
        """The DynamoDB table as a scan finds it, against the view that ships for Athena."""
        with self._stage("current state compared") as stage:
            self.items = lakes.items(self.emulator.client("dynamodb"), self.outputs["table_name"])
            self.view = self.outputs["glue_table"] + "_current"
            self.current = lakes.rows(self.duckdb, self.view)
            self.current_differences = expect.current_differences(self.items, self.current, self.schema)
            self.failures += self.current_differences
            stage.result = "{:,} items in DynamoDB, {:,} rows in {}, {}".format(
                len(self.items), len(self.current), self.view,
                "{:,} differences".format(len(self.current_differences)) if self.current_differences else "all equal")

    def _show(self) -> None:
        report.show_all(self)

    def _test(self) -> None:
        self.failures += checks.check_all(self)

    # ---- the end

    def _take_down(self) -> None:
        self.relay.stop()
        with self._stage("terraform destroy") as stage:
            self.terraform.destroy(stage.update)
            left = checks.what_is_left(self.emulator)
            if left:
                self.failures.append("terraform destroy left: " + ", ".join(left))
            stage.result = "nothing left" if not left else "{} things left".format(len(left))
        with self._stage("emulator stopped"):
            self._abandon()

    def _abandon(self) -> None:
        """Stops all that runs. What was deployed lived in the emulator's memory, and is gone with it."""
        if self.relay is not None:
            self.relay.stop(wait=False)
        if self.building is not None:
            self.building.stop()
        if self.emulator is not None:
            self.emulator.stop()
        for path in (STATE, environment.WORK / "terraform" / "examples" / "complete" / "terraform.tfstate"):
            path.unlink(missing_ok=True)

    def _keep(self) -> None:
        """Hands the relay's work to a process of its own, which goes on where the thread stopped."""
        self.relay.stop()
        with open(environment.WORK / "relay.log", "w") as log:
            process = subprocess.Popen(
                [str(environment.PYTHON), str(RELAY_PROGRAM), self.emulator.endpoint, self.relay.stream_arn,
                 self.relay.stream_name, self.relay.last_sequence_number],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=environment.clean_environment(), start_new_session=True,
            )
        _write_state(self.emulator, relay=process.pid, outputs=self.outputs, view=self.view_sql)
        report.show_how_to_look_around(self)

    def _verdict(self) -> int:
        total = time.time() - float(os.environ["DYNALAKE_DEMO_STARTED"])
        if self.failures:
            show.heading(show.bad("{} differences".format(len(self.failures))))
            for text in self.failures[:20]:
                show.say("  " + text)
            if len(self.failures) > 20:
                show.say("  and {} more".format(len(self.failures) - 20))
            show.say("\nLogs: {0}/terraform.log, {0}/emulator.log".format(environment.WORK))
            return 1
        show.say("\n{} all {:,} changes arrived, each once, every value equal; {:,} items are as many rows · {:.0f} s in all".format(
            show.good("✓"), len(self.writer.written), len(self.items), total))
        return 0


# ---- what an earlier run left


def _write_state(emulator: Emulator, **more: Any) -> None:
    STATE.write_text(json.dumps({"pid": emulator.pid, "port": emulator.port, **more}, indent=2) + "\n")


def _read_state() -> Optional[Dict[str, Any]]:
    try:
        return json.loads(STATE.read_text())
    except (OSError, ValueError):
        return None


def _kept() -> Tuple[Emulator, Dict[str, Any]]:
    state = _read_state()
    if state is not None:
        emulator = Emulator(state["port"], state["pid"])
        if emulator.is_running() and "outputs" in state:
            return emulator, state
    raise Refused("no demo is running that was kept; start one: python3 demo --keep")


def _clear_earlier_run() -> None:
    """A run that was killed outright leaves its files; one that was kept is the user's to end."""
    state = _read_state()
    if state is None:
        return
    emulator = Emulator(state["port"], state["pid"])
    if emulator.is_running():
        if "outputs" in state:
            raise Refused("a demo that was kept is running; end it first: python3 demo --down")
        emulator.stop()
    STATE.unlink()


def down() -> int:
    state = _read_state()
    if state is None:
        show.say("no demo is running that was kept")
        return 0
    emulator = Emulator(state["port"], state["pid"])
    timings: List[Tuple[str, float]] = []
    left: List[str] = []
    try:
        if "relay" in state:
            processes.stop_by_id(state["relay"], str(RELAY_PROGRAM))
        if emulator.is_running() and "outputs" in state:
            with show.Stage("terraform destroy", timings) as stage:
                Terraform(emulator.endpoint).destroy(stage.update)
                left = checks.what_is_left(emulator)
    finally:
        with show.Stage("emulator stopped", timings):
            emulator.stop()
            STATE.unlink()
            (environment.WORK / "terraform" / "examples" / "complete" / "terraform.tfstate").unlink(missing_ok=True)
    if left:
        show.say("terraform destroy left: " + ", ".join(left))
    return 1 if left else 0


def ask(query: str) -> int:
    """Answers a query about the kept demo's lake, as it is now."""
    emulator, state = _kept()
    outputs = state["outputs"]
    lake = lakes.Lake(emulator.client("s3"), outputs["bucket"], outputs["data_prefix"], outputs["error_prefix"])
    lake.fetch()
    try:
        found = lakes.connect(outputs["glue_database"], outputs["glue_table"], state["view"]).execute(query)
        headers = [column[0] for column in found.description or []]
        answers = found.fetchall()
    except lakes.duckdb.Error as error:
        raise Refused(str(error)) from None
    show.print_table(headers, answers)
    show.say("{:,} rows".format(len(answers)))
    return 0
