"""The Spark job on two cores, beside what its tasks run: `dynalake transform` to Parquet as two
processes with half of the records each, and as one with all; and `dynalake backfill`. Without
Spark's start-up."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from dynalake_dev import console, machine, process, spark, venv
from dynalake_dev.process import ToolError

from . import backfill, building, exports
from .files import Table

ITEMS = 2_400_000
CORES = 2
ROUNDS = 3
# Of captured records. The job takes 16 at a time, and the first batch is Spark's warm-up: its
# virtual machine compiles what the tasks run.
FILES, BATCHES = 96, 6
ENVIRONMENT = venv.ENVIRONMENTS["spark/tests"]
SCRIPT = machine.ROOT / "spark" / "dynalake_job.py"
PROGRAM = machine.ROOT / "target" / "release" / "dynalake"
CONF = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    # For G1, the default, columns of some MB are a special case each.
    "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
    # A batch's files are a partition for each core, as those of a stream of two shards.
    "spark.sql.files.maxPartitionBytes": "1g",
    "spark.sql.session.timeZone": "UTC",
}

TRANSFORM, BACKFILL, JOB = "dynalake transform, two", "dynalake backfill", "the Spark job"
# The bars: rows a second of the job over those of the command line.
BARS = {"stream": TRANSFORM, "export": BACKFILL}
LEAST_SHARE = 0.6

FIRST_US = 1_767_225_600_000_000


@dataclass
class Inputs:
    """What is read: an export, and changes of the same items."""

    schema: Path
    export: Path
    # The records of a stream as Parquet files, and as lines in two halves.
    records: Path
    lines: list[Path]


def run(items: int, timings: console.Timings) -> tuple[list[Table], list[str]]:
    """Measures all in turns; returns the tables, and the bars that are missed."""
    machine.require("benches --spark", ["linux", "rust", "jdk"])
    if len(os.sched_getaffinity(0)) < CORES:
        raise ToolError(f"benches --spark needs {CORES} cores")
    building.WORK.mkdir(parents=True, exist_ok=True)
    with console.Stage("dynalake", timings) as stage:
        backfill.build_release(stage.update, "--bin", "dynalake")
    ENVIRONMENT.ensure()
    with console.Stage("an export, and changes of its items", timings):
        inputs = make(items)
    rates: dict[tuple[str, str], list[float]] = {}
    runs: list[tuple[str, str, Callable[[Path], float]]] = [
        ("stream", "dynalake transform, one", lambda out: transform(inputs, [inputs.lines], out)),
        ("stream", TRANSFORM, lambda out: transform(inputs, halves(inputs), out)),
        ("stream", JOB, lambda out: stream(inputs, out)),
        ("export", BACKFILL, lambda out: load(inputs, out)),
        ("export", JOB, lambda out: load_on_spark(inputs, out)),
    ]
    with ExitStack() as stack:
        everywhere = os.sched_getaffinity(0)
        stack.callback(os.sched_setaffinity, 0, everywhere)
        os.sched_setaffinity(0, set(sorted(everywhere)[-CORES:]))
        with console.Stage("in turns", timings) as stage:
            for at in range(ROUNDS):
                for mode, who, measure in runs:
                    stage.update(f"{mode}, {who}", at, ROUNDS)
                    out = building.WORK / "on-spark" / f"{mode} {who}"
                    shutil.rmtree(out, ignore_errors=True)
                    out.mkdir(parents=True)
                    seconds = measure(out)
                    rates.setdefault((mode, who), []).append(items / seconds)
    with console.Stage("agreement", timings):
        for mode, ours in BARS.items():
            compare(mode, ours, items)
    return tables(items, rates)


def make(items: int) -> Inputs:
    """Both, unless they are there."""
    home = exports.make(building.WORK / f"export-{items}", items, CORES)
    folder = building.WORK / f"changes-{items}"
    inputs = Inputs(
        home.parents[1] / "schema.json",
        home,
        folder / "records",
        [folder / f"{half}.jsonl" for half in range(CORES)],
    )
    if not (folder / "finished").exists():
        shutil.rmtree(folder, ignore_errors=True)
        inputs.records.mkdir(parents=True)
        size = -(-items // FILES)
        with ProcessPoolExecutor(CORES) as pool:
            firsts = range(0, items, size)
            counts = [min(size, items - first) for first in firsts]
            list(pool.map(write_changes, [folder] * len(firsts), firsts, counts))
        parts = sorted(folder.glob("*.part"))
        for half, lines in enumerate(inputs.lines):
            with open(lines, "wb") as sink:
                for part in parts[half::CORES]:
                    sink.write(part.read_bytes())
                    part.unlink()
        (folder / "finished").touch()
    return inputs


def write_changes(folder: Path, first: int, count: int) -> None:
    """So many inserts, as a file of a stream's records and as lines."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    bodies = exports.bodies()
    changes = [
        (
            f'{{"tableName":"orders","eventName":"INSERT","eventID":"e-{at:09}",'
            f'"dynamodb":{{"ApproximateCreationDateTime":{FIRST_US + at * 100},'
            '"ApproximateCreationDateTimePrecision":"MICROSECOND",'
            f'"Keys":{{"order_id":{{"S":"o-{at:09}"}}}},'
            f'"NewImage":{{"order_id":{{"S":"o-{at:09}"}},{bodies[at % len(bodies)]}}}}}\n'
        ).encode()
        for at in range(first, first + count)
    ]
    (folder / f"{first:09}.part").write_bytes(b"".join(changes))
    columns = {
        "data": pa.array(changes, pa.binary()),
        "sequenceNumber": [f"{at:056}" for at in range(first, first + count)],
        "approximateArrivalTimestamp": pa.array(
            [FIRST_US + at * 100 for at in range(first, first + count)],
            pa.timestamp("us", tz="UTC"),
        ),
    }
    # Kinesis gives records as they are, and so do these files.
    plain = {"compression": "none", "use_dictionary": False}
    pq.write_table(pa.table(columns), folder / "records" / f"{first:09}.parquet", **plain)


