"""What a run found, in tables: for the terminal, benches/results/report.md, and
docs/performance.md between its markers."""

from __future__ import annotations

import json
import re
from statistics import median, quantiles
from typing import Any

from dynalake_dev import console
from dynalake_dev.machine import ROOT
from dynalake_dev.process import ToolError

from . import chart, files, scale, ways
from .building import BENCHES
from .measure import FUNCTIONS, GROWTH, LOWER_BOUNDS, PEERS, WORKLOADS

RESULTS = BENCHES / "results" / "speed.json"
REPORT = BENCHES / "results" / "report.md"
CHART = BENCHES / "results" / "speed.svg"
PAGE = ROOT / "docs" / "performance.md"
WAYS = ROOT / "docs" / "ways.md"

NAMES = {
    "ours": "dynalake",
    "baseline": "idiomatic Rust",
    "python": "the tutorials' Python",
    "boto3": "boto3, TypeDeserializer",
    "node": "Node, util-dynamodb",
    "lower_bound": "the lower bound",
    "event_lower_bound": "lower bound+, event's tape too",
    "empty": "empty lambda_runtime",
}
MIB = 1 << 20

# The bars: speed against idiomatic Rust, and time against the lower bound.
LEAST_SPEED = {"small": 6.0, "typical": 6.0, "wide": 6.0, "large": 4.5, "adversarial": 2.5}
MOST_OF_LOWER_BOUND = {"small": 1.2, "typical": 1.0, "wide": 1.2, "large": 1.2}
LEAST_WHOLE_SPEED = 3.5
MOST_FIRST_POLL = 1.5
MOST_PEAK_KIB = 32 * 1024
MOST_BOOTSTRAP_BYTES = 2_000_000
MOST_GROWTH = 1.3

Table = tuple[str, list[str], list[list[str]], str]


def to_json(results: dict) -> str:
    """Readable in a diff: a list of times on one line."""
    text = json.dumps(results, indent=1)
    return re.sub(r"\[[^\]{}\"]*\]", lambda found: json.dumps(json.loads(found[0])), text) + "\n"


def ratios(upper: list[float], lower: list[float]) -> list[float]:
    """Of each round, in which both ran soon after each other: what slows the machine for longer
    leaves them alone."""
    return [a / b for a, b in zip(upper, lower, strict=True)]


def ratio(upper: list[float], lower: list[float]) -> float:
    return median(ratios(upper, lower))


def spread(upper: list[float], lower: list[float]) -> str:
    """The middle half of the rounds' ratios."""
    if len(upper) < 2:
        return "one round"
    first, _, third = quantiles(ratios(upper, lower), n=4, method="inclusive")
    return f"{first:.1f}–{third:.1f}"


def milliseconds(values: list[float]) -> str:
    return f"{median(values):.1f}" if median(values) < 100 else f"{median(values):,.0f}"


# ---- tables


def speed_table(results: dict) -> Table:
    workloads = results["workloads"]
    rows = []
    for peer in PEERS:
        cells = [
            f"{ratio(workload['ms']['baseline'], workload['ms'][peer]):.1f}×"
            for workload in workloads.values()
        ]
        rows.append([NAMES[peer], *cells])
    return (
        "Speed against idiomatic Rust",
        ["", *workloads],
        rows,
        "Time on the processor from an event's bytes to a response's; the median of the rounds' "
        "ratios.",
    )


