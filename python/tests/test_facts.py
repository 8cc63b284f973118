"""Facts that the Databricks pipeline, the job without pipelines and the erasure of files repeat,
because each is one file that is deployed alone."""

import ast
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from dynalake_dev import contract, ddl
from dynalake_dev.machine import ROOT

PIPELINE = "src/dynalake_pipeline.py"
FILES = [PIPELINE, "without_pipelines/dynalake_merge.py"]
NAMES = [
    "orderId",
    "customerID",
    "HTTPCode",
    "HTTP2Code",
    "line1Address",
    "ABcDEf",
    "aBC",
    "X",
    "XY",
    "XYz",
    "__typename",
    "__x__Y",
    "a__B",
    "a-B",
    "a b..c",
    "a.B.cD",
    "1st",
    "9",
    "-1",
    "_1",
    "Äpfel",
    "größe",
    "aÄB",
    "aİb",
    "\u212aelvin",
    "ſs",
    "ÀB",
    "日本Order",
    "a\nb",
    "🛒Cart",
    "٣x",
    "-",
    "_",
    "___",
    "",
]


def constant(file: str, name: str) -> Any:
    """What a file of databricks/ assigns to a name; the pipeline can't be imported without a
    workspace."""
    for statement in ast.parse((ROOT / "databricks" / file).read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return ast.literal_eval(statement.value)
    raise AssertionError(f"{file} assigns nothing to {name}")


def function(file: str, name: str) -> Callable[[str], str]:
    """A function of a file, that needs nothing of it but `re`."""
    for statement in ast.parse((ROOT / "databricks" / file).read_text()).body:
        if isinstance(statement, ast.FunctionDef) and statement.name == name:
            found: dict[str, Any] = {"re": re}
            exec(compile(ast.Module([statement], []), file, "exec"), found)
            made: Callable[[str], str] = found[name]
            return made
    raise AssertionError(f"{file} has no function {name}")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", [*FILES, "../erasure/erase_files.py"])
def test_it_names_columns_as_the_contract_does(file: str, name: str) -> None:
    assert function(file, "snake")(name) == contract.snake(name)


@pytest.mark.parametrize("case", sorted(path.name for path in (ROOT / "fixtures/ddl").iterdir()))
def test_the_pipeline_writes_comments_as_the_sql_does(case: str) -> None:
    folder = ROOT / "fixtures" / "ddl" / case
    sql, literal = (folder / "databricks.sql").read_text(), function(PIPELINE, "literal")
    for column in json.loads((folder / "schema.json").read_text())["columns"]:
        if "comment" in column and column.get("protect") != "drop":
            # White space as it is, where the SQL of the command line has an escape.
            written = literal(column["comment"]).replace("\t", "\\t")
            assert f"`{column['name']}` " in sql and f" COMMENT {written}" in sql


@pytest.mark.parametrize("file", FILES)
def test_it_knows_the_metadata_columns(file: str) -> None:
    known = {column["name"]: column["type"] for column in ddl.METADATA}
    assert constant(file, "METADATA") == known


@pytest.mark.parametrize("file", FILES)
def test_it_leaves_out_of_the_state_what_is_of_the_change(file: str) -> None:
    assert constant(file, "OF_THE_CHANGE") == list(ddl.OF_THE_CHANGE)


def test_the_pipeline_rejects_the_names_that_the_schema_file_may_not_have() -> None:
    source = (ROOT / "src/schema/file.rs").read_text()
    kept = re.search(r"const KEPT_NAMES: \[&str; \d+\] = (\[[^]]*\]);", source)
    assert kept is not None
    assert constant("src/dynalake_pipeline.py", "RESERVED") == ast.literal_eval(kept[1])
