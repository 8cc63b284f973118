"""DynamoDB changes from Kinesis, or a table's export, to Parquet files on Spark: AWS Glue 5.1,
Databricks, open-source Spark 3.5.

    spark-submit dynalake_job.py --mode stream --stream-arn ARN --checkpoint s3://…
        --dynalake s3://…/dynalake --schema s3://…/orders.schema.json
        --out s3://my-bucket/data/orders --rejected s3://my-bucket/errors/orders/spark-failed
    spark-submit dynalake_job.py --mode export --export s3://my-exports/AWSDynamoDB/0171…-cfa31da1
        --dynalake … --schema … --out … --rejected …

Each task starts the command line `dynalake`, which makes the rows, writes the files and gives them
their names. So the rows are those of `dynalake transform` and `backfill`. This script hands over
the records and adds up the counts.

    stream  of each batch each partition is written to OUT/dt=…/hour=…/spark-<query>-<batch>-
            <partition>-<digest of its records>.parquet. The same records have the same name and
            bytes again, when a task is tried again or a batch is done again. Other records, as a
            reader of Kinesis may give the second time, never take the place of those before.
    export  the data files are shared out to tasks, and the rows have the names that
            `dynalake backfill` gives.

What can't be a row goes to REJECTED, in the form that `dynalake replay` reads. A bad record never
fails the job; storage and a broken program do, after Spark's attempts. docs/spark.md has the rest.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

# What a task says of its records, in the order of its row.
COUNTS = ("records", "rows", "rejected", "dropped", "rescued", "files")

# What Spark calls the id of a query and the number of a batch, where it tells them to tasks.
QUERY, BATCH = "sql.streaming.queryId", "streaming.sql.batchId"

# The framed input of `dynalake transform`, see crates/dynalake-cli/src/transform/frames.rs.
MAGIC = b"dynalak1"
RECORD_KIND, END_KIND = 1, 2

# Records that Spark hands to a task at a time. They are in memory a few times, and one of Kinesis
# has up to 10 MiB; in one of Arrow's batches all data together must be less than 2 GB.
RECORDS_AT_A_TIME = 200
# Tasks of an export for each core, so that the executors are done together.
TASKS_FOR_A_CORE = 64
# Of a trigger's time, so much is for reading a shard; the rest is for its rows.
READING_PERCENT = 80
# What a shard can have had in a second (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html),
# twice, so that a job that was away catches up.
RECORDS_A_SECOND = 2 * 1000
# Of --records: a folder's files are one batch after the other.
FILES_IN_A_BATCH = 16
# What is shown of a program that failed.
LAST_CHARACTERS = 2000

# AWS Glue gives a script this and more words of its own; others run it without.
JOB_NAME = "--JOB_NAME"


class Rejected(ValueError):
    """A wrong setting: its name, its value and the fix."""


class ProgramFailed(RuntimeError):
    """`dynalake` did not do what a task asked for. Spark tries the task again."""


# ---- in a task


@dataclass(frozen=True)
class Work:
    """What all tasks of a job have in common."""

    # Names of files that Spark brings to each executor.
    dynalake: str
    schema: str
    out: str
    rejected: str
    region: str | None
    # Of mode export.
    export: str | None = None

    def command(self, subcommand: str, *words: str) -> list[str]:
        from pyspark import SparkFiles

        program, schema = map(SparkFiles.get, (self.dynalake, self.schema))
        folders = ["--out", self.out, "--rejected", self.rejected]
        return [program, subcommand, "--schema", schema, *folders, *words]

    def environment(self) -> dict[str, str]:
        """This process' own, with the credentials of boto3: `dynalake` has its own client of S3,
        and does not know each place that a platform keeps them in."""
        found = dict(os.environ)
        if not any(is_on_s3(each) for each in (self.out, self.rejected, self.export or "")):
            return found
        if self.region and not found.keys() & {"AWS_REGION", "AWS_DEFAULT_REGION"}:
            found["AWS_REGION"] = self.region
        if found.get("AWS_ACCESS_KEY_ID"):
            return found
        try:
            import boto3
        except ImportError:
            return found
        credentials = boto3.Session().get_credentials()
        if credentials is not None:
            frozen = credentials.get_frozen_credentials()
            found["AWS_ACCESS_KEY_ID"] = frozen.access_key
            found["AWS_SECRET_ACCESS_KEY"] = frozen.secret_key
            if frozen.token:
                found["AWS_SESSION_TOKEN"] = frozen.token
        return found


def is_on_s3(address: str) -> bool:
    return address.startswith("s3://")


def run(
    command: Sequence[str], environment: Mapping[str, str], given: IO[bytes] | None = None
) -> tuple[dict[str, int], str]:
    """Runs `dynalake` to its end, with `given` as its standard input; returns its counts, and what
    it said beside them."""
    with tempfile.TemporaryFile() as counted, tempfile.TemporaryFile() as said:
        stdin = subprocess.DEVNULL if given is None else given
        code = subprocess.run(
            command, env=environment, stdin=stdin, stdout=counted, stderr=said
        ).returncode
        texts = []
        for file in (counted, said):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    lines = texts[0].splitlines()
    if code not in (0, 1) or len(lines) != 1:
        raise ProgramFailed(
            f"`dynalake {command[1]}` ended with code {code}: {texts[1][-LAST_CHARACTERS:].strip()}"
        )
    return json.loads(lines[0]), texts[1]


def write_partition(batches: Iterable[Any], work: Work, name: str) -> Iterator[Any]:
    """Has one `dynalake` write the records of a partition; gives back one row of counts.
    `batches`: Arrow's, with data, sequence_number and arrival_us.

    A partition's records are all there before its files get a name, which says which records they
    are: only the reader's task knows where a shard's part of a batch ends, and tried again it may
    end elsewhere. If the shorter of two came last under the same name, the others would be lost.
    """
    import pyarrow as pa

    records, digest = 0, hashlib.sha256()
    with tempfile.TemporaryFile() as given:
        given.write(MAGIC)
        for batch in batches:
            heads, whole = frames(batch)
            digest.update(heads)
            given.write(whole)
            records += batch.num_rows
        if records == 0:
            return
        given.write(end_frame(records))
        given.seek(0)
        name = f"{name}-{digest.hexdigest()[:16]}"
        words = ["--format", "parquet", "--framed", "--name", name, "-"]
        counts, _ = run(work.command("transform", *words), work.environment(), given)
    made = counts["rows"] + counts["rejected"] + counts["dropped"]
    if not counts["records"] == made == records:
        raise ProgramFailed(f"{records} records were handed over, and `dynalake` counts {counts}")
    yield pa.RecordBatch.from_pydict({each: [counts[each]] for each in COUNTS})


def frames(batch: Any) -> tuple[Any, Any]:
    """A batch's records as frames, without a step of Python for each record: Arrow joins the
    columns. First the frames without the data: with a sequence number they tell a record from any
    other."""
    import pyarrow as pa
    import pyarrow.compute as pc

    data, number, arrival = batch.columns
    # Two bytes are the number's length, then the kind and a zero.
    number_and_kind = pc.add(pc.binary_length(number), pa.scalar(RECORD_KIND << 16, pa.int32()))
    columns = map(as_bytes, (pc.binary_length(data), number_and_kind, arrival))
    heads = pc.binary_join_element_wise(*columns, number, b"")
    return all_bytes(heads), all_bytes(pc.binary_join_element_wise(heads, data, b""))


def all_bytes(texts: Any) -> Any:
    """The bytes of all together."""
    import pyarrow as pa

    _, offsets, values = texts.buffers()
    ends = pa.Array.from_buffers(pa.int32(), len(texts) + 1, [None, offsets], offset=texts.offset)
    begin, end = ends[0].as_py(), ends[-1].as_py()
    return values[begin:end]


def as_bytes(numbers: Any) -> Any:
    """Integers as the bytes that Arrow keeps them in, little-endian."""
    import pyarrow as pa

    kind = pa.binary(numbers.type.bit_width // 8)
    _, values = numbers.buffers()
    raw = pa.Array.from_buffers(kind, len(numbers), [None, values], offset=numbers.offset)
    return raw.cast(pa.binary())


def end_frame(records: int) -> bytes:
    """Says that nothing is missing."""
    return bytes(6) + bytes([END_KIND, 0]) + records.to_bytes(8, "little")


def write_data_files(keys: Sequence[str], work: Work) -> tuple[dict[str, int], str]:
    """Has `dynalake` make the rows of some data files: the counts, and what was said if one was
    left out."""
    assert work.export is not None
    words = [word for key in keys for word in ("--data-file", key)]
    command = work.command("backfill", work.export, *words, "--json")
    counts, said = run(command, work.environment())
    return counts, said[-LAST_CHARACTERS:].strip() if counts["left_out"] else ""


# ---- the stream


def kinesis(spark: Any, settings: argparse.Namespace) -> Any:
    """The stream's records. All readers give data, sequenceNumber and
    approximateArrivalTimestamp, and call their options otherwise."""
    name = settings.stream_arn.rpartition("/")[2]
    endpoint = f"https://kinesis.{settings.region}.{domain(settings.region)}"
    seconds = max(settings.trigger_seconds * READING_PERCENT // 100, 1)
    records = str(RECORDS_A_SECOND * max(settings.trigger_seconds, 60))
    if settings.reader == "databricks":
        # https://docs.databricks.com/aws/en/connect/streaming/kinesis
        form = "kinesis"
        options = {
            "streamName": name,
            "region": settings.region,
            "initialPosition": settings.starting_position.lower(),
        }
    elif settings.reader == "awslabs":
        # https://github.com/awslabs/spark-sql-kinesis-connector
        form = "aws-kinesis"
        options = {
            "kinesis.streamName": name,
            "kinesis.region": settings.region,
            "kinesis.endpointUrl": endpoint,
            "kinesis.startingPosition": settings.starting_position,
            "kinesis.failOnDataLoss": "true",
            "kinesis.maxFetchRecordsPerShard": records,
            # No less is allowed.
            "kinesis.maxFetchTimePerShardSec": str(max(seconds, 10)),
        }
    else:
        # https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-connect-kinesis-home.html
        form = "kinesis"
        options = {
            "streamARN": settings.stream_arn,
            "streamName": name,
            "endpointUrl": endpoint,
            "startingPosition": settings.starting_position,
            # A shard that is gone must not be passed over in silence.
            "failOnDataLoss": "true",
            "avoidEmptyBatches": "true",
            "emitConsumerLagMetrics": "true",
            # The default is one second in each trigger, in which no job catches up.
            "maxFetchTimeInMs": str(seconds * 1000),
            "maxFetchRecordsPerShard": records,
        }
    try:
        return spark.readStream.format(form).options(**options).load()
    except Exception as error:
        # Spark's own error, which has no class in common with the others.
        if "DATA_SOURCE_NOT_FOUND" not in str(error):
            raise
        raise Rejected(
            f"--reader is {settings.reader}, and this Spark has no source `{form}`: start it with "
            "the package of awslabs and --reader awslabs, or on AWS Glue or Databricks"
        ) from None


def domain(region: str) -> str:
    """Where AWS has its endpoints in a region."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def captured(spark: Any, folder: str) -> Any:
    """Records of a stream that were kept as Parquet files, with the columns of a reader of
    Kinesis."""
    columns = "data BINARY, sequenceNumber STRING, approximateArrivalTimestamp TIMESTAMP"
    return (
        spark.readStream.schema(columns)
        .option("maxFilesPerTrigger", FILES_IN_A_BATCH)
        .parquet(folder)
    )


