"""What the tests bring along beside Python packages: the connector's classes, the command line."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from dynalake_dev import build, machine, process, spark
from dynalake_dev.machine import ROOT
from dynalake_dev.venv import ENVIRONMENTS

TESTS = Path(__file__).resolve().parent
WORK = ROOT / "target" / "databricks"
CONNECTOR = WORK / "connector.jar"


def check() -> None:
    """Rejects a machine that lacks something."""
    machine.require("databricks/tests", ENVIRONMENTS["databricks/tests"].tools)


def build_connector() -> None:
    """Compiles the connector against Spark's own jars."""
    sources = sorted(str(path) for path in (TESTS / "connector").glob("*.java"))
    classes = WORK / "classes"
    shutil.rmtree(classes, ignore_errors=True)
    log, jars = WORK / "connector.log", spark.home(Path(sys.prefix)) / "jars" / "*"
    release = ["--release", str(machine.NEEDED_JAVA)]
    process.run(["javac", *release, "-d", str(classes), "-cp", str(jars), *sources], log)
    archive = ["jar", "--create", "--file", str(CONNECTOR), "-C", str(classes), "."]
    process.run(archive, log, append=True)


def build_command_line(say: Callable[[str], None]) -> None:
    """Builds `dynalake` for this process and its children."""
    say("dynalake")
    os.environ[build.PREBUILT] = str(build.CommandLineBuild(WORK / "cargo.log").wait())


def dynalake(*words: str | Path, stdin: bytes = b"") -> bytes:
    """What the command line prints, once `build_command_line` has built it."""
    return build.dynalake(Path(os.environ[build.PREBUILT]), *words, stdin=stdin)


def print_sql(schema: Path, part: str, *names: str, dialect: str = "databricks") -> str:
    """What `dynalake ddl` prints of a schema file."""
    return dynalake("ddl", schema, "--dialect", dialect, "--only", part, *names).decode()
