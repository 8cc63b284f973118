#!/usr/bin/env python3
"""Writes the tables of inputs and outputs in the READMEs of the Terraform modules, from the modules
themselves.

    python3 .ci/module_docs.py            writes them
    python3 .ci/module_docs.py --check    fails where one is not what the module says

A README has the tables between the lines `<!-- BEGIN TABLES -->` and `<!-- END TABLES -->`. Its
folder is the module.
"""

import json
import re
import sys
from pathlib import Path

import hcl2  # comes with checkov

ROOT = Path(__file__).resolve().parent.parent
TABLES = re.compile(r"(<!-- BEGIN TABLES -->\n).*?(<!-- END TABLES -->)", re.DOTALL)


def blocks(folder: Path, kind: str) -> list[tuple[str, dict]]:
    """The module's variables or outputs, in the order of the file."""
    with open(folder / f"{kind}s.tf") as file:
        return [
            (name, body) for block in hcl2.load(file).get(kind, []) for name, body in block.items()
        ]


def plain(value: object) -> str:
    """An HCL expression as it is written, on one line: without the parser's ${…}, quotes and
    backslashes around each part."""
    text = value if isinstance(value, str) else json.dumps(value)
    text = text.replace("\\", "").replace("'", "").replace('"${', "${")
    written, opened, at = [], [], 0
    while at < len(text):
        if text.startswith("${", at):
            opened.append("")
            at += 2
            continue
        if text[at] == "{":
            opened.append("}")
        if text[at] == "}":
            closing = opened.pop()
            written.append(closing)
            # The parser's quote after its own closing brace.
            at += 2 if closing == "" and text.startswith('}"', at) else 1
            continue
        written.append(text[at])
        at += 1
    text = re.sub(r"(\w+): ", r"\1 = ", "".join(written))
    return re.sub(r",(?=\S)", ", ", text).replace("True", "true").replace("False", "false")


def cell(text: str) -> str:
    # The parser leaves quotes within a text escaped. A line break would end the table.
    text = text.replace('\\"', '"').replace("|", "\\|").replace("<", "&lt;")
    return text.strip().replace("\n", "<br>")


def tables(folder: Path) -> str:
    lines = ["| input | type | default | meaning |", "|---|---|---|---|"]
    for name, body in blocks(folder, "variable"):
        default = "required"
        if "default" in body:
            value = body["default"][0]
            default = f"`{plain(value) if str(value).startswith('${') else json.dumps(value)}`"
        lines.append(
            f"| `{name}` | `{plain(body['type'][0])}` | {default} | {cell(body['description'][0])} "
            "|"
        )
    lines += ["", "| output | value |", "|---|---|"]
    for name, body in blocks(folder, "output"):
        lines.append(f"| `{name}` | {cell(body['description'][0])} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    check = sys.argv[1:] == ["--check"]
    stale, written = [], 0
    modules = sorted((ROOT / "terraform").glob("modules/*/README.md"))
    for readme in [ROOT / "terraform" / "README.md", *modules]:
        text = readme.read_text()

        def fill(found: re.Match, folder: Path = readme.parent) -> str:
            return found[1] + tables(folder) + found[2]

        new, count = TABLES.subn(fill, text)
        if count != 1:
            stale.append(
                f"{readme.relative_to(ROOT)} should have one pair of BEGIN TABLES and END TABLES"
            )
        elif new != text and check:
            stale.append(
                f"{readme.relative_to(ROOT)} is not what its module says; run: python3 "
                ".ci/module_docs.py"
            )
        elif new != text:
            readme.write_text(new)
        written += 1
    print("\n".join(stale) if stale else f"{written} READMEs say what their modules say")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
