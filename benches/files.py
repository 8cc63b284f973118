"""Events to Parquet bytes, per core: ours beside what one would use instead, in turns on one
core."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from statistics import median
from typing import Any

from dynalake_dev import console
from dynalake_dev.process import ToolError

from . import agreement, building
from .workers import Worker

PEERS = ["ours", "arrow", "python", "duckdb", "lower_bound", "json"]
# Those that are compared most run one after the other.
TURNS = ["lower_bound", "json", "ours", "arrow", "duckdb", "python"]
# Peers whose files are compared with ours.
ANSWERING = ["arrow", "python", "duckdb", "lower_bound"]
NAMES = {
    "ours": "dynalake",
    "arrow": "idiomatic Rust with Arrow",
    "python": "boto3 and pyarrow",
    "duckdb": "DuckDB, from our rows of JSON",
    "lower_bound": "the lower bound",
    "json": "dynalake, rows of JSON",
}
# A file's records together, before base64.
RAW_BYTES = 20_000_000
QUICK_BYTES = 60_000
WARM_UP_ROUNDS = 1

# The bars, of the workload typical.
LEAST_ROWS_PER_SECOND = 100_000
LEAST_AGAINST_PYTHON = 10.0
LEAST_AGAINST_ARROW = 2.5
MOST_SIZE = 1.05
# Peak memory beyond the encoded bytes of one row group, for any number of rows.
MOST_MEMORY = 64 << 20
MEMORY_WORKLOADS = ["small", "typical"]
MEMORY_ROWS = [200_000, 1_000_000]

Table = tuple[str, list[str], list[list[str]], str]


def run(workloads: list[str], rounds: int, is_quick: bool, timings: list) -> dict[str, Any]:
    """Times on the processor by workload and peer, sizes, and peak memory by rows."""
    results: dict[str, Any] = {"rounds": rounds, "workloads": {}, "memory": {}}
    with ExitStack() as stack:
        everywhere = os.sched_getaffinity(0)
        stack.callback(os.sched_setaffinity, 0, everywhere)
        os.sched_setaffinity(0, {max(everywhere)})
        with console.Stage("files: inputs", timings):
            for workload in workloads:
                raw_bytes = QUICK_BYTES if is_quick else RAW_BYTES
                building.write_input(name_of(workload), workload, "raw", raw_bytes)
        workers = start_workers(stack)
        with console.Stage("files: agreement", timings) as stage:
            for done, workload in enumerate(workloads):
                stage.update(workload, done, len(workloads))
                results["workloads"][workload] = compare(workers, workload)
            stage.result = f"{len(workloads)} workloads: the peers' files say what ours say"
        with console.Stage("files, in turns", timings) as stage:
            warm_up = 0 if is_quick else WARM_UP_ROUNDS
            for at in range(-warm_up, rounds):
                stage.update("warm-up" if at < 0 else "rounds", at + warm_up, rounds + warm_up)
                for workload in workloads:
                    times = results["workloads"][workload].setdefault("ms", {})
                    for peer in TURNS:
                        spent = workers[peer].milliseconds(peer, name_of(workload))
                        if at >= 0:
                            times.setdefault(peer, []).append(round(spent, 3))
            stage.result = f"{rounds} rounds" if rounds > 1 else "once"
        if not is_quick:
            with console.Stage("files: memory", timings) as stage:
                for workload in [each for each in workloads if each in MEMORY_WORKLOADS]:
                    stage.update(workload)
                    results["memory"][workload] = memory(workload)
    return results


def name_of(workload: str) -> str:
    return f"files-{workload}"


def start_workers(stack: ExitStack) -> dict[str, Worker]:
    folder = str(building.INPUTS)

    def start(name: str, *command: str) -> Worker:
        worker = Worker(list(command), building.WORK / f"{name}.log")
        stack.callback(worker.close)
        return worker

    rust = start("files", str(building.program("files")), "serve", folder)
    script = str(building.BENCHES / "peers" / "files.py")
    python = {
        peer: start(f"files-{peer}", str(building.PYTHON), script, "serve", folder)
        for peer in ("python", "duckdb")
    }
    return dict.fromkeys(PEERS, rust) | python


def compare(workers: dict[str, Worker], workload: str) -> dict[str, Any]:
    """Rejects peers before they are timed whose files say something else than ours."""
    # Here and below, because the report needs this module where nothing is measured.
    import pyarrow
    import pyarrow.parquet

    name = name_of(workload)
    # DuckDB's input.
    workers["json"].run("json", name, str(building.INPUTS / f"{name}.rows.json"))
    files, sizes = {}, {}
    for peer in ["ours", *ANSWERING]:
        file = building.INPUTS / f"{name}.{peer}.parquet"
        sizes[peer] = int(workers[peer].run(peer, name, str(file)))
        files[peer] = file
    schema = json.loads(building.schema_of(name))
    types = {column["name"]: column["type"] for column in schema["columns"]}
    ours = rows(files["ours"], types)
    event = building.event_of(name)
    if len(ours) != len(json.loads(event)["records"]):
        raise ToolError(f"{workload}: ours has {len(ours):,} rows of another number of records")
    for peer in ANSWERING:
        difference = first_difference(ours, rows(files[peer], types))
        if difference:
            raise ToolError(
                f"{peer} and ours don't agree on {workload}: {difference}; see {building.INPUTS}"
            )
    # The size to compare ours with: the same table, all its columns, by pyarrow.
    out = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(
        pyarrow.parquet.read_table(files["ours"]),
        out,
        compression="snappy",
        use_deprecated_int96_timestamps=True,
    )
    sizes["pyarrow"] = out.getvalue().size
    return {"records": len(ours), "raw_bytes": agreement.raw_bytes(event), "bytes": sizes}


def rows(file: os.PathLike, types: dict[str, str]) -> list[dict]:
    """A file's rows as items, the same for the same values, whoever wrote them and wherever a
    value that does not fit its column was put. Timestamps are to the nanosecond."""
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(file)
    columns = {}
    for name in table.column_names:
        column = table[name]
        if pyarrow.types.is_timestamp(column.type):
            nanoseconds = pyarrow.timestamp("ns", column.type.tz)
            column = column.cast(nanoseconds).cast(pyarrow.int64())
        columns[name] = map(plain, column.to_pylist())
    found = []
    for values in zip(*columns.values(), strict=True):
        row = {
            name: value for name, value in zip(columns, values, strict=True) if value is not None
        }
        for path, entry in json.loads(row.pop("_rescued", "{}")).items():
            # Ours by path, in DynamoDB's JSON, beside the reason; theirs whole and plain.
            if isinstance(entry, dict) and "value" in entry:
                agreement.put_back(row, path, agreement.unmarshalled(entry["value"]))
            else:
                row[path] = agreement.typed(entry, "")
        found.append(row)
    return found


def plain(value: Any) -> Any:
    """Without the order of lists, which sets don't have in Python, and the nulls of structs."""
    if isinstance(value, dict):
        return {name: plain(value[name]) for name in sorted(value) if value[name] is not None}
    if isinstance(value, list):
        return sorted((plain(element) for element in value), key=repr)
    if isinstance(value, tuple):
        return tuple(plain(element) for element in value)
    return value


