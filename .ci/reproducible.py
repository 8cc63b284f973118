#!/usr/bin/env python3
"""Builds packages, or the command line, once more, in a folder, a target folder and an environment
of its own, and compares the bytes with what is there, for the architecture of each.

    python3 .ci/reproducible.py dist/ARCH/bootstrap.zip dist/ARCH/direct.zip
    python3 .ci/reproducible.py dist/ARCH/dynalake
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [
    "Cargo.toml",
    "Cargo.lock",
    "package.py",
    "src",
    "crates",
    "benches",
    "terraform/metadata_columns.json",
]
# What may be set on a machine and must not matter.
NOISE = {
    "RUSTFLAGS": "-Ctarget-cpu=native -Cdebuginfo=2",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    "TZ": "Asia/Tokyo",
}


def build(folder: Path, name: str, arch: str) -> str:
    """The digest of the file of this name that the sources give in another place."""
    checkout = folder / "a folder of another length" / "checkout"
    for part in SOURCES:
        source, copy = ROOT / part, checkout / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("target"))
        elif source.exists():
            shutil.copyfile(source, copy)
    environment = os.environ | NOISE | {"CARGO_TARGET_DIR": str(folder / "objects")}
    command = [sys.executable, "package.py", "--function", Path(name).stem, "--arch", arch]
    subprocess.run(command, cwd=checkout, env=environment, umask=0o077, check=True)
    return digest(checkout / "dist" / arch / name)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[1:]:
        here = Path(name).resolve()
        arch = here.parent.name
        with tempfile.TemporaryDirectory() as folder:
            elsewhere = build(Path(folder), here.name, arch)
        if digest(here) != elsewhere:
            sys.exit(f"{here} is {digest(here)}; built elsewhere it is {elsewhere}")
        print(f"built here and elsewhere, the same bytes: {here.stem} {arch} {elsewhere}")


if __name__ == "__main__":
    main()
