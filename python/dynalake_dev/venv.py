"""A virtual environment for each program of this repository, made the first time it is run.

`python3 demo` starts with whatever Python there is and only the standard library: it hands over to
`launch`, which makes the program's environment where it is missing or stale and starts the program
again inside it, as `python -m demo` in the root of the repository. Each environment has the
packages that the program pins, and `dynalake_dev` itself, installed editable.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import machine
from .console import Stage
from .machine import ROOT
from .process import CommandFailed, ToolError, main, run

# DuckDB 2 and the packages of the tests on Spark need it; this module itself runs on 3.9.
NEEDED_PYTHON = (3, 11)
PYTHON_NAMES = [f"python3.{minor}" for minor in (13, 12, 11, 14)] + ["python3"]
PYPROJECT = ROOT / "pyproject.toml"


@dataclass(frozen=True)
class Environment:
    """The virtual environment of a program."""

    # How the user starts it, and what `python -m` starts inside the environment.
    program: str
    module: str
    folder: Path
    requirements: Path
    # Names in machine.CHECKS, checked before anything is installed.
    tools: tuple[str, ...] = ()
    # Of `pip install`.
    options: tuple[str, ...] = ()
    note: str = "these packages"

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def is_ready(self) -> bool:
        """Whether it was finished from these very requirements, for the repository in this
        place."""
        try:
            return self.python.exists() and self._stamp().read_text() == self._wanted()
        except OSError:
            return False

    def make(self, say: Callable[[str], None]) -> None:
        """Makes it from nothing."""
        python = _find_python()
        say(f"with {python}")
        shutil.rmtree(self.folder, ignore_errors=True)
        log = self.folder.with_name(self.folder.name + ".log")
        try:
            run([python, "-m", "venv", str(self.folder)], log)
        except CommandFailed as failed:
            raise ToolError(
                f"{failed}\nIf Python lacks the module venv or ensurepip, install it "
                "(on Debian: apt-get install python3-venv)"
            ) from None
        for words in (
            [*self.options, "--requirement", str(self.requirements)],
            ["--no-deps", "--editable", str(ROOT)],
        ):
            command = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check"]
            try:
                run(
                    [*command, *words],
                    log,
                    on_line=lambda line: say(line.strip()[:60]),
                    append=True,
                )
            except CommandFailed as failed:
                raise ToolError(
                    f"{failed}\n{self.program} needs {self.note} from PyPI: is there a way to the "
                    "internet, or a mirror in pip's own settings (`pip config list`)?"
                ) from None
        self._stamp().write_text(self._wanted())

    def ensure(self) -> None:
        """Makes it unless it is ready, and shows that. Of two programs that want it at the same
        time one makes it, and the other waits."""
        if self.is_ready():
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with open(self.folder.with_name(self.folder.name + ".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.is_ready():
                with Stage("Python environment", []) as stage:
                    self.make(stage.update)

    def _stamp(self) -> Path:
        return self.folder / "finished"

    def _wanted(self) -> str:
        # How the package is built, without the settings of ruff and others; pip writes the path of
        # an editable package into the environment.
        package = PYPROJECT.read_text().partition("[tool.ruff]")[0]
        parts = [self.requirements.read_text(), package, str(ROOT)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


TARGET = ROOT / "target"
ENGINES = Environment(
    program="databricks/tests",
    module="databricks.tests",
    folder=TARGET / "databricks" / "venv",
    requirements=ROOT / "databricks" / "tests" / "requirements.txt",
    tools=("python", "rust", "jdk"),
    options=("--no-deps",),
    note="half a GB of packages",
)
# Older ones, which don't go with the others into one environment.
OLDER_ENGINES = replace(
    ENGINES,
    program="databricks/tests/parquet --older",
    module="databricks.tests.parquet",
    folder=TARGET / "databricks" / "older-venv",
    requirements=ROOT / "databricks" / "tests" / "parquet" / "requirements-older.txt",
    note="a third of a GB of packages",
)
ENVIRONMENTS = {
    each.program: each
    for each in (
        Environment(
            program="demo",
            module="demo",
            folder=TARGET / "demo" / "venv",
            requirements=ROOT / "demo" / "requirements.txt",
            tools=("linux", "rust", "terraform"),
        ),
        Environment(
            program="benches",
            module="benches",
            folder=TARGET / "benches" / "venv",
            requirements=ROOT / "benches" / "requirements.txt",
        ),
        ENGINES,
        # The same engines, which also read the files that we write.
        replace(ENGINES, program="databricks/tests/parquet", module="databricks.tests.parquet"),
        OLDER_ENGINES,
        # The same, which also run the Spark job.
        replace(OLDER_ENGINES, program="spark/tests", module="spark.tests"),
        # What .ci/terraform.py and .ci/bundle.py check with.
        Environment(
            program="checks",
            module="",
            folder=TARGET / "ci" / "venv",
            requirements=ROOT / ".ci" / "requirements.txt",
        ),
        # ruff, mypy and pytest.
        Environment(
            program="python",
            module="",
            folder=TARGET / "python" / "venv",
            requirements=ROOT / "python" / "requirements.txt",
        ),
    )
}


def launch(words: Sequence[str]) -> int:
    """Goes on as a program in its environment, which it makes first. `words`: the program's name,
    its arguments. Returns only where it can't."""
    program, *arguments = words
    environment = ENVIRONMENTS[program]

    def start() -> int:
        if not environment.is_ready():
            machine.require(program, environment.tools)
            environment.ensure()
        # `-m` finds the program's package in the current folder.
        os.chdir(ROOT)
        python = str(environment.python)
        os.execv(python, [python, "-m", environment.module, *arguments])

    return main(program, start)


def install(words: Sequence[str]) -> int:
    """Makes the environments that are named, and prints the path of each one's Python."""

    def start() -> int:
        for name in words:
            ENVIRONMENTS[name].ensure()
            print(ENVIRONMENTS[name].python)
        return 0

    return main("python", start)


def _find_python() -> str:
    # Not this environment's own, which is about to be removed.
    own = getattr(sys, "_base_executable", sys.executable)
    for candidate in [own, *map(shutil.which, PYTHON_NAMES)]:
        if candidate and _python_version(candidate) >= NEEDED_PYTHON:
            return str(candidate)
    needed = ".".join(map(str, NEEDED_PYTHON))
    raise ToolError(
        f"Python {needed} or later is needed, but the PATH has none; "
        f"this one is {platform.python_version()}"
    )


def _python_version(python: str) -> tuple[int, ...]:
    command = [python, "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        said = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ).stdout
        return tuple(int(part) for part in said.split())
    except (OSError, ValueError):
        return (0, 0)
