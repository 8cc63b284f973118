"""The Spark job, as far as it goes without Spark: its words, its frames, what it asks a reader of
Kinesis for, and what it makes of a program that fails. spark/tests has the rest."""

from __future__ import annotations

import re
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from dynalake_dev.machine import ROOT
from dynalake_dev.scripts import load

job: Any = load(ROOT / "spark" / "dynalake_job.py")
ARN = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
BOTH = ["--dynalake", "s3://b/dynalake", "--schema", "s3://b/s.json", "--out", "s3://b/data/orders"]
BOTH += ["--rejected", "s3://b/errors/orders"]
STREAM = ["--mode", "stream", *BOTH, "--stream-arn", ARN, "--checkpoint", "s3://b/checkpoint"]
EXPORT = ["--mode", "export", *BOTH, "--export", "s3://b/AWSDynamoDB/01-a"]
GLUE = ["--job-bookmark-option", "job-bookmark-disable", "--TempDir", "s3://b/temp", "true"]
GLUE += ["--JOB_ID", "j_1", "--JOB_RUN_ID=jr_1", "--JOB_NAME", "orders", "--secret=hidden"]


def without(words: list[str], option: str) -> list[str]:
    at = words.index(option)
    return words[:at] + words[at + 2 :]


@pytest.mark.parametrize("words", [STREAM, EXPORT])
def test_words_of_glue_are_passed_over_and_said(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert job.parse(words + GLUE).mode == words[1]
    said = capsys.readouterr().out
    assert "--job-bookmark-option" in said and "hidden" not in said and "s3://b/temp" not in said


def test_the_arguments_that_terraform_gives_are_known() -> None:
    source = (ROOT / "terraform" / "modules" / "glue_job" / "main.tf").read_text()
    block = re.search(r"\n  arguments = \{\n(.*?)\n  \}\n", source, re.DOTALL)
    assert block is not None
    own, of_glue = block[1].split("# Glue's own")
    given = re.findall(r'"(--[\w-]+)"', own)
    assert len(given) >= 10
    values = dict(zip(STREAM[::2], STREAM[1::2], strict=True)) | {
        "--region": "eu-central-1",
        "--starting-position": "TRIM_HORIZON",
        "--trigger-seconds": "60",
    }
    words = [word for name in given for word in (name, values[name])]
    others = [word for name in re.findall(r'"(--[\w-]+)"', of_glue) for word in (name, "x")]
    assert others
    assert job.parse([*words, *others, "--JOB_NAME", "orders-spark"]).stream_arn == ARN


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (without(STREAM, "--stream-arn"), "add --stream-arn ARN or --records FOLDER"),
        ([*STREAM, "--records", "folder"], "add --stream-arn ARN or --records FOLDER"),
        (without(STREAM, "--checkpoint"), "add --checkpoint FOLDER"),
        ([*STREAM, "--export", "folder"], "--export is for --mode export; remove it"),
        (without(EXPORT, "--export"), "add --export FOLDER"),
        ([*EXPORT, "--stream-arn", ARN], "--stream-arn is for --mode stream; remove it"),
        ([*STREAM, "--trigger-seconds", "0"], "--trigger-seconds is 0: write 1 or more"),
        ([*without(STREAM, "--stream-arn"), "--stream-arn", "orders"], "--stream-arn is orders"),
        ([*without(STREAM, "--out"), "--out", "s3a://b/data"], "--out is s3a://b/data: write s3:"),
        ([*without(STREAM, "--out"), "--out", "dbfs:/rows"], "--out is dbfs:/rows: write s3:"),
        ([*without(STREAM, "--out"), "--out", "s3:/b/rows"], "--out is s3:/b/rows: write s3:"),
        ([*without(STREAM, "--rejected"), "--rejected", "file:/x"], "--rejected is file:/x: write"),
        ([*without(EXPORT, "--export"), "--export", "s3a://b/e"], "--export is s3a://b/e: write"),
        ([*without(STREAM, "--rejected"), "--rejected", "s3://b"], "neither inside the other"),
        ([*without(STREAM, "--rejected"), "--rejected", "s3://b/data/orders/x"], "two, neither"),
        ([*STREAM, "--checkpoints", "x"], "unknown: --checkpoints"),
        ([*EXPORT, "--reader", "awslabs"], "--reader is for --mode stream; remove it"),
    ],
)
def test_rejects_a_wrong_setting(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        job.parse(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_folders_of_this_machine_are_absolute() -> None:
    settings = job.parse([*without(EXPORT, "--out"), "--out", "rows"])
    assert settings.out == str(Path("rows").absolute())
    assert settings.export == "s3://b/AWSDynamoDB/01-a"


# ---- frames


HEAD = struct.Struct("<IHBBQ")


def test_frames_are_those_of_the_format() -> None:
    records = [(b"abc", b"12", 1), (b"", b"", 0), (b"x" * 70_000, b"9" * 129, 9)]
    data, number, arrival = zip(*records, strict=True)
    whole = pa.RecordBatch.from_pydict(
        {
            "data": pa.array(data, pa.binary()),
            "sequence_number": pa.array(number, pa.binary()),
            "arrival_us": pa.array(arrival, pa.int64()),
        }
    )
    for first in range(len(records)):
        framed = [
            (HEAD.pack(len(data), len(number), 1, 0, arrival) + number, data)
            for data, number, arrival in records[first:]
        ]
        heads, frames = job.frames(whole.slice(first))
        assert bytes(heads) == b"".join(head for head, _ in framed)
        assert bytes(frames) == b"".join(head + data for head, data in framed)
    assert job.end_frame(258) == HEAD.pack(0, 0, 2, 0, 258)


# ---- the reader of Kinesis


@dataclass
class Reader:
    """Notes what it is asked for."""

    asked: dict[str, Any] = field(default_factory=dict)

    @property
    def readStream(self) -> Reader:
        return self

    def format(self, name: str) -> Reader:
        self.asked["format"] = name
        return self

    def options(self, **options: Any) -> Reader:
        self.asked |= options
        return self

    def load(self) -> dict[str, Any]:
        return self.asked


def test_a_stream_is_read_from_its_beginning_and_loses_nothing_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)
    asked = job.kinesis(Reader(), job.parse(STREAM))
    assert asked == {
        "format": "kinesis",
        "streamARN": ARN,
        "streamName": "orders",
        "endpointUrl": "https://kinesis.eu-central-1.amazonaws.com",
        "startingPosition": "TRIM_HORIZON",
        "failOnDataLoss": "true",
        "avoidEmptyBatches": "true",
        "emitConsumerLagMetrics": "true",
        "maxFetchTimeInMs": "48000",
        "maxFetchRecordsPerShard": "120000",
    }


def test_databricks_has_other_names_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "15.4")
    assert job.kinesis(Reader(), job.parse(STREAM)) == {
        "format": "kinesis",
        "streamName": "orders",
        "region": "eu-central-1",
        "initialPosition": "trim_horizon",
    }


