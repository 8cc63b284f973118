"""The direct function: a batch of Kinesis to objects that are stored, beside what one would use
instead, each as a Lambda function, in turns on one core, with one S3 on loopback."""

from __future__ import annotations

import json
import os
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from dynalake_dev import build, console
from dynalake_dev.process import ToolError
from dynalake_dev.runtime_api import RuntimeApi

from . import building, files
from .files import Table
from .workers import cpu_seconds

# Lambda's largest event.
EVENT_BYTES = 6_291_456
# Change records before base64, of which an event of that size is made.
RAW_BYTES = 5_000_000
PEERS = ["ours", "baseline", "python"]
NAMES = {
    "ours": "dynalake, direct",
    "baseline": "idiomatic Rust with Arrow",
    "python": "boto3 and pyarrow",
}
STARTS = 15
WARM_UP_ROUNDS = 2

# What, the value found, the bar, and whether it is met.
Bar = tuple[str, str, str, bool]

# The bars, of the workload typical.
MOST_MS = 80.0
MOST_PEAK = 128 << 20
MOST_FIRST_POLL_MS = 10.0
MOST_ZIP = 6_000_000
LEAST_AGAINST_PYTHON = 10.0
LEAST_AGAINST_BASELINE = 2.5


class S3:
    """Takes PUTs and keeps the objects, in threads of this process."""

    def __init__(self) -> None:
        objects: dict[str, bytes] = {}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                length = int(self.headers.get("x-amz-decoded-content-length", 0))
                if self.headers.get("Expect", "").lower() == "100-continue":
                    self.send_response_only(100)
                    self.end_headers()
                objects[self.path] = self.body(length)
                self.send_response(200)
                self.send_header("ETag", '"x"')
                self.send_header("Content-Length", "0")
                self.end_headers()

            def body(self, length: int) -> bytes:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if not length:
                    return body
                # boto3 sends chunks, each with its length before it, and a checksum behind them.
                found = b""
                while len(found) < length:
                    size, _, body = body.partition(b"\r\n")
                    count = int(size.split(b";")[0], 16)
                    found, body = found + body[:count], body[count + 2 :]
                return found

            def log_message(self, *_: object) -> None:
                pass

        self.objects = objects
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def run(
    workloads: list[str], rounds: int, is_quick: bool, timings: console.Timings
) -> tuple[list[Table], list[str]]:
    """Measures, and returns the tables and the bars that are missed. Quick: the bars that are no
    times alone, and no tables."""
    building.check_tools()
    building.WORK.mkdir(parents=True, exist_ok=True)
    with console.Stage("Rust peers and worker", timings) as stage:
        building.build_rust(stage.update, "worker", "direct_baseline")
    with console.Stage("direct, by package.py", timings) as stage:
        log = building.WORK / "package.log"
        zip_file = build.function_package("direct", building.WORK / "dist", log, stage.update)
        folder = building.WORK / "direct"
        program = building.unpacked(zip_file, folder)
        stage.result = f"{zip_file.stat().st_size:,} bytes"
    results = {}
    with ExitStack() as stack:
        everywhere = os.sched_getaffinity(0)
        stack.callback(os.sched_setaffinity, 0, everywhere)
        s3 = S3()
        stack.callback(s3.close)
        for workload in workloads:
            results[workload] = measure(program, s3, workload, rounds, is_quick, timings)
    zip_bytes = zip_file.stat().st_size
    found = bars(results["typical"], zip_bytes, is_quick) if "typical" in results else []
    missed = [f"{what} of the direct function: {value}" for what, value, _, met in found if not met]
    return [] if is_quick else tables(results, found, rounds), missed


def measure(
    program: Path, s3: S3, workload: str, rounds: int, is_quick: bool, timings: console.Timings
) -> dict[str, dict]:
    """Times on the processor, peaks and starts, by peer."""
    name = f"direct-{workload}"
    building.write_input(name, workload, "raw", RAW_BYTES)
    event, count = kinesis_event(json.loads(building.event_of(name)))
    settings = {
        "DYNALAKE_SCHEMA": building.schema_of(name),
        "DYNALAKE_BUCKET": "lake",
        "DYNALAKE_PREFIX": "data",
        "DYNALAKE_ERROR_PREFIX": "errors",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL_S3": s3.url,
    }
    script = building.BENCHES / "peers" / "direct.py"
    commands = {
        "ours": [str(program)],
        "baseline": [str(building.program("direct_baseline"))],
        "python": [str(building.PYTHON), str(script), str(building.INPUTS), name],
    }
    types = {
        column["name"]: column["type"]
        for column in json.loads(settings["DYNALAKE_SCHEMA"])["columns"]
    }
    found: dict[str, dict] = {peer: {"ms": [], "records": count} for peer in PEERS}
    # Theirs is one core; the S3 and this have the other.
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    with ExitStack() as stack:
        apis = {peer: stack.enter_context(RuntimeApi(commands[peer], settings)) for peer in PEERS}
        os.sched_setaffinity(0, set(cores[:-1]) or set(cores))
        with console.Stage(f"{workload}: agreement", timings):
            rows = {}
            for peer, api in apis.items():
                s3.objects.clear()
                invoke(api, event)
                object_ = building.INPUTS / f"{name}.{peer}.parquet"
                stored = [body for key, body in s3.objects.items() if "/errors/" not in key]
                if len(stored) != 1:
                    raise ToolError(f"{peer} stored {len(stored)} objects of {workload}")
                object_.write_bytes(stored[0])
                rows[peer] = files.rows(object_, types)
            for peer in PEERS[1:]:
                if difference := files.first_difference(rows["ours"], rows[peer]):
                    raise ToolError(f"{peer} and ours don't agree on {workload}: {difference}")
        with console.Stage(f"{workload}: in turns", timings) as stage:
            warm_up = 0 if is_quick else WARM_UP_ROUNDS
            for at in range(-warm_up, rounds):
                stage.update("rounds", at + warm_up, rounds + warm_up)
                for peer, api in apis.items():
                    spent = invoke(api, event)
                    if at >= 0:
                        found[peer]["ms"].append(spent)
        for peer, api in apis.items():
            found[peer]["peak_bytes"] = api.peak_kib() << 10
    os.sched_setaffinity(0, set(cores))
    if is_quick:
        return found
    starts = []
    for _ in range(STARTS):
        with RuntimeApi(commands["ours"], settings) as api:
            starts.append(api.first_poll_ms)
    found["ours"]["first_poll_ms"] = median(starts)
    return found


