"""Tests of the gate's runner with steps of their own: above all, that a fault is never passed
over."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dynalake_dev import gate, machine, process
from dynalake_dev.gate import Gate, Step
from dynalake_dev.process import ToolError

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs steps as `.ci/run` does, and returns its exit code and what it printed."""
    # These tests may themselves be a step of a run that has it.
    monkeypatch.delenv("JOBS", raising=False)

    def start(*steps: Step, words: tuple[str, ...] = ()) -> tuple[int, str]:
        file = tmp_path / "steps.py"
        file.write_text(f"from dynalake_dev.gate import Step\nSTEPS = {list(steps)!r}\n")
        code = gate.main(words, file, tmp_path)
        return code, capfd.readouterr().out

    return start


def step(name: str, script: str, **more: object) -> Step:
    return Step(name, f"what {name} is", script, **more)  # type: ignore[arg-type]


def test_all_steps_that_pass_pass_the_run(run: Run) -> None:
    code, said = run(step("one", "echo first"), step("two", "echo second"))
    assert code == 0
    assert "first" in said and "second" in said
    assert said.splitlines()[-1].startswith("==== CI PASSED in ")


def test_a_step_that_fails_fails_the_run_and_is_named(run: Run) -> None:
    code, said = run(step("one", "true"), step("two", "echo the reason; exit 3"))
    assert code == 1
    assert "the reason" in said
    assert "==== FAILED with code 3" in said
    assert said.splitlines()[-1].endswith(": two")


def test_a_step_that_fails_beside_another_fails_the_run(run: Run) -> None:
    # Whichever is begun first and whichever ends first.
    for fails, passes in (("exit 1", "sleep 0.3"), ("sleep 0.3; exit 1", "true")):
        for steps in (
            [step("bad", fails), step("good", passes)],
            [step("good", passes), step("bad", fails)],
        ):
            code, said = run(*steps)
            assert code == 1 and said.splitlines()[-1].endswith(": bad")


@pytest.mark.parametrize(
    "script",
    ["false\ntrue", "false | true", "x=$(false)\ntrue", "echo $UNSET_NAME", "kill -TERM $$"],
)
def test_no_line_of_a_script_fails_unseen(run: Run, script: str) -> None:
    assert run(step("one", script), step("two", "true"))[0] == 1
    assert run(step("alone", script))[0] == 1


def test_what_needs_a_failed_step_is_not_run_and_said_so(run: Run, tmp_path: Path) -> None:
    after = step("after", f"touch {tmp_path}/ran", needs=("bad",))
    for words in ((), ("--keep-going",)):
        code, said = run(step("bad", "exit 1"), after, words=words)
        assert code == 1 and not (tmp_path / "ran").exists()
        assert "==== skipped: after: not run, as bad failed" in said


def test_a_failure_stops_what_still_runs_with_its_children(run: Run, tmp_path: Path) -> None:
    slow = step("slow", f"trap 'echo stopped > {tmp_path}/trapped; exit 1' TERM; sleep 60 & wait")
    began = time.monotonic()
    code, said = run(slow, step("bad", "sleep 0.5; exit 1"))
    assert code == 1 and time.monotonic() - began < 20
    assert "==== skipped: slow: stopped, as bad failed" in said
    assert (tmp_path / "trapped").read_text() == "stopped\n"


def test_a_signal_stops_the_run_and_its_steps(tmp_path: Path) -> None:
    file = tmp_path / "steps.py"
    script = f"echo $$ > {tmp_path}/pid; sleep 60"
    file.write_text(
        f"from dynalake_dev.gate import Step\nSTEPS = [Step('slow', 'slow', {script!r})]"
    )
    program = (
        "import pathlib, sys\n"
        "from dynalake_dev import gate\n"
        f"sys.exit(gate.main([], pathlib.Path({str(file)!r}), pathlib.Path({str(tmp_path)!r})))"
    )
    started = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.01)
    started.send_signal(signal.SIGTERM)
    assert started.wait(30) == 128 + signal.SIGTERM
    assert not process.is_running(int((tmp_path / "pid").read_text()), "bash")


def test_with_keep_going_the_others_run_and_the_run_still_fails(run: Run) -> None:
    code, said = run(
        step("bad", "exit 1"), step("good", "echo it ran", needs=()), words=("--keep-going",)
    )
    assert code == 1 and "it ran" in said


def test_skips_are_repeated_at_the_end(run: Run) -> None:
    code, said = run(
        step("part", "echo 'skipped: no arm64 target'; echo done"),
        step("whole", "echo 'skipped: no JDK'; exit 77"),
    )
    assert code == 0
    end = said.splitlines()[-3:]
    assert sorted(end[:2]) == [
        "==== skipped: part: no arm64 target",
        "==== skipped: whole: no JDK",
    ]


