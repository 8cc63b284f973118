"""Tests of how programs are started and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dynalake_dev import build, machine, process
from dynalake_dev.process import CommandFailed, ToolError


def test_a_command_that_fails_says_how_and_where_its_output_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(CommandFailed) as raised:
        process.run(["sh", "-c", "echo the reason; exit 3"], log)
    assert "ended with code 3" in str(raised.value)
    assert "the reason" in str(raised.value) and str(log) in str(raised.value)
    assert process.run(["sh", "-c", "exit 3"], log, accept=(0, 3)) == 3


def test_lines_are_heard_and_kept(tmp_path: Path) -> None:
    heard: list[str] = []
    process.run(["printf", "a\\nb\\n"], tmp_path / "log", on_line=heard.append)
    process.run(["echo", "c"], tmp_path / "log", append=True)
    assert heard == ["a", "b"]
    assert (tmp_path / "log").read_text() == "a\nb\nc\n"


def test_a_background_command_that_fails_is_told_of_when_it_is_waited_for(tmp_path: Path) -> None:
    failing = process.Background(["sh", "-c", "echo no; exit 1"], tmp_path / "log", tmp_path)
    with pytest.raises(CommandFailed, match="no"):
        failing.wait()


def test_a_stop_reaches_the_children_too(tmp_path: Path) -> None:
    script = f"sleep 60 & echo $! > {tmp_path}/child; wait"
    started = subprocess.Popen(["sh", "-c", script], start_new_session=True)
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
        time.sleep(0.01)
    child = int((tmp_path / "child").read_text())
    assert process.is_running(child, "sleep")
    process.stop(started)
    time.sleep(0.1)
    assert not process.is_running(child, "sleep")
    # The process that had this id is gone; another must not be ended for it.
    assert not process.stop_by_id(os.getpid(), "a sign that no command line has")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_program_in_order_with_its_code(number: int) -> None:
    program = (
        "import os, sys\n"
        "from dynalake_dev.process import main\n"
        "def program():\n"
        "    try:\n"
        f"        os.kill(os.getpid(), {number}); return 0\n"
        "    finally:\n"
        "        print('cleaned up')\n"
        "sys.exit(main('it', program))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 128 + number
    assert done.stdout == "cleaned up\n" and "Traceback" not in done.stderr


def test_an_error_with_a_fix_is_shown_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def program() -> int:
        raise ToolError("what is wrong; do this")

    assert process.main("it", program) == 1
    assert capsys.readouterr().err == "\nit: what is wrong; do this\n"


def test_children_are_kept_away_from_accounts_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "DYNALAKE_SCHEMA", "TF_VAR_name", "TF_WORKSPACE"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("KEPT", "x")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", "/nowhere")
    found = machine.clean_environment("http://127.0.0.1:1")
    assert {name for name, value in found.items() if value == "x"} == {"KEPT"}
    assert "TF_CLI_CONFIG_FILE" not in found
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert "127.0.0.1" in found["NO_PROXY"]


def test_what_is_missing_is_listed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machine.CHECKS, "rust", lambda: "Rust: from there")
    monkeypatch.setitem(machine.CHECKS, "jdk", lambda: "a JDK: from there")
    with pytest.raises(ToolError, match="it needs\n  - Rust: from there\n  - a JDK: from there"):
        machine.require("it", ["rust", "python", "jdk"])


def test_a_command_line_that_is_already_built_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(build.PREBUILT, "/bin/echo")
    built = build.CommandLineBuild(Path("/nowhere/log"))
    assert built.wait() == Path("/bin/echo")
    assert build.dynalake(built.wait(), "ddl", Path("x")) == b"ddl x\n"
    with pytest.raises(ToolError, match="ended with code 1"):
        build.dynalake(Path("/bin/false"))