def first_difference(ours: list[dict], theirs: list[dict]) -> str | None:
    if len(ours) != len(theirs):
        return f"{len(ours):,} rows and {len(theirs):,}"
    for at, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        if mine != other:
            names = [name for name in mine | other if mine.get(name) != other.get(name)]
            return f"row {at} differs in {', '.join(names)}"
    return None


def memory(workload: str) -> dict[str, dict[str, int]]:
    """By rows: the largest row group's encoded bytes, and the peak."""

    def said(what: str, *words: str) -> str:
        command = [str(building.program("files")), what, str(building.INPUTS), name_of(workload)]
        return subprocess.run(
            [*command, *words], stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    found = {}
    said("records")
    for count in MEMORY_ROWS:
        group, peak = map(int, said("rows", str(count)).split())
        found[str(count)] = {"row_group_bytes": group, "peak_bytes": peak}
    return found


# ---- tables


def ratio(upper: list[float], lower: list[float]) -> float:
    """The median of the rounds' ratios."""
    return median(a / b for a, b in zip(upper, lower, strict=True))


def bound(times: dict[str, list[float]]) -> list[float]:
    """What ours may take at most: the lower bound, and the JSON path."""
    return [a + b for a, b in zip(times["lower_bound"], times["json"], strict=True)]


def table(results: dict) -> Table:
    workloads = results["workloads"]
    cells = [
        [
            NAMES[peer],
            *(thousands(each["records"], each["ms"][peer]) for each in workloads.values()),
        ]
        for peer in PEERS
    ]
    ours = [each["ms"] for each in workloads.values()]
    for title, other in (
        ("speed against Rust with Arrow", lambda ms: ms["arrow"]),
        ("speed against boto3 and pyarrow", lambda ms: ms["python"]),
    ):
        cells.append([title, *(f"{ratio(other(ms), ms['ours']):.1f}×" for ms in ours)])
    cells.append(
        ["time against lower bound + JSON", *(f"{ratio(ms['ours'], bound(ms)):.2f}" for ms in ours)]
    )
    cells.append(
        [
            "size against pyarrow's",
            *(
                f"{each['bytes']['ours'] / each['bytes']['pyarrow']:.3f}"
                for each in workloads.values()
            ),
        ]
    )
    return (
        "Events to Parquet bytes: thousand rows a second, one core",
        ["", *workloads],
        cells,
        f"Medians of {results['rounds']} rounds in turns, by time on the processor, of "
        f"{RAW_BYTES / 1e6:.0f} MB of change records. DuckDB does the second half only: it reads "
        "our rows of JSON. The lower bound is the parquet crate writing the same values from ready "
        "columns. Size: of the same table, all columns, written by pyarrow with SNAPPY.",
    )


def thousands(records: int, times: list[float]) -> str:
    rate = records / median(times)
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def memory_table(results: dict) -> Table:
    cells = [
        [
            workload,
            f"{int(count):,}",
            f"{found['row_group_bytes'] / (1 << 20):.1f}",
            f"{found['peak_bytes'] / (1 << 20):.1f}",
        ]
        for workload, by_rows in results["memory"].items()
        for count, found in by_rows.items()
    ]
    headers = ["workload", "rows", "largest row group, MiB", "peak, MiB"]
    return (
        "Memory of a file",
        headers,
        cells,
        "Peak: resident memory of the process that writes the file to nowhere.",
    )


def bars(results: dict) -> list[tuple[str, str, str, bool, bool]]:
    """What, found, bar, met, and whether it is one of the machine's."""
    found = []
    for workload, each in results["workloads"].items():
        size = each["bytes"]["ours"] / each["bytes"]["pyarrow"]
        # A footer is most of a small file.
        if each["raw_bytes"] >= RAW_BYTES // 2:
            found.append(
                (
                    f"{workload}: file size against pyarrow's",
                    f"{size:.3f}",
                    f"≤ {MOST_SIZE}",
                    size <= MOST_SIZE,
                    False,
                )
            )
        if workload != "typical":
            continue
        ms = each["ms"]
        rate = each["records"] / median(ms["ours"]) * 1_000
        for what, value, text, least in (
            ("rows a second", rate, f"{rate:,.0f}", LEAST_ROWS_PER_SECOND),
            ("speed against boto3 and pyarrow", None, "python", LEAST_AGAINST_PYTHON),
            ("speed against Rust with Arrow", None, "arrow", LEAST_AGAINST_ARROW),
        ):
            if value is None:
                value = ratio(ms[text], ms["ours"])
                text = f"{value:.1f}×"
            found.append((f"typical file: {what}", text, f"≥ {least:,}", value >= least, True))
        most = ratio(ms["ours"], bound(ms))
        found.append(
            (
                "typical file: time against lower bound + JSON",
                f"{most:.2f}",
                "≤ 1.0",
                most <= 1.0,
                True,
            )
        )
    for workload, by_rows in results["memory"].items():
        for count, each in by_rows.items():
            over = each["peak_bytes"] - each["row_group_bytes"]
            found.append(
                (
                    f"{workload}, {int(count):,} rows: peak over a row group's bytes",
                    f"{over / (1 << 20):.1f} MiB",
                    f"≤ {MOST_MEMORY >> 20} MiB",
                    over <= MOST_MEMORY,
                    False,
                )
            )
    return found


def bars_table(results: dict) -> Table:
    cells = [
        ["met" if met else "missed", what, found, bar] for what, found, bar, met, _ in bars(results)
    ]
    return "Bars of files", ["", "what", "found", "bar"], cells, ""


def tables(results: dict) -> list[Table]:
    each = [table(results), memory_table(results), bars_table(results)]
    return [each for each in each if each[2]]
