"""The job without pipelines, as far as it goes without Spark: its words, and what it does with a
table whose types aren't those of the schema file. databricks/tests/merge.py has the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from dynalake_dev.machine import ROOT
from dynalake_dev.scripts import load

PROGRAM = ROOT / "databricks" / "without_pipelines" / "dynalake_merge.py"

job: Any = load(PROGRAM)

NEEDED = ["--tables", "t.json", "--files", "s3://b/data", "--schema", "lake", "--checkpoints", "c"]
GLUE = ["--job-bookmark-option", "job-bookmark-disable", "--TempDir", "s3://b/temp", "true"]
GLUE += ["--JOB_ID", "j_1", "--JOB_RUN_ID=jr_1", "--JOB_NAME", "merge", "--enable-metrics"]
TABLE = job.Table("orders", ["id"], {"id": "string", "n": "int", "s": "struct<a:int>"}, "orders")


@dataclass
class Spark:
    """Notes the statements, and answers with the table's types."""

    types: dict[str, str]
    said: list[str] = field(default_factory=list)

    def sql(self, text: str) -> None:
        self.said.append(text.split(" ")[0])

    def table(self, name: str) -> Any:
        assert name == "lake.orders_merged"
        return type("Rows", (), {"dtypes": list(self.types.items())})


def prepare(**there: str) -> Spark:
    spark = Spark({**TABLE.all_columns, **there})
    job.prepare(spark, TABLE, "lake", TABLE.all_columns, 14)
    return spark


@pytest.mark.parametrize(
    ("column", "there"),
    [
        ("n", "bigint"),
        ("n", "smallint"),
        ("id", "int"),
        # The struct got a member, or lost one.
        ("s", "struct<>"),
        ("s", "struct<a:int,b:string>"),
        ("_event_time", "timestamp_ntz"),
    ],
)
def test_another_type_stops_before_anything_is_changed(column: str, there: str) -> None:
    spark = Spark({**TABLE.all_columns, column: there})
    spark.types.pop("_old")
    with pytest.raises(job.Rejected) as rejected:
        job.prepare(spark, TABLE, "lake", TABLE.all_columns, 14)
    wanted = TABLE.all_columns[column]
    said = f"lake.orders_merged: `{column}` is {there} in the table and {wanted} in the schema file"
    assert str(rejected.value).startswith(said)
    assert "docs/type-changes.md" in str(rejected.value)
    assert spark.said == ["CREATE"]


def test_every_changed_column_is_named() -> None:
    with pytest.raises(job.Rejected, match="`n` is bigint.*`s` is string"):
        prepare(n="bigint", s="string")


def test_the_same_types_and_a_retired_column_are_prepared() -> None:
    assert prepare(retired="bigint").said == ["CREATE", "DELETE"]


def test_glues_own_words_are_passed_over() -> None:
    assert job.parse([*GLUE, *NEEDED]).schema == "lake"


@pytest.mark.parametrize("glue", [[], GLUE])
@pytest.mark.parametrize(
    "misspelt", ["--tombstones-days", "--tombstone", "--evry", "-every", "--JOB_NAMES"]
)
def test_a_misspelt_option_is_rejected(
    glue: list[str], misspelt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        job.parse([*NEEDED, *glue, misspelt, "30"])
    said = capsys.readouterr().err
    assert misspelt in said
    assert "--TempDir" not in said.split("unknown:")[1]


def test_a_stray_word_is_rejected_without_glue() -> None:
    with pytest.raises(SystemExit):
        job.parse([*NEEDED, "30"])
