"""Processes that run a peer on command, and the time that they spend on the processor
for it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from dynalake_dev import process


def cpu_seconds(pid: int) -> float:
    """The time that all threads of a process have had on a processor, user and kernel, to the
    nanosecond: its CPU-time clock, as clock_getcpuclockid(3) names it."""
    return time.clock_gettime_ns(~pid << 3 | 2) / 1e9


class Worker:
    """A process that answers each line `PEER INPUT [FILE]` by one, when it has run that peer on
    that input."""

    def __init__(
        self, command: list[str], log: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.command, self.log_path = command, log
        self.log = open(log, "w")
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def run(self, *words: str) -> str:
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            code = self.process.wait()
            raise process.ToolError(
                "`{}` ended with code {} when it was to run {}:\n{}".format(
                    " ".join(self.command), code, " ".join(words), self.log_path.read_text()[-2000:]
                )
            )
        return answer.strip()

    def milliseconds(self, peer: str, name: str) -> float:
        """On the processor, for one run."""
        before = cpu_seconds(self.process.pid)
        self.run(peer, name)
        return (cpu_seconds(self.process.pid) - before) * 1000

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()
