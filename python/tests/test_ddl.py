"""Tests of the comparison of columns, and of what reads the SQL of `dynalake ddl`, by its
fixtures."""

from __future__ import annotations

import json
import re

import pytest

from dynalake_dev import ddl
from dynalake_dev.machine import ROOT
from dynalake_dev.process import ToolError

CASES = ROOT / "fixtures" / "ddl"
GLUE: list[ddl.Column] = [
    ("id", "string", "key"),
    ("prices", "array<struct<a:decimal(18,4),b:map<string,int>>>", None),
    ("_event_type", "string", None),
]
DATABRICKS = """CREATE TABLE t (
  `id` STRING COMMENT 'key',
  `prices` ARRAY<STRUCT<`a`: DECIMAL(18,4), `b`: MAP<STRING, INT>>>,
  `_event_type` STRING
)"""
KIND = 'STRUCT("a" DECIMAL(18,4), "b" MAP(VARCHAR, INTEGER))[]'
PARQUET = [("dt", "DATE"), ("id", "VARCHAR"), ("prices", KIND), ("_event_type", "VARCHAR")]
VIEW = [("id", "VARCHAR"), ("prices", KIND)]


def test_the_same_columns_do_not_differ() -> None:
    assert ddl.differences(GLUE, DATABRICKS, PARQUET, VIEW) == []


@pytest.mark.parametrize(
    ("databricks", "parquet", "view", "said"),
    [
        (DATABRICKS.replace("18,4", "18,3"), PARQUET, VIEW, "Databricks' table"),
        (DATABRICKS.replace("'key'", "'other'"), PARQUET, VIEW, "Databricks' table"),
        (DATABRICKS, PARQUET[:-1], VIEW, "Parquet"),
        (DATABRICKS, [*PARQUET, ("more", "VARCHAR")], VIEW, "Parquet"),
        (DATABRICKS, PARQUET, VIEW[::-1], "Athena's view"),
        (DATABRICKS, PARQUET, VIEW[:1], "Athena's view"),
    ],
)
def test_each_difference_is_found_and_says_where(
    databricks: str, parquet: list[tuple[str, str]], view: list[tuple[str, str]], said: str
) -> None:
    found = ddl.differences(GLUE, databricks, parquet, view)
    assert found and all(said in text for text in found)


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_all_declared_columns_are_read_from_the_sql(case: str) -> None:
    folder = CASES / case
    columns = json.loads((folder / "schema.json").read_text())["columns"]
    names = [each["name"] for each in columns if each.get("protect") != "drop"]
    athena = (folder / "athena.sql").read_text()
    databricks = (folder / "databricks.sql").read_text()
    hive = ddl.hive_columns(athena[athena.index("CREATE EXTERNAL") :])
    delta = ddl.databricks_columns(databricks[databricks.index("CREATE TABLE") :])
    for found in (hive, delta):
        assert [name for name, _, _ in found][: len(names)] == names


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_the_table_of_erased_keys_has_their_order(case: str) -> None:
    """INSERT goes by place, and not by name."""
    sql = (CASES / case / "databricks-erase.sql").read_text()
    [declared] = re.findall(r"^CREATE TABLE \S+_erase` \((.*)\);$", sql, re.MULTILINE)
    [selected] = re.findall(r"^SELECT DISTINCT (.*) FROM \S+ WHERE FALSE;$", sql, re.MULTILINE)
    names = re.findall(r"(`(?:[^`]|``)+`) \S+(?:, |$)", declared)
    assert names == selected.split(", ") and len(names) > 0
    keys = json.loads((CASES / case / "schema.json").read_text())["keys"]
    assert len(names) == len(keys)


def test_a_line_that_is_no_column_is_not_passed_over() -> None:
    with pytest.raises(ToolError, match="no column"):
        ddl.hive_columns("CREATE EXTERNAL TABLE t (\n  CONSTRAINT x\n)")


def test_tables_differ_by_what_matters() -> None:
    table = {
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "transient_lastDdlTime": "1"},
        "Description": "orders",
        "PartitionKeys": [{"Name": "dt", "Type": "date"}],
        "StorageDescriptor": {
            "Columns": [{"Name": "a", "Type": "struct<`b`:int>"}],
            "Location": "s3://lake/orders/",
            "InputFormat": "in",
            "OutputFormat": "out",
            "SerdeInfo": {"SerializationLibrary": "parquet", "Parameters": {}},
        },
    }
    same = json.loads(json.dumps(table).replace("`", "").replace("orders/", "orders"))
    same["Parameters"] = {"classification": "parquet", "comment": "orders"}
    del same["Description"]
    assert ddl.table_differences(table, same) == []
    for old, new in (("int", "bigint"), ("s3://lake", "s3://pond"), ("date", "string")):
        other = json.loads(json.dumps(same).replace(old, new))
        assert len(ddl.table_differences(table, other)) == 1, new
