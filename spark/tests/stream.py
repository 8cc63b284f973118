"""Mode stream: the life of a job, with all that goes wrong in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from unittest import mock

import pyarrow as pa

from databricks.tests.streams import Schema, key_columns
from dynalake_dev import build
from dynalake_dev.console import Checks, Stage
from dynalake_dev.scripts import load

from . import rows
from .job import ATTEMPTS, CLUSTER, SCRIPT, Lake, new_lake
from .records import Records, make, rejected_differences, rejected_lines

FILES = 64
# Of the files, those that come when the job has run already.
LATER = 8
# The first task of each begins in the first batches; `java` ends the job, so it is the last.
LOCAL_FAULTS = ["cut", "child", "worker", "worker-after", "java"]
CLUSTER_FAULTS = ["java", "child", "worker-after"]
# How the program may end: its input does before the end frame; it is killed; nothing is wrong, or
# there are bad records.
ENDS = {"cut": {2}, "child": {-9}, "worker": {0, 1}}

# A wrong job would give this name to all attempts, whatever they hold.
DIGEST = 'name = f"{name}-{digest.hexdigest()[:16]}"'
# What else a wrong job would do, and where its rows have to differ.
MUTANTS = {
    "partitions of one name": (DIGEST, 'name = name.rpartition("-")[0]'),
    "names of attempts": ("{context.partitionId()}", "{context.taskAttemptId()}"),
}
MUTANT_CHANGES = 1500


def run(check: Checks, program: Path, changes: int) -> None:
    """All of it."""
    with Stage("records", []) as stage:
        records = make("orders", changes)
        lake = new_lake("stream", records.schema, program)
        folder = lake.folder / "records"
        records.write_files(folder, FILES, kept=LATER)
        stage.result = f"{len(records.deliveries):,}, {len(records.rejected):,} of them bad"
    with Stage("the same by `dynalake transform`", []):
        reference = lake.folder / "reference"
        records.transform(program, lake.schema, reference)
        expected = rows.read(reference)
    check("rows by `dynalake transform`", _counted(records, expected), f"{expected.num_rows:,}")
    check("planted differences", rows.not_found(expected.slice(0, 2000)), "all found")

    with Stage("tasks that fail, and a job that ends in a batch", []):
        lake.stream(folder, master=ATTEMPTS, in_turn=LOCAL_FAULTS, accept=(-9,))
    found, crashed = faults_differences(lake, LOCAL_FAULTS), lake.batches()
    check("faults", found, f"each happened; the job had done batches {crashed}")
    with Stage("the same job once more, and files that have come meanwhile", []):
        records.write_files(folder, FILES, first=FILES - LATER)
        lake.stream(folder)
    again = lake.batches()
    replayed = [] if again[:1] == [len(crashed)] else [f"batch {len(crashed)} was not done again"]
    check("the batch that was cut off", replayed, f"it was done again, then {again[1:]}")
    check("rows", rows.differences(expected, rows.read(lake.out)), "equal, value by value")
    lines = rejected_lines(lake.rejected)
    check("rejected records", rejected_differences(records, lines), f"{len(lines):,}, as they came")
    check("planted in rejected records", _not_found(records, lines), "all found")
    check("replay of rejected records", replay_differences(lines, lake), "reads each")

    with Stage("the checkpoint is lost: on a cluster whose executor is killed", []):
        lost = lake.checkpoint.rename(lake.folder / "lost")
        lake.stream(folder, master=CLUSTER, in_turn=CLUSTER_FAULTS)
    check("faults on a cluster", faults_differences(lake, CLUSTER_FAULTS), "each happened")
    everything = rows.read(lake.out)
    check("rows, all twice", rows.differences(rows.twice(expected), everything), "nothing is lost")
    twice = rejected_differences(records, rejected_lines(lake.rejected), times=2)
    check("rejected records, all twice", twice, "nothing is lost")
    keys = key_columns(Schema(records.schema))
    state = rows.current(expected, keys)
    check(
        "current state",
        rows.differences(state, rows.current(everything, keys)),
        f"the same {state.num_rows:,} items",
    )
    with Stage("the checkpoint is found again, and nothing new has come", []):
        shutil.rmtree(lake.checkpoint)
        lost.rename(lake.checkpoint)
        lake.stream(folder)
    check(
        "the found checkpoint",
        [f"batch {number} was done again" for number in lake.batches()]
        + rows.differences(everything, rows.read(lake.out)),
        "nothing was done again",
    )
    _mutants(check, program)


def _counted(records: Records, table: pa.Table) -> list[str]:
    if table.num_rows == records.rows:
        return []
    return [f"{table.num_rows:,} rows, where {records.rows:,} records are changes"]


def faults_differences(lake: Lake, faults: list[str]) -> list[str]:
    """Faults that have not happened, or after which the program ended otherwise than it must."""
    # The one that kills Java's process is killed with it.
    found = [
        f"{fault}: it has not happened"
        for at, fault in enumerate(faults)
        if not (lake.faults / f"{at} {fault}").exists()
    ]
    for fault, codes in ENDS.items():
        if fault in faults and lake.ended(fault) not in codes:
            found.append(f"{fault}: the program ended with code {lake.ended(fault)}, not {codes}")
    return found


def late_differences(records: Records, program: Path, text: str) -> list[str]:
    """What is missing when an attempt that has read less of its partition is done last: a reader of
    Kinesis decides in the task where a shard's part of a batch ends."""
    lake = new_lake("late", records.schema, program)
    script = lake.folder / "late.py"
    script.write_text(text)
    job = load(script)
    work = job.Work(str(program), str(lake.schema), str(lake.out), str(lake.rejected), None)
    whole = records.batches()
    attempts = {"less": whole[:-1], "whole": whole, "less, late": whole[:-1]}
    with mock.patch("pyspark.SparkFiles.get", lambda name: name):
        counts = {
            name: next(job.write_partition(iter(batches), work, "spark-q-0-0")).to_pylist()[0]
            for name, batches in attempts.items()
        }
    found = rows.read(lake.out).num_rows
    wanted = counts["whole"]["rows"] + counts["less"]["rows"]
    if counts["whole"]["rows"] <= counts["less"]["rows"]:
        return ["both attempts have read the same"]
    return [] if found == wanted else [f"{found:,} rows, where two attempts had {wanted:,}"]