def stream(spark: Any, settings: argparse.Namespace, work: Work) -> int:
    """Writes what comes until the query is stopped, or all that is in --records."""
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(RECORDS_AT_A_TIME))
    spark.conf.set("spark.sql.execution.arrow.useLargeVarTypes", "false")
    records = captured(spark, settings.records) if settings.records else kinesis(spark, settings)
    writer = (
        counted(records, work)
        .writeStream.queryName("dynalake")
        .option("checkpointLocation", settings.checkpoint)
        .foreachBatch(finish_batch)
    )
    if settings.records:
        writer = writer.trigger(availableNow=True)
    else:
        writer = writer.trigger(processingTime=f"{settings.trigger_seconds} seconds")
    query = writer.start()
    say(f"stream: query {query.id}")
    query.awaitTermination()
    return 0


def counted(records: Any, work: Work) -> Any:
    """What becomes of records: a row of counts for each partition that has some. It is a part of
    the query, not of what is done with each batch: Spark would copy the records once more."""

    def write(batches: Iterator[Any]) -> Iterator[Any]:
        return write_partition(batches, work, name_of_task())

    as_frames = records.selectExpr(
        "coalesce(data, X'') AS data",
        "CAST(coalesce(sequenceNumber, '') AS BINARY) AS sequence_number",
        "greatest(unix_micros(approximateArrivalTimestamp), 0L) AS arrival_us",
    )
    return as_frames.mapInArrow(write, ", ".join(f"{each} BIGINT" for each in COUNTS))


