#!/usr/bin/env python3
"""Runs the wire tests against the packages in dist/, as Lambda would run them, in place of what
cargo builds: tests/wire with bootstrap.zip, crates/dynalake-direct's with direct.zip.

    python3 .ci/wire.py x86_64
    python3 .ci/wire.py arm64      on x86_64 under qemu: whether it is right, not how fast. The
                                   core's own tests too: it has code for NEON
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
# The loader of arm64's C library, where Debian has that library itself.
ARM64_LOADER = Path("/lib/ld-linux-aarch64.so.1")


def runner(own: str, arch: str) -> str:
    """What runs a program of another architecture."""
    if arch == own:
        return ""
    if (own, arch) != ("x86_64", "arm64"):
        sys.exit(f".ci/wire.py: {own} has nothing to run {arch} with; choose {own}")
    # Else the C library that comes with the cross compiler. Never both: with the loader of one and
    # the library of the other, a program hangs when it starts a thread.
    library = "" if ARM64_LOADER.exists() else " -L /usr/aarch64-linux-gnu"
    return f"qemu-aarch64-static{library}"


def core(arch: str, run_by: str) -> None:
    """The core's own tests, by the compiler that builds this architecture."""
    rust, target = packaging.choose_rust(arch, packaging.FUNCTIONS["direct"], packaging.hosts())
    variable = f"CARGO_TARGET_{target.upper().replace('-', '_')}"
    environment = os.environ | {
        "RUSTC": rust["program"],
        f"{variable}_LINKER": packaging.cross_compiler(target),
        f"{variable}_RUNNER": run_by,
    }
    print(f"the core's tests for {target}", flush=True)
    command = ["cargo", "test", "--locked", "--package", "dynalake", "--lib", "--test", "fixtures"]
    subprocess.run([*command, "--target", target], cwd=ROOT, env=environment, check=True)


def main(arch: str) -> int:
    # The harness has these names too; else it would test what cargo builds.
    harness = (ROOT / "tests" / "support" / "runtime_api.rs").read_text()
    for variable in ("DYNALAKE_FUNCTION", "DYNALAKE_RUNNER"):
        if f'"{variable}"' not in harness:
            sys.exit(f".ci/wire.py: tests/support/runtime_api.rs does not know {variable}")
    own = architecture()
    run_by = runner(own, arch)
    if run_by:
        core(arch, run_by)
    for name, (package, test) in TESTS.items():
        zip_file = ROOT / "dist" / arch / f"{name}.zip"
        if not zip_file.is_file():
            sys.exit(f".ci/wire.py: {zip_file} is missing; run: python3 package.py --arch {arch}")
        program = ROOT / "target" / "ci" / "wire" / arch / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_bytes(packaging.check_zip(zip_file, arch, packaging.FUNCTIONS[name]))
        program.chmod(0o755)
        environment = os.environ | {"DYNALAKE_FUNCTION": str(program), "DYNALAKE_RUNNER": run_by}
        print(f"{zip_file.relative_to(ROOT)}, by {package}'s test `{test}`", flush=True)
        command = ["cargo", "test", "--locked", "--package", package, "--test", test]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in packaging.ARCHITECTURES:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
