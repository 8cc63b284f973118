"""One run: everything that is measured, in turns on one core."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from dynalake_dev import console
from dynalake_dev.process import ToolError
from dynalake_dev.runtime_api import RuntimeApi

from . import agreement, building
from .workers import Worker, cpu_seconds

WORKLOADS = ["small", "typical", "wide", "large", "adversarial"]
PEERS = ["ours", "baseline", "python", "boto3", "node", "lower_bound", "event_lower_bound"]
LOWER_BOUNDS = ["lower_bound", "event_lower_bound"]
# Those that are compared most run one after the other.
TURNS = ["lower_bound", "event_lower_bound", "ours", "baseline", "python", "boto3", "node"]
# Peers whose responses are compared with ours.
ANSWERING = ["baseline", "python", "boto3", "node"]
FUNCTIONS = ["ours", "baseline", "empty", "python", "node"]

# What is run and not counted: caches fill, Node compiles what it has seen often enough.
WARM_UP_ROUNDS = 3

# Inputs by name: workload, unit and size. Records of a workload, before base64: 2.9 MB are an event
# of at most Lambda's 6 MB.
RAW_BYTES = 2_900_000
GROWTH = {
    "1,000 records": ("small", "records", 1_000),
    "10,000 records": ("small", "records", 10_000),
    "1 MB": ("typical", "event", 1_000_000),
    "6 MB": ("typical", "event", 6_000_000),
}
WHOLE = {"whole": ("typical", "event", 4_000_000)}
LARGEST = {"largest": ("typical", "event", 6_291_456)}
FIRST = {"first": ("typical", "event", 1_400_000)}
QUICK_BYTES = 30_000


def input_name(title: str) -> str:
    return title.replace(" ", "-").replace(",", "")


def build(timings: list) -> Path:
    """Builds all programs; returns ours."""
    building.check_tools()
    building.WORK.mkdir(parents=True, exist_ok=True)
    with console.Stage("Node with @aws-sdk/util-dynamodb", timings) as stage:
        building.install_node_modules(stage.update)
    with console.Stage("Rust peers and worker", timings) as stage:
        building.build_rust(stage.update)
    with console.Stage("bootstrap, by package.py", timings) as stage:
        program = building.build_bootstrap(stage.update)
        stage.result = f"{program.stat().st_size:,} bytes"
    return program


def commands(program: Path) -> dict[str, list[str]]:
    """How each function is started."""
    return {
        "ours": [str(program)],
        "baseline": [str(building.program("baseline"))],
        "empty": [str(building.program("empty"))],
        "python": [
            str(building.PYTHON),
            str(building.BENCHES / "peers" / "worker.py"),
            "function",
            "python",
        ],
        "node": [
            shutil.which("node") or "node",
            str(building.BENCHES / "peers" / "worker.mjs"),
            "function",
        ],
    }


class Run:
    """The processes of one run, and what it found."""

    def __init__(
        self, program: Path, workloads: list[str], rounds: int, is_quick: bool, timings: list
    ) -> None:
        self.commands = commands(program)
        self.workloads, self.rounds, self.is_quick, self.timings = (
            workloads,
            rounds,
            is_quick,
            timings,
        )
        self.results: dict[str, Any] = {
            "machine": building.versions(),
            "rounds": rounds,
            "workloads": {},
            "growth": {},
            "functions": {"bytes": {name: size_of(name, self.commands) for name in FUNCTIONS}},
        }

    def run(self) -> dict[str, Any]:
        with ExitStack() as stack:
            # Children inherit it: no matter what else runs on the machine, all of ours take turns
            # on one core.
            everywhere = os.sched_getaffinity(0)
            stack.callback(os.sched_setaffinity, 0, everywhere)
            os.sched_setaffinity(0, {max(everywhere)})
            self.write_inputs()
            self.start_workers(stack)
            self.compare()
            self.time_in_turns()
            self.time_functions()
            self.time_starts()
            self.measure_memory()
        return self.results

    def write_inputs(self) -> None:
        with console.Stage("inputs", self.timings):
            for workload in self.workloads:
                building.write_input(
                    workload, workload, "raw", QUICK_BYTES if self.is_quick else RAW_BYTES
                )
            for title, (workload, unit, count) in (GROWTH | WHOLE | LARGEST | FIRST).items():
                building.write_input(input_name(title), workload, unit, count)

    def start_workers(self, stack: ExitStack) -> None:
        peers, folder = building.BENCHES / "peers", str(building.INPUTS)

        def start(name: str, *command: str, environment: dict[str, str] | None = None) -> Worker:
            worker = Worker(list(command), building.WORK / f"{name}.log", environment)
            stack.callback(worker.close)
            return worker

        rust = start("rust", str(building.program("worker")), "serve", folder)
        # Each of them has a memory and a compiler of its own to warm up.
        python = {
            peer: start(peer, str(building.PYTHON), str(peers / "worker.py"), "serve", folder)
            for peer in ("python", "boto3")
        }
        node = start(
            "node",
            self.commands["node"][0],
            str(peers / "worker.mjs"),
            "serve",
            folder,
            environment={**os.environ, "NODE_MODULES": str(building.NODE_MODULES)},
        )
        self.workers = {
            "ours": rust,
            "baseline": rust,
            "node": node,
            **python,
            **dict.fromkeys(LOWER_BOUNDS, rust),
        }

    def compare(self) -> None:
        """Rejects peers before they are timed whose responses say something else than ours."""
        with console.Stage("agreement", self.timings) as stage:
            for done, workload in enumerate(self.workloads):
                stage.update(workload, done, len(self.workloads))
                responses = {peer: self.response(peer, workload) for peer in ["ours", *ANSWERING]}
                event, schema = (
                    building.event_of(workload),
                    json.loads(building.schema_of(workload)),
                )
                differences = {
                    peer: agreement.difference(responses["ours"], responses[peer], schema)
                    for peer in ANSWERING
                }
                for lower_bound in LOWER_BOUNDS:
                    found = self.workers[lower_bound].run(lower_bound, workload)
                    with_event = lower_bound == "event_lower_bound"
                    differences[lower_bound] = agreement.lower_bound_difference(
                        found, event, responses["ours"], with_event
                    )
                for peer, difference in differences.items():
                    if difference:
                        raise ToolError(
                            f"{peer} and ours don't agree on {workload}: {difference}; see "
                            f"{building.INPUTS}"
                        )
                self.results["workloads"][workload] = {
                    "records": len(agreement.rows(responses["ours"])),
                    "raw_bytes": agreement.raw_bytes(event),
                    "event_bytes": len(event),
                    "response_bytes": len(responses["ours"]),
                }
            stage.result = f"{len(self.workloads)} workloads: the peers' rows say what ours say"

    def response(self, peer: str, workload: str) -> bytes:
        file = building.INPUTS / f"{workload}.{peer}.response.json"
        self.workers[peer].run(peer, workload, str(file))
        return file.read_bytes()

    def in_turns(
        self,
        title: str,
        jobs: list[tuple[list, Callable[[], float]]],
        warm_up: int = WARM_UP_ROUNDS,
    ) -> None:
        """Runs all jobs once a round, and adds what each returns to its list."""
        warm_up = 0 if self.is_quick else warm_up
        with console.Stage(title, self.timings) as stage:
            for at in range(-warm_up, self.rounds):
                stage.update("warm-up" if at < 0 else "rounds", at + warm_up, self.rounds + warm_up)
                for values, job in jobs:
                    value = job()
                    if at >= 0:
                        values.append(round(value, 3))
            stage.result = f"{self.rounds} rounds" if self.rounds > 1 else "once"

    def time_in_turns(self) -> None:
        def job(into: dict, key: str, peer: str, name: str) -> tuple[list, Callable[[], float]]:
            worker = self.workers[peer]
            return into.setdefault(key, []), lambda: worker.milliseconds(peer, name)

        jobs = [
            job(self.results["workloads"][workload].setdefault("ms", {}), peer, peer, workload)
            for workload in self.workloads
            for peer in TURNS
        ]
        # An event as long as those would say nothing where nothing is timed for good.
        for title in () if self.is_quick else GROWTH:
            event = building.event_of(input_name(title))
            growth = self.results["growth"][title] = {"event_bytes": len(event)}
            jobs.append(job(growth, "ms", "ours", input_name(title)))
        self.in_turns("peers, in turns", jobs)

    def start_function(self, name: str, schema: str) -> RuntimeApi:
        settings = (
            {"DYNALAKE_SCHEMA": schema}
            if name == "ours"
            else {"NODE_MODULES": str(building.NODE_MODULES)}
        )
        return RuntimeApi(self.commands[name], settings)

    def time_functions(self) -> None:
        """Time on the processor of whole functions for one invocation, from the event's first
        byte to the next poll; and beside each of the same event from bytes to bytes, without the
        shell."""
        functions = self.results["functions"]
        event, schema = building.event_of("whole"), building.schema_of("whole")
        functions["whole_event_bytes"], functions["whole_raw_bytes"] = (
            len(event),
            agreement.raw_bytes(event),
        )
        with ExitStack() as stack:

            def invoke(api: RuntimeApi) -> float:
                before = cpu_seconds(api.process.pid)
                api.invoke(event)
                api.await_poll()
                return (cpu_seconds(api.process.pid) - before) * 1000

            whole, core = (
                functions.setdefault("invocation_ms", {}),
                functions.setdefault("core_ms", {}),
            )
            apis = {
                name: stack.enter_context(self.start_function(name, schema))
                for name in FUNCTIONS
                if name != "empty"
            }
            with console.Stage("whole functions, agreement", self.timings) as stage:
                expected = self.response("ours", "whole")
                for name, api in apis.items():
                    stage.update(name)
                    response = api.invoke(event)
                    api.await_poll()
                    difference = None
                    if name != "ours":
                        difference = agreement.difference(expected, response, json.loads(schema))
                    elif response != expected:
                        difference = "its bytes are not those of the worker's"
                    if difference:
                        raise ToolError(
                            f"the function {name} and ours don't agree: {difference}; see "
                            f"{building.INPUTS}"
                        )
            jobs: list[tuple[list, Callable[[], float]]] = []
            for name, api in apis.items():
                jobs.append((whole.setdefault(name, []), lambda api=api: invoke(api)))
                worker = self.workers[name]
                jobs.append(
                    (
                        core.setdefault(name, []),
                        lambda name=name, worker=worker: worker.milliseconds(name, "whole"),
                    )
                )
            self.in_turns("whole functions, in turns", jobs)
            with console.Stage("whole functions, in the kernel", self.timings) as stage:
                shares = functions.setdefault("kernel_share", {})
                for name, api in apis.items():
                    stage.update(name)
                    shares[name] = kernel_share(
                        api.process.pid, lambda api=api: invoke(api), self.is_quick
                    )

    def time_starts(self) -> None:
        """Exec to first poll, and to the last byte of the first response."""
        functions = self.results["functions"]
        event, schema = building.event_of("first"), building.schema_of("first")
        functions["first_event_bytes"] = len(event)

        def first_poll(name: str) -> float:
            with self.start_function(name, schema) as api:
                return api.first_poll_ms

        def first_response(name: str) -> float:
            with self.start_function(name, schema) as api:
                api.invoke(event)
                return api.age_ms()

        polls, responses = (
            functions.setdefault("first_poll_ms", {}),
            functions.setdefault("first_response_ms", {}),
        )
        jobs = [
            (polls.setdefault(name, []), lambda name=name: first_poll(name)) for name in FUNCTIONS
        ]
        jobs += [
            (responses.setdefault(name, []), lambda name=name: first_response(name))
            for name in FUNCTIONS
            if name != "empty"
        ]
        self.in_turns("starts, in turns", jobs, warm_up=1)

    def measure_memory(self) -> None:
        """Peak resident memory when idle, and over three events of Lambda's largest size."""
        functions = self.results["functions"]
        idle, peaks = functions.setdefault("idle_kib", {}), functions.setdefault("peak_kib", {})
        event, schema = building.event_of("largest"), building.schema_of("largest")
        functions["largest_event_bytes"] = len(event)
        with console.Stage("memory", self.timings):
            for name in FUNCTIONS:
                with self.start_function(name, schema) as api:
                    idle[name] = api.peak_kib()
                    if name == "empty":
                        continue
                    for _ in range(3):
                        api.invoke(event)
                        api.await_poll()
                    peaks[name] = api.peak_kib()


def size_of(name: str, commands: dict[str, list[str]]) -> int | None:
    """Of what is deployed; Python and Node are on Lambda already."""
    return Path(commands[name][0]).stat().st_size if name in ("ours", "baseline", "empty") else None


def kernel_share(pid: int, run: Callable[[], float], is_quick: bool) -> float:
    """How much of its time on the processor a process spends in the kernel while it runs again and
    again. The kernel samples that each hundredth of a second, so it takes some seconds."""

    def ticks() -> tuple[int, int]:
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return int(user), int(system)

    (user, system), spent_ms = ticks(), 0.0
    while spent_ms < (1 if is_quick else 2_000):
        spent_ms += run()
    user, system = ticks()[0] - user, ticks()[1] - system
    return round(system / max(user + system, 1), 3)
