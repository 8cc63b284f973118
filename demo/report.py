"""What a user wants to see of a run: the rows, where they are, the notifications, what was rescued,
how long it took, and the current state beside the table that it came from."""

from __future__ import annotations

import json
import re
from typing import Any

from dynalake_dev import console, contract, lake
from dynalake_dev.console import Timings

from .state import WORK
from .steps import CurrentState, Delivery, Deployment, Loaded, Verified

COLUMNS = [
    "order_id",
    "_event_type",
    "status",
    "total",
    "quantity",
    "priority",
    "paid",
    "placed_at",
    "due_on",
    "customer_city",
    "customer_email",
    "_ttl_delete",
    "tags",
    "items",
    "scores",
    "location",
    "attributes",
]
# Of the current state, beside what DynamoDB has: so many items, and these columns.
ITEMS_SHOWN = 5
CURRENT_COLUMNS = [
    "status",
    "paid",
    "total",
    "placed_at",
    "customer_city",
    "due_on",
    "location",
    "tags",
    "items",
]


def show_all(
    deployed: Deployment,
    delivery: Delivery,
    loaded: Loaded,
    verified: Verified,
    current: CurrentState,
    timings: Timings,
) -> None:
    story = delivery.story
    keys = {change.key for change in story}
    rows = sorted(
        (row for row in verified.rows if row["order_id"] in keys),
        key=lambda row: row["_sequence"],
    )
    show_story(story, rows)
    show_rescued(rows)
    show_loaded(deployed, loaded)
    show_files(deployed, verified.notified)
    show_operations(deployed, verified)
    show_times(timings)
    show_current(deployed, delivery, verified, current)


def show_story(story: list[contract.Written], rows: list[dict[str, Any]]) -> None:
    console.heading("What was written into the table")
    console.print_table(
        ["#", "order", "event", "what happened"],
        [[number, change.key, change.event, change.note] for number, change in enumerate(story, 1)],
        most=90,
    )
    console.heading("The rows, read back from Parquet by DuckDB")
    console.print_table(
        ["#", *COLUMNS],
        [[number] + [row[name] for name in COLUMNS] for number, row in enumerate(rows, 1)],
        most=44,
    )


def show_rescued(rows: list[dict[str, Any]]) -> None:
    console.heading("What did not fit its column, and was rescued beside it")
    found = []
    for number, row in enumerate(rows, 1):
        for path, entry in json.loads(row["_rescued"] or "{}").items():
            found.append(
                [
                    number,
                    row["order_id"],
                    path,
                    entry["reason"],
                    json.dumps(entry["value"], ensure_ascii=False),
                ]
            )
    console.print_table(
        ["#", "order", "attribute", "reason", "value, in DynamoDB's JSON"], found, most=60
    )


def show_loaded(deployed: Deployment, loaded: Loaded) -> None:
    console.heading("What no stream brings: the items from before, and what failed")
    by_stream, by_export, by_replay = loaded.differing
    exported, failed = len(loaded.exported), len(loaded.failed)
    console.print_table(
        ["loaded by", "what", "differences between table and current state"],
        [
            ["the stream", f"{deployed.way.carried():,} changes", by_stream],
            ["dynalake backfill", f"{exported:,} items of an export", by_export],
            ["dynalake replay", f"{failed:,} changes of the error prefix", by_replay],
        ],
    )
    console.say(console.dim("  " + deployed.way.about_loading))


def show_files(deployed: Deployment, notified: list[str]) -> None:
    console.heading("Where the Parquet objects are")
    objects, bucket = deployed.lake.objects(), deployed.outputs["bucket"]
    folders = lake.partitions([each["Key"] for each in objects])
    size = sum(each["Size"] for each in objects)
    console.print_table(
        ["folder", "objects"],
        [[f"s3://{bucket}/{folder}", f"{count:,}"] for folder, count in folders.items()],
        most=100,
    )
    console.say(f"  {size:,} bytes; {deployed.way.about_files}")
    console.heading("Notifications in the queue")
    console.say(
        f"  {len(notified):,} messages, one per object, none in the dead-letter queue; for "
        "instance of"
    )
    if notified:
        console.say("  " + console.clip(lake.unquoted(notified[0]), console.width() - 2))


def show_operations(deployed: Deployment, verified: Verified) -> None:
    metrics, outputs = verified.metrics, deployed.outputs
    console.heading("What the function counted (CloudWatch embedded metrics)")
    names = list(metrics)
    console.print_table(names, [[f"{metrics[name]:,}" for name in names]])
    for line in sorted({message_of(line) for line in verified.log_lines}):
        console.say("  log: " + console.clip(line, console.width() - 8))
    alarms = deployed.emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    ours = [alarm for alarm in alarms if alarm["AlarmName"] in set(outputs["alarm_names"])]
    ringing = [alarm["AlarmName"] for alarm in ours if alarm["StateValue"] == "ALARM"]
    states = "in alarm: " + ", ".join(ringing) if ringing else "none in alarm"
    console.say(f"  {len(ours)} alarms, {states}; dashboard {outputs['dashboard_name']}")
    for line in deployed.way.about_stream():
        console.say(console.dim("  " + line))


