"""The chart of speeds, as SVG text: no background, and colours that can be read on a light page and
on a dark one."""

from __future__ import annotations

from html import escape

# A contrast above 4 on white and on GitHub's dark page.
TEXT, OURS, THEIRS, LOWER_BOUND = "#737b86", "#e8590c", "#9aa4b1", "#1c7ed6"
WIDTH, LABELS, VALUES = 760, 250, 60
BAR, GAP, HEADING, MARGIN = 14, 4, 30, 12


def svg(title: str, groups: list[tuple[str, list[tuple[str, float, str]]]]) -> str:
    """Bars in groups: each a label, a value and one of the kinds `ours`, `theirs`,
    `lower_bound`."""
    longest = max(value for _, bars in groups for _, value, _ in bars)
    scale = (WIDTH - LABELS - VALUES) / longest
    colours = {"ours": OURS, "theirs": THEIRS, "lower_bound": LOWER_BOUND}
    parts, y = [], MARGIN + 18
    parts.append(text(MARGIN, y, title, "start", "bold"))
    for name, bars in groups:
        y += HEADING
        parts.append(text(MARGIN, y, name, "start", "bold"))
        y += GAP
        for label, value, kind in bars:
            weight = "bold" if kind == "ours" else "normal"
            middle = y + BAR - 3
            parts.append(text(LABELS - 8, middle, label, "end", weight))
            width = max(value * scale, 1)
            # What is no transformation is drawn as an outline.
            fill = (
                f'fill="{colours[kind]}"'
                if kind != "lower_bound"
                else f'fill="none" stroke="{LOWER_BOUND}"'
            )
            parts.append(
                f'<rect x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" {fill}/>'
            )
            parts.append(text(LABELS + width + 6, middle, f"{value:.1f}×", "start", weight))
            y += BAR + GAP
    height = y + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13">\n<title>{escape(title)}</title>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def text(x: float, y: float, words: str, anchor: str, weight: str) -> str:
    place = f'x="{x:.1f}" y="{y}" fill="{TEXT}" text-anchor="{anchor}" font-weight="{weight}"'
    return f"<text {place}>{escape(words)}</text>"