def times_table(results: dict) -> Table:
    workloads = results["workloads"]
    rows = [
        [
            name,
            *(milliseconds(workload["ms"][peer]) for peer in PEERS),
            spread(workload["ms"]["baseline"], workload["ms"]["ours"]),
            *(
                f"{ratio(workload['ms']['ours'], workload['ms'][lower_bound]):.2f}"
                for lower_bound in LOWER_BOUNDS
            ),
            f"{workload['raw_bytes'] / 1e6 / (median(workload['ms']['ours']) / 1e3):,.0f}",
        ]
        for name, workload in workloads.items()
    ]
    headers = [
        "workload",
        "dynalake",
        "baseline",
        "python",
        "boto3",
        "node",
        "lower bound",
        "lower bound+",
        "speed",
        "of lower bound",
        "of lower bound+",
        "MB/s",
    ]
    records = ", ".join(
        f"{name} {workload['records']:,} of {workload['raw_bytes'] / workload['records']:,.0f} "
        "bytes"
        for name, workload in workloads.items()
    )
    return (
        "Milliseconds on the processor for one event of 2.9 MB of changes",
        headers,
        rows,
        f"Medians of {results['rounds']} rounds in turns. Records: {records}; INSERT, MODIFY and "
        "REMOVE are 40, 50 and 10 of 100. "
        "Speed: dynalake's against idiomatic Rust, the middle half of the rounds. Of lower bound: "
        "dynalake's time against the lower bound's, which "
        "does not look for the records in the event and writes no response around the rows. Lower "
        "bound+ "
        "makes a tape of the event too. "
        "MB/s: dynalake's, of changes before base64.",
    )


def growth_ratios(results: dict) -> list[tuple[str, str, float]]:
    """The larger event, the smaller one, and how many times as much a byte of it costs."""
    titles, growth = list(GROWTH), results["growth"]
    return [
        (
            large,
            small,
            ratio(growth[large]["ms"], growth[small]["ms"])
            * growth[small]["event_bytes"]
            / growth[large]["event_bytes"],
        )
        for small, large in zip(titles[::2], titles[1::2], strict=True)
    ]


def growth_table(results: dict) -> Table:
    rows = [
        [
            title,
            f"{each['event_bytes']:,}",
            milliseconds(each["ms"]),
            f"{median(each['ms']) / (each['event_bytes'] / 1e6):.2f}",
        ]
        for title, each in results["growth"].items()
    ]
    return (
        "Growth: does a large event cost more a MB",
        ["event", "bytes", "ms", "ms a MB"],
        rows,
        "By number: records of the workload small; 10,000 of them are more than Lambda's 6 MB, "
        "which is "
        "the shell's limit and not the "
        "core's. By size: the workload typical.",
    )


def functions_table(results: dict) -> Table:
    functions = results["functions"]
    rows = []
    for name in FUNCTIONS:

        def cell(key: str, name: str = name) -> str:
            return milliseconds(functions[key][name]) if name in functions[key] else ""

        def mebibytes(key: str, name: str = name) -> str:
            return f"{functions[key][name] / 1024:.1f}" if name in functions[key] else ""

        size = functions["bytes"][name]
        rows.append(
            [
                NAMES[name],
                cell("first_poll_ms"),
                cell("first_response_ms"),
                f"{size:,}" if size else "",
                mebibytes("idle_kib"),
                mebibytes("peak_kib"),
            ]
        )
    return (
        "Cold start and memory of whole functions",
        ["", "first poll, ms", "first response, ms", "bytes", "idle, MiB", "peak, MiB"],
        rows,
        "From exec to the first poll of a Runtime API on loopback, and to the first response, to "
        "an event of "
        f"{functions['first_event_bytes'] / 1e6:.1f} MB. Bytes: of the program, where it is one. "
        "Peak: resident memory over three "
        f"events of {functions['largest_event_bytes'] / MIB:.1f} MiB. Python and Node run our own "
        "loops over http.client and node:http, "
        "not AWS' runtimes, and load no AWS SDK client. What Lambda adds before exec is not in it.",
    )


def invocation_table(results: dict) -> Table:
    functions = results["functions"]
    rows = []
    for name, values in functions["invocation_ms"].items():
        whole, core = median(values), median(functions["core_ms"][name])
        kernel = whole * functions["kernel_share"][name]
        rows.append(
            [
                NAMES[name],
                milliseconds(values),
                f"{ratio(functions['invocation_ms']['baseline'], values):.1f}×",
                spread(functions["invocation_ms"]["baseline"], values),
                f"{core:.1f}",
                f"{kernel:.1f}",
                f"{whole - core - kernel:.1f}",
            ]
        )
    return (
        "Time on the processor for one invocation of whole functions",
        ["", "whole, ms", "speed", "middle half", "core, ms", "kernel, ms", "rest, ms"],
        rows,
        f"An event of {functions['whole_event_bytes'] / 1e6:.1f} MB of the workload typical, from "
        "its "
        "first byte to the next poll. Core: the "
        "same event from bytes to bytes, without the shell, in the same turns. Kernel: sockets and "
        "pages, by the kernel's own sampling "
        "over two seconds. Rest: HTTP, copies, the runtime; a difference of the other three, with "
        "the noise of all of them. It can come out "
        "below zero: the core alone finds its event in memory, the whole function still has it in "
        "the caches from receiving it.",
    )


