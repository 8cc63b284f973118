"""Tests of tables as wide as the terminal, and of what Terraform's events say."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dynalake_dev import console
from dynalake_dev.process import ToolError
from dynalake_dev.terraform import Applied, plugin_mirror


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")


def test_no_line_of_a_table_is_wider_than_the_terminal() -> None:
    lines = console.table(["a", "b", "c"], [["x" * 50, "注文" * 20, 1], [None, "line\nbreak", 2]])
    assert max(map(console.cells, lines)) <= 60
    assert any("…" in line for line in lines)
    assert any("line␤break" in line for line in lines)


def test_columns_without_room_are_named_below() -> None:
    headers = [f"c{number}" for number in range(6)]
    lines = console.table(headers, [["x" * 30] * 6])
    assert lines[-1].startswith("  and c") and "c5" in lines[-1]
    assert len(set(map(console.cells, lines[:-1]))) == 1


def test_cells_are_one_line_of_plain_digits() -> None:
    assert console.one_line(Decimal("1E+3")) == "1000"
    assert console.one_line(Decimal("1.500")) == "1.5"
    assert console.one_line("a\tb\x1b[31m") == "a b [31m"
    assert console.one_line(None) == ""


def test_wide_characters_take_two_cells_and_combining_ones_none() -> None:
    assert console.cells("注文") == 4
    assert console.cells("e\u0301") == 1
    assert console.clip("注文", 3) == "注…"


def test_the_position_of_an_event_is_the_last_of_its_kind() -> None:
    applied = Applied(
        events=[
            ("apply_start", "module.a.aws_s3_bucket.this"),
            ("apply_complete", "module.a.aws_s3_bucket.this"),
            ("apply_complete", "module.b.aws_s3_bucket.this"),
        ]
    )
    assert applied.position("apply_complete", "aws_s3_bucket.") == 2
    assert applied.position("apply_start", "aws_s3_bucket.") == 0
    assert applied.position("apply_start", "aws_sqs_queue.") is None


def test_a_plugin_folder_without_plugins_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNALAKE_PLUGIN_DIR", "/nowhere")
    with pytest.raises(ToolError, match="DYNALAKE_PLUGIN_DIR=/nowhere"):
        plugin_mirror()