def invoke(api: RuntimeApi, event: bytes) -> float:
    """Milliseconds on the processor, from the event's first byte to the next poll."""
    before = cpu_seconds(api.process.pid)
    answer = json.loads(api.invoke(event))
    api.await_poll()
    if answer != {"batchItemFailures": []}:
        raise ToolError(f"{api.name} answers {answer}")
    return (cpu_seconds(api.process.pid) - before) * 1000


def kinesis_event(event: dict) -> tuple[bytes, int]:
    """The records of a Firehose event as Kinesis' event source mapping brings them, as many as
    Lambda takes."""
    records: list[str] = []
    size = len('{"Records":[]}')
    for record in event["records"]:
        number = record["kinesisRecordMetadata"]["sequenceNumber"]
        text = json.dumps(
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "8DB2B4A3BC8A2D9D",
                    "sequenceNumber": number,
                    "data": record["data"],
                    "approximateArrivalTimestamp": 1720742303.5,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000006:{number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::111122223333:role/direct",
                "awsRegion": "eu-central-1",
                "eventSourceARN": "arn:aws:kinesis:eu-central-1:111122223333:stream/changes",
            }
        )
        size += len(text) + 1
        if size > EVENT_BYTES:
            break
        records.append(text)
    return f'{{"Records":[{",".join(records)}]}}'.encode(), len(records)


# ---- tables


def tables(results: dict, found: list[Bar], rounds: int) -> list[Table]:
    cells = []
    for peer in PEERS:
        cells.append(
            [
                NAMES[peer],
                *(
                    f"{median(found[peer]['ms']):.1f} ms, {found[peer]['peak_bytes'] >> 20} MiB"
                    for found in results.values()
                ),
            ]
        )
    for peer in PEERS[1:]:
        cells.append(
            [
                f"speed against {NAMES[peer]}",
                *(
                    f"{files.ratio(found[peer]['ms'], found['ours']['ms']):.1f}×"
                    for found in results.values()
                ),
            ]
        )
    load = os.getloadavg()[0]
    titles = [
        f"{workload} ({found['ours']['records']:,} records)" for workload, found in results.items()
    ]
    whole: Table = (
        "A batch of Kinesis of 6 MB to objects that are stored, one core",
        ["", *titles],
        cells,
        f"Medians of {rounds} rounds in turns, by time on the processor, and peak resident memory; "
        f"load of the machine {load:.1f}.",
    )
    if not found:
        return [whole]
    cells = [["met" if met else "missed", what, value, bar] for what, value, bar, met in found]
    return [
        whole,
        ("Bars of the direct function, typical", ["", "what", "found", "bar"], cells, ""),
    ]


def bars(found: dict, zip_bytes: int, is_quick: bool) -> list[Bar]:
    ours = found["ours"]
    peak = ours["peak_bytes"]
    sizes = [
        (
            "peak memory",
            f"{peak / (1 << 20):.1f} MiB",
            f"≤ {MOST_PEAK >> 20} MiB",
            peak <= MOST_PEAK,
        ),
        ("zip", f"{zip_bytes:,} bytes", f"≤ {MOST_ZIP:,}", zip_bytes <= MOST_ZIP),
    ]
    if is_quick:
        return sizes
    ms, poll = median(ours["ms"]), ours["first_poll_ms"]
    python = files.ratio(found["python"]["ms"], ours["ms"])
    baseline = files.ratio(found["baseline"]["ms"], ours["ms"])
    return [
        ("time", f"{ms:.1f} ms", f"≤ {MOST_MS:.0f} ms", ms <= MOST_MS),
        *sizes,
        (
            "exec to first poll",
            f"{poll:.1f} ms",
            f"≤ {MOST_FIRST_POLL_MS:.0f} ms",
            poll <= MOST_FIRST_POLL_MS,
        ),
        (
            "speed against boto3 and pyarrow",
            f"{python:.1f}×",
            f"≥ {LEAST_AGAINST_PYTHON}",
            python >= LEAST_AGAINST_PYTHON,
        ),
        (
            "speed against Rust with Arrow",
            f"{baseline:.1f}×",
            f"≥ {LEAST_AGAINST_BASELINE}",
            baseline >= LEAST_AGAINST_BASELINE,
        ),
    ]
