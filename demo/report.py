"""What a user wants to see of a run: the rows, where they lie, who was told, what was rescued, how long it took, and
the current state beside the table that it came from."""

from __future__ import annotations

import json
import re
from typing import Any, List

import environment
import expect
import lake as lakes
import show
import terraform

COLUMNS = ["order_id", "_event_type", "status", "total", "quantity", "priority", "paid", "placed_at", "due_on",
           "customer_city", "customer_email", "_ttl_delete", "tags", "items", "scores", "location", "attributes"]
# Of the current state, beside what DynamoDB has: so many items, and these columns.
ITEMS_SHOWN = 5
CURRENT_COLUMNS = ["status", "paid", "total", "placed_at", "customer_city", "due_on", "location", "tags", "items"]


def show_all(demo: Any) -> None:
    keys = {change.key for change in demo.writer.written[: demo.told]}
    rows = sorted((row for row in demo.rows if row["order_id"] in keys), key=lambda row: row["_sequence"])
    show_story(demo, rows)
    show_rescued(rows)
    show_files(demo)
    show_operations(demo)
    show_times(demo)
    show_current(demo)


def show_story(demo: Any, rows: List[dict]) -> None:
    show.heading("What was written into the table")
    show.print_table(
        ["#", "order", "event", "what happened"],
        [[number, change.key, change.event, change.tells]
         for number, change in enumerate(demo.writer.written[: demo.told], 1)],
        most=90,
    )
    show.heading("The rows, read back from Parquet by DuckDB")
    show.print_table(["#"] + COLUMNS, [[number] + [row[name] for name in COLUMNS] for number, row in enumerate(rows, 1)], most=44)


def show_rescued(rows: List[dict]) -> None:
    show.heading("What did not fit its column, and was rescued beside it")
    found = []
    for number, row in enumerate(rows, 1):
        for path, entry in json.loads(row["_rescued"] or "{}").items():
            found.append([number, row["order_id"], path, entry["reason"], json.dumps(entry["value"], ensure_ascii=False)])
    show.print_table(["#", "order", "attribute", "reason", "value, in DynamoDB's JSON"], found, most=60)


def show_files(demo: Any) -> None:
    show.heading("Where the Parquet objects lie")
    keys = [each["Key"] for each in demo.lake.objects()]
    folders = lakes.partitions(keys)
    size = sum(each["Size"] for each in demo.lake.objects())
    show.print_table(["folder", "objects"], [
        ["s3://{}/{}".format(demo.outputs["bucket"], folder), "{:,}".format(count)] for folder, count in folders.items()
    ], most=100)
    show.say("  {:,} bytes; the emulator's Firehose writes an object per change, the real one gathers them for a minute".format(size))
    show.heading("Notifications in the queue")
    show.say("  {:,} messages, one per object, none in the dead-letter queue; for instance of".format(len(demo.notified)))
    if demo.notified:
        show.say("  " + show.clip(lakes.unquoted(demo.notified[0]), show.width() - 2))


def show_operations(demo: Any) -> None:
    metrics = demo.metrics
    show.heading("What the function counted (CloudWatch embedded metrics)")
    names = list(metrics)
    show.print_table(names, [["{:,}".format(metrics[name]) for name in names]])
    for line in sorted({message_of(line) for line in demo.log_lines}):
        show.say("  log: " + show.clip(line, show.width() - 8))
    alarms = demo.emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    ours = [alarm for alarm in alarms if alarm["AlarmName"] in set(demo.outputs["alarm_names"])]
    ringing = [alarm["AlarmName"] for alarm in ours if alarm["StateValue"] == "ALARM"]
    show.say("  {} alarms, {}; dashboard {}".format(
        len(ours), "in alarm: " + ", ".join(ringing) if ringing else "none in alarm", demo.outputs["dashboard_name"]))
    show.say(show.dim("  {:,} records of the emulator's own lie in the stream undelivered; each change came by the relay".format(
        len(demo.emulators_own))))
    show.say(show.dim("  Time to Live: the emulator tells of no such deletion, so the story deletes and the relay signs"))


def message_of(line: str) -> str:
    """A log line without what differs from one to the next: time, request, example."""
    return re.sub(r"^\S+Z +|invocation\{[^}]*\}: |example_record_id=\S+", "", line).strip()


