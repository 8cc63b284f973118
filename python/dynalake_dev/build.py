"""The programs of this project, built in one place for all who run them: `bootstrap` as it is
deployed, and the command line `dynalake`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .machine import ROOT, architecture
from .process import Background, ToolError, main, run

# A `dynalake` that is already built, so that cargo isn't asked: .ci/run builds one for all its
# steps.
PREBUILT = "DYNALAKE_PROGRAM"
COMMAND_LINE = ["cargo", "build", "--locked", "--package", "dynalake-cli", "--bin", "dynalake"]


def bootstrap(out: Path, log: Path, say: Callable[[str], None]) -> Path:
    """The package of the function that Firehose calls; see `function_package`."""
    return function_package("bootstrap", out, log, say)


def function_package(name: str, out: Path, log: Path, say: Callable[[str], None]) -> Path:
    """The package of `bootstrap` or `direct` for this machine's architecture, built by package.py;
    returns the zip."""
    arch = architecture()
    command = [sys.executable, str(ROOT / "package.py"), "--function", name, "--arch", arch]
    run([*command, "--out", str(out)], log, on_line=lambda line: compiling(line, say))
    return out / arch / f"{name}.zip"


class CommandLineBuild:
    """The program `dynalake`, built while the caller does other things."""

    def __init__(self, log: Path) -> None:
        self.building: Background | None = None
        self.program: Path | None = None
        if PREBUILT in os.environ:
            self.program = Path(os.environ[PREBUILT])
        else:
            log.parent.mkdir(parents=True, exist_ok=True)
            command = [*COMMAND_LINE, "--message-format", "json-render-diagnostics"]
            self.building = Background(command, log, ROOT)

    def wait(self) -> Path:
        """The program, once it is built."""
        if self.program is None:
            assert self.building is not None
            lines = self.building.wait().splitlines()
            messages = [json.loads(line) for line in lines if line.startswith("{")]
            made = (each["executable"] for each in messages if each.get("executable"))
            self.program = Path(next(made))
        return self.program

    def stop(self) -> None:
        """Stops a build that goes on."""
        if self.building is not None:
            self.building.stop()


def command_line_to(path: Path) -> int:
    """Builds `dynalake` and copies it to `path`, for steps that must not be disturbed by a later
    build."""

    def program() -> int:
        built = CommandLineBuild(ROOT / "target" / "ci" / "command_line.log").wait()
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        shutil.copy(built, unfinished)
        unfinished.replace(path)
        print(path)
        return 0

    return main("dynalake", program)


def dynalake(
    program: Path, *words: str | Path, stdin: bytes = b"", accept: Sequence[int] = (0,)
) -> bytes:
    """Runs the command line to its end; returns what it wrote to standard output."""
    command = [str(program), *map(str, words)]
    done = subprocess.run(command, input=stdin, capture_output=True)
    if done.returncode not in accept:
        said = done.stderr.decode(errors="replace")[-2000:]
        raise ToolError(f"`{' '.join(command)}` ended with code {done.returncode}:\n{said}")
    return done.stdout


def compiling(line: str, say: Callable[[str], None]) -> None:
    """What cargo is at."""
    words = line.split()
    if words and words[0] in ("Blocking", "Compiling", "Downloaded", "Downloading", "Finished"):
        say(" ".join(words[:6]))