def message_of(line: str) -> str:
    """A log line without what differs from one to the next: time, request, example."""
    varying = r"^\S+Z +|invocation\{[^}]*\}: |records=\d+ |example_\w+=\S+"
    return re.sub(varying, "", line).strip()


def show_times(timings: Timings) -> None:
    console.heading("The time that each stage took")
    longest = max(seconds for _, seconds in timings)
    size = max(console.cells(title) for title, _ in timings)
    room = max(10, min(50, console.width() - size - 14))
    for title, seconds in timings:
        bar = "█" * max(1, round(room * seconds / longest))
        console.say(f"  {console.pad(title, size)} {seconds:>7.1f} s {bar}")


def show_current(
    deployed: Deployment, delivery: Delivery, verified: Verified, current: CurrentState
) -> None:
    console.heading("The DynamoDB table, and its current state in the lake")
    items, rows, view = current.items, current.rows, verified.opened.view
    differing = len(current.differences)
    outcome = (
        console.good("✓ 0 differ") if not differing else console.bad(f"✗ {differing:,} differences")
    )
    console.say(f"  {len(items):,} items in DynamoDB   {len(rows):,} rows in {view}   {outcome}")
    by_key = {row["order_id"]: row for row in rows}
    # The story's items first, in its order.
    order = {change.key: number for number, change in enumerate(delivery.story)}
    schema = deployed.schema
    lines = []
    by_story = sorted(items, key=lambda item: order.get(item[schema.keys[0]]["S"], len(order)))
    for item in by_story[:ITEMS_SHOWN]:
        key = item[schema.keys[0]]["S"]
        written, row = schema.attributes(item), by_key.get(key, {})
        in_table = [_attribute_text(written.get(name)) for name in CURRENT_COLUMNS]
        lines.append([key, "DynamoDB", *in_table])
        lines.append(["", "lake", *(_text(row.get(name)) for name in CURRENT_COLUMNS)])
    console.print_table(["order_id", "in", *CURRENT_COLUMNS], lines, most=30)
    keys = {change.key for change in deployed.writer.written}
    deleted = len(keys - {item[schema.keys[0]]["S"] for item in items})
    for line in [
        f"{len(verified.rows):,} changes made it; {deleted:,} keys are deleted. A value that is "
        "only "
        "in DynamoDB did not fit, and is in _rescued.",
        f"{view} is the view that `dynalake ddl --dialect athena` prints, run unchanged by DuckDB "
        "on "
        "the Parquet objects.",
        "Databricks' pipeline keeps the same as a table, by AUTO CDC: `python3 databricks/tests` "
        "runs "
        "it on Spark.",
    ]:
        console.say(console.dim("  " + line))


def _attribute_text(attribute: Any) -> Any:
    """An attribute as it was written, without DynamoDB's descriptors."""
    if attribute is None:
        return None
    [(kind, value)] = attribute.items()
    return value if kind in ("S", "N") else _text(contract.plain(attribute))


def _text(value: Any) -> Any:
    """A value of the lake or of DynamoDB, alike where they are equal."""
    if isinstance(value, contract.Unordered):
        return _text(value.members)
    if isinstance(value, dict):
        members = ", ".join(f"{name}: {_text(each)}" for name, each in value.items())
        return f"{{{members}}}"
    if isinstance(value, list):
        return f"[{', '.join(str(_text(each)) for each in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else console.one_line(value)


def show_how_to_look_around(deployed: Deployment) -> None:
    endpoint, outputs = deployed.emulator.endpoint, deployed.outputs
    table, bucket, queue = outputs["table_name"], outputs["bucket"], outputs["queue_url"]
    group = f"/aws/lambda/{outputs['function_name']}"
    console.heading(f"It goes on running at {endpoint}. To look around:")
    aws = f"aws --endpoint-url {endpoint} --region eu-central-1"
    keys = "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
    item = '{"orderId": {"S": "mine"}, "total": {"N": "42.10"}, "surprise": {"S": "?"}}'
    logs = f"{aws} logs filter-log-events --log-group-name {group} --query 'events[].message'"
    rescued = "SELECT order_id, _rescued FROM orders WHERE _rescued IS NOT NULL"
    console.say(f"""
  the rows            python3 demo --sql 'FROM orders ORDER BY _sequence DESC LIMIT 5'
  the current state   python3 demo --sql 'FROM orders_current'
  rescued             python3 demo --sql '{rescued}'

  the AWS command line, with any credentials ({keys}):
  write a change      {aws} dynamodb put-item --table-name {table} --item '{item}'
  the objects         {aws} s3 ls --recursive s3://{bucket}/
  a notification      {aws} sqs receive-message --queue-url {queue}
  the function's log  {logs}

  terraform           AWS_ENDPOINT_URL={endpoint} terraform -chdir={deployed.terraform.example} plan
  logs                {WORK}/*.log

  stop all            python3 demo --down""")
