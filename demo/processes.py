"""Starting and stopping other programs so that none is left behind.

Each gets a process group of its own: Ctrl-C in the terminal then reaches only the demo, which decides what
happens to the others, and a stop reaches a program's own children too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence


class Refused(Exception):
    """What is wrong, and what to do about it: shown without a traceback."""


class Failed(Refused):
    """A command that ended badly, with the end of what it said."""


def run(
    command: Sequence[str],
    log: Path,
    environment: Optional[Mapping[str, str]] = None,
    on_line: Optional[Callable[[str], None]] = None,
    accept: Sequence[int] = (0,),
    folder: Optional[Path] = None,
    append: bool = False,
) -> int:
    """Runs a command to its end; all it says goes to `log`, line by line also to `on_line`."""
    last = deque(maxlen=40)
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
        raise Failed("`{}` ended with code {}; all it said is in {}:\n{}".format(
            " ".join(command), code, log, "\n".join(last)))
    return code


class Beside:
    """A command that runs while the demo does other things; all it says goes to `log`."""

    def __init__(self, command: Sequence[str], log: Path, folder: Path) -> None:
        self.command, self.log = command, log
        with open(log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                list(command), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True)

    def wait(self) -> str:
        """Waits until it has ended well; returns what it said."""
        code = self.process.wait()
        said = self.log.read_text(encoding="utf-8", errors="replace")
        if code != 0:
            raise Failed("`{}` ended with code {}; all it said is in {}:\n{}".format(
                " ".join(self.command), code, self.log, "\n".join(said.splitlines()[-40:])))
        return said

    def stop(self) -> None:
        # Of one that has ended the id may be another's by now.
        if self.process.poll() is None:
            stop(self.process)


def stop(
    process: subprocess.Popen,
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


def stop_by_id(pid: int, sign: str, seconds: float = 10.0) -> bool:
    """Ends a process of an earlier run and its group, if `pid` still is that process: its command line has `sign`."""
    if not is_running(pid, sign):
        return False
    _signal_group(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while is_running(pid, sign) and time.monotonic() < deadline:
        time.sleep(0.1)
    _signal_group(pid, signal.SIGKILL)
    return True


def is_running(pid: int, sign: str) -> bool:
    """Whether a process with this id runs and its command line has `sign`: ids are used again."""
    try:
        words = Path("/proc/{}/cmdline".format(pid)).read_bytes().split(b"\0")
    except OSError:
        return False
    return any(sign.encode() in word for word in words)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