def replay_differences(lines: list[dict], lake: Lake) -> list[str]:
    """What `dynalake replay` makes of the rejected records: it reads each, and rejects it again as
    it came. One without data it takes for a control message."""
    out = lake.folder / "replayed"
    words = ["replay", "--schema", lake.schema, lake.rejected, "--out", out]
    build.dynalake(lake.program, *words, accept=(1,))
    again = {line["sequenceNumber"]: line for line in rejected_lines(out, "*.rejected")}
    expected = {line["sequenceNumber"]: line for line in lines if line["rawData"]}
    return [
        f"rejected {number}: replay has {'changed' if number in again else 'lost'} it"
        for number, line in expected.items()
        if again.get(number) != line
    ]


def _not_found(records: Records, lines: list[dict]) -> list[str]:
    """Differences planted into rejected records, and not found."""
    first = lines[0]
    planted = {
        "one that is missing": lines[1:],
        "one that is there twice": [*lines, first],
        "another number": [{**first, "sequenceNumber": "0" * 56}, *lines[1:]],
        "other bytes": [{**first, "rawData": first["rawData"] + "AAAA"}, *lines[1:]],
        "another time": [{**first, "arrivalTimestamp": 0}, *lines[1:]],
    }
    return [what for what, wrong in planted.items() if not rejected_differences(records, wrong)]


def _mutants(check: Checks, program: Path) -> None:
    """Jobs that are wrong, whose rows have to differ."""
    records = make("orders", MUTANT_CHANGES)
    text = SCRIPT.read_text()
    check("an attempt that comes late", late_differences(records, program, text), "takes no row")
    assert DIGEST in text
    survived = []
    if not late_differences(records, program, text.replace(DIGEST, "")):
        survived.append("names that don't tell what they hold: no row is missing")
    with Stage("mutants", []) as stage:
        for name, (right, wrong) in MUTANTS.items():
            stage.update(name)
            assert right in text, right
            lake = new_lake("mutant", records.schema, program)
            script = lake.folder / "mutant.py"
            script.write_text(text.replace(right, wrong))
            records.write_files(lake.folder / "records", 4)
            records.transform(program, lake.schema, lake.folder / "reference")
            in_turn = ["worker-after"]
            lake.stream(lake.folder / "records", master=ATTEMPTS, in_turn=in_turn, script=script)
            expected = rows.read(lake.folder / "reference")
            if not rows.differences(expected, rows.read(lake.out)):
                survived.append(f"{name}: its rows don't differ")
    check("mutants", survived, "all found")