def show_times(demo: Any) -> None:
    show.heading("The time that each stage took")
    longest = max(seconds for _, seconds in demo.timings)
    size = max(show.cells(title) for title, _ in demo.timings)
    room = max(10, min(50, show.width() - size - 14))
    for title, seconds in demo.timings:
        bar = "█" * max(1, round(room * seconds / longest))
        show.say("  {} {:>7.1f} s {}".format(show.pad(title, size), seconds, bar))


def show_current(demo: Any) -> None:
    show.heading("The DynamoDB table, and its current state in the lake")
    differing = len(demo.current_differences)
    show.say("  {:,} items in DynamoDB   {:,} rows in {}   {}".format(
        len(demo.items), len(demo.current), demo.view,
        show.good("✓ 0 differ") if not differing else show.bad("✗ {:,} differences".format(differing))))
    rows = {row["order_id"]: row for row in demo.current}
    # The story's items first, as they were told of.
    order = {change.key: number for number, change in enumerate(demo.writer.written)}
    lines = []
    for item in sorted(demo.items, key=lambda item: order[item[demo.schema.keys[0]]["S"]])[:ITEMS_SHOWN]:
        key = item[demo.schema.keys[0]]["S"]
        written, row = demo.schema.attributes(item), rows.get(key, {})
        lines.append([key, "DynamoDB"] + [_attribute_text(written.get(name)) for name in CURRENT_COLUMNS])
        lines.append(["", "lake"] + [_text(row.get(name)) for name in CURRENT_COLUMNS])
    show.print_table(["order_id", "in"] + CURRENT_COLUMNS, lines, most=30)
    for line in [
        "{:,} changes made it; {:,} keys are deleted. A value that is only in DynamoDB did not fit, and is in _rescued.".format(
            len(demo.rows), len(order) - len(demo.items)),
        "{} is the view that `dynalake ddl --dialect athena` prints, run as it is by DuckDB on the Parquet objects.".format(demo.view),
        "Databricks' pipeline keeps the same as a table, by AUTO CDC: `python3 databricks/tests` runs it on Spark.",
    ]:
        show.say(show.dim("  " + line))


def _attribute_text(attribute: Any) -> Any:
    """An attribute as it was written, without DynamoDB's descriptors."""
    if attribute is None:
        return None
    [(kind, value)] = attribute.items()
    return value if kind in ("S", "N") else _text(expect.plain(attribute))


def _text(value: Any) -> Any:
    """A value of the lake or of DynamoDB, alike where they are equal."""
    if isinstance(value, expect.Unordered):
        return _text(value.members)
    if isinstance(value, dict):
        return "{{{}}}".format(", ".join("{}: {}".format(name, _text(each)) for name, each in value.items()))
    if isinstance(value, list):
        return "[{}]".format(", ".join(str(_text(each)) for each in value))
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else show.one_line(value)


def show_how_to_look_around(demo: Any) -> None:
    endpoint, outputs = demo.emulator.endpoint, demo.outputs
    show.heading("It goes on running at {}. To look around:".format(endpoint))
    aws = "aws --endpoint-url {} --region eu-central-1".format(endpoint)
    item = '{"orderId": {"S": "mine"}, "total": {"N": "42.10"}, "surprise": {"S": "?"}}'
    show.say("""
  the rows            python3 demo --sql 'FROM orders ORDER BY _sequence DESC LIMIT 5'
  the current state   python3 demo --sql 'FROM orders_current'
  rescued             python3 demo --sql 'SELECT order_id, _rescued FROM orders WHERE _rescued IS NOT NULL'

  the AWS command line, with any credentials (export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test):
  write a change      {aws} dynamodb put-item --table-name {table} --item '{item}'
  the objects         {aws} s3 ls --recursive s3://{bucket}/
  a notification      {aws} sqs receive-message --queue-url {queue}
  the function's log  {aws} logs filter-log-events --log-group-name /aws/lambda/{function} --query 'events[].message'

  terraform           AWS_ENDPOINT_URL={endpoint} terraform -chdir={example} plan
  logs                {work}/emulator.log, relay.log, terraform.log

  stop all            python3 demo --down""".format(
        aws=aws, item=item, table=outputs["table_name"], bucket=outputs["bucket"], queue=outputs["queue_url"],
        function=outputs["function_name"], endpoint=endpoint, example=terraform.EXAMPLE, work=environment.WORK))