def finish_batch(counts: Any, number: int) -> None:
    """Has the tasks write a batch's partitions, and says what became of them."""
    began = time.monotonic()
    done = counts.collect()
    say(f"batch {number}: {in_words(total(COUNTS, done), time.monotonic() - began)}")


def name_of_task() -> str:
    """What the names of a task's files begin with: its query, which is in the checkpoint, its batch
    and its partition."""
    from pyspark import TaskContext

    context = TaskContext.get()
    assert context is not None
    query, batch = map(context.getLocalProperty, (QUERY, BATCH))
    if not query or not batch:
        raise ProgramFailed(
            f"Spark has not told a task its {QUERY} and {BATCH}, of which names are made; remove "
            "PYSPARK_PIN_THREAD, if it is set to false"
        )
    return f"spark-{query}-{batch}-{context.partitionId()}"


def total(names: Sequence[str], counts: Iterable[Any]) -> dict[str, int]:
    """The counts of all tasks together. Of each task a mapping, or one of Spark's rows."""
    every = list(counts)
    return {name: sum(each[name] for each in every) for name in names}


def in_words(counts: Mapping[str, int], seconds: float) -> str:
    return (
        "{records:,} records: {rows:,} rows in {files:,} files, {rejected:,} rejected, {dropped:,} "
        "dropped; {rescued:,} rows with rescued values; {seconds:.1f} s".format(
            **counts, seconds=seconds
        )
    )


