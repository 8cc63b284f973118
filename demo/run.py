"""One run of the demo from start to end, and what becomes of it: taken down, or kept."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import time

import duckdb

from dynalake_dev import console, lake, process
from dynalake_dev.console import Stage, Timings
from dynalake_dev.process import ToolError
from dynalake_dev.terraform import Terraform

from . import checks, report, state
from .state import WORK, Running
from .steps import Deployment, Verified, compare, deploy, load, prepare, verify, write
from .ways import RELAY_MODULE, WAYS


def run(arguments: argparse.Namespace) -> int:
    WORK.mkdir(parents=True, exist_ok=True)
    with open(WORK / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ToolError(f"another demo is running in {WORK}") from None
        os.set_inheritable(lock.fileno(), False)
        if arguments.down:
            return down()
        if arguments.sql is not None:
            return ask(arguments.sql)
        return demonstrate(arguments)


def demonstrate(arguments: argparse.Namespace) -> int:
    state.clear_earlier_run()
    running = Running()
    timings: Timings = []
    finished = False
    try:
        way = WAYS[arguments.via]()
        prepared = prepare(running, way, arguments.keep, arguments.items, arguments.seed, timings)
        deployed = deploy(running, prepared, timings)
        delivery = write(deployed, arguments.changes, arguments.seed, timings)
        loaded = load(deployed, timings)
        verified = verify(deployed, loaded, arguments.keep, timings)
        current = compare(deployed, verified, timings)
        report.show_all(deployed, delivery, loaded, verified, current, timings)
        failures = delivery.failures + verified.differences + current.differences
        if arguments.test:
            failures += checks.check_all(deployed, verified, current, timings)
        if arguments.keep:
            keep(deployed, verified)
        else:
            failures += take_down(deployed, running, timings)
        finished = True
    finally:
        if not finished:
            # Nothing must stop this half-way: it is short, and the user has already asked for it.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            running.stop()
    return verdict(failures, len(deployed.writer.written), len(current.items))


def take_down(deployed: Deployment, running: Running, timings: Timings) -> list[str]:
    deployed.way.stop()
    with Stage("terraform destroy", timings) as stage:
        deployed.terraform.destroy(stage.update)
        left = checks.leftovers(deployed.emulator)
        stage.result = "nothing left" if not left else f"{len(left)} things left"
    with Stage("emulator stopped", timings):
        running.stop()
    return ["terraform destroy left: " + ", ".join(left)] if left else []


def keep(deployed: Deployment, verified: Verified) -> None:
    state.write(
        deployed.emulator,
        **deployed.way.keep(),
        via=deployed.way.name,
        outputs=deployed.outputs,
        view=verified.opened.view_sql,
    )
    report.show_how_to_look_around(deployed)


def verdict(failures: list[str], changes: int, items: int) -> int:
    total = time.time() - float(os.environ["DYNALAKE_DEMO_STARTED"])
    if failures:
        console.heading(console.bad(f"{len(failures)} differences"))
        for text in failures[:20]:
            console.say("  " + text)
        if len(failures) > 20:
            console.say(f"  and {len(failures) - 20} more")
        console.say(f"\nLogs: {WORK}/terraform.log, {WORK}/emulator.log")
        return 1
    console.say(
        f"\n{console.good('✓')} all {changes:,} changes arrived, each once, every value equal; "
        f"{items:,} items are as many rows · {total:.0f} s in all"
    )
    return 0


def down() -> int:
    kept = state.read()
    if kept is None:
        console.say("no demo is running that was kept")
        return 0
    emulator = state.emulator_of(kept)
    timings: Timings = []
    left: list[str] = []
    try:
        if "relay" in kept:
            process.stop_by_id(kept["relay"], RELAY_MODULE)
        if emulator.is_running() and "outputs" in kept:
            with Stage("terraform destroy", timings) as stage:
                example = WAYS[kept["via"]].example
                Terraform(WORK, emulator.endpoint, example).destroy(stage.update)
                left = checks.leftovers(emulator)
    finally:
        with Stage("emulator stopped", timings):
            emulator.stop()
            state.forget()
    if left:
        console.say("terraform destroy left: " + ", ".join(left))
    return 1 if left else 0


def ask(query: str) -> int:
    """Answers a query about the kept demo's lake, as it is now."""
    emulator, kept = state.kept()
    outputs = kept["outputs"]
    prefixes = (outputs["data_prefix"], outputs["error_prefix"])
    objects = lake.Lake(WORK / "lake", emulator.client("s3"), outputs["bucket"], *prefixes)
    objects.fetch()
    database, table = outputs["glue_database"], outputs["glue_table"]
    try:
        found = lake.connect(objects.folder, database, table, kept["view"]).execute(query)
        headers = [column[0] for column in found.description or []]
        answers = found.fetchall()
    except duckdb.Error as error:
        raise ToolError(str(error)) from None
    console.print_table(headers, answers)
    console.say(f"{len(answers):,} rows")
    return 0
