"""Facts that the Databricks pipeline and the job without pipelines repeat, because each is one file
that is deployed alone."""

import ast
import re
from typing import Any

import pytest

from dynalake_dev import ddl
from dynalake_dev.machine import ROOT

FILES = ["src/dynalake_pipeline.py", "without_pipelines/dynalake_merge.py"]


def constant(file: str, name: str) -> Any:
    """What a file of databricks/ assigns to a name; the pipeline can't be imported without a
    workspace."""
    for statement in ast.parse((ROOT / "databricks" / file).read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return ast.literal_eval(statement.value)
    raise AssertionError(f"{file} assigns nothing to {name}")


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