def test_the_reader_of_awslabs_has_others() -> None:
    words = [*STREAM, "--reader", "awslabs", "--trigger-seconds", "5"]
    assert job.kinesis(Reader(), job.parse(words)) == {
        "format": "aws-kinesis",
        "kinesis.streamName": "orders",
        "kinesis.region": "eu-central-1",
        "kinesis.endpointUrl": "https://kinesis.eu-central-1.amazonaws.com",
        "kinesis.startingPosition": "TRIM_HORIZON",
        "kinesis.failOnDataLoss": "true",
        "kinesis.maxFetchRecordsPerShard": "120000",
        "kinesis.maxFetchTimePerShardSec": "10",
    }


# ---- the program


def test_a_program_that_fails_fails_the_task_and_says_why(tmp_path: Path) -> None:
    program = tmp_path / "dynalake"

    def run(script: str, given: Any = None) -> Any:
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)
        return job.run([str(program), "transform"], {"PATH": "/usr/bin:/bin"}, given)

    assert run("echo '{\"rows\":1}'; exit 1") == ({"rows": 1}, "")
    for script in ("exit 0", "exit 1", "echo '{}'; exit 2", "echo '{}'; kill -9 $$", "yes | head"):
        with pytest.raises(job.ProgramFailed):
            run(script)
    # It has ended before its input, and said more than a pipe holds.
    given = tmp_path / "given"
    given.write_bytes(bytes(1 << 22))
    with given.open("rb") as file, pytest.raises(job.ProgramFailed, match="error: no space"):
        run("yes | head -c 200000 >&2; echo error: no space >&2; exit 2", file)


def partition(counts: list[int]) -> list[pa.RecordBatch]:
    """Batches of so many records, numbered through."""
    first, batches = 0, []
    for count in counts:
        numbers = range(first, first + count)
        first += count
        batches.append(
            pa.RecordBatch.from_pydict(
                {
                    "data": pa.array([b"{}"] * count, pa.binary()),
                    "sequence_number": pa.array(
                        [b"%d" % number for number in numbers], pa.binary()
                    ),
                    "arrival_us": pa.array([1] * count, pa.int64()),
                }
            )
        )
    return batches


