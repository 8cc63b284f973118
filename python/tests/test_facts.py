"""Facts that the Databricks pipeline repeats, because only its own file is deployed."""

import ast
from typing import Any

from dynalake_dev import ddl
from dynalake_dev.machine import ROOT


def constant(name: str) -> Any:
    """What the pipeline's file assigns to a name; it can't be imported without a workspace."""
    text = (ROOT / "databricks" / "src" / "dynalake_pipeline.py").read_text()
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return ast.literal_eval(statement.value)
    raise AssertionError(f"dynalake_pipeline.py assigns nothing to {name}")


def test_the_pipeline_knows_the_metadata_columns() -> None:
    assert constant("METADATA") == {column["name"]: column["type"] for column in ddl.METADATA}


def test_the_pipeline_leaves_out_of_the_state_what_is_of_the_change() -> None:
    assert constant("OF_THE_CHANGE") == list(ddl.OF_THE_CHANGE)
