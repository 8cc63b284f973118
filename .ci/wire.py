#!/usr/bin/env python3
"""Runs the wire tests against the packages in dist/, as Lambda would run them, in place of what
cargo builds: tests/wire with bootstrap.zip, crates/dynalake-direct's with direct.zip.

    python3 .ci/wire.py x86_64
    python3 .ci/wire.py arm64      on x86_64 under qemu: whether it is right, not how fast
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT), str(ROOT / "python")]

import package as packaging  # noqa: E402
from dynalake_dev.machine import architecture  # noqa: E402

TESTS = {"bootstrap": ("dynalake", "wire"), "direct": ("dynalake-direct", "direct")}
# With the C library that Debian's cross compiler brings, for the program that is not static.
RUNNERS = {("x86_64", "arm64"): "qemu-aarch64-static -L /usr/aarch64-linux-gnu"}


def main(arch: str) -> int:
    own = architecture()
    if arch != own and (own, arch) not in RUNNERS:
        sys.exit(f".ci/wire.py: {own} has nothing to run {arch} with; choose {own}")
    for name, (package, test) in TESTS.items():
        zip_file = ROOT / "dist" / arch / f"{name}.zip"
        if not zip_file.is_file():
            sys.exit(f".ci/wire.py: {zip_file} is missing; run: python3 package.py --arch {arch}")
        program = ROOT / "target" / "ci" / "wire" / arch / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_bytes(packaging.check_zip(zip_file, arch, packaging.FUNCTIONS[name]))
        program.chmod(0o755)
        environment = os.environ | {
            "DYNALAKE_FUNCTION": str(program),
            "DYNALAKE_RUNNER": RUNNERS.get((own, arch), ""),
        }
        print(f"{zip_file.relative_to(ROOT)}, by {package}'s test `{test}`", flush=True)
        command = ["cargo", "test", "--locked", "--package", package, "--test", test]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in packaging.ARCHITECTURES:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
