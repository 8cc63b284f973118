"""What only the end-to-end test checks: the deployment, and the same columns everywhere, not the data."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import ddl
import environment
import expect
import lake as lakes
import story
import terraform
from emulator import Emulator
from story import S, Step

NEW_COLUMN = {"name": "coupon_code", "type": "string", "comment": "added by the end-to-end test"}
# Replacing one of these would lose changes or data.
NEVER_REPLACED = (
    "aws_kinesis_firehose_delivery_stream",
    "aws_kinesis_stream",
    "aws_dynamodb_table",
    "aws_dynamodb_kinesis_streaming_destination",
    "aws_glue_catalog_table",
    "aws_s3_bucket",
    "aws_sqs_queue",
    "aws_sns_topic",
)


def check_all(demo: Any) -> List[str]:
    found = check_order(demo.applied) + check_logs(demo) + check_comparison(demo)
    with demo._stage("second plan") as stage:
        if demo.terraform.has_no_changes():
            stage.result = "no changes"
        else:
            found.append("the second plan would change something; see {}".format(terraform.LOG))
            stage.result = "changes"
    return found + check_columns(demo) + check_schema_change(demo)


def check_order(applied: terraform.Applied) -> List[str]:
    """What must stand before DynamoDB writes into the stream. Firehose reads from the latest record on, and S3 never
    tells again of an object that came before its notification."""
    found = []
    destination = applied.position("apply_start", "aws_dynamodb_kinesis_streaming_destination.")
    for earlier in ("aws_kinesis_firehose_delivery_stream.", "aws_s3_bucket_notification.", "aws_sns_topic_subscription."):
        done = applied.position("apply_complete", earlier)
        if done is None or destination is None:
            found.append("apply made no {} or no DynamoDB destination".format(earlier))
        elif done > destination:
            found.append("the DynamoDB destination was switched on before {} was there".format(earlier))
    return found


def check_logs(demo: Any) -> List[str]:
    """No attribute's value may be in the function's log; the story's are looked for."""
    secrets = ["ada@example.com", "4111 1111", "Ada Lovelace", "Zürich", "about 12", "yesterday", "AUTUMN",
               "123456789012345678901234567", "not a change record"]
    logs, function = demo.emulator.client("logs"), demo.emulator.client("lambda")
    text = "\n".join(lakes.messages(logs, function, demo.outputs["function_name"]))
    return ["the function's log has an attribute's value: {}".format(value) for value in secrets if value in text]


def check_comparison(demo: Any) -> List[str]:
    """Differences made on purpose between the table and its current state that the comparison doesn't see."""
    items, rows = demo.items, demo.current
    at = next(at for at, row in enumerate(rows) if row["total"] is not None and row["items"])
    row = rows[at]
    other_total = {**row, "total": row["total"] + 1}
    other_item = {**row, "items": [{**row["items"][0], "qty": None}, *row["items"][1:]]}
    planted = {
        "a row that is missing": (items, rows[1:]),
        "a row that is there twice": (items, [*rows, row]),
        "an item that is gone": (items[1:], rows),
        "another value": (items, [*rows[:at], other_total, *rows[at + 1:]]),
        "another value inside a list": (items, [*rows[:at], other_item, *rows[at + 1:]]),
    }
    return ["{}, made on purpose, was not seen".format(what) for what, (items, rows) in planted.items()
            if len(expect.current_differences(items, rows, demo.schema)) <= len(demo.current_differences)]


def check_columns(demo: Any) -> List[str]:
    """Terraform's Glue table, the Parquet objects, and the SQL for Athena and Databricks have the same columns."""
    with demo._stage("the same columns in Glue, Parquet and SQL") as stage:
        outputs, client = demo.outputs, demo.emulator.client
        database, table = outputs["glue_database"], outputs["glue_table"]
        glue = client("glue").get_table(DatabaseName=database, Name=table)["Table"]
        columns = ddl.glue_columns(glue)
        databricks = demo.command_line.sql("databricks", "table")
        parquet, view = lakes.types(demo.duckdb, table), lakes.types(demo.duckdb, demo.view)
        found = ddl.differences(columns, databricks, parquet, view)
        athenas = _made_by_athena(demo, database)
        found += ddl.table_differences(glue, athenas)
        found += _unseen_differences(columns, databricks, parquet, view, glue, athenas)
        stage.result = "{} columns".format(len(columns)) if not found else "{} differences".format(len(found))
    return found


def _made_by_athena(demo: Any, database: str) -> Dict[str, Any]:
    """The Glue table that Athena makes of the DDL; it is gone afterwards."""
    outputs, client = demo.outputs, demo.emulator.client
    name = outputs["glue_table"] + "_by_ddl"
    statement = demo.command_line.sql("athena", "table", "--table", name, "--location", outputs["location"])
    ddl.run_in_athena(client("athena"), statement, database, "s3://{}/athena/".format(outputs["bucket"]))
    made = client("glue").get_table(DatabaseName=database, Name=name)["Table"]
    client("glue").delete_table(DatabaseName=database, Name=name)
    return made


