"""What a run has started, and what an earlier run left: one that was kept, or one that was
killed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dynalake_dev.build import CommandLineBuild
from dynalake_dev.emulator import Emulator
from dynalake_dev.machine import ROOT
from dynalake_dev.process import ToolError

from .relay import Relay

WORK = ROOT / "target" / "demo"
STATE = WORK / "state.json"


@dataclass
class Running:
    """What runs and must be stopped, whatever happens."""

    emulator: Emulator | None = None
    relay: Relay | None = None
    build: CommandLineBuild | None = None

    def stop(self) -> None:
        """Stops it all. What was deployed lived in the emulator's memory, and is gone with it."""
        if self.relay is not None:
            self.relay.stop(wait=False)
        if self.build is not None:
            self.build.stop()
        if self.emulator is not None:
            self.emulator.stop()
        forget()


def write(emulator: Emulator, **more: Any) -> None:
    state = {"pid": emulator.pid, "port": emulator.port, **more}
    STATE.write_text(json.dumps(state, indent=2) + "\n")


def read() -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads(STATE.read_text())
        return state
    except (OSError, ValueError):
        return None


def emulator_of(state: dict[str, Any]) -> Emulator:
    """The emulator of an earlier run."""
    return Emulator(WORK, state["port"], state["pid"])


def forget() -> None:
    """Removes what describes a deployment that is gone."""
    for path in (STATE, *WORK.glob("terraform/examples/*/terraform.tfstate")):
        path.unlink(missing_ok=True)


def kept() -> tuple[Emulator, dict[str, Any]]:
    state = read()
    if state is not None:
        emulator = emulator_of(state)
        if emulator.is_running() and "outputs" in state:
            return emulator, state
    raise ToolError("no demo is running that was kept; start one: python3 demo --keep")


def clear_earlier_run() -> None:
    """A run that was killed outright leaves its files; one that was kept is the user's to end."""
    state = read()
    if state is None:
        return
    emulator = emulator_of(state)
    if emulator.is_running():
        if "outputs" in state:
            raise ToolError("a demo that was kept is running; end it first: python3 demo --down")
        emulator.stop()
    STATE.unlink()