def bars(results: dict) -> list[tuple[str, str, str, bool, bool]]:
    """Each bar: what, found, wanted, whether it is met, whether it depends on the machine: a time,
    or the size of bootstrap, a third of which is the C library that is linked in. (package.py has a
    limit of its own, which fails.)"""
    functions = results["functions"]
    found: list[tuple[str, str, str, bool, bool]] = []

    def bar(
        what: str, value: float, text: str, wanted: str, met: bool, is_of_machine: bool = True
    ) -> None:
        found.append((what, text.format(value), wanted, met, is_of_machine))

    for workload, each in results["workloads"].items():
        if "ms" not in each:
            continue
        speed = ratio(each["ms"]["baseline"], each["ms"]["ours"])
        bar(
            f"{workload}: speed against idiomatic Rust",
            speed,
            "{:.2f}×",
            f"≥ {LEAST_SPEED[workload]}×",
            speed >= LEAST_SPEED[workload],
        )
        if workload in MOST_OF_LOWER_BOUND:
            share = ratio(each["ms"]["ours"], each["ms"]["lower_bound"])
            bar(
                f"{workload}: time against the lower bound",
                share,
                "{:.2f}",
                f"≤ {MOST_OF_LOWER_BOUND[workload]}",
                share <= MOST_OF_LOWER_BOUND[workload],
            )
    invocation = functions["invocation_ms"]
    speed = ratio(invocation["baseline"], invocation["ours"])
    bar(
        "whole function: speed against idiomatic Rust",
        speed,
        "{:.2f}×",
        f"≥ {LEAST_WHOLE_SPEED}×",
        speed >= LEAST_WHOLE_SPEED,
    )
    start = ratio(functions["first_poll_ms"]["ours"], functions["first_poll_ms"]["empty"])
    bar(
        "first poll against the empty function's",
        start,
        "{:.2f}×",
        f"≤ {MOST_FIRST_POLL}×",
        start <= MOST_FIRST_POLL,
    )
    for large, small, growth in growth_ratios(results) if results["growth"] else []:
        bar(
            f"growth: {large} against {small}",
            growth,
            "{:.2f}×",
            f"≤ {MOST_GROWTH}×",
            growth <= MOST_GROWTH,
        )
    peak, size = functions["peak_kib"]["ours"], functions["bytes"]["ours"]
    bar(
        "peak memory over a 6 MiB event",
        peak / 1024,
        "{:.1f} MiB",
        f"≤ {MOST_PEAK_KIB // 1024} MiB",
        peak <= MOST_PEAK_KIB,
        False,
    )
    bar(
        "bootstrap",
        size,
        "{:,} bytes",
        f"≤ {MOST_BOOTSTRAP_BYTES:,} bytes",
        size <= MOST_BOOTSTRAP_BYTES,
    )
    return found


def bars_table(results: dict, with_times: bool = True) -> Table:
    rows = [
        ["met" if met else "missed", what, value, wanted]
        for what, value, wanted, met, is_of_machine in bars(results)
        if with_times or not is_of_machine
    ]
    return "Bars", ["", "what", "found", "bar"], rows, ""


def show_tables(tables: list[Table]) -> None:
    for title, headers, rows, note in tables:
        console.heading(title)
        console.print_table(headers, rows, most=60)
        if note:
            console.say(console.dim(note))


def show_results(results: dict, is_quick: bool) -> list[str]:
    """Prints what was found; returns the bars missed that are no times."""
    if is_quick:
        tables = [bars_table(results, with_times=False)]
    else:
        tables = [
            speed_table(results),
            times_table(results),
            growth_table(results),
            functions_table(results),
        ]
        tables += [invocation_table(results), bars_table(results)]
        tables += files.tables(results["files"])
    show_tables(tables)
    return [
        f"{what}: {value}, bar {wanted}"
        for what, value, wanted, met, is_of_machine in bars(results)
        if not met and not is_of_machine
    ]


