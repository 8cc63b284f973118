"""What only the end-to-end test checks: the deployment, and the same columns everywhere, not the
data."""

from __future__ import annotations

import json
from typing import Any

from dynalake_dev import contract, ddl, lake
from dynalake_dev.changes import S, Step
from dynalake_dev.console import Stage, Timings
from dynalake_dev.emulator import Emulator
from dynalake_dev.terraform import Applied

from .steps import CurrentState, Deployment, Opened, Verified, open_lake, wait_for_changes
from .ways import Way

NEW_COLUMN = {"name": "coupon_code", "type": "string", "comment": "added by the end-to-end test"}
# Replacing one of these would lose changes or data.
NEVER_REPLACED = (
    "aws_kinesis_firehose_delivery_stream",
    "aws_kinesis_stream",
    "aws_dynamodb_table",
    "aws_dynamodb_kinesis_streaming_destination",
    "aws_lambda_event_source_mapping",
    "aws_glue_catalog_table",
    "aws_s3_bucket",
    "aws_sqs_queue",
    "aws_sns_topic",
)


def check_all(
    deployed: Deployment,
    verified: Verified,
    current: CurrentState,
    timings: Timings,
) -> list[str]:
    found = check_order(deployed.applied, deployed.way) + check_logs(deployed)
    found += check_comparison(deployed.schema, current)
    with Stage("second plan", timings) as stage:
        if deployed.terraform.has_no_changes():
            stage.result = "no changes"
        else:
            log = deployed.terraform.log
            found.append(f"the second plan would change something; see {log}")
            stage.result = "changes"
    found += check_columns(deployed, deployed.command_line, verified.opened, timings)
    return found + check_schema_change(deployed, deployed.command_line, timings)


def check_order(applied: Applied, way: Way) -> list[str]:
    """What must be there before changes flow."""
    found = []
    opened = applied.position("apply_start", way.opening)
    for earlier in way.before_opening:
        done = applied.position("apply_complete", earlier)
        if done is None or opened is None:
            found.append(f"apply made no {earlier} or no {way.opening}")
        elif done > opened:
            found.append(f"{way.opening} was begun before {earlier} was there")
    return found


def check_logs(deployed: Deployment) -> list[str]:
    """No attribute's value may be in the function's log; the story's are looked for."""
    secrets = ["ada@example.com", "4111 1111", "Ada Lovelace", "Zürich", "about 12", "yesterday"]
    secrets += ["AUTUMN", "123456789012345678901234567", "not a change record"]
    logs, function = deployed.emulator.client("logs"), deployed.emulator.client("lambda")
    text = "\n".join(lake.messages(logs, function, deployed.outputs["function_name"]))
    return [
        f"the function's log has an attribute's value: {each}" for each in secrets if each in text
    ]


def check_comparison(schema: contract.Schema, current: CurrentState) -> list[str]:
    """Differences planted between the table and its current state that the comparison doesn't
    find."""
    items, rows = current.items, current.rows
    at = next(at for at, row in enumerate(rows) if row["total"] is not None and row["items"])
    row = rows[at]
    other_total = {**row, "total": row["total"] + 1}
    other_item = {**row, "items": [{**row["items"][0], "qty": None}, *row["items"][1:]]}
    planted = {
        "a row that is missing": (items, rows[1:]),
        "a duplicate row": (items, [*rows, row]),
        "an item that is gone": (items[1:], rows),
        "another value": (items, [*rows[:at], other_total, *rows[at + 1 :]]),
        "another value inside a list": (items, [*rows[:at], other_item, *rows[at + 1 :]]),
    }
    most = len(current.differences)
    return [
        f"{what}, planted, was not found"
        for what, (items, rows) in planted.items()
        if len(contract.current_differences(items, rows, schema)) <= most
    ]


