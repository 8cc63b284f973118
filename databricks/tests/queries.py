"""Runs what open-source Spark knows of databricks/queries, and compares the answers with what a
reader should see.

    python databricks/tests/queries.py

Runs where pyspark is installed. The statements that only Databricks knows (its event log, OPTIMIZE,
…) are left to .ci/bundle.py, which parses what can be parsed of them.
"""

import json
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path

from pyspark.sql import SparkSession

QUERIES = Path(__file__).resolve().parent.parent / "queries"
ONLY_DATABRICKS = re.compile(
    r"DESCRIBE|ALTER|OPTIMIZE|VACUUM|CREATE|DROP|.*\b(event_log\(|cloud_files_state\(|system\.)",
    re.DOTALL,
)
TABLE = (
    "order_id string, _event_type string, _event_time timestamp, _sequence string, "
    "_rescued string, _rescued_data string"
)


BUNDLE_TF = QUERIES.parent.parent / "terraform" / "modules" / "databricks_access" / "bundle.tf"


def health_of_a_table() -> str:
    """What the alerts ask of one table, as Terraform has it."""
    found = re.search(
        r'health_of_a_table = join\("\\n", \[\n(.*?)\n  \]\)', BUNDLE_TF.read_text(), re.DOTALL
    )
    lines = [json.loads(line.strip().rstrip(",")) for line in found[1].splitlines()]
    return "\n".join(lines).replace("$${var.place}.", "").replace("TABLE", "orders")


def statements(file: str) -> list:
    """Those that run here, in the order of the file."""
    text = re.sub(r"--.*", "", (QUERIES / file).read_text())
    found = [one.strip().replace("main.dynalake.", "") for one in text.split(";") if one.strip()]
    return [one for one in found if not ONLY_DATABRICKS.match(one)]


def tables(spark: SparkSession, now: datetime) -> None:
    rescued = (
        '{"total":{"reason":"type","value":{"S":"about 12"}},'
        '"items[0].qty":{"reason":"range","value":{"N":"2.5"}}}'
    )
    again = (
        '{"items[11].qty":{"reason":"range","value":{"N":"1e9"}},"a.b":{"reason":"unknown","value":{"M":{}}},'
        '"line1[2].qty":{"reason":"type","value":{"S":"x"}}}'
    )
    changes = [
        ("o-1", "INSERT", now - timedelta(days=40), "1", None, None),
        ("o-1", "MODIFY", now - timedelta(hours=2), "2", rescued, None),
        (
            "o-2",
            "INSERT",
            now - timedelta(minutes=30),
            "3",
            again,
            '{"total":"12.5","_file_path":"s3://lake/a.parquet"}',
        ),
        ("o-3", "INSERT", now - timedelta(seconds=90), "4", None, None),
        ("o-3", "REMOVE", now - timedelta(seconds=60), "5", None, None),
    ]
    items = [changes[1], changes[2], ("o-9", "INSERT", now - timedelta(days=400), "0", None, None)]
    quarantine = [
        (None, "INSERT", now, "6", None, '{"order_id":"7","_file_path":"s3://lake/b.parquet"}'),
        (None, "INSERT", now, "7", None, None),
    ]
    before = [items[0], ("o-2", "INSERT", now - timedelta(days=1), "2", None, None), items[2]]
    stale = [items[0], items[2]]  # a merge that has stopped
    named = {
        "orders_changes": changes,
        "orders": items,
        "orders_stale": stale,
        "orders_quarantine": quarantine,
        "orders_before": before,
    }
    for name, rows in named.items():
        spark.createDataFrame(rows, TABLE).createOrReplaceTempView(name)


def main() -> int:
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    now = datetime.now().replace(microsecond=0)
    tables(spark, now)
    wrong, ran = [], 0

    def expect(what: str, statement: str, wanted: list, columns: list | None = None) -> None:
        nonlocal ran
        ran += 1
        rows = [
            tuple(row[name] for name in columns) if columns else tuple(row)
            for row in spark.sql(statement).collect()
        ]
        if rows != wanted:
            wrong.append(f"{what}: {rows}, and not {wanted}")

    [freshness] = statements("freshness.sql")
    expect("freshness", freshness, [("orders", 3)], ["table_name", "changes_in_the_last_hour"])
    behind = spark.sql(freshness).collect()[0]["seconds_behind"]
    if not 60 <= behind < 600:
        wrong.append(
            f"freshness: {behind} seconds behind, and not the minute since the last delete"
        )
    # o-3 came 90 seconds ago, and is deleted: o-2 is the newest item, and in the stale table o-1.
    columns = ["newest_item", "items_behind_the_log"]
    expect(
        "freshness of the items", freshness, [(now - timedelta(minutes=30), 30 * 60 - 90)], columns
    )
    expect(
        "freshness of stale items",
        re.sub(r"\borders\)", "orders_stale)", freshness),
        [(now - timedelta(hours=2), 2 * 3600 - 90)],
        columns,
    )

    by_function, of_now, by_auto_loader = statements("rescued.sql")
    expect(
        "rescued by the function",
        by_function + ", attribute",
        [
            ("items[n].qty", "range", 2),
            ("a.b", "unknown", 1),
            ("line1[n].qty", "type", 1),
            ("total", "type", 1),
        ],
        ["attribute", "reason", "times"],
    )
    expect("rescued in the items of now", of_now, [(3, 2)])
    expect("rescued by Auto Loader", by_auto_loader, [("total", 1)], ["column_name", "times"])

    [quarantine] = statements("quarantine.sql")
    expect(
        "quarantine",
        quarantine,
        [("INSERT", 2, 1)],
        ["_event_type", "rows_that_cannot_be_merged", "with_a_value_rescued_by_auto_loader"],
    )

    expect(
        "what the alerts ask",
        health_of_a_table(),
        [(2, 1)],
        ["in_quarantine", "rescued_by_auto_loader"],
    )
    behind = spark.sql(health_of_a_table()).collect()[0]["seconds_behind"]
    if not 60 <= behind < 600:
        wrong.append(
            f"what the alerts ask: {behind} seconds behind, and not the minute since the last "
            "delete"
        )

    missing, gone, new = statements("full_refresh.sql")
    expect("items that the log does not have", missing, [(1,)])
    expect("gone after a full refresh", gone, [("no more", "o-2", "2")])
    expect("new after a full refresh", new, [("new", "o-2", "3")])

    print(
        "\n".join(wrong)
        if wrong
        else f"queries: {ran} run on Spark {spark.version}, each with the answer it should have"
    )
    spark.stop()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