def test_a_name_tells_which_records_the_files_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "said"
    program = tmp_path / "dynalake"
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {said}\nwc -c >> {said}\n'
        """echo '{"records":5,"rows":3,"rejected":1,"dropped":1,"rescued":0,"files":1}'\n"""
    )
    program.chmod(0o755)
    monkeypatch.setattr(
        job.Work, "command", lambda self, subcommand, *words: [str(program), subcommand, *words]
    )
    work = job.Work("dynalake", "s.json", "/out", "/rejected", None)

    def name(counts: list[int]) -> str:
        said.unlink(missing_ok=True)
        list(job.write_partition(iter(partition(counts)), work, "spark-q-7-3"))
        words, size = said.read_text().splitlines()
        # Each record has its number of one digit and two bytes of data.
        assert int(size) == 8 + sum(counts) * (16 + 1 + 2) + 16
        return words.split()[words.split().index("--name") + 1]

    whole = name([5])
    assert re.fullmatch(r"spark-q-7-3-[0-9a-f]{16}", whole)
    assert name([2, 3]) == name([0, 5]) == whole
    with pytest.raises(job.ProgramFailed, match="4 records were handed over"):
        name([4])
    assert whole not in said.read_text()
    assert list(job.write_partition(iter(partition([0])), work, "spark-q-7-3")) == []


class Session:
    def get_credentials(self) -> Any:
        frozen = SimpleNamespace(access_key="A", secret_key="S", token="T")
        return SimpleNamespace(get_frozen_credentials=lambda: frozen)


@pytest.mark.parametrize("is_set", [True, False])
@pytest.mark.parametrize("out", ["s3://b/data", "/data"])
def test_credentials_come_from_boto3_where_the_environment_has_none(
    out: str, is_set: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(Session=Session))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    if is_set:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    work = job.Work("dynalake", "s.json", out, "/rejected", "eu-central-1")
    found = work.environment()
    is_asked = out.startswith("s3:") and not is_set
    assert found.get("AWS_ACCESS_KEY_ID") == ("mine" if is_set else "A" if is_asked else None)
    assert found.get("AWS_SESSION_TOKEN") == ("T" if is_asked else None)
    assert found.get("AWS_REGION") == ("eu-central-1" if out.startswith("s3:") else None)


# ---- the job


class Spark:
    """As far as the job asks it before it reads anything."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        builder = SimpleNamespace(getOrCreate=lambda: self)
        builder.appName = lambda name: builder
        session = SimpleNamespace(SparkSession=SimpleNamespace(builder=builder))
        files = SimpleNamespace(get=lambda name: str(folder / name))
        monkeypatch.setitem(sys.modules, "pyspark", SimpleNamespace(SparkFiles=files))
        monkeypatch.setitem(sys.modules, "pyspark.sql", session)
        self.sparkContext = self

    def addFile(self, address: str) -> None:
        if not (self.folder / address).exists():
            raise RuntimeError(f"File {address} does not exist\nand a long trace")


@pytest.mark.parametrize(
    ("script", "mode", "said"),
    [
        (None, 0o755, "--dynalake is dynalake, and Spark can't read it: File dynalake does not"),
        ("exit 0", 0o644, "--dynalake is dynalake, and can't be run"),
        ("echo 'no keys' >&2; exit 1", 0o755, "--schema is s.json: no keys"),
    ],
)
def test_what_the_tasks_could_not_use_ends_the_job_with_code_2(
    script: str | None,
    mode: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Spark(tmp_path, monkeypatch)
    (tmp_path / "s.json").write_text("{}")
    if script is not None:
        (tmp_path / "dynalake").write_text("#!/bin/sh\n" + script)
        (tmp_path / "dynalake").chmod(mode)
    words = [*without(without(STREAM, "--dynalake"), "--schema")]
    words += ["--dynalake", "dynalake", "--schema", "s.json"]
    monkeypatch.setattr(sys, "argv", ["dynalake_job.py", *words])
    assert job.main() == 2
    assert said in capsys.readouterr().err


def test_a_task_that_is_not_told_its_batch_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {job.QUERY: "q", job.BATCH: "7"}
    context = SimpleNamespace(partitionId=lambda: 3, getLocalProperty=lambda name: told.get(name))
    task = SimpleNamespace(get=lambda: context)
    monkeypatch.setitem(sys.modules, "pyspark", SimpleNamespace(TaskContext=task))
    assert job.name_of_task() == "spark-q-7-3"
    del told[job.BATCH]
    with pytest.raises(job.ProgramFailed, match="streaming.sql.batchId"):
        job.name_of_task()