def check_columns(
    deployed: Deployment, command_line: ddl.CommandLine, opened: Opened, timings: Timings
) -> list[str]:
    """Terraform's Glue table, the Parquet objects, and the SQL for Athena and Databricks have the
    same columns."""
    with Stage("the same columns in Glue, Parquet and SQL", timings) as stage:
        outputs, client = deployed.outputs, deployed.emulator.client
        database, table = outputs["glue_database"], outputs["glue_table"]
        glue = client("glue").get_table(DatabaseName=database, Name=table)["Table"]
        columns = ddl.glue_columns(glue)
        databricks = command_line.sql("databricks", "table")
        parquet = lake.types(opened.duckdb, table)
        view = lake.types(opened.duckdb, opened.view)
        found = ddl.differences(columns, databricks, parquet, view)
        athenas = _made_by_athena(deployed, command_line)
        found += ddl.table_differences(glue, athenas)
        found += _unseen_differences(columns, databricks, parquet, view, glue, athenas)
        stage.result = f"{len(columns)} columns" if not found else f"{len(found)} differences"
    return found


def _made_by_athena(deployed: Deployment, command_line: ddl.CommandLine) -> dict[str, Any]:
    """The Glue table that Athena makes of the DDL; it is gone afterwards."""
    outputs, client = deployed.outputs, deployed.emulator.client
    database, name = outputs["glue_database"], outputs["glue_table"] + "_by_ddl"
    options = ["--table", name, "--location", outputs["location"]]
    statement = command_line.sql("athena", "table", *options)
    results = f"s3://{outputs['bucket']}/athena/"
    ddl.run_in_athena(client("athena"), statement, database, results)
    made: dict[str, Any] = client("glue").get_table(DatabaseName=database, Name=name)["Table"]
    client("glue").delete_table(DatabaseName=database, Name=name)
    return made


def _unseen_differences(
    columns: list[ddl.Column],
    databricks: str,
    parquet: list[tuple[str, str]],
    view: list[tuple[str, str]],
    glue: dict[str, Any],
    athenas: dict[str, Any],
) -> list[str]:
    """Planted differences that the comparisons don't find."""
    kind = "STRUCT<`sku`: STRING, `qty`: INT, `price`: DECIMAL(18,4)>"
    other_kind = kind.replace("(18,4)", "(18,3)")
    other_type = [(name, other.replace("(18,4)", "(18,3)")) for name, other in parquet]
    other_view = [(name, other.replace("BIGINT", "INTEGER")) for name, other in view]
    other_glue = json.loads(
        json.dumps(athenas, default=str).replace("decimal(18,4)", "decimal(18,3)")
    )
    other_range = json.loads(json.dumps(athenas, default=str).replace(",NOW", ",NOW+1DAY"))
    planted = {
        "a nested type in Databricks' SQL": ddl.differences(
            columns, databricks.replace(kind, other_kind), parquet, view
        ),
        "a nested type in Parquet": ddl.differences(columns, databricks, other_type, view),
        "a column that Parquet lacks": ddl.differences(columns, databricks, parquet[1:], view),
        "a type in the view": ddl.differences(columns, databricks, parquet, other_view),
        "a nested type in Athena's DDL": ddl.table_differences(glue, other_glue),
        "a projection in Athena's DDL": ddl.table_differences(glue, other_range),
    }
    return [
        f"{what}, changed on purpose, was not found" for what, found in planted.items() if not found
    ]


