#!/usr/bin/env python3
"""Gathers what a release has: the packages and the command line in dist/, and their SHA-256.

    python3 .ci/release.py --out dist/release
    python3 .ci/release.py --tag v1.0.0 --notes notes.md
                              only rejects a tag that is not the version's, and writes what
                              CHANGELOG.md says of the version

The version is that of Cargo.toml. package.py has built them before, for each of --arch, by default
both.
"""

import argparse
import gzip
import hashlib
import io
import re
import shutil
import sys
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import package as packaging  # noqa: E402

DIST = ROOT / "dist"
SUMS = "SHA256SUMS"


class ReleaseError(Exception):
    """What is wrong, and what to do about it."""


def version() -> str:
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def check_tag(tag: str, of: str) -> None:
    if tag != f"v{of}":
        raise ReleaseError(
            f"--tag {tag}: Cargo.toml has the version {of}; tag v{of}, or set the version first"
        )


def notes(changelog: str, of: str) -> str:
    """What the changelog says of a version."""
    heading = rf"^## {re.escape(of)} - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)"
    found = re.search(heading, changelog, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ReleaseError(
            f"CHANGELOG.md has no heading for {of}; rename its heading Unreleased to the version "
            f"and the day, such as: ## {of} - 2026-12-01"
        )
    return found[1].strip() + "\n"


def gather(out: Path, of: str, archs: list[str]) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for arch in archs:
        gather_packages(out, of, arch)
        gather_command_line(out, of, arch)
    (out / SUMS).write_text(sums(out))
    print(sums(out), end="")


def gather_packages(out: Path, of: str, arch: str) -> None:
    for function in packaging.FUNCTIONS.values():
        built = built_file(function, arch)
        packaging.check_zip(built, arch, function)
        shutil.copyfile(built, out / f"dynalake-{of}-{function.name}-{arch}.zip")


def gather_command_line(out: Path, of: str, arch: str) -> None:
    program = built_file(packaging.COMMAND_LINE, arch).read_bytes()
    packaging.check_program(program, arch, packaging.COMMAND_LINE)
    name = f"dynalake-{of}-{arch}-linux"
    (out / f"{name}.tar.gz").write_bytes(archive(f"{name}/dynalake", program))


def built_file(function: packaging.Function, arch: str) -> Path:
    """What package.py made of a function or the command line."""
    built = DIST / arch / function.file
    if not built.is_file():
        named = "" if function.name in packaging.FUNCTIONS else f" --function {function.name}"
        raise ReleaseError(
            f"{arch}/{function.file} is missing in {DIST.name}; run: python3 package.py "
            f"--arch {arch}{named}"
        )
    return built


def archive(name: str, program: bytes) -> bytes:
    """A tar.gz with one program, without times, users or anything else of this machine."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as files:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(program), 0o755
        files.addfile(entry, io.BytesIO(program))
    return gzip.compress(tar.getvalue(), mtime=0)


def sums(out: Path) -> str:
    """A line for each file, as sha256sum writes and checks them."""
    files = sorted(file for file in out.iterdir() if file.name != SUMS)
    return "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="folder for the files; what is in it is removed")
    parser.add_argument("--tag", help="the tag that is released; v and the version")
    parser.add_argument("--notes", type=Path, help="file for what CHANGELOG.md says of the version")
    parser.add_argument("--arch", choices=packaging.ARCHITECTURES, action="append")
    arguments = parser.parse_args()
    try:
        of = version()
        if arguments.tag:
            check_tag(arguments.tag, of)
        if arguments.notes:
            arguments.notes.write_text(notes((ROOT / "CHANGELOG.md").read_text(), of))
        if arguments.out:
            gather(arguments.out, of, arguments.arch or list(packaging.ARCHITECTURES))
    except (ReleaseError, packaging.PackageError) as error:
        print(f".ci/release.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