def first_line(error: Exception) -> str:
    """What an error says, without the trace that Spark puts behind it."""
    return str(error).strip().partition("\n")[0]


def say(text: str) -> None:
    print(f"dynalake_job: {text}", flush=True)


# ---- the export


def export(spark: Any, settings: argparse.Namespace, work: Work) -> int:
    """Writes all data files of an export. 1 if one was left out, or items are missing."""
    began = time.monotonic()
    items, files = read_manifests(spark, settings.export)
    say(f"export: {items:,} items in {len(files):,} files")
    context = spark.sparkContext
    # The largest first, so that the executors are done together.
    keys = sorted(files, key=lambda key: -files[key])
    shares = min(len(keys), context.defaultParallelism * TASKS_FOR_A_CORE)
    tasks = context.parallelize([keys[at::shares] for at in range(shares)], shares)
    done = tasks.map(lambda keys: write_data_files(keys, work)).collect()

    counts = total([*COUNTS[1:], "items"], [counted for counted, _ in done])
    counts["records"] = counts.pop("items")
    say(f"export: {in_words(counts, time.monotonic() - began)}")
    left_out = sum(counted["left_out"] for counted, _ in done)
    for _, said in done:
        if said:
            say(f"left out: {' '.join(said.split())}")
    made = counts["rows"] + counts["rejected"] + counts["dropped"]
    if made == items and not left_out:
        return 0
    say(
        f"{items - made:,} of {items:,} items are missing, and {left_out:,} of {len(files):,} "
        "data files were left out; all else is there. Copy or make the export again, and run this "
        "again: the same names are written again"
    )
    return 1


