"""What the tests bring along beside Python packages: the connector's classes, the command line."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from dynalake_dev import build, machine, process
from dynalake_dev.machine import ROOT
from dynalake_dev.venv import ENVIRONMENTS

TESTS = Path(__file__).resolve().parent
WORK = ROOT / "target" / "databricks"
CONNECTOR = WORK / "connector.jar"


def load(path: Path) -> ModuleType:
    """A program that is a file of its own, with nothing beside it, as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def check() -> None:
    """Rejects a machine that lacks something."""
    machine.require("databricks/tests", ENVIRONMENTS["databricks/tests"].tools)


def spark_home() -> Path:
    [home] = Path(sys.prefix).glob("lib/python3*/site-packages/pyspark")
    return home


def build_connector() -> None:
    """Compiles the connector against Spark's own jars."""
    sources = sorted(str(path) for path in (TESTS / "connector").glob("*.java"))
    classes = WORK / "classes"
    shutil.rmtree(classes, ignore_errors=True)
    log, jars = WORK / "connector.log", spark_home() / "jars" / "*"
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
