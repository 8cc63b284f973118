"""How many instructions ours takes, counted by valgrind's callgrind: the same on a busy machine as
on an idle one.

valgrind is a processor of its own kind to the programs it runs: on x86_64 it has AVX2 where the
machine has it, and never AVX-512. Libraries that choose by what the processor can do (base64,
memchr, UTF-8) choose by that, so a count is compared with one of the same kind only. Counts say
what a change did to the code, not how long it takes.
"""

from __future__ import annotations

import json
import re
import subprocess

from dynalake_dev import console, machine
from dynalake_dev.gate import SKIPPED
from dynalake_dev.process import ToolError

from . import building, measure

KEPT = building.BENCHES / "instructions.json"
# A change may cost so much more; one that saves more is worth new counts.
MOST_MORE, MOST_LESS = 0.02, 0.05
GROWTH_BAR = 1.3
RAW_BYTES = 300_000

CASES = {workload: (workload, "raw", RAW_BYTES) for workload in measure.WORKLOADS} | measure.GROWTH


def run(is_update: bool) -> int:
    machine.require("--instructions", ["rust", "valgrind"])
    timings: list = []
    building.WORK.mkdir(parents=True, exist_ok=True)
    with console.Stage("worker", timings) as stage:
        building.build_rust(stage.update, "worker")
    counts, sizes = {}, {}
    with console.Stage("instructions", timings) as stage:
        for done, (title, case) in enumerate(CASES.items()):
            stage.update(title, done, len(CASES))
            name = "count-" + measure.input_name(title)
            building.write_input(name, *case)
            sizes[title] = len(building.event_of(name))
            # The first event fills buffers, and makes the process start; the second costs what all
            # others do.
            once, twice = (
                callgrind("once", str(building.INPUTS), name, times) for times in ("1", "2")
            )
            counts[title] = twice - once
    kind = valgrind_kind()
    found = {
        "rustc": building.rustc_version(),
        "valgrind": valgrind("--version"),
        "instructions": counts,
    }
    all_kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept = all_kept.get(kind)
    show_counts(counts, sizes, kept)
    if is_update:
        KEPT.write_text(json.dumps(all_kept | {kind: found}, indent=2) + "\n")
        console.say(f"benches/instructions.json keeps these counts of {kind}")
        return 0
    problems = moved(counts, kept) + grown(counts, sizes)
    if problems and kept is not None:
        then, now = (f"rustc {each['rustc']} and {each['valgrind']}" for each in (kept, found))
        if then != now:
            problems.append(f"the kept counts are by {then}, these by {now}")
    for problem in problems:
        console.say(console.bad(problem))
    if any(problem.startswith("instructions") for problem in problems):
        console.say(
            "If that is meant, keep the new counts and say why in the commit: python3 benches "
            "--instructions --update"
        )
    if problems:
        return 1
    if kept is None:
        # Counts depend on what the processor can do, and a change of machines is no change of the
        # code.
        console.say(
            f"skipped: benches/instructions.json keeps no counts for {kind}; only growth was judged"
        )
        return SKIPPED
    return 0


def valgrind(*words: str) -> str:
    done = subprocess.run(["valgrind", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise ToolError(f"`valgrind {' '.join(words)}` failed:\n{done.stderr[-2000:]}")
    return (done.stdout + done.stderr).strip()


def callgrind(*words: str) -> int:
    said = valgrind(
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        str(building.program("worker")),
        *words,
    )
    return int(re.search(r"Collected : (\d+)", said)[1])


def valgrind_kind() -> str:
    """What kind of processor valgrind is to the worker."""
    return valgrind("--tool=none", "--quiet", str(building.program("worker")), "processor")


def show_counts(counts: dict[str, int], sizes: dict[str, int], kept: dict | None) -> None:
    before = kept["instructions"] if kept else {}
    rows = [
        [
            title,
            f"{sizes[title]:,}",
            f"{count:,}",
            f"{count / sizes[title]:.2f}",
            f"{count / before[title] - 1:+.1%}" if title in before else "",
        ]
        for title, count in counts.items()
    ]
    console.print_table(
        ["event", "bytes", "instructions", "per byte", "against what is kept"], rows, most=40
    )


def moved(counts: dict[str, int], kept: dict | None) -> list[str]:
    """What is more than 2 % above or 5 % below what is kept for this kind of machine, if anything
    is."""
    if kept is None:
        return []
    before = kept["instructions"]
    problems = []
    if before.keys() != counts.keys():
        problems.append(
            "instructions: benches/instructions.json keeps those of other events than are counted"
        )
    for title in before.keys() & counts.keys():
        change = counts[title] / before[title] - 1
        if not -MOST_LESS <= change <= MOST_MORE:
            limits = f"-{MOST_LESS:.0%} to +{MOST_MORE:.0%}"
            problems.append(f"instructions: {title} moved by {change:+.1%}, beyond {limits}")
    return sorted(problems)


def grown(counts: dict[str, int], sizes: dict[str, int]) -> list[str]:
    """Where a byte of a large event costs more than 1.3 times what one of a small event does."""
    titles = list(measure.GROWTH)
    problems = []
    for small, large in zip(titles[::2], titles[1::2], strict=True):
        ratio = (counts[large] / sizes[large]) / (counts[small] / sizes[small])
        console.say(
            f"a byte at {large} costs {ratio:.2f} times what it does at {small} (bar {GROWTH_BAR})"
        )
        if ratio > GROWTH_BAR:
            problems.append(
                f"growth: {large} cost {ratio:.2f} times as much a byte as {small}, bar "
                f"{GROWTH_BAR}"
            )
    return problems
