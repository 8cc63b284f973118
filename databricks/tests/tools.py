"""What the tests bring along: a Python environment with the engines, the connector's classes, the command line.

Runs before the environment is there, so it uses the standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, List

import processes
from processes import Refused

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent.parent
WORK = ROOT / "target" / "databricks"
VENV = WORK / "venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = TESTS / "requirements.txt"
CONNECTOR = WORK / "connector.jar"

NEEDED_JAVA = 17


def check() -> None:
    """Refuses a machine that lacks something."""
    missing = []
    if sys.version_info < (3, 11):
        missing.append("Python 3.11 or later: this one is {}.{}".format(*sys.version_info[:2]))
    if shutil.which("cargo") is None:
        missing.append("Rust: install it from https://rustup.rs")
    if _java() < NEEDED_JAVA:
        missing.append("a JDK of version {0} or later, with java, javac and jar on the PATH, for Spark (on Debian: "
                       "apt-get install openjdk-{0}-jdk-headless)".format(NEEDED_JAVA))
    if missing:
        raise Refused("the tests need\n" + "\n".join("  - " + line for line in missing))


def _java() -> int:
    """The version that all of the JDK's programs have at least; 0 where one is missing."""
    versions = []
    for name in ("java", "javac", "jar"):
        try:
            said = subprocess.run([name, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            versions.append(int(said.stdout.split()[1].split(".")[0]))
        except (OSError, ValueError, IndexError):
            versions.append(0)
    return min(versions)


def in_venv() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def is_ready() -> bool:
    """Whether the environment was finished from these very requirements."""
    try:
        return PYTHON.exists() and _stamp().read_text() == _wanted()
    except OSError:
        return False


def make_venv(say: Callable[[str], None]) -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    log = WORK / "venv.log"
    try:
        processes.run([getattr(sys, "_base_executable", sys.executable), "-m", "venv", str(VENV)], log)
        install = ["-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "-r", str(REQUIREMENTS)]
        processes.run([str(PYTHON), *install], log, on_line=lambda line: say(line.strip()[:60]), append=True)
    except processes.Failed as failed:
        raise Refused("{}\nThe tests need Python's module venv (on Debian: apt-get install python3-venv), and half "
                      "a GB of packages from PyPI or a mirror of it (`pip config list`)".format(failed)) from None
    _stamp().write_text(_wanted())


def enter_venv(arguments: List[str]) -> None:
    """Goes on as the same command in the environment; does not return."""
    os.execv(str(PYTHON), [str(PYTHON), str(TESTS), *arguments])


def _stamp() -> Path:
    return VENV / "finished"


def _wanted() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def spark_home() -> Path:
    [home] = VENV.glob("lib/python3*/site-packages/pyspark")
    return home


def build_connector() -> None:
    """Compiles the connector against Spark's own jars."""
    sources = sorted(str(path) for path in (TESTS / "connector").glob("*.java"))
    classes = WORK / "classes"
    shutil.rmtree(classes, ignore_errors=True)
    log, jars = WORK / "connector.log", spark_home() / "jars" / "*"
    processes.run(["javac", "--release", str(NEEDED_JAVA), "-d", str(classes), "-cp", str(jars), *sources], log)
    processes.run(["jar", "--create", "--file", str(CONNECTOR), "-C", str(classes), "."], log, append=True)


def build_command_line(say: Callable[[str], None]) -> None:
    processes.run(["cargo", "build", "--locked", "--package", "dynalake-cli", "--bin", "dynalake"], WORK / "cargo.log",
                  on_line=lambda line: say(" ".join(line.split()[:3])), folder=ROOT)