def _unseen_differences(columns: list, databricks: str, parquet: list, view: list, glue: dict, athenas: dict) -> List[str]:
    """Differences made on purpose that the comparisons don't see."""
    kind = "STRUCT<`sku`: STRING, `qty`: INT, `price`: DECIMAL(18,4)>"
    other_kind = kind.replace("(18,4)", "(18,3)")
    other_type = [(name, other.replace("(18,4)", "(18,3)")) for name, other in parquet]
    other_view = [(name, other.replace("BIGINT", "INTEGER")) for name, other in view]
    other_glue = json.loads(json.dumps(athenas, default=str).replace("decimal(18,4)", "decimal(18,3)"))
    other_range = json.loads(json.dumps(athenas, default=str).replace(",NOW", ",NOW+1DAY"))
    planted = {
        "a nested type in Databricks' SQL": ddl.differences(columns, databricks.replace(kind, other_kind), parquet, view),
        "a nested type in Parquet": ddl.differences(columns, databricks, other_type, view),
        "a column that Parquet lacks": ddl.differences(columns, databricks, parquet[1:], view),
        "a type in the view": ddl.differences(columns, databricks, parquet, other_view),
        "a nested type in Athena's DDL": ddl.table_differences(glue, other_glue),
        "a projection in Athena's DDL": ddl.table_differences(glue, other_range),
    }
    return ["{}, changed on purpose, was not seen".format(what) for what, seen in planted.items() if not seen]


def check_schema_change(demo: Any) -> List[str]:
    """A column more in the schema file, an apply, and it is filled, in the current state and in all SQL too: nothing
    replaced, nothing else touched."""
    found: List[str] = []
    schema = json.loads(terraform.SCHEMA.read_text())
    schema["columns"].append(NEW_COLUMN)
    terraform.SCHEMA.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
    with demo._stage("plan of a schema change") as stage:
        planned = demo.terraform.planned_actions()
        found += wrong_actions(planned)
        stage.result = "{} resources changed in place".format(sum(a == ["update"] for a in planned.values()))
    with demo._stage("apply of the schema change") as stage:
        demo.terraform.apply(stage.update)
    with demo._stage("a row in the new column") as stage:
        before_change, demo.schema = demo.schema, expect.Schema(schema)
        before = {each["Key"] for each in demo.lake.objects()}
        demo.writer.write(Step("put", "o-5", {"status": S("placed"), "couponCode": S("WINTER-ü")}))
        demo._wait(stage)
        demo.lake.fetch()
        demo.connect()
        rows = [row for row in lakes.rows(demo.duckdb, demo.outputs["glue_table"]) if row["order_id"] == "o-5"]
        written = [change for change in demo.writer.written if change.key == "o-5"]
        found += expect.differences(written, rows, demo.schema)
        found += _current_differences(demo, before_change)
        stage.result = "{} new object".format(len(demo.lake.objects()) - len(before))
    found += check_columns(demo)
    with demo._stage("third plan") as stage:
        if not demo.terraform.has_no_changes():
            found.append("after the schema change a plan would change something; see {}".format(terraform.LOG))
        stage.result = "no changes" if not found else "differences"
    return found


def _current_differences(demo: Any, before_change: expect.Schema) -> List[str]:
    """The current state of the item that was written since the change, and of all others, which stay as they are until
    they change: their attribute is in `_rescued`."""
    items = lakes.items(demo.emulator.client("dynamodb"), demo.outputs["table_name"])
    rows = lakes.rows(demo.duckdb, demo.view)
    found = []
    for schema, is_new in ((before_change, False), (demo.schema, True)):
        found += expect.current_differences(
            [item for item in items if (item["orderId"]["S"] == "o-5") is is_new],
            [row for row in rows if (row["order_id"] == "o-5") is is_new], schema)
    return found


def wrong_actions(planned: Dict[str, List[str]]) -> List[str]:
    """What a schema change must not do, and what it must."""
    found = [
        "a schema change would {} {}".format(" and ".join(actions), address)
        for address, actions in planned.items()
        if "delete" in actions and any(kind + "." in address for kind in NEVER_REPLACED)
    ]
    for kind in ("aws_glue_catalog_table", "aws_lambda_function", "aws_kinesis_firehose_delivery_stream"):
        if not any(kind + "." in address and actions == ["update"] for address, actions in planned.items()):
            found.append("a schema change does not update {} in place".format(kind))
    return found


def what_is_left(emulator: Emulator) -> List[str]:
    """All that the emulator still has of the kinds that the example makes."""
    client = emulator.client
    left = {
        "table": client("dynamodb").list_tables()["TableNames"],
        "stream": client("kinesis").list_streams()["StreamNames"],
        "delivery stream": client("firehose").list_delivery_streams()["DeliveryStreamNames"],
        "function": [each["FunctionName"] for each in client("lambda").list_functions()["Functions"]],
        "bucket": [each["Name"] for each in client("s3").list_buckets()["Buckets"]],
        "queue": client("sqs").list_queues().get("QueueUrls", []),
        "topic": [each["TopicArn"] for each in client("sns").list_topics()["Topics"]],
        "database": [each["Name"] for each in client("glue").get_databases()["DatabaseList"]],
        "log group": [each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]],
        "alarm": [each["AlarmName"] for each in client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "dashboard": [each["DashboardName"] for each in client("cloudwatch").list_dashboards()["DashboardEntries"]],
        "role": [each["RoleName"] for each in client("iam").list_roles()["Roles"]
                 if not each["Path"].startswith("/aws-service-role/")],
    }
    return ["{} {}".format(kind, name) for kind, names in left.items() for name in names]
