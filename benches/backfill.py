"""An export to Parquet files: ours on one core and on two, beside what it is made of, Spark on this
machine, and Python with pyarrow. And its lines to a schema file."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from dynalake_dev import build, console, machine, process, venv
from dynalake_dev.process import ToolError

from . import building, exports, files
from .files import Table

ITEMS = 5_000_000
# For the peers: they take minutes.
PEER_ITEMS = 500_000
# For the agreement.
FEW_ITEMS = 4_000
PEER_CORES = 2
ROUNDS_OF_PARTS = 5
# Of data files, without gzip, and the rounds.
INFERRED_FILES = 2
ROUNDS_OF_INFER = 3
ENGINES = venv.ENVIRONMENTS["databricks/tests"]

# The bars.
LEAST_OF_BOUND = 0.8
LEAST_SCALING = 1.7
MOST_PEAK = 300 << 20
LEAST_AGAINST_SPARK = 3.0
LEAST_INFERRED = 300


@dataclass
class Run:
    """What a run took."""

    items: int
    cores: int
    seconds: float
    # On the processor, of all its threads.
    cpu_seconds: float
    peak_bytes: int

    @property
    def rate(self) -> float:
        return self.items / self.seconds


def run(items: int, timings: console.Timings) -> list[Table]:
    """Measures all, and returns the table."""
    machine.require("benches --backfill", ["linux", "rust", "jdk"])
    if len(os.sched_getaffinity(0)) < PEER_CORES:
        raise ToolError(f"benches --backfill needs {PEER_CORES} cores")
    building.WORK.mkdir(parents=True, exist_ok=True)
    with console.Stage("dynalake and its parts", timings) as stage:
        build_release(stage.update, "--bin", "dynalake")
        build_release(stage.update, "--example", "export_parts")
    ENGINES.ensure()
    made = {}
    with console.Stage("exports", timings) as stage:
        for count in sorted({FEW_ITEMS, min(PEER_ITEMS, items), items}):
            stage.update(f"{count:,} items")
            folder = building.WORK / f"export-{count}"
            made[count] = exports.make(folder, count, PEER_CORES)
    with console.Stage("agreement", timings) as stage:
        for peer in ("python", "spark"):
            stage.update(peer)
            compare(peer, made[FEW_ITEMS])
        stage.result = f"all values of {FEW_ITEMS:,} items"
    runs: dict[tuple[str, int, int], Run] = {}
    plan = [("ours", items, 1), ("ours", items, 2), ("ours", min(PEER_ITEMS, items), 2)]
    plan += [(peer, min(PEER_ITEMS, items), PEER_CORES) for peer in ("spark", "python")]
    with console.Stage("backfills", timings) as stage:
        for peer, count, cores in plan:
            stage.update(f"{peer}, {count:,} items, {cores} cores")
            runs[peer, count, cores] = measure(peer, made[count], count, cores)
    with console.Stage("parts", timings):
        parts = measure_parts(made[items])
    with console.Stage("infer", timings):
        inferred = measure_infer(made[items])
    return tables(items, runs, parts, inferred)


def build_release(say: building.Say, *what: str) -> None:
    """Builds a program of the command line's package as users have it."""
    command = ["cargo", "build", "--release", "--locked", "--package", "dynalake-cli", *what]
    process.run(
        command, building.WORK / "cargo.log", on_line=lambda line: build.compiling(line, say)
    )


def command_of(peer: str, home: Path, out: Path, cores: int) -> list[str]:
    schema = str(home.parents[1] / "schema.json")
    peers = building.BENCHES / "peers"
    return {
        "ours": [
            str(machine.ROOT / "target" / "release" / "dynalake"),
            *("backfill", "--schema", schema, str(home), "--out", str(out)),
        ],
        "python": [
            sys.executable,
            str(peers / "export_python.py"),
            *(schema, str(home), str(out), str(cores)),
        ],
        "spark": [
            str(ENGINES.python),
            str(peers / "export_on_spark.py"),
            *(str(home), str(out), str(cores)),
        ],
    }[peer]


def measure(peer: str, home: Path, items: int, cores: int) -> Run:
    """One run on so many cores, and the peak memory of its largest process."""
    out = building.WORK / "backfilled" / peer
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    chosen = sorted(os.sched_getaffinity(0))[-cores:]
    log = building.WORK / f"backfill-{peer}.log"
    with open(log, "wb") as opened:
        began = time.monotonic()
        child = subprocess.Popen(
            command_of(peer, home, out, cores),
            stdin=subprocess.DEVNULL,
            stdout=opened,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, chosen),
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - began
    # It is waited for already.
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise ToolError(f"{peer} ended with code {child.returncode}:\n{log.read_text()[-2000:]}")
    return Run(items, cores, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10)


