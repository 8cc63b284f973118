"""Terraform on the emulator: the example as it is in the repository, with an override beside it.

The example is copied under target/, so that neither state nor the override ever is in the
sources. All that is peculiar to the emulator is in the override: the keys, the checks that need a
real account, and what else the caller gives.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from . import process
from .machine import REGION, ROOT, clean_environment
from .process import ToolError

PROVIDER = f"""\
# Written by the demo: what a run on the local emulator needs, and a run on AWS must not have.
# The version is exact, so that each machine runs the same one.
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "5.100.0"
    }}
  }}
}}

provider "aws" {{
  region                      = "{REGION}"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
}}
"""


@dataclass
class Applied:
    """What an apply did: the outputs, and each resource's start and end in the order of the
    events."""

    outputs: dict[str, Any] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)

    def position(self, event: str, address_part: str) -> int | None:
        """Where in the apply a resource whose address holds `address_part` had this event."""
        places = [
            i
            for i, (kind, address) in enumerate(self.events)
            if kind == event and address_part in address
        ]
        return places[-1] if places else None


class Terraform:
    """An example, copied into the folder `work` and applied to the emulator."""

    def __init__(self, work: Path, endpoint: str, example: str) -> None:
        self.work, self.folder = work, work / "terraform"
        self.example = self.folder / "examples" / example
        self.schema = work / "orders.schema.json"
        self.log = work / "terraform.log"
        self.environment = clean_environment(endpoint)
        cache = work / "plugins"
        cache.mkdir(parents=True, exist_ok=True)
        self.environment.setdefault("TF_PLUGIN_CACHE_DIR", str(cache))
        self.environment["TF_IN_AUTOMATION"] = "1"

    def prepare(self, schema: Path, package: Path) -> None:
        """Copies the Terraform and writes what belongs beside it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "tests")
        shutil.copytree(ROOT / "terraform", self.folder, ignore=ignored)
        if not self.example.is_dir():
            raise ToolError(
                f"{self.example.relative_to(self.work)} is missing; the demo applies it"
            )
        shutil.copyfile(schema, self.schema)
        self.override("")
        variables = {
            "schema_file": str(self.schema),
            "package_file": str(package),
            "force_destroy": True,
        }
        # The emulator's permissions hold at once.
        variables["iam_propagation_seconds"] = 0
        (self.example / "demo.auto.tfvars.json").write_text(json.dumps(variables, indent=2) + "\n")

    def override(self, more: str) -> None:
        """Has the example this too, beside the emulator's provider."""
        (self.example / "local_override.tf").write_text(PROVIDER + more)

    def init(self) -> None:
        process.run(self._command(*init_words()), self.log, self.environment)

    def apply(self, say: Callable[[str, int, int], None], only: str | None = None) -> Applied:
        """Applies all, or only one resource with what it depends on."""
        return self._change("apply", say, *([f"-target={only}"] if only else []))

    def destroy(self, say: Callable[[str, int, int], None]) -> Applied:
        return self._change("destroy", say)

    def has_no_changes(self) -> bool:
        """Whether a further plan is empty; what it would do is in the log."""
        command = self._command("plan", "-detailed-exitcode", "-input=false", "-no-color")
        return process.run(command, self.log, self.environment, accept=(0, 2), append=True) == 0

    def planned_actions(self) -> dict[str, list[str]]:
        """What a plan would do: resource address to actions, without those it leaves alone."""
        file = self.work / "changes.tfplan"
        command = self._command("plan", "-input=false", "-no-color", f"-out={file}")
        process.run(command, self.log, self.environment, append=True)
        lines: list[str] = []
        show = self.work / "changes.json"
        process.run(
            self._command("show", "-json", str(file)), show, self.environment, on_line=lines.append
        )
        plan = json.loads(next(line for line in lines if line.startswith("{")))
        return {
            change["address"]: change["change"]["actions"]
            for change in plan.get("resource_changes", [])
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }

    def _command(self, *words: str) -> list[str]:
        return ["terraform", f"-chdir={self.example}", *words]

    def _change(self, action: str, say: Callable[[str, int, int], None], *options: str) -> Applied:
        applied = Applied()
        errors: list[str] = []
        total = 0

        def heard(line: str) -> None:
            nonlocal total
            try:
                event = json.loads(line)
            except ValueError:
                return
            kind = event.get("type")
            if kind == "change_summary":
                changes = event["changes"]
                total = max(total, changes["add"] + changes["change"] + changes["remove"])
            elif kind in ("apply_start", "apply_complete") and event["hook"]["action"] != "read":
                applied.events.append((kind, event["hook"]["resource"]["addr"]))
            elif kind == "outputs":
                applied.outputs = {
                    name: value.get("value") for name, value in event["outputs"].items()
                }
            elif kind == "diagnostic" and event["diagnostic"]["severity"] == "error":
                diagnostic = event["diagnostic"]
                where = diagnostic.get("address") or (diagnostic.get("range") or {}).get(
                    "filename", ""
                )
                detail = diagnostic.get("detail", "")
                errors.append(f"  {where}: {diagnostic['summary']}\n    {detail}")
            done = sum(kind == "apply_complete" for kind, _ in applied.events)
            say(_waited_for(applied.events) or "planning", done, total)

        command = self._command(action, "-auto-approve", "-input=false", "-json", *options)
        code = process.run(
            command, self.log, self.environment, on_line=heard, accept=(0, 1), append=True
        )
        if code != 0:
            said = "\n".join(errors)
            raise ToolError(f"terraform {action} failed:\n{said}\nAll of it is in {self.log}")
        return applied


