"""Tests of when a virtual environment is made again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dynalake_dev import machine, venv
from dynalake_dev.process import ToolError
from dynalake_dev.venv import ENVIRONMENTS, Environment


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """One that was finished, with this test's own Python."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("a==1\n")
    made = Environment("it", "it", tmp_path / "venv", requirements)
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to(sys.executable)
    made._stamp().write_text(made._wanted())
    return made


def test_it_is_ready_until_its_requirements_change(environment: Environment) -> None:
    assert environment.is_ready()
    environment.requirements.write_text("a==2\n")
    assert not environment.is_ready()


def test_one_that_was_not_finished_is_not_ready(environment: Environment) -> None:
    environment._stamp().unlink()
    assert not environment.is_ready()


def test_one_of_a_repository_that_was_moved_is_not_ready(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venv, "ROOT", Path("/elsewhere"))
    assert not environment.is_ready()


def test_settings_of_the_linters_do_not_matter(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = venv.PYPROJECT.read_text()
    monkeypatch.setattr(venv, "PYPROJECT", tmp_path / "pyproject.toml")
    venv.PYPROJECT.write_text(text.replace("line-length = 100", "line-length = 99"))
    assert environment.is_ready()
    venv.PYPROJECT.write_text(text.replace("hatchling", "flit"))
    assert not environment.is_ready()


def test_a_machine_without_the_tools_is_rejected_before_anything_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, requirements = tmp_path / "venv", tmp_path / "requirements.txt"
    requirements.write_text("")
    lacking = Environment("it", "it", folder, requirements, tools=("rust",))
    monkeypatch.setitem(venv.ENVIRONMENTS, "it", lacking)
    monkeypatch.setitem(machine.CHECKS, "rust", lambda: "Rust")
    assert venv.launch(["it"]) == 1
    assert "it needs\n  - Rust" in capsys.readouterr().err
    assert not folder.exists()


def test_without_a_python_that_is_new_enough_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venv, "NEEDED_PYTHON", (99, 0))
    with pytest.raises(ToolError, match="Python 99.0 or later is needed"):
        venv._find_python()


def test_every_environment_has_its_requirements_pinned() -> None:
    for environment in ENVIRONMENTS.values():
        lines = environment.requirements.read_text().splitlines()
        assert all("==" in line for line in lines if line and not line.startswith("#"))