# ---- files


def markdown(table: Table, level: str) -> str:
    title, headers, rows, note = table
    return f"{level} {title}\n\n{scale.markdown(headers, rows)}" + (f"\n{note}\n" if note else "")


def machine(results: dict) -> str:
    versions = results["machine"]
    return (
        f"{versions['processor']}, {versions['kernel']}; rustc {versions['rustc']}, Python "
        f"{versions['python']}, "
        f"Node {versions['node']}; {results['rounds']} rounds in turns on one core"
    )


def report(results: dict) -> str:
    tables = [
        speed_table(results),
        times_table(results),
        growth_table(results),
        functions_table(results),
    ]
    tables += [invocation_table(results), bars_table(results)]
    # Results of before files were measured have none.
    tables += files.tables(results["files"]) if "files" in results else []
    return (
        "# What `python3 benches` measured\n\nWritten by `python3 benches`; don't edit.\n\n"
        f"{machine(results)}.\n\n"
        + "\n".join(markdown(table, "##") for table in tables)
        + f"\n## Scale, on paper\n\n{scale.section(results)}"
    )


def svg(results: dict) -> str:
    kinds = {"ours": "ours", "lower_bound": "lower_bound", "event_lower_bound": "lower_bound"}
    groups = [
        (
            workload,
            [
                (
                    NAMES[peer],
                    ratio(each["ms"]["baseline"], each["ms"][peer]),
                    kinds.get(peer, "theirs"),
                )
                for peer in PEERS
            ],
        )
        for workload, each in results["workloads"].items()
    ]
    return chart.svg("Speed from event to response, one core; idiomatic Rust is 1", groups)


def page(text: str, results: dict) -> str:
    """docs/performance.md with new tables between its markers."""
    blocks = {
        "SPEED": "".join(
            scale.markdown(headers, rows) + "\n"
            for _, headers, rows, _ in (
                speed_table(results),
                functions_table(results),
                invocation_table(results),
            )
        )
        + machine(results)
        + ".\n",
        "BARS": scale.markdown(*bars_table(results)[1:3]),
        "SCALE": scale.section(results),
    }
    return filled(PAGE.name, text, blocks)


def filled(page: str, text: str, blocks: dict[str, str]) -> str:
    """A page of docs/ with each block between its markers."""
    for name, block in blocks.items():
        begin, end = f"<!-- BEGIN {name} -->\n", f"<!-- END {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ToolError(
                f"docs/{page} should have one pair of the lines {begin.strip()} and {end}"
            )
        before, rest = text.split(begin)
        text = before + begin + block + end + rest.split(end)[1]
    return text


def load() -> dict[str, Any]:
    if not RESULTS.exists():
        raise ToolError(f"{RESULTS.relative_to(ROOT)} is missing; make it by: python3 benches")
    results = json.loads(RESULTS.read_text())
    if list(results["workloads"]) != WORKLOADS:
        raise ToolError(
            f"{RESULTS.relative_to(ROOT)} has not all workloads; make it by: python3 benches"
        )
    return results


def render(is_check: bool) -> int:
    """Writes report, chart and page from the results that are kept, or says which of them is
    stale."""
    results = load()
    wanted = {
        REPORT: report(results),
        CHART: svg(results),
        PAGE: page(PAGE.read_text(), results),
        WAYS: filled(WAYS.name, WAYS.read_text(), ways.blocks(results)),
    }
    stale = [file for file, text in wanted.items() if not file.exists() or file.read_text() != text]
    for file in stale:
        if is_check:
            console.say(
                console.bad(
                    f"{file.relative_to(ROOT)} is not what benches/results/speed.json says; run: "
                    "python3 benches --render"
                )
            )
        else:
            file.write_text(wanted[file])
    if not is_check:
        console.say(
            "\nwritten: benches/results, and the tables of docs/performance.md and docs/ways.md"
        )
    return 1 if is_check and stale else 0
