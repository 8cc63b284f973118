#!/usr/bin/env python3
"""Finds broken links in the Markdown files, and pages that other files name and that don't exist.

    python3 .ci/check_docs.py

- Each relative link has to lead to a file or folder of the repository, and its #anchor to a
  heading, by GitHub's rules.
- A page under docs/ that is named anywhere else (an alarm, a comment in SQL, a message) has to
  exist too, and so has the heading that is named with it.
- The runbook has to name each code by which a record fails (src/failure.rs).

Links to other sites are not followed.
"""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
RUNBOOK = "docs/operations/runbook.md"

FENCE = re.compile(r"^ *(```+|~~~+)")
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
HEADING = re.compile(r"^ {0,3}#{1,6} +(.+?)(?: +#+)? *$")
LINK = re.compile(
    r"""\[ (?: [^\[\]] | !? \[ [^\[\]]* \] (?: \( [^()]* \) )? )* \]  # [text [x]]
        \( \s* <? ( [^()<>\s]* (?: \( [^()]* \) [^()<>\s]* )* ) >?  # (target(x)
        (?: \s+ "[^"]*" )? \s* \)  # "title")""",
    re.VERBOSE,
)
IMAGE = re.compile(r"!\[[^\]]*\]\(([^()\s]+)[^()]*\)")
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]: *<?(\S+?)>?(?: .*)?$", re.MULTILINE)
OTHER_SITE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
MENTION = re.compile(r"\bdocs/[a-z0-9_/-]+\.md(?:#[a-z0-9_-]+)?")


def tracked(root: Path) -> list[str]:
    """The files that Git knows, and new ones that it doesn't ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    return sorted({name for name in done.stdout.split("\0") if name and (root / name).is_file()})


def without_fences(text: str) -> str:
    """The text with an empty line in place of each line of a fenced code block."""
    lines, fence = [], ""
    for line in text.split("\n"):
        found = FENCE.match(line)
        if fence:
            fence = "" if found and found[1].startswith(fence) else fence
            lines.append("")
        elif found:
            fence = found[1]
            lines.append("")
        else:
            lines.append(line)
    return "\n".join(lines)


def anchors(text: str) -> set[str]:
    """What GitHub makes of the headings: a second heading of one text gets -1, a third -2."""
    found: set[str] = set()
    for line in without_fences(text).split("\n"):
        heading = HEADING.match(line)
        if not heading:
            continue
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number, name = 0, slug
        while name in found:
            number += 1
            name = f"{slug}-{number}"
        found.add(name)
    return found


def links(text: str) -> list[str]:
    prose = CODE.sub("", without_fences(text))
    # Images by themselves too, as one may be the text of a link.
    return [found[1] for form in (IMAGE, LINK, DEFINITION) for found in form.finditer(prose)]


def check_links(root: Path) -> tuple[int, list[str]]:
    """How many links and mentions were looked at, and what is wrong with which."""
    files = tracked(root)
    folders = {str(parent) for name in files for parent in Path(name).parents}
    headings = {name: anchors((root / name).read_text()) for name in files if name.endswith(".md")}
    count, wrong = 0, []

    def check(place: str, said: str, path: str, anchor: str) -> None:
        nonlocal count
        count += 1
        if path not in files and path not in folders:
            wrong.append(f"{place}: {said}: there is no {path}")
        elif anchor and anchor not in headings.get(path, set()):
            wrong.append(f"{place}: {said}: {path} has no heading #{anchor}")

    for name in files:
        if name.endswith(".md"):
            for target in dict.fromkeys(links((root / name).read_text())):
                if OTHER_SITE.match(target):
                    continue
                path, _, anchor = unquote(target).partition("#")
                if path.startswith("/"):
                    wrong.append(f"{name}: {target}: write it from the file's own folder")
                    continue
                place = (root / name).parent.joinpath(path).resolve() if path else root / name
                if not place.is_relative_to(root):
                    wrong.append(f"{name}: {target}: leads out of the repository")
                    continue
                check(name, target, str(place.relative_to(root)), anchor)
        elif not name.startswith(".ci/"):
            try:
                text = (root / name).read_text()
            except UnicodeDecodeError:
                continue
            for said in dict.fromkeys(found[0] for found in MENTION.finditer(text)):
                check(name, said, *said.partition("#")[::2])
    return count, wrong


def missing_codes(root: Path) -> list[str]:
    """Codes of failed records that the runbook doesn't name."""
    source = (root / "src" / "failure.rs").read_text()
    # Of `fn code` alone, up to the brace that ends it: other functions have texts too.
    body = re.search(r"^( *)pub fn code\(.*?^\1}$", source, re.DOTALL | re.MULTILINE)
    codes = re.findall(r'=> "([a-z0-9_]+)"', body[0] if body else "")
    if len(codes) < 5:
        return [f"src/failure.rs: only {len(codes)} codes were found; is their form another?"]
    runbook = (root / RUNBOOK).read_text()
    missing = [code for code in codes if f"`{code}`" not in runbook]
    return [f"{RUNBOOK}: names no code `{code}` (src/failure.rs)" for code in missing]


def main() -> int:
    count, wrong = check_links(ROOT)
    wrong += missing_codes(ROOT)
    if wrong:
        print("\n".join(wrong))
        return 1
    print(f"{count} links and mentions of pages, none broken")
    print("the runbook names each code by which a record fails")
    return 0


if __name__ == "__main__":
    sys.exit(main())
