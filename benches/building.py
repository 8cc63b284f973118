"""What is measured: the programs, built as they are deployed, and the inputs. All of it is in
target/benches."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import package
from dynalake_dev import build, machine, process
from dynalake_dev.machine import ROOT
from dynalake_dev.process import ToolError

BENCHES = ROOT / "benches"
WORK = ROOT / "target" / "benches"
INPUTS = WORK / "inputs"
# The peers in Python run in the environment that runs this; it has boto3 for one of them.
PYTHON = Path(sys.executable)
NODE_MODULES = WORK / "node" / "node_modules"

Say = Callable[[str], None]


def check_tools() -> None:
    """Rejects a machine that lacks something, all at once, before anything is built."""
    machine.require("benches", ["linux", "rust", "node"])


def install_node_modules(say: Say) -> None:
    """The package of AWS' SDK that one of the peers uses; fetched once for the same lockfile."""
    files = [BENCHES / "peers" / name for name in ("package.json", "package-lock.json")]
    if _is_done(NODE_MODULES, files):
        return
    NODE_MODULES.parent.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, NODE_MODULES.parent)
    say("npm ci")
    # Its peer dependency, the client, is for types only.
    process.run(
        ["npm", "ci", "--omit=peer", "--no-audit", "--no-fund"],
        WORK / "npm.log",
        folder=NODE_MODULES.parent,
    )
    _set_done(NODE_MODULES, files)


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _is_done(made: Path, files: list[Path]) -> bool:
    stamp = made.parent / "finished"
    return made.exists() and stamp.exists() and stamp.read_text() == _digest(files)


def _set_done(made: Path, files: list[Path]) -> None:
    (made.parent / "finished").write_text(_digest(files))


@functools.cache
def target() -> str:
    """The Rust target that package.py builds `bootstrap` for on this machine."""
    try:
        return package.choose_target(machine.architecture(), package.host()["host"])
    except package.PackageError as error:
        raise ToolError(str(error)) from None


def program(name: str) -> Path:
    """One that `build_rust` builds."""
    return BENCHES / "target" / target() / "release" / name


def build_rust(say: Say, *programs: str) -> None:
    """These programs, or all: the workers and the functions beside ours, by the profile and the
    flags that `bootstrap` is built with."""
    profile = tomllib.loads((ROOT / "Cargo.toml").read_text())["profile"]["release"]
    command = [
        "cargo",
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        str(BENCHES / "Cargo.toml"),
    ]
    command += ["--target", target()]
    for name in programs:
        command += ["--bin", name]
    for name, value in profile.items():
        command += ["--config", f"profile.release.{name}={json.dumps(value)}"]
    environment = {
        **os.environ,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(
            package.code_flags(target(), package.host()["host"])
        ),
    }
    process.run(
        command, WORK / "cargo.log", environment, on_line=lambda line: build.compiling(line, say)
    )


def build_bootstrap(say: Say) -> Path:
    """Ours, as package.py builds it for AWS."""
    return unpacked(build.bootstrap(WORK / "dist", WORK / "package.log", say), WORK)


def unpacked(package_file: Path, folder: Path) -> Path:
    """The program of a package, in a folder."""
    with zipfile.ZipFile(package_file) as archive:
        program = Path(archive.extract("bootstrap", folder))
    program.chmod(0o755)
    return program


def write_input(name: str, workload: str, unit: str, count: int) -> None:
    """An event of a workload, and the schema that goes with it, as INPUTS/NAME.event.json and
    NAME.schema.json."""
    INPUTS.mkdir(parents=True, exist_ok=True)
    command = [str(program("worker")), "write", str(INPUTS), name, workload, unit, str(count)]
    process.run(command, WORK / "inputs.log", append=True)


def event_of(name: str) -> bytes:
    return (INPUTS / f"{name}.event.json").read_bytes()


def schema_of(name: str) -> str:
    return (INPUTS / f"{name}.schema.json").read_text()


def rustc_version() -> str:
    return package.host()["release"]


def versions() -> dict[str, str]:
    """The machine, and what the programs were built with and run on."""

    def said(*command: str) -> str:
        return subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout.strip()

    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "kernel": f"Linux {platform.release()}",
        "rustc": rustc_version(),
        "python": said(str(PYTHON), "--version").split()[1],
        "node": said("node", "--version").lstrip("v"),
    }
