#!/usr/bin/env python3
"""Builds packages once more, in a folder, a target folder and an environment of its own, and
compares the bytes with packages that are there, for the architecture of each.

    python3 .ci/reproducible.py dist/ARCH/bootstrap.zip dist/ARCH/direct.zip
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


def build(folder: Path, function: str, arch: str) -> str:
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
    command = [sys.executable, "package.py", "--function", function, "--arch", arch]
    subprocess.run(command, cwd=checkout, env=environment, umask=0o077, check=True)
    return digest(checkout / "dist" / arch / f"{function}.zip")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[1:]:
        here = Path(name).resolve()
        function, arch = here.stem, here.parent.name
        with tempfile.TemporaryDirectory() as folder:
            elsewhere = build(Path(folder), function, arch)
        if digest(here) != elsewhere:
            sys.exit(f"{here} is {digest(here)}; built elsewhere it is {elsewhere}")
        print(f"built here and elsewhere, the same bytes: {function} {arch} {elsewhere}")


if __name__ == "__main__":
    main()
