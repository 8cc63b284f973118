"""Starting and stopping other programs so that none is left behind.

Each gets a process group of its own: Ctrl-C in the terminal then reaches only this program, which
decides what happens to the others, and a stop reaches a program's own children too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

# Of a command that failed, so many lines of output are shown.
LAST_LINES = 40


class ToolError(Exception):
    """What is wrong, and what to do about it: shown without a traceback."""


class CommandFailed(ToolError):
    """A command that failed, with the end of its output."""


class Interrupted(BaseException):
    """A signal asked the program to end; the argument is its number."""


def main(name: str, program: Callable[[], int]) -> int:
    """Runs a program and returns its exit code. A `ToolError` is printed without a traceback. A
    signal ends it in order, so that it can stop what it started, with code 128 and the signal's
    number."""

    def interrupt(number: int, frame: Any) -> None:
        raise Interrupted(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        return program()
    except ToolError as error:
        print(f"\n{name}: {error}", file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        number = interrupted.args[0]
        print(f"\n{name}: stopped by signal {number}; nothing is left running", file=sys.stderr)
        return 128 + int(number)


def failure(command: Sequence[str], code: int, log: Path, last: str) -> str:
    """The message about a command that failed."""
    return f"`{' '.join(command)}` ended with code {code}; all of its output is in {log}:\n{last}"


def run(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
    accept: Sequence[int] = (0,),
    folder: Path | None = None,
    append: bool = False,
) -> int:
    """Runs a command to its end. Its output goes to `log`, line by line also to `on_line`."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a" if append else "w", encoding="utf-8") as out:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=folder,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                out.write(line)
                last.append(line.rstrip("\n"))
                if on_line is not None:
                    on_line(line.rstrip("\n"))
            code = process.wait()
        except BaseException:
            # Terraform takes an interrupt as a wish to end in order, so that comes first.
            stop(process, signals=(signal.SIGINT, signal.SIGTERM))
            raise
    if code not in accept:
        raise CommandFailed(failure(command, code, log, "\n".join(last)))
    return code


class Background:
    """A command that runs while the program does other things; its output goes to `log`."""

    def __init__(self, command: Sequence[str], log: Path, folder: Path) -> None:
        self.command, self.log = command, log
        with open(log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
            )

    def wait(self) -> str:
        """Waits until it has succeeded; returns its output."""
        code = self.process.wait()
        said = self.log.read_text(encoding="utf-8", errors="replace")
        if code != 0:
            last = "\n".join(said.splitlines()[-LAST_LINES:])
            raise CommandFailed(failure(self.command, code, self.log, last))
        return said

    def stop(self) -> None:
        # Once it has ended, its id may belong to another process.
        if self.process.poll() is None:
            stop(self.process)


def stop(
    process: subprocess.Popen[Any],
    signals: Sequence[int] = (signal.SIGTERM,),
    seconds: float = 10.0,
) -> None:
    """Ends a process that was started in its own group, and whatever is left of the group."""
    for number in signals:
        if process.poll() is not None:
            break
        _signal_group(process.pid, number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def stop_group(process: subprocess.Popen[Any], seconds: float = 20.0) -> None:
    """Ends a process that was started in its own group, and gives the whole group time to clean
    up."""
    deadline = time.monotonic() + seconds
    _signal_group(process.pid, signal.SIGTERM)
    while time.monotonic() < deadline:
        # A leader that has ended is one of the group until it is waited for.
        process.poll()
        try:
            os.killpg(process.pid, 0)
        except (ProcessLookupError, PermissionError):
            break
        time.sleep(0.05)
    kill_group(process)


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Ends what is left of a process' group at once."""
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def stop_by_id(pid: int, sign: str, seconds: float = 10.0) -> bool:
    """Ends a process of an earlier run and its group, if `pid` still is that process: its command
    line has `sign`."""
    if not is_running(pid, sign):
        return False
    _signal_group(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while is_running(pid, sign) and time.monotonic() < deadline:
        time.sleep(0.1)
    _signal_group(pid, signal.SIGKILL)
    return True


def is_running(pid: int, sign: str) -> bool:
    """Whether a process with this id runs and its command line has `sign`: ids are reused."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(sign.encode() in word for word in words)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