def read_manifests(spark: Any, folder: str) -> tuple[int, dict[str, int]]:
    """How many items an export has, and its data files: keys, with the items of each. `dynalake`
    checks the manifests again, and their MD5."""

    def lines(name: str) -> list[str]:
        read = spark.read.text(f"{folder.rstrip('/')}/{name}", wholetext=True).collect()
        return [line for row in read for line in row[0].lstrip("\ufeff").splitlines()]

    try:
        items = json.loads("\n".join(lines("manifest-summary.json")))["itemCount"]
        entries = [json.loads(line) for line in lines("manifest-files.json") if line.strip()]
        files = {entry["dataFileS3Key"]: entry["itemCount"] for entry in entries}
    except Exception as error:
        # Spark's own errors have no class in common with the others.
        raise Rejected(
            f"--export is {folder}: give the folder of an export that is complete, with "
            "manifest-summary.json and manifest-files.json "
            f"({type(error).__name__}: {first_line(error)[:300]})"
        ) from None
    if not files:
        raise Rejected(f"--export is {folder}: its manifest-files.json names no data file")
    return items, files


# ---- the job


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    both = parser.add_argument_group("both modes")
    both.add_argument("--mode", choices=["stream", "export"], required=True, help="what to read")
    both.add_argument("--dynalake", required=True, help="the program, a path or an address")
    both.add_argument("--schema", required=True, help="the table's schema file, the same")
    both.add_argument("--out", required=True, help="where the rows go: the table's folder")
    both.add_argument("--rejected", required=True, help="where records go that can't be rows")
    both.add_argument("--region", help="of the stream and the buckets; by default the ARN's")
    of_stream = parser.add_argument_group("stream")
    of_stream.add_argument("--stream-arn", help="the Kinesis stream")
    of_stream.add_argument(
        "--records",
        metavar="FOLDER",
        help="in its place: Parquet files with data, sequenceNumber and "
        "approximateArrivalTimestamp; the job ends with the last",
    )
    of_stream.add_argument(
        "--checkpoint", help="a folder for what was read; no other job may use it"
    )
    of_stream.add_argument(
        "--reader",
        choices=["glue", "databricks", "awslabs"],
        help="whose reader of Kinesis it is (databricks there, else glue)",
    )
    of_stream.add_argument(
        "--starting-position",
        default="TRIM_HORIZON",
        help="where a new checkpoint begins, as the reader calls it (TRIM_HORIZON)",
    )
    of_stream.add_argument(
        "--trigger-seconds", type=int, default=60, metavar="N", help="a batch begins so often (60)"
    )
    of_export = parser.add_argument_group("export")
    of_export.add_argument("--export", help="the folder with manifest-summary.json")
    settings, others = parser.parse_known_args(list(words))
    if others and any(word.partition("=")[0] == JOB_NAME for word in others):
        # A word of Glue's that is new must not stop a job.
        names = [word.partition("=")[0] for word in others if word.startswith("-")]
        say(f"words of AWS Glue, passed over: {' '.join(names)}")
    elif others:
        parser.error(f"unknown: {' '.join(others)}")
    try:
        check(settings)
    except Rejected as rejected:
        parser.error(str(rejected))
    return settings