def test_a_skip_without_a_reason_is_a_failure(run: Run) -> None:
    code, said = run(step("one", "exit 77"), step("two", "true"))
    assert code == 1 and said.splitlines()[-1].endswith(": one")


def test_a_skipped_step_has_not_passed_but_what_needs_it_runs(run: Run) -> None:
    skipped = step("whole", "echo 'skipped: no JDK'; exit 77")
    code, said = run(skipped, step("after", "true", needs=("whole",)), words=("after",))
    assert code == 0 and "==== PASSED (after) in " in said


def test_steps_that_wait_for_each_other_fail_the_run(run: Run) -> None:
    code, said = run(step("one", "true", needs=("two",)), step("two", "true", needs=("one",)))
    assert code == 1 and "==== skipped: one: not run\n" in said


@pytest.mark.parametrize("jobs", ["0", "-1", "x", ""])
def test_a_number_of_jobs_that_runs_nothing_is_rejected(
    run: Run, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    monkeypatch.setenv("JOBS", jobs)
    code, said = run(step("one", "true"))
    assert code != 0 and "PASSED" not in said


def test_a_step_alone_is_shown_as_it_goes_and_its_skips_are_repeated(run: Run) -> None:
    code, said = run(step("one", "echo 'skipped: this'"), words=("one",))
    assert code == 0 and said.count("skipped: this") == 1
    assert "==== skipped: one: this" in said
    assert said.splitlines()[-1].startswith("==== PASSED (one) in ")


def test_steps_come_with_what_they_need_in_the_order_of_the_table() -> None:
    steps = [
        step("a", ""),
        step("b", "", needs=("a",)),
        step("c", "", needs=("b",)),
        step("d", "", is_deep=True, needs=("a",)),
    ]

    def names(*words: str) -> list[str]:
        return [each.name for each in gate.chosen(steps, words)]

    assert names() == ["a", "b", "c"]
    assert names("c") == ["a", "b", "c"]
    assert names("b", "a") == ["a", "b"]
    assert names("deep") == ["a", "d"]
    with pytest.raises(ToolError, match="there is no step 'x'; choose from a, b, c, d"):
        names("x")


def test_steps_run_beside_each_other_but_not_those_with_a_common_lock(tmp_path: Path) -> None:
    script = f"date +%s%N >> {tmp_path}/$0; sleep 0.4; date +%s%N >> {tmp_path}/$0"

    def overlap(*locks: tuple[str, ...]) -> bool:
        steps = [
            step(f"s{number}", script.replace("$0", f"s{number}"), locks=lock)
            for number, lock in enumerate(locks)
        ]
        assert not Gate(steps, tmp_path, jobs=2, keeps_going=False).run().failed
        times = [list(map(int, (tmp_path / each.name).read_text().split())) for each in steps]
        for each in steps:
            (tmp_path / each.name).unlink()
        return max(begin for begin, _ in times) < min(end for _, end in times)

    assert overlap((), ())
    assert overlap(("x",), ("y",))
    assert not overlap(("x",), ("x", "y"))


def test_times_are_kept_of_what_passed_and_listed(run: Run, tmp_path: Path) -> None:
    steps = [step("good", "sleep 0.2"), step("bad", "sleep 0.3; exit 1")]
    run(*steps)
    assert list(json.loads((tmp_path / "times.json").read_text())) == ["good"]
    code, said = run(*steps, words=("--list",))
    assert code == 0 and "│ good" in said and "│ bad" in said


def test_a_missing_program_is_installed_first_or_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machine.CHECKS, "jdk", lambda: "a JDK")
    monkeypatch.setattr(gate.shutil, "which", lambda name: f"/usr/bin/{name}")
    steps = [step("spark", "", tools=("jdk",)), step("other", "")]
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    install, spark, other = gate.with_packages(steps)
    assert "openjdk-17-jdk-headless" in install.script
    assert (spark.needs, other.needs) == (("packages",), ())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ToolError, match="a JDK"):
        gate.with_packages(steps)


def test_the_steps_of_the_repository_are_sound() -> None:
    steps: list[Step] = gate.runpy.run_path(str(gate.STEPS))["STEPS"]
    names = [each.name for each in steps]
    assert len(set(names)) == len(names)
    assert not {"gate", "deep", gate.INSTALL} & set(names)
    for number, each in enumerate(steps):
        assert set(each.needs) <= set(names[:number]), each.name
        assert set(each.tools) <= set(machine.CHECKS), each.name


def test_the_workflow_runs_each_step_that_no_other_needs() -> None:
    steps: list[Step] = gate.runpy.run_path(str(gate.STEPS))["STEPS"]
    workflow = (machine.ROOT / ".github" / "workflows" / "ci.yml").read_text()
    needed = {name for each in steps for name in each.needs}
    words = set(re.findall(r"[a-z0-9-]+", workflow.split("matrix:", 1)[1]))
    assert {each.name for each in steps} - needed <= words