def _waited_for(events: list[tuple[str, str]]) -> str:
    """The resource that was begun first of those that are not done."""
    done = {address for kind, address in events if kind == "apply_complete"}
    running = [address for kind, address in events if kind == "apply_start" and address not in done]
    return running[0].replace("module.", "") if running else ""


def init_words() -> list[str]:
    """`terraform init`, with the provider from this machine if it has one."""
    mirror = plugin_mirror()
    options = [f"-plugin-dir={mirror}"] if mirror else []
    return ["init", "-input=false", "-no-color", *options]


@contextlib.contextmanager
def running_provider(folder: Path) -> Iterator[dict[str, str]]:
    """The AWS provider of an initialised folder, in a process of its own, and the environment by
    which Terraform finds it.

    Without it Terraform starts the provider several times for each `run` of a test, which takes
    longer than the test. One process keeps one configuration, so this is for tests with a mocked
    provider (https://developer.hashicorp.com/terraform/plugin/debugging). `terraform init` asks for
    no version then.
    """
    programs = [*folder.glob(".terraform/providers/*/hashicorp/aws/*/*/terraform-provider-aws_*")]
    if len(programs) != 1:
        raise ToolError(f"{folder}: run `terraform init` first; it has {len(programs)} providers")
    provider = subprocess.Popen(
        [programs[0], "-debug"],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert provider.stdout is not None
        said = ""
        for line in provider.stdout:
            said += line
            if found := re.search(r"TF_REATTACH_PROVIDERS='(.*)'", line):
                yield {"TF_REATTACH_PROVIDERS": found[1]}
                break
        else:
            raise ToolError(f"{said}\n{programs[0]} ended, and does not say where it is reached")
    finally:
        process.stop(provider)


def run(
    folder: Path,
    *words: str,
    accept: tuple[int, ...] = (0,),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """What Terraform prints in a folder, without AWS and without the emulator."""
    done = subprocess.run(
        ["terraform", *words],
        cwd=folder,
        env={**clean_environment(), "TF_IN_AUTOMATION": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode not in accept:
        place = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
        raise ToolError(f"{done.stdout}\n`terraform {' '.join(words)}` failed in {place}")
    return done.stdout


def plugin_mirror() -> str | None:
    """A folder on this machine that holds the provider, for machines without a way to the registry.

    Terraform looks into its own standard folders by itself; this finds the others.
    """
    given = os.environ.get("DYNALAKE_PLUGIN_DIR")
    if given:
        if not os.path.isdir(os.path.join(given, "registry.terraform.io")):
            raise ToolError(
                f"DYNALAKE_PLUGIN_DIR={given} has no folder registry.terraform.io in it"
            )
        return given
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    for place in (
        "/opt/*",
        "/usr/local/share/*",
        "/usr/local/share/*/*",
        "/usr/share/*/*",
        "/var/lib/*",
    ):
        found = glob.glob(f"{place}/registry.terraform.io/hashicorp/aws/*/linux_{machine}")
        if found:
            return found[0].split("/registry.terraform.io/")[0]
    return None