def compare(peer: str, home: Path) -> None:
    """Rejects a peer whose rows say something else than ours."""
    types = {column["name"]: column["type"] for column in exports.SCHEMA["columns"]}
    found = {}
    for each in ("ours", peer):
        measure(each, home, FEW_ITEMS, PEER_CORES)
        out = building.WORK / "backfilled" / each
        made = [files.rows(file, types) for file in sorted(out.rglob("*.parquet"))]
        found[each] = sorted(
            (row for rows in made for row in rows), key=lambda row: row["order_id"]
        )
    if len(found["ours"]) != FEW_ITEMS:
        raise ToolError(f"ours has {len(found['ours']):,} rows of {FEW_ITEMS:,} items")
    difference = files.first_difference(found["ours"], found[peer])
    if difference:
        raise ToolError(f"{peer} and ours don't agree: {difference}")


def measure_parts(home: Path) -> dict[str, float]:
    """Seconds an item on the processor, of each part alone; our writer, and the parquet crate from
    ready columns."""
    file = sorted((home / "data").iterdir())[0]
    program = machine.ROOT / "target" / "release" / "examples" / "export_parts"
    command = [program, home.parents[1] / "schema.json", file, str(ROUNDS_OF_PARTS)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    items, *seconds = map(float, said)
    names = ["unzipped", "parsed and coerced", "written", "written from ready columns"]
    return {name: each / items for name, each in zip(names, seconds, strict=True)}


def measure_infer(home: Path) -> float:
    """Megabytes of JSON a second, on the processor of one core: the best of a few rounds."""
    lines = building.WORK / "export.jsonl"
    with open(lines, "wb") as sink:
        for file in sorted((home / "data").iterdir())[:INFERRED_FILES]:
            sink.write(gzip.decompress(file.read_bytes()))
    program = machine.ROOT / "target" / "release" / "dynalake"
    command = [program, "infer", "--table", "orders", "--keys", "order_id", lines]
    seconds = []
    for _ in range(ROUNDS_OF_INFER):
        before = os.times()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        after = os.times()
        seconds.append(
            after.children_user
            - before.children_user
            + after.children_system
            - before.children_system
        )
    return lines.stat().st_size / 1e6 / min(seconds)


def tables(
    items: int,
    runs: dict[tuple[str, int, int], Run],
    parts: dict[str, float],
    inferred: float,
) -> list[Table]:
    """What was measured, and the bars."""
    names = {
        "ours": "dynalake backfill",
        "spark": "Spark with a schema",
        "python": "boto3, pyarrow",
    }
    rows = [
        [
            names[peer],
            f"{count:,}",
            str(cores),
            f"{run.seconds:.1f}",
            f"{run.rate:,.0f}",
            # Spark's is another process'.
            "" if peer == "spark" else f"{run.peak_bytes / (1 << 20):,.0f}",
        ]
        for (peer, count, cores), run in runs.items()
    ]
    *own, ready = parts.values()
    bound, lowest = 1 / sum(own), 1 / (sum(own[:2]) + ready)
    alone = {f"{name}, alone": 1 / seconds for name, seconds in parts.items()}
    alone |= {"the first three added up": bound, "with the fourth as the third": lowest}
    rows += [[name, "", "1", "", f"{rate:,.0f}", ""] for name, rate in alone.items()]
    one, two = runs["ours", items, 1], runs["ours", items, 2]
    # Both on the processor.
    rate = items / one.cpu_seconds
    peers = min(PEER_ITEMS, items)
    against = runs["ours", peers, 2].rate / runs["spark", peers, PEER_CORES].rate
    bars = [
        ["of the bound, one core", f"{rate / bound:.2f}", f"{LEAST_OF_BOUND} at least"],
        ["of that with ready columns", f"{rate / lowest:.2f}", ""],
        [
            "two cores over one, by the clock",
            f"{two.rate / one.rate:.2f}",
            f"{LEAST_SCALING} at least",
        ],
        ["peak, MiB", f"{two.peak_bytes / (1 << 20):.0f}", f"{MOST_PEAK >> 20} at most"],
        ["over Spark, two cores", f"{against:.1f}", f"{LEAST_AGAINST_SPARK} at least"],
        ["infer, MB/s of JSON on one core", f"{inferred:.0f}", f"{LEAST_INFERRED} at least"],
    ]
    headers = ["", "items", "cores", "seconds", "items/s", "peak, MiB"]
    note = "Peak memory is that of the largest process; Python has one for each core."
    return [
        ("exports to Parquet", headers, rows, note),
        ("bars", ["", "measured", "bar"], bars, ""),
    ]
