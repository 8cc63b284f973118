"""What a program prints: stages with their time and progress, tables as wide as the terminal."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
import unicodedata
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Any

IS_TERMINAL = sys.stdout.isatty()
HAS_COLOUR = IS_TERMINAL and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
# Without a terminal, how often a long stage says where it is.
QUIET_SECONDS = 10.0
# A column that is cut is never narrower.
NARROWEST = 16


def width() -> int:
    return max(40, shutil.get_terminal_size((100, 24)).columns)


def paint(text: str, code: str) -> str:
    return f"\033[{code}m{text}\033[0m" if HAS_COLOUR else text


def bold(text: str) -> str:
    return paint(text, "1")


def dim(text: str) -> str:
    return paint(text, "2")


def good(text: str) -> str:
    return paint(text, "32")


def bad(text: str) -> str:
    return paint(text, "31")


def say(text: str = "") -> None:
    print(text, flush=True)


def heading(text: str) -> None:
    say("\n" + bold(text))


# ---- stages

# Each stage that has ended, with its seconds.
Timings = list[tuple[str, float]]


class Stage:
    """One step with its time. On a terminal a line that moves, elsewhere a line now and then."""

    def __init__(self, title: str, timings: Timings) -> None:
        self.title, self.timings = title, timings
        self._detail, self._done, self._total = "", 0, 0
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self.result = ""

    def __enter__(self) -> Stage:
        self._began = time.monotonic()
        if not IS_TERMINAL:
            say(f"… {self.title}")
        self._ticker.start()
        return self

    def __exit__(self, kind: type | None, error: Any, trace: Any) -> None:
        self._stop.set()
        self._ticker.join()
        seconds = time.monotonic() - self._began
        if IS_TERMINAL:
            sys.stdout.write("\r\033[K")
        mark = good("✓") if kind is None else bad("✗")
        text = clip(
            self.title + (": " + self.result if self.result and kind is None else ""), width() - 12
        )
        say(f"{mark} {pad(text, width() - 12)}{seconds:>8.1f} s")
        if kind is None:
            self.timings.append((self.title, seconds))

    def update(self, detail: str = "", done: int = 0, total: int = 0) -> None:
        self._detail, self._done, self._total = detail, done, total

    def _tick(self) -> None:
        frame, said = 0, time.monotonic()
        while not self._stop.wait(0.1 if IS_TERMINAL else 0.5):
            elapsed = time.monotonic() - self._began
            if IS_TERMINAL:
                frame += 1
                line = f"{FRAMES[frame % len(FRAMES)]} {self.title} {self._progress()}"
                sys.stdout.write(
                    "\r\033[K"
                    + pad(clip(line, width() - 10), width() - 10)
                    + dim(f"{elapsed:>6.0f} s")
                )
                sys.stdout.flush()
            elif time.monotonic() - said >= QUIET_SECONDS:
                said = time.monotonic()
                say(f"    {elapsed:>4.0f} s  {self._progress()}")

    def _progress(self) -> str:
        if not self._total:
            return self._detail
        counts = f"{self._done:,} of {self._total:,}"
        if not IS_TERMINAL:
            return " ".join([counts, self._detail])
        size = 24
        full = min(size, size * self._done // self._total)
        return "{}{} {} {}".format("█" * full, "░" * (size - full), counts, self._detail)


# ---- comparisons


class Checks:
    """Comparisons, each said in a line: equal, or with the first differences."""

    def __init__(self, most_shown: int = 5) -> None:
        self.found: list[str] = []
        self.most_shown = most_shown

    def __call__(self, title: str, differences: Sequence[str], equal: str) -> None:
        self.found.extend(differences)
        if differences:
            equal = f"{len(differences):,} differences\n{self._first(differences)}"
        say(f"{'✗' if differences else '✓'} {title}: {equal}")

    def _first(self, differences: Sequence[str]) -> str:
        lines = ["  " + line for line in differences[: self.most_shown]]
        if len(differences) > self.most_shown:
            lines.append(f"  and {len(differences) - self.most_shown:,} more")
        return "\n".join(lines)


# ---- tables


def cells(text: str) -> int:
    """How many columns of the terminal a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def clip(text: str, most: int) -> str:
    if cells(text) <= most:
        return text
    while text and cells(text) > most - 1:
        text = text[:-1]
    return text + "…"


def pad(text: str, size: int) -> str:
    return text + " " * (size - cells(text))


def one_line(value: Any) -> str:
    """A cell's text; white space and control characters would break the table."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        # Plain digits; what only fills up the column's scale says nothing.
        value = format(value.normalize(Context(prec=76)), "f")
    text = value if isinstance(value, str) else str(value)
    return "".join(c if c.isprintable() else "␤" if c == "\n" else " " for c in text)


def table(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], most: int | None = None
) -> list[str]:
    """A table that fits the terminal: wide cells are cut, and columns that find no room are named
    below."""
    texts = [[one_line(value) for value in row] for row in rows]
    wanted = [
        max([cells(header)] + [cells(row[i]) for row in texts]) for i, header in enumerate(headers)
    ]
    sizes = [min(most or width() // 3, size) for size in wanted]
    room, shown = width() - 1, 0
    for i, size in enumerate(sizes):
        # A column that is only cut short by the edge is better than none.
        sizes[i] = min(size, max(room - 3, 0))
        if sizes[i] < min(size, NARROWEST):
            break
        room -= sizes[i] + 3
        shown += 1
    # What is left goes to the cells that were cut.
    for i in range(shown):
        more = min(room, wanted[i] - sizes[i])
        sizes[i] += more
        room -= more

    def line(values: Sequence[str]) -> str:
        shown_values = zip(values[:shown], sizes[:shown], strict=True)
        return "│" + "│".join(f" {pad(clip(v, s), s)} " for v, s in shown_values) + "│"

    def rule(left: str, middle: str, right: str, fill: str) -> str:
        return left + middle.join(fill * (size + 2) for size in sizes[:shown]) + right

    lines = [rule("┌", "┬", "┐", "─"), line(headers), rule("╞", "╪", "╡", "═")]
    lines += [line(row) for row in texts]
    lines.append(rule("└", "┴", "┘", "─"))
    if shown < len(headers):
        lines.append(dim(clip("  and {}".format(", ".join(headers[shown:])), width())))
    return lines


def print_table(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], most: int | None = None
) -> None:
    say("\n".join(table(headers, rows, most)))
