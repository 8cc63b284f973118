"""The widest table of the tests on Spark has every word that Spark hides in every kind of name."""

from __future__ import annotations

import pytest

from databricks.tests import wide
from dynalake_dev.redaction import REDACTED

WORDS = {"secret", "password", "token", "accesskey"}
SCHEMA = wide.KIND.schema(1)
COLUMNS = SCHEMA["columns"]
NAMES = {
    "column": [column["name"] for column in COLUMNS],
    "comment": [column["comment"] for column in COLUMNS if "comment" in column],
    "path": [name for column in COLUMNS for name in column.get("path", [])],
    "struct member": [column["type"] for column in COLUMNS if column["type"].startswith("struct<")],
    "table": [SCHEMA["table"]],
    "folder": [wide.FOLDER],
}


@pytest.mark.parametrize("kind", NAMES)
def test_every_redacted_word_is_in_each_kind_of_name(kind: str) -> None:
    found = {word.lower() for name in NAMES[kind] for word in REDACTED.findall(name)}
    assert found == WORDS


@pytest.mark.parametrize("name", ["access_key", "access key"])
def test_what_looks_redacted_and_is_shown(name: str) -> None:
    assert REDACTED.search(name) is None