def halves(inputs: Inputs) -> list[list[Path]]:
    return [[lines] for lines in inputs.lines]


def transform(inputs: Inputs, shares: list[list[Path]], out: Path) -> float:
    """Seconds of a process for each share, beside each other. Each has one thread."""
    words = ["transform", "--schema", inputs.schema, "--format", "parquet"]
    return seconds_of(
        [[PROGRAM, *words, "--out", out / f"{at}", *share] for at, share in enumerate(shares)]
    )


def load(inputs: Inputs, out: Path) -> float:
    return seconds_of(
        [[PROGRAM, "backfill", "--schema", inputs.schema, inputs.export, "--out", out]]
    )


def seconds_of(commands: Sequence[Sequence[str | Path]]) -> float:
    """From the start of the first to the end of the last."""
    began = time.monotonic()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    children = [subprocess.Popen(list(map(str, command)), **quiet) for command in commands]
    codes = [child.wait() for child in children]
    if any(codes):
        raise ToolError(f"`{commands[0][1]}` ended with codes {codes}")
    return time.monotonic() - began


def stream(inputs: Inputs, out: Path) -> float:
    """Seconds of as many records as there are, by those of all batches but the first."""
    said = job(stream_words(inputs, out), inputs, out)
    if len(said) != 1 + BATCHES:
        log = building.WORK / "spark.log"
        raise ToolError(f"the job has not done {BATCHES} batches; see {log}")
    return (said[-1] - said[1]) * BATCHES / (BATCHES - 1)


def load_on_spark(inputs: Inputs, out: Path) -> float:
    """Seconds from when Spark is up, and the export's manifests are read, to the job's end."""
    said = job(export_words(inputs), inputs, out)
    if len(said) != 2:
        raise ToolError(f"the job has not done the export; see {building.WORK / 'spark.log'}")
    return said[-1] - said[0]


def stream_words(inputs: Inputs, out: Path) -> list[str]:
    checkpoint = str(out.with_name("checkpoint"))
    shutil.rmtree(checkpoint, ignore_errors=True)
    return ["--mode", "stream", "--records", str(inputs.records), "--checkpoint", checkpoint]


def export_words(inputs: Inputs) -> list[str]:
    return ["--mode", "export", "--export", str(inputs.export)]


def job(words: list[str], inputs: Inputs, out: Path) -> list[float]:
    """When the job has said what: that it begins, which it does once Spark is up, then each batch,
    or the end of an export."""
    home = spark.home(ENVIRONMENT.folder)
    command = [str(SCRIPT), *words, "--dynalake", str(PROGRAM), "--schema", str(inputs.schema)]
    command += ["--out", str(out), "--rejected", str(out.with_name("rejected"))]
    command = spark.submit(home, f"local[{CORES}]", CONF, *command)
    environment = spark.environment(home, machine.clean_environment())
    environment["PYSPARK_PYTHON"] = str(ENVIRONMENT.python)
    said: list[float] = []

    def note(line: str) -> None:
        if line.startswith("dynalake_job: "):
            said.append(time.monotonic())

    process.run(command, building.WORK / "spark.log", environment, note)
    return said


def compare(mode: str, ours: str, items: int) -> None:
    """Rejects rows that differ. Lines have no sequence number, so `_sequence` is left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = []
    for who in (ours, JOB):
        files = sorted((building.WORK / "on-spark" / f"{mode} {who}").rglob("*.parquet"))
        # Not their columns of partitions.
        table = pa.concat_tables([pq.ParquetFile(file).read() for file in files])
        tables.append(table.drop_columns(["_sequence"]).sort_by("order_id"))
    one, other = tables
    if one.num_rows != items or not one.equals(other):
        raise ToolError(f"{mode}: the job's rows and those of {ours} differ")


def tables(items: int, rates: dict[tuple[str, str], list[float]]) -> tuple[list[Table], list[str]]:
    """What was measured, and the bars."""
    rows, bars, missed = [], [], []
    for (mode, who), found in rates.items():
        rows.append([f"{mode}: {who}", f"{median(found):,.0f}", f"{max(found):,.0f}"])
    for mode, ours in BARS.items():
        pairs = zip(rates[mode, JOB], rates[mode, ours], strict=True)
        share = median(one / other for one, other in pairs)
        what = f"{mode}: the job over {ours}"
        bars.append([what, f"{share:.2f}", f"{LEAST_SHARE} at least"])
        if share < LEAST_SHARE:
            missed.append(what)
    note = (
        f"{items:,} records and items of 1.3 KB on two cores; {ROUNDS} rounds in turns. Of the job "
        f"without Spark's start-up, and of a stream without the first of {BATCHES} batches."
    )
    return [
        ("the Spark job: rows a second", ["", "median", "best"], rows, note),
        ("bars", ["", "measured", "bar"], bars, ""),
    ], missed