def check(settings: argparse.Namespace) -> None:
    """Rejects what doesn't go together; fills in the region."""
    of_mode = {
        "stream": ["stream_arn", "records", "checkpoint", "reader"],
        "export": ["export"],
    }
    for mode, names in of_mode.items():
        for name in names:
            if mode != settings.mode and getattr(settings, name) is not None:
                raise Rejected(f"--{name.replace('_', '-')} is for --mode {mode}; remove it")
    if settings.mode == "export" and settings.export is None:
        raise Rejected("--mode export reads an export; add --export FOLDER")
    if settings.mode == "stream":
        if (settings.stream_arn is None) == (settings.records is None):
            raise Rejected("--mode stream reads a stream; add --stream-arn ARN or --records FOLDER")
        if settings.checkpoint is None:
            raise Rejected("--mode stream goes on where it was; add --checkpoint FOLDER")
    if settings.reader is None and settings.mode == "stream":
        is_databricks = "DATABRICKS_RUNTIME_VERSION" in os.environ
        settings.reader = "databricks" if is_databricks else "glue"
    if settings.trigger_seconds < 1:
        raise Rejected(f"--trigger-seconds is {settings.trigger_seconds}: write 1 or more")
    if settings.stream_arn is not None:
        found = re.fullmatch(r"arn:[^:]+:kinesis:([^:]+):\d+:stream/[^/]+", settings.stream_arn)
        if found is None:
            raise Rejected(
                f"--stream-arn is {settings.stream_arn}: give the ARN of a Kinesis stream, such as "
                "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
            )
        settings.region = settings.region or found[1]
    for name in ("out", "rejected", "export"):
        address = getattr(settings, name)
        if address is None or is_on_s3(address):
            continue
        # As a folder, dbfs:/rows would be on each executor's own disk, and gone with it.
        if re.match("[A-Za-z][A-Za-z0-9+.-]*:", address):
            raise Rejected(f"--{name} is {address}: write s3://bucket/prefix, or a folder")
        # Tasks have another current folder.
        setattr(settings, name, os.path.abspath(address))
    out, rejected = (f"{each.rstrip('/')}/" for each in (settings.out, settings.rejected))
    if out.startswith(rejected) or rejected.startswith(out):
        raise Rejected(
            f"--rejected is {settings.rejected}, and --out is {settings.out}: what reads the rows "
            "must not find the records that can't be rows; write two, neither inside the other"
        )


def prepare(spark: Any, settings: argparse.Namespace) -> Work:
    """Has Spark bring the program and the schema to each executor, and rejects a bad schema before
    anything is read."""
    from pyspark import SparkFiles

    names = []
    for option in ("dynalake", "schema"):
        address = getattr(settings, option)
        try:
            spark.sparkContext.addFile(address)
        except Exception as error:
            raise Rejected(
                f"--{option} is {address}, and Spark can't read it: {first_line(error)[-500:]}"
            ) from None
        names.append(address.rstrip("/").rpartition("/")[2])
    work = Work(
        dynalake=names[0],
        schema=names[1],
        out=settings.out,
        rejected=settings.rejected,
        region=settings.region,
        export=settings.export,
    )
    command = [SparkFiles.get(work.dynalake), "check", SparkFiles.get(work.schema)]
    try:
        checked = subprocess.run(command, capture_output=True)
    except OSError as error:
        raise Rejected(
            f"--dynalake is {settings.dynalake}, and can't be run: {error}; give the program of "
            "this machine's architecture"
        ) from None
    if checked.returncode != 0:
        said = checked.stderr.decode(errors="replace")[-LAST_CHARACTERS:].strip()
        raise Rejected(f"--schema is {settings.schema}: {said}")
    return work


def report_to_glue(spark: Any) -> None:
    """Has AWS Glue write the job's metrics, which by its support's articles it does only for a job
    that makes this context (not seen)."""
    try:
        from awsglue.context import GlueContext
    except ImportError:
        # Not on Glue.
        return
    GlueContext(spark.sparkContext)


def main() -> int:
    settings = parse(sys.argv[1:])
    # Only now, so that a wrong setting is told without Spark.
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("dynalake").getOrCreate()
    report_to_glue(spark)
    mode = stream if settings.mode == "stream" else export
    try:
        return mode(spark, settings, prepare(spark, settings))
    except Rejected as rejected:
        print(f"dynalake_job: {rejected}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    # Some platforms take every SystemExit for a failure.
    if code := main():
        sys.exit(code)
