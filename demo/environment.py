"""What must be on the machine, and what the demo brings along: a virtual environment of its own, the package.

This module and `__main__` run before the virtual environment exists, so they use the standard library only and
must be understood by Python 3.9.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, List, Optional

import processes
from processes import Refused

ROOT = Path(__file__).resolve().parent.parent
DEMO = Path(__file__).resolve().parent
WORK = ROOT / "target" / "demo"
VENV = WORK / "venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = DEMO / "requirements.txt"

# DuckDB 2 is the one that asks for the newest Python; the rest of the demo would do with 3.9.
NEEDED_PYTHON = (3, 11)
PYTHON_NAMES = ["python3.{}".format(minor) for minor in (13, 12, 11, 14)] + ["python3"]
NEEDED_TERRAFORM = (1, 9)


def check_tools() -> None:
    """Refuses a machine that lacks something, all at once, before anything is built."""
    missing = []
    if platform.system() != "Linux":
        missing.append(
            "Linux: the emulator runs the Lambda function's own Linux program. On macOS or Windows run the demo "
            "in a Linux container or in WSL"
        )
    if shutil.which("cargo") is None:
        missing.append("Rust: install it from https://rustup.rs")
    if shutil.which("terraform") is None:
        missing.append("Terraform: install it from https://developer.hashicorp.com/terraform/install")
    elif _terraform_version() < NEEDED_TERRAFORM:
        missing.append("Terraform {}.{} or later: this one is {}".format(
            *NEEDED_TERRAFORM, ".".join(map(str, _terraform_version()))))
    if missing:
        raise Refused("the demo needs\n" + "\n".join("  - " + line for line in missing))


def _terraform_version() -> tuple:
    said = subprocess.run(["terraform", "version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    words = said.split()
    version = next((word for word in words if word.startswith("v")), "v0.0")
    return tuple(int(part) for part in version[1:].split("-")[0].split(".")[:2])


def in_venv() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def is_ready() -> bool:
    """Whether the virtual environment was finished from these very requirements."""
    try:
        return PYTHON.exists() and _stamp().read_text() == _wanted()
    except OSError:
        return False


def make_venv(say: Callable[[str], None]) -> None:
    """Makes the virtual environment anew."""
    python = _find_python()
    say("with {}".format(python))
    shutil.rmtree(VENV, ignore_errors=True)
    log = WORK / "venv.log"
    try:
        processes.run([python, "-m", "venv", str(VENV)], log)
    except processes.Failed as failed:
        raise Refused("{}\nIf Python lacks the module venv or ensurepip, install it "
                      "(on Debian: apt-get install python3-venv)".format(failed)) from None
    install = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    try:
        processes.run(install, log, on_line=lambda line: say(line.strip()[:60]), append=True)
    except processes.Failed as failed:
        raise Refused("{}\nThe demo needs these packages from PyPI: is there a way to the internet, or a mirror "
                      "in pip's own settings (`pip config list`)?".format(failed)) from None
    _stamp().write_text(_wanted())


def enter_venv(arguments: List[str]) -> None:
    """Goes on as the same command in the virtual environment; does not return."""
    os.execv(str(PYTHON), [str(PYTHON), str(DEMO), *arguments])


def _stamp() -> Path:
    return VENV / "finished"


def _wanted() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def _find_python() -> str:
    # Not this environment's own, which is about to be removed.
    candidates = [getattr(sys, "_base_executable", sys.executable)] + [shutil.which(name) for name in PYTHON_NAMES]
    for candidate in candidates:
        if candidate and _python_version(candidate) >= NEEDED_PYTHON:
            return candidate
    raise Refused(
        "the demo's packages (DuckDB, the emulator) need Python {}.{} or later, and there is none on the PATH; "
        "this one is {}".format(*NEEDED_PYTHON, platform.python_version())
    )


def _python_version(python: str) -> tuple:
    try:
        said = subprocess.run(
            [python, "-c", "import sys; print(*sys.version_info[:2])"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        ).stdout
        return tuple(int(part) for part in said.split())
    except (OSError, ValueError):
        return (0, 0)


def build_package(say: Callable[[str], None]) -> Path:
    """Builds the function's package for this machine's architecture; the emulator runs it here."""
    arch = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine())
    if arch is None:
        raise Refused("Lambda has no architecture for this machine, {}".format(platform.machine()))

    def heard(line: str) -> None:
        words = line.split()
        if words and words[0] in ("Blocking", "Compiling", "Downloaded", "Downloading", "Finished"):
            say(" ".join(words[:6]))

    command = [sys.executable, str(ROOT / "package.py"), "--arch", arch, "--out", str(WORK / "dist")]
    processes.run(command, WORK / "package.log", on_line=heard)
    return WORK / "dist" / arch / "bootstrap.zip"


def start_building_command_line() -> processes.Beside:
    """Builds the command line `dynalake`, without what only the function needs, while the demo waits for other things."""
    command = ["cargo", "build", "--locked", "--package", "dynalake-cli", "--bin", "dynalake",
               "--message-format", "json-render-diagnostics"]
    return processes.Beside(command, WORK / "command_line.log", ROOT)


def built_command_line(building: processes.Beside) -> Path:
    """Waits for the command line."""
    messages = [json.loads(line) for line in building.wait().splitlines() if line.startswith("{")]
    return Path(next(message["executable"] for message in messages if message.get("executable")))


def clean_environment(endpoint: Optional[str] = None) -> dict:
    """This process' environment without what would lead a child to a real AWS account, to another workspace, or
    the function to other settings."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "DYNALAKE_", "TF_VAR_", "TF_CLI_ARGS"))
        and name not in ("TF_WORKSPACE", "TF_DATA_DIR", "TF_LOG")
    }
    # Terraform complains at each call where this names a file that is not there.
    if not os.path.exists(environment.get("TF_CLI_CONFIG_FILE", os.devnull)):
        del environment["TF_CLI_CONFIG_FILE"]
    # A proxy knows nothing of this machine's own addresses.
    local = "127.0.0.1,localhost"
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(filter(None, [os.environ.get(name), local]))
    if endpoint is not None:
        environment.update(AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    return environment
