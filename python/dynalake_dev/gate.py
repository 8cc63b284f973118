"""Runs the steps of a gate: those that don't disturb each other beside each other.

A step is a piece of bash with a name. It says which steps it needs, what it must not share with
another step that runs at the same time, and which programs it uses. The steps themselves are in
.ci/steps.py; this module knows none of them.

A step says in a line that begins with `skipped: ` what it left out, and why; with that and code 77
it was skipped as a whole. All of these lines are repeated at the end. Any other code except 0 fails
the run: what still runs is stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from . import machine, process
from .console import say, table
from .machine import ROOT
from .process import ToolError

STEPS = ROOT / ".ci" / "steps.py"
WORK = ROOT / "target" / "ci"
SKIPPED = 77
# How often a run without news says what it is at.
QUIET_SECONDS = 60.0
# Debian's packages for programs that a machine may lack.
PACKAGES = {
    "jdk": "openjdk-17-jdk-headless",
    "valgrind": "valgrind",
    "jq": "jq",
    "qemu": "qemu-user-static",
}
INSTALL = "packages"


@dataclass(frozen=True)
class Step:
    """A part of the gate."""

    name: str
    title: str
    # Run by bash, with `set -euo pipefail`, in the root of the repository.
    script: str
    needs: tuple[str, ...] = ()
    # No two steps with a name in common run at the same time.
    locks: tuple[str, ...] = ()
    # Names in machine.CHECKS.
    tools: tuple[str, ...] = ()
    # Not in the gate.
    is_deep: bool = False


@dataclass
class Running:
    """A step that runs."""

    step: Step
    process: subprocess.Popen[bytes]
    log: Path
    began: float
    # Shows what it prints, where it is the only one.
    copier: threading.Thread | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


@dataclass
class Result:
    """What became of a run."""

    passed: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    # Stopped, or never begun.
    unfinished: list[str] = field(default_factory=list)


# ---- which steps


def chosen(steps: Sequence[Step], words: Sequence[str]) -> list[Step]:
    """The steps that `words` name, with all that they need, in the order of the table."""
    by_name = {step.name: step for step in steps}
    names: set[str] = set()

    def add(name: str) -> None:
        if name not in by_name:
            known = ", ".join(by_name)
            raise ToolError(f"there is no step {name!r}; choose from {known}, or deep")
        if name not in names:
            names.add(name)
            for needed in by_name[name].needs:
                add(needed)

    for word in words or ["gate"]:
        if word in ("gate", "deep"):
            for step in steps:
                if step.is_deep == (word == "deep"):
                    add(step.name)
        else:
            add(word)
    return [step for step in steps if step.name in names]


def with_packages(steps: Sequence[Step]) -> list[Step]:
    """Rejects a machine that lacks a program. What Debian can install becomes a step of its own, so
    that the others need not wait for it."""
    tools = dict.fromkeys(tool for step in steps for tool in step.tools)
    missing = machine.missing(tools)
    can_install = os.geteuid() == 0 and shutil.which("apt-get") is not None
    packages = {tool: PACKAGES[tool] for tool in missing if tool in PACKAGES and can_install}
    machine.reject(".ci/run", (text for tool, text in missing.items() if tool not in packages))
    if not packages:
        return list(steps)
    install = Step(
        name=INSTALL,
        title="programs that are missing, by apt-get",
        script=(
            "apt-get update --quiet=2\n"
            "apt-get install --quiet=2 --yes --no-install-recommends " + " ".join(packages.values())
        ),
    )
    return [install] + [
        replace(step, needs=(INSTALL, *step.needs)) if packages.keys() & set(step.tools) else step
        for step in steps
    ]


# ---- running them


class Gate:
    """A run of some steps, `jobs` of them at a time."""

    def __init__(self, steps: Sequence[Step], work: Path, jobs: int, keeps_going: bool) -> None:
        self.waiting = list(steps)
        self.work, self.jobs, self.keeps_going = work, jobs, keeps_going
        # A step alone may as well be watched.
        self.is_live = len(steps) == 1
        self.running: list[Running] = []
        self.result = Result()
        # Passed, or skipped: what needs them can run.
        self.done: set[str] = set()
        self.seconds: dict[str, float] = {}

    def run(self) -> Result:
        (self.work / "logs").mkdir(parents=True, exist_ok=True)
        quiet_since = time.monotonic()
        try:
            while self.running or self.waiting:
                self._start_what_can()
                if not self.running:
                    # What is left needs a step that has failed.
                    break
                if self._finish_what_has_ended():
                    quiet_since = time.monotonic()
                    if self.result.failed and not self.keeps_going:
                        break
                elif time.monotonic() - quiet_since > QUIET_SECONDS:
                    quiet_since = time.monotonic()
                    at = ", ".join(f"{one.step.name} {one.seconds:.0f} s" for one in self.running)
                    say(f"     … {at}")
                time.sleep(0.05)
        finally:
            for one in self.running:
                process.stop_group(one.process)
        because = f", as {' and '.join(self.result.failed)} failed" if self.result.failed else ""
        for one in self.running:
            self.result.skipped.append((one.step.name, "stopped" + because))
        for step in self.waiting:
            self.result.skipped.append((step.name, "not run" + because))
        self.result.unfinished = [one.step.name for one in self.running]
        self.result.unfinished += [step.name for step in self.waiting]
        return self.result

    def _start_what_can(self) -> None:
        for step in list(self.waiting):
            if len(self.running) == self.jobs:
                return
            locked = {lock for one in self.running for lock in one.step.locks}
            is_ready = set(step.needs) <= self.done
            if is_ready and not locked & set(step.locks):
                self.waiting.remove(step)
                self._start(step)

    def _start(self, step: Step) -> None:
        say(f"==== {step.name}: {step.title}")
        log = self.work / "logs" / f"{step.name}.log"
        with open(log, "wb") as out:
            started = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", step.script],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if self.is_live else out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        one = Running(step, started, log, time.monotonic())
        if started.stdout is not None:
            one.copier = threading.Thread(target=_copy, args=(started.stdout, log), daemon=True)
            one.copier.start()
        self.running.append(one)

    def _finish_what_has_ended(self) -> bool:
        """Whether a step has ended."""
        ended = [one for one in self.running if one.process.poll() is not None]
        for one in ended:
            self.running.remove(one)
            # What a step has left running would disturb the next.
            process.kill_group(one.process)
            if one.copier is not None:
                one.copier.join(10)
            self._judge(one)
        return bool(ended)

    def _judge(self, one: Running) -> None:
        name, code = one.step.name, one.process.returncode
        lines = one.log.read_text(errors="replace").splitlines()
        reasons = [line for line in lines if line.startswith("skipped: ")]
        if code == 0:
            outcome = "passed"
        elif code == SKIPPED and reasons:
            outcome = "skipped"
        else:
            outcome = "FAILED"
        if lines and not self.is_live:
            say(f"\n---- what {name} printed")
            say("\n".join(lines))
        detail = f" with code {code}" if outcome == "FAILED" else ""
        say(f"==== {outcome}{detail} in {one.seconds:.0f} s: {name}: {one.step.title}\n")
        if outcome == "FAILED":
            self.result.failed.append(name)
            return
        for reason in reasons:
            self.result.skipped.append((name, reason.removeprefix("skipped: ")))
        self.done.add(name)
        if outcome == "passed":
            self.result.passed.append(name)
            self.seconds[name] = one.seconds


def _copy(source: IO[bytes], log: Path) -> None:
    """Shows lines as they come, and keeps them."""
    with open(log, "wb") as out:
        for line in source:
            out.write(line)
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()


# ---- what each took


def read_times(work: Path) -> dict[str, float]:
    """Seconds by step, each from the last time that it passed here."""
    try:
        times: dict[str, float] = json.loads((work / "times.json").read_text())
        return times
    except (OSError, ValueError):
        return {}


def keep_times(work: Path, seconds: dict[str, float]) -> None:
    times = read_times(work) | {name: round(value, 1) for name, value in seconds.items()}
    (work / "times.json").write_text(json.dumps(times, indent=1, sort_keys=True) + "\n")


def listed(steps: Iterable[Step], times: dict[str, float]) -> str:
    """The steps as a table."""
    rows = [
        [
            step.name,
            "deep" if step.is_deep else "gate",
            f"{times[step.name]:.0f} s" if step.name in times else "",
            ", ".join(step.needs),
            step.title,
        ]
        for step in steps
    ]
    return "\n".join(table(["step", "in", "last time", "needs", "what it checks"], rows, most=90))


# ---- the command


def main(words: Sequence[str], steps_file: Path = STEPS, work: Path = WORK) -> int:
    """`.ci/run`; returns its exit code."""
    parser = argparse.ArgumentParser(prog=".ci/run", description="Everything a change must pass.")
    parser.add_argument("steps", nargs="*", metavar="STEP", help="steps, gate (default) or deep")
    parser.add_argument("--list", action="store_true", help="list the steps")
    parser.add_argument("--keep-going", action="store_true", help="go on after a failure")
    arguments = parser.parse_args(words)

    def program() -> int:
        steps: list[Step] = runpy.run_path(str(steps_file))["STEPS"]
        if arguments.list:
            say(listed(steps, read_times(work)))
            return 0
        selected = with_packages(chosen(steps, arguments.steps))
        began = time.monotonic()
        gate = Gate(selected, work, jobs(), arguments.keep_going)
        result = gate.run()
        keep_times(work, gate.seconds)
        return report(result, not arguments.steps, time.monotonic() - began)

    return process.main(".ci/run", program)


def jobs() -> int:
    """How many steps run beside each other."""
    given = os.environ.get("JOBS", "2")
    if not given.isdecimal() or int(given) == 0:
        raise ToolError(f"JOBS={given}: give a number from 1")
    return int(given)


def report(result: Result, is_whole: bool, seconds: float) -> int:
    """Prints how a run ended; returns its exit code."""
    for name, reason in result.skipped:
        say(f"==== skipped: {name}: {reason}")
    if result.failed or result.unfinished:
        say(f"==== what each step printed is in {WORK.relative_to(ROOT)}/logs")
        say(f"==== CI FAILED in {seconds:.0f} s: {', '.join(result.failed or result.unfinished)}")
        return 1
    what = "CI PASSED" if is_whole else f"PASSED ({', '.join(result.passed) or 'nothing'})"
    say(f"==== {what} in {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
