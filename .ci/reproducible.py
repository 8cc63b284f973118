#!/usr/bin/env python3
"""Builds the package twice, in folders, target folders and environments of their own, and compares
the bytes.

python3 .ci/reproducible.py [ZIP]   ZIP, where given, must be the same too
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
    "benches",
    "terraform/metadata_columns.json",
]
# What may be set on a machine and must not matter.
NOISE = {
    "RUSTFLAGS": "-Ctarget-cpu=native -Cdebuginfo=2",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    "TZ": "Asia/Tokyo",
}


def build(folder: Path, noise: dict[str, str], umask: int) -> dict[str, str]:
    checkout = folder / "checkout"
    for name in SOURCES:
        source, copy = ROOT / name, checkout / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy)
        elif source.exists():
            shutil.copyfile(source, copy)
    environment = os.environ | noise | {"CARGO_TARGET_DIR": str(folder / "objects")}
    subprocess.run(
        [sys.executable, "package.py"], cwd=checkout, env=environment, umask=umask, check=True
    )
    shutil.rmtree(folder / "objects")
    return digests(checkout / "dist")


def digests(dist: Path) -> dict[str, str]:
    return {path.parent.name: digest(path) for path in dist.glob("*/bootstrap.zip")}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        built = [
            build(Path(first), {}, 0o022),
            build(Path(second) / "a folder of another length", NOISE, 0o077),
        ]
    if not built[0] or built[0] != built[1]:
        sys.exit(f"the same sources gave different packages: {built[0]} and {built[1]}")
    for path in map(Path, sys.argv[1:]):
        expected = built[0].get(path.resolve().parent.name)
        if digest(path) != expected:
            sys.exit(f"{path} is {digest(path)}; built elsewhere it is {expected}")
    same = 2 + (len(sys.argv) > 1)
    print(
        f"{same} builds, the same bytes: "
        f"{', '.join(f'{arch} {sha}' for arch, sha in built[0].items())}"
    )


if __name__ == "__main__":
    main()
