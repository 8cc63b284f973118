#!/usr/bin/env python3
"""Builds the package once more, in a folder, a target folder and an environment of its own, and
compares the bytes with a package that is there, for that package's architecture.

    python3 .ci/reproducible.py dist/ARCH/bootstrap.zip
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


def build(folder: Path, arch: str) -> str:
    """The digest of the package that the sources give in another place."""
    checkout = folder / "a folder of another length" / "checkout"
    for name in SOURCES:
        source, copy = ROOT / name, checkout / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("target"))
        elif source.exists():
            shutil.copyfile(source, copy)
    environment = os.environ | NOISE | {"CARGO_TARGET_DIR": str(folder / "objects")}
    command = [sys.executable, "package.py", "--arch", arch]
    subprocess.run(command, cwd=checkout, env=environment, umask=0o077, check=True)
    return digest(checkout / "dist" / arch / "bootstrap.zip")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    here = Path(sys.argv[1]).resolve()
    arch = here.parent.name
    with tempfile.TemporaryDirectory() as folder:
        elsewhere = build(Path(folder), arch)
    if digest(here) != elsewhere:
        sys.exit(f"{here} is {digest(here)}; built elsewhere it is {elsewhere}")
    print(f"built here and elsewhere, the same bytes: {arch} {elsewhere}")


if __name__ == "__main__":
    main()
