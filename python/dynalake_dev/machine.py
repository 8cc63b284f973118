"""This machine: where the repository is, what must be installed, and what a child process
inherits."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from .process import ToolError

ROOT = Path(__file__).resolve().parents[2]
# Of everything that runs on the emulator.
REGION = "eu-central-1"

NEEDED_TERRAFORM = (1, 9)
NEEDED_NODE = 20
NEEDED_JAVA = 17


def require(program: str, tools: Iterable[str]) -> None:
    """Rejects a machine that lacks something, all at once, before anything is built.

    Each of `tools` is a name in `CHECKS`.
    """
    reject(program, missing(tools).values())


def missing(tools: Iterable[str]) -> dict[str, str]:
    """Those of `tools` that this machine lacks, and what to do about each."""
    return {tool: text for tool in tools if (text := CHECKS[tool]()) is not None}


def reject(program: str, lacking: Iterable[str]) -> None:
    """Fails, if there is anything in the list."""
    if lines := "".join(f"\n  - {line}" for line in lacking):
        raise ToolError(f"{program} needs{lines}")


def architecture() -> str:
    """Lambda's name of this machine's architecture."""
    found = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine())
    if found is None:
        raise ToolError(f"Lambda has no architecture for this machine, {platform.machine()}")
    return found


def clean_environment(endpoint: str | None = None) -> dict[str, str]:
    """This process' environment without what would lead a child to a real AWS account, to another
    workspace, or the function to other settings. With `endpoint`, what leads it to the emulator."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "DYNALAKE_", "TF_VAR_", "TF_CLI_ARGS"))
        and name not in ("TF_WORKSPACE", "TF_DATA_DIR", "TF_LOG")
    }
    # Terraform complains at each call if this names a file that does not exist.
    if not os.path.exists(environment.get("TF_CLI_CONFIG_FILE", os.devnull)):
        del environment["TF_CLI_CONFIG_FILE"]
    # A proxy can't reach this machine's own addresses.
    local = "127.0.0.1,localhost"
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(filter(None, [os.environ.get(name), local]))
    if endpoint is not None:
        environment.update(
            AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test"
        )
    return environment


# ---- checks: each returns what is missing and how to install it, or None


def _linux() -> str | None:
    if platform.system() == "Linux":
        return None
    return (
        "Linux: the Lambda function is a Linux program, and processes are read from /proc. On "
        "macOS or Windows run this in a Linux container or in WSL"
    )


def _python() -> str | None:
    if sys.version_info >= (3, 11):
        return None
    return f"Python 3.11 or later: this one is {platform.python_version()}"


def _rust() -> str | None:
    if shutil.which("cargo") is not None:
        return None
    return "Rust: install it from https://rustup.rs"


def _rustfmt() -> str | None:
    return None if _works("cargo", "fmt", "--version") else "rustfmt: rustup component add rustfmt"


def _clippy() -> str | None:
    return None if _works("cargo", "clippy", "--version") else "clippy: rustup component add clippy"


def _nightly() -> str | None:
    if _works("rustup", "run", "nightly", "rustc", "--version"):
        return None
    return "a nightly toolchain: rustup toolchain install nightly"


def _cxx() -> str | None:
    return None if _works("c++", "--version") else "a C++ compiler (on Debian: apt-get install g++)"


def _terraform() -> str | None:
    if shutil.which("terraform") is None:
        return "Terraform: install it from https://developer.hashicorp.com/terraform/install"
    words = _output("terraform", "version").split()
    version = next((word for word in words if word.startswith("v")), "v0.0")
    found = tuple(int(part) for part in version[1:].split("-")[0].split(".")[:2])
    if found >= NEEDED_TERRAFORM:
        return None
    needed = ".".join(map(str, NEEDED_TERRAFORM))
    return f"Terraform {needed} or later: this one is {'.'.join(map(str, found))}"


def _node() -> str | None:
    where = "install it from https://nodejs.org"
    if shutil.which("node") is None or shutil.which("npm") is None:
        return f"Node {NEEDED_NODE} or later with npm: {where}"
    found = int(_output("node", "--version").strip().lstrip("v").split(".")[0])
    if found >= NEEDED_NODE:
        return None
    return f"Node {NEEDED_NODE} or later: this one is {found}; {where}"


def _jdk() -> str | None:
    if min(map(_java_version, ("java", "javac", "jar"))) >= NEEDED_JAVA:
        return None
    return (
        f"a JDK of version {NEEDED_JAVA} or later, with java, javac and jar on the PATH "
        f"(on Debian: apt-get install openjdk-{NEEDED_JAVA}-jdk-headless)"
    )


def _java_version(program: str) -> int:
    """The version of one of the JDK's programs; 0 if it is missing."""
    try:
        return int(_output(program, "--version").split()[1].split(".")[0])
    except (OSError, ValueError, IndexError):
        return 0


def _valgrind() -> str | None:
    if shutil.which("valgrind") is not None:
        return None
    return "valgrind (on Debian: apt-get install valgrind, or https://valgrind.org)"


def _jq() -> str | None:
    return None if _works("jq", "--version") else "jq (on Debian: apt-get install jq)"


def _qemu() -> str | None:
    if shutil.which("qemu-aarch64-static") is not None:
        return None
    return "qemu-aarch64-static (on Debian: apt-get install qemu-user-static)"


def _works(*command: str) -> bool:
    """Whether a command can be run and succeeds."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
    except OSError:
        return False
    return done.returncode == 0


def _output(*command: str) -> str:
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    return done.stdout


CHECKS: dict[str, Callable[[], str | None]] = {
    "linux": _linux,
    "python": _python,
    "rust": _rust,
    "rustfmt": _rustfmt,
    "clippy": _clippy,
    "nightly": _nightly,
    "c++": _cxx,
    "terraform": _terraform,
    "node": _node,
    "jdk": _jdk,
    "valgrind": _valgrind,
    "jq": _jq,
    "qemu": _qemu,
}