def check_schema_change(
    deployed: Deployment, command_line: ddl.CommandLine, timings: Timings
) -> list[str]:
    """A column more in the schema file, an apply, and it is filled, in the current state and in all
    SQL too: nothing replaced, nothing else touched."""
    found: list[str] = []
    terraform, objects, outputs = deployed.terraform, deployed.lake, deployed.outputs
    schema = json.loads(terraform.schema.read_text())
    schema["columns"].append(NEW_COLUMN)
    terraform.schema.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
    changed = contract.Schema(schema)
    with Stage("plan of a schema change", timings) as stage:
        planned = terraform.planned_actions()
        found += wrong_actions(planned, deployed.way)
        updates = sum(actions == ["update"] for actions in planned.values())
        stage.result = f"{updates} resources changed in place"
    with Stage("apply of the schema change", timings) as stage:
        terraform.apply(stage.update)
    with Stage("a row in the new column", timings) as stage:
        before = {each["Key"] for each in objects.objects()}
        step = Step("put", "o-5", {"status": S("placed"), "couponCode": S("WINTER-ü")})
        deployed.writer.write(step)
        found += wait_for_changes(deployed, stage)
        objects.fetch()
        opened = open_lake(deployed, command_line)
        rows = lake.rows(opened.duckdb, outputs["glue_table"])
        written = [change for change in deployed.writer.written if change.key == "o-5"]
        found += contract.differences(
            written,
            [row for row in rows if row["order_id"] == "o-5"],
            changed,
            deployed.way.whole_seconds,
        )
        found += _current_differences(deployed, opened, changed)
        stage.result = f"{len(objects.objects()) - len(before)} new object"
    found += check_columns(deployed, command_line, opened, timings)
    with Stage("third plan", timings) as stage:
        if not terraform.has_no_changes():
            log = terraform.log
            found.append(f"after the schema change a plan would change something; see {log}")
        stage.result = "no changes" if not found else "differences"
    return found


def _current_differences(
    deployed: Deployment, opened: Opened, changed: contract.Schema
) -> list[str]:
    """The current state of the item that was written since the change, and of all others, which
    stay as they are until they change: their attribute is in `_rescued`."""
    items = lake.items(deployed.emulator.client("dynamodb"), deployed.outputs["table_name"])
    rows = lake.rows(opened.duckdb, opened.view)
    found = []
    for schema, is_new in ((deployed.schema, False), (changed, True)):
        found += contract.current_differences(
            [item for item in items if (item["orderId"]["S"] == "o-5") is is_new],
            [row for row in rows if (row["order_id"] == "o-5") is is_new],
            schema,
        )
    return found


def wrong_actions(planned: dict[str, list[str]], way: Way) -> list[str]:
    """What a schema change must not do, and what it must."""
    found = [
        f"a schema change would {' and '.join(actions)} {address}"
        for address, actions in planned.items()
        if "delete" in actions and any(kind + "." in address for kind in NEVER_REPLACED)
    ]
    found += [
        f"a schema change would {' and '.join(actions)} {address}"
        for address, actions in planned.items()
        if any(kind + "." in address for kind in way.untouched)
    ]
    for kind in way.updated:
        if not any(
            kind + "." in address and actions == ["update"] for address, actions in planned.items()
        ):
            found.append(f"a schema change does not update {kind} in place")
    return found


def leftovers(emulator: Emulator) -> list[str]:
    """All that the emulator still has of the kinds that the examples make."""
    client = emulator.client
    left = {
        "table": client("dynamodb").list_tables()["TableNames"],
        "stream": client("kinesis").list_streams()["StreamNames"],
        "delivery stream": client("firehose").list_delivery_streams()["DeliveryStreamNames"],
        "function": [
            each["FunctionName"] for each in client("lambda").list_functions()["Functions"]
        ],
        "mapping": [
            each["UUID"]
            for each in client("lambda").list_event_source_mappings()["EventSourceMappings"]
        ],
        "bucket": [each["Name"] for each in client("s3").list_buckets()["Buckets"]],
        "queue": client("sqs").list_queues().get("QueueUrls", []),
        "topic": [each["TopicArn"] for each in client("sns").list_topics()["Topics"]],
        "database": [each["Name"] for each in client("glue").get_databases()["DatabaseList"]],
        "log group": [
            each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]
        ],
        "alarm": [
            each["AlarmName"] for each in client("cloudwatch").describe_alarms()["MetricAlarms"]
        ],
        "dashboard": [
            each["DashboardName"]
            for each in client("cloudwatch").list_dashboards()["DashboardEntries"]
        ],
        "role": [
            each["RoleName"]
            for each in client("iam").list_roles()["Roles"]
            if not each["Path"].startswith("/aws-service-role/")
        ],
    }
    return [f"{kind} {name}" for kind, names in left.items() for name in names]
