#!/usr/bin/env python3
"""Builds dist/<arch>/bootstrap.zip and dist/<arch>/direct.zip for AWS Lambda's provided.al2023, or
the command line dist/<arch>/dynalake for the Spark job's executors, and checks what it built.

    python3 package.py                  both functions, for every architecture whose Rust target is
                                        installed
    python3 package.py --arch arm64     that one, or the command that installs its target
    python3 package.py --arch arm64 --install
                                        that one; before it, as root on Debian, installs what an
                                        x86_64 machine lacks to build it
    python3 package.py --function direct
                                        that function alone
    python3 package.py --function dynalake
                        the command line alone, which is built only if it is named
    python3 package.py --schema orders.schema.json
                                        with a schema file in it, for DYNALAKE_SCHEMA=@PATH
    python3 package.py --package bootstrap.zip --schema orders.schema.json
                                        the schema file into that zip; needs no Rust

`bootstrap` is the function that Firehose calls, `direct` the one that a stream calls; in both zips
the program is called `bootstrap`. The same sources and the same Rust give the same bytes, wherever
they are and whoever builds: paths are mapped to fixed names, flags from outside do not count, and
the zip has fixed times and permissions. It is stored, not compressed: deflate's output depends on
the zlib of the machine.

With --schema it also holds one schema file, for a schema that the 4 KB of a function's environment
don't hold. One file is there as it is, under its own name: DYNALAKE_SCHEMA=@orders.schema.json.
Several are for the direct function, and are there as one JSON list, as schemas.json. A schema that
was in the zip before is replaced. Each is checked by `dynalake check` if that program is built or
on the PATH (DYNALAKE_PROGRAM names another), else only as JSON.

`bootstrap` is linked statically: it asks nothing of the machine that it runs on. A musl target goes
before a gnu one, as it brings its own C library and linker and so can be built for either
architecture on any machine. The gnu target links the C library of the machine it is built on, and
for another architecture that of its cross compiler, such as Debian's gcc-aarch64-linux-gnu. Its
bytes are the same only where that library is the same.

`direct` is linked dynamically, to the C library of provided.al2023: it looks up S3's address, and
in a static program the GNU C library may load parts of another version of itself for that. It is
checked to need no newer library than is there. So it has gnu targets only.

`dynalake` is not a function, and not in a zip: it is the program that the Spark job starts, and the
command line of a release. It is linked and checked as `direct` is: AWS Glue 5.1 is Amazon Linux
2023 too, with the same C library. It takes no --schema; the job gets its own.

Rust is the one on the PATH, and cargo always is. Where it lacks a target, Debian's Rust is used:
rustc-web, the newest that its stable release has, with libstd-rust-web-dev for each architecture.
The two are of different versions, so x86_64 and arm64 may be built by two compilers.
"""

import argparse
import functools
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent
# The name in the packages of the program.
PROGRAM = "bootstrap"
# The name in the package of several schemas in one list.
SCHEMAS = "schemas.json"


@dataclass(frozen=True)
class Function:
    """A function, or another program: how it is built, and what may come of it."""

    # Of the binary, and of what is made of it.
    name: str
    package: str
    features: tuple[str, ...]
    is_static: bool
    max_bytes: int
    # Else the program itself is what is made.
    is_zipped: bool = True

    @property
    def file(self) -> str:
        """The name of what is made."""
        return f"{self.name}.zip" if self.is_zipped else self.name


FUNCTIONS = {
    function.name: function
    for function in (
        Function(
            "bootstrap",
            "dynalake",
            ("--no-default-features", "--features", "lambda"),
            True,
            3_000_000,
        ),
        Function("direct", "dynalake-direct", (), False, 6_000_000),
    )
}
BOOTSTRAP = FUNCTIONS["bootstrap"]
COMMAND_LINE = Function("dynalake", "dynalake-cli", (), False, 30_000_000, is_zipped=False)
# All that can be named.
PROGRAMS = FUNCTIONS | {COMMAND_LINE.name: COMMAND_LINE}

# Lambda's names of architectures, the machine in an ELF header, and Rust targets in order of
# preference.
ARCHITECTURES = {
    "x86_64": (62, ["x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"]),
    "arm64": (183, ["aarch64-unknown-linux-musl", "aarch64-unknown-linux-gnu"]),
}

# The GNU C library of Amazon Linux 2023, which provided.al2023 and AWS Glue 5.1 are, and what of it
# and of GCC a program may ask for (https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html).
GLIBC = (2, 34)
LIBRARIES = (
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
)


# Debian's Rust, if it is installed beside another, and what of Debian builds arm64 on x86_64: Rust
# with its library for both (one for build scripts), and a C compiler with its library.
DEBIAN_RUSTC = "/usr/bin/rustc"
DEBIAN_FOREIGN = "arm64"
DEBIAN_PACKAGES = (
    "rustc-web",
    "libstd-rust-web-dev",
    "libstd-rust-web-dev:arm64",
    "gcc-aarch64-linux-gnu",
    "libc6-dev-arm64-cross",
)


class PackageError(Exception):
    """What is wrong, and what to do about it."""


def output_of(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    except FileNotFoundError:
        raise PackageError(
            f"{command[0]} is not installed; install Rust from https://rustup.rs"
        ) from None
    if done.returncode != 0:
        raise PackageError(f"`{' '.join(command)}` failed; its message is above")
    return done.stdout


# ---- building


def host(rustc: str = "rustc") -> dict[str, str]:
    """What a Rust compiler says of itself, and under "program" its name."""
    lines = output_of(rustc, "--version", "--verbose").splitlines()
    return {"program": rustc} | dict(line.split(": ", 1) for line in lines if ": " in line)


def hosts() -> list[dict[str, str]]:
    """The Rust compilers of this machine, in order of preference."""
    own = [host()] if shutil.which("rustc") or not os.access(DEBIAN_RUSTC, os.X_OK) else []
    if os.access(DEBIAN_RUSTC, os.X_OK) and shutil.which("rustc") != DEBIAN_RUSTC:
        own.append(host(DEBIAN_RUSTC))
    return own


def is_installed(target: str, rustc: str = "rustc") -> bool:
    libraries = Path(output_of(rustc, "--print", "target-libdir", "--target", target).strip())
    return any(libraries.glob("libstd-*.rlib"))


def targets(arch: str, function: Function = BOOTSTRAP) -> list[str]:
    """The targets of an architecture that do for a function, in order of preference."""
    return [
        target for target in ARCHITECTURES[arch][1] if function.is_static or target.endswith("-gnu")
    ]


def cross_compiler(target: str) -> str:
    """The C compiler for another machine's gnu target, as Debian and others call it."""
    return target.replace("-unknown", "") + "-gcc"


def choose_target(
    arch: str,
    host_target: str,
    installed: Callable[[str], bool] = is_installed,
    function: Function = BOOTSTRAP,
) -> str:
    """The first target of an architecture that can be built here."""
    possible = targets(arch, function)
    for target in possible:
        is_own = target.endswith("-musl") or target == host_target
        if (is_own or shutil.which(cross_compiler(target))) and installed(target):
            return target
    fix = f"run: rustup target add {possible[0]}"
    if not function.is_static and possible[0] != host_target:
        fix = f"{fix}, and install {cross_compiler(possible[0])}"
    if can_be_cross_built_on_debian(arch, host_target):
        fix = f"{fix}; or, as root on Debian: python3 package.py --arch {arch} --install"
    raise PackageError(
        f"no Rust target for {arch} is installed that {function.name} can use; {fix}"
    )


def can_be_cross_built_on_debian(arch: str, host_target: str) -> bool:
    return arch == DEBIAN_FOREIGN and host_target.startswith("x86_64-unknown-linux-")


def choose_rust(
    arch: str, function: Function, rusts: list[dict[str, str]]
) -> tuple[dict[str, str], str]:
    """The first Rust that can build a function for an architecture, and its target."""
    reasons = []
    for rust in rusts:
        installed = functools.partial(is_installed, rustc=rust["program"])
        try:
            return rust, choose_target(arch, rust["host"], installed, function)
        except PackageError as error:
            reasons.append(error)
    raise reasons[0]


def is_debian() -> bool:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return False
    return "ID=debian" in lines


def install_from_debian() -> None:
    """Installs what builds arm64 on x86_64."""
    commands = [
        ["dpkg", "--add-architecture", DEBIAN_FOREIGN],
        ["apt-get", "update", "--quiet=2"],
        ["apt-get", "install", "--quiet=2", "--yes", "--no-install-recommends", *DEBIAN_PACKAGES],
    ]
    # Of others that have apt-get, Ubuntu's servers for x86_64 have no packages for arm64.
    if os.geteuid() != 0 or shutil.which("apt-get") is None or not is_debian():
        said = " && ".join(" ".join(command) for command in commands)
        raise PackageError(f"--install needs Debian and root; on Debian, run as root: {said}")
    for command in commands:
        print(" ".join(command), flush=True)
        if subprocess.run(
            command, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        ).returncode:
            raise PackageError(f"`{' '.join(command)}` failed; its message is above")


def code_flags(target: str, host_target: str, function: Function = BOOTSTRAP) -> list[str]:
    """What the compiler is told beyond the profile; the benches build by it too."""
    static = ["-Ctarget-feature=+crt-static"] * function.is_static
    if target.endswith("-musl"):
        return [*static, "-Clinker=rust-lld"]
    return static + [f"-Clinker={cross_compiler(target)}"] * (target != host_target)


def build(function: Function, target: str, rust: dict[str, str]) -> tuple[Path, list[str]]:
    """Builds a function; returns its program, and the folders of which that must know nothing."""
    selection = ["--locked", *function.features]
    package = ["--package", function.package]
    metadata = json.loads(
        output_of(
            "cargo", "metadata", "--format-version=1", "--filter-platform", target, "--locked"
        )
    )
    # The folder of a registry's sources shows which registry it was, so each such folder gets one
    # name.
    sources = {
        str(Path(package["manifest_path"]).parent.parent)
        for package in metadata["packages"]
        if package["source"] is not None
    }
    # Not the sysroot itself: Debian's is /usr, which programs name in other ways too.
    rustlib = output_of(rust["program"], "--print", "sysroot").strip() + "/lib/rustlib"
    home = os.environ.get("CARGO_HOME") or str(Path.home() / ".cargo")
    # Of two that fit, the compiler takes the last.
    paths = [
        (home, "/cargo"),
        (str(ROOT), "/dynalake"),
        (metadata["target_directory"], "/target"),
        *((source, "/crates") for source in sorted(sources)),
        (rustlib, "/rust/lib/rustlib"),
        # The standard library's own name for itself, where its sources are installed too.
        (f"{rustlib}/src/rust", f"/rustc/{rust['commit-hash']}"),
    ]
    flags = [f"--remap-path-prefix={path}={name}" for path, name in paths]
    flags += code_flags(target, rust["host"], function)
    outside = ("CARGO_PROFILE_RELEASE_", "CARGO_TARGET_" + target.upper().replace("-", "_"))
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS") and not name.startswith(outside)
    }
    environment |= {
        "RUSTC": rust["program"],
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "CARGO_INCREMENTAL": "0",
        # const-random, a package that reqsign needs, takes its numbers from this.
        "CONST_RANDOM_SEED": "dynalake",
    }
    # By name: a build of the whole workspace would mix the features of its packages.
    command = [
        "cargo",
        "build",
        "--release",
        *selection,
        *package,
        "--bin",
        function.name,
        "--target",
        target,
    ]
    if not function.is_static:
        # With other flags for the same target, each build would undo the other's.
        command += ["--target-dir", f"{metadata['target_directory']}/dynamic"]
    print(f"{target}: {' '.join(command)}", flush=True)
    done = subprocess.run(
        [*command, "--message-format=json-render-diagnostics"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        musl = target.replace("-gnu", "-musl")
        hint = f"; if the linker lacks the static C library, run: rustup target add {musl}"
        has_hint = function.is_static and target.endswith("-gnu")
        raise PackageError(f"cargo build failed, see above{hint if has_hint else ''}")
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == function.name:
            return Path(message["executable"]), [path for path, _ in paths]
    raise PackageError(
        f"cargo build made no executable `{function.name}`; see [[bin]] of {function.package}"
    )


def build_checked(function: Function, arch: str, target: str, rust: dict[str, str]) -> bytes:
    """Builds a function; returns its program, checked."""
    executable, paths = build(function, target, rust)
    program = executable.read_bytes()
    check_program(program, arch, function)
    check_paths(program, paths, function.name)
    return program


def write_program(program: bytes, path: Path) -> None:
    """Writes a program that needs no package."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_bytes(program)
    unfinished.chmod(0o755)
    unfinished.replace(path)


def write_zip(program: bytes, path: Path, schema: tuple[str, bytes] | None = None) -> None:
    """Writes a package: the program, and a schema file by its name there and its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".zip.new")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zip_entry(PROGRAM, 0o100755), program)
        if schema is not None:
            name, content = schema
            entry = zip_entry(name, 0o100644)
            entry.extra = aligned(archive.start_dir + 30 + len(name.encode()))
            archive.writestr(entry, content)
    unfinished.replace(path)


def zip_entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, so that the mode counts
    entry.external_attr = mode << 16
    return entry


def aligned(at: int) -> bytes:
    """The extra field of a zip's entry that lets the entry's bytes begin at a multiple of three,
    if the field itself begins at `at`. Terraform can read a zip as base64 only: the schema's own
    base64 is then found in it. The field is that of Android's zipalign."""
    padding = -(at + 6) % 3
    return struct.pack("<HHH", 0xD935, 2 + padding, 3) + bytes(padding)


# ---- schemas


def read_schemas(paths: list[Path]) -> tuple[str, bytes]:
    """The name in the package, and the content, of one schema file or of several."""
    program = command_line()
    tables: dict[str, Path] = {}
    contents = []
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise PackageError(f"can't read the schema {path}: {error.strerror}") from None
        schema = read_schema(path, content)
        if program is not None:
            done = subprocess.run([program, "check", path], capture_output=True, text=True)
            if done.returncode != 0:
                raise PackageError(f"{path} is rejected by {program} check:\n{done.stderr.strip()}")
        name = lake_name(schema)
        if name in tables:
            raise PackageError(
                f'{tables[name]} and {path} both make the table "{name}"; give one of them another '
                '"name"'
            )
        tables[name] = path
        contents.append(content)
    checked = f"by {program} check" if program else "as JSON only: there is no `dynalake` at hand"
    print(f"{', '.join(map(str, paths))}: checked {checked}")
    if len(paths) > 1:
        return SCHEMAS, b"[\n" + b",\n".join(content.strip() for content in contents) + b"\n]\n"
    name = paths[0].name
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name) or name == PROGRAM:
        raise PackageError(
            f"{paths[0]}: the file's name is its name in the package; give it one of a-z, A-Z, "
            f"0-9, _, . and -, other than {PROGRAM}"
        )
    return name, contents[0]


def command_line() -> Path | None:
    """The program `dynalake`, if there is one."""
    if given := os.environ.get("DYNALAKE_PROGRAM"):
        return Path(given)
    for place in (ROOT / "target" / "release", ROOT / "target" / "debug"):
        if (place / "dynalake").is_file():
            return place / "dynalake"
    found = shutil.which("dynalake")
    return Path(found) if found else None


def read_schema(path: Path, content: bytes) -> dict[str, Any]:
    """A schema file, if it is a JSON object of a schema's form."""

    def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in members]
        for name in names:
            if names.count(name) > 1:
                raise PackageError(f'{path}: "{name}" is declared twice; remove one')
        return dict(members)

    try:
        schema = json.loads(content.decode(), object_pairs_hook=once)
    except ValueError as error:
        raise PackageError(f"{path} is not JSON in UTF-8: {error}") from None
    if not isinstance(schema, dict):
        raise PackageError(f"{path} is not a JSON object; give one file for each table")
    for member, kind in (("table", str), ("keys", list), ("columns", list)):
        if not isinstance(schema.get(member), kind):
            raise PackageError(
                f'{path}: a schema has "table" (a string), "keys" and "columns" (lists); correct '
                f'"{member}"'
            )
    return schema


def lake_name(schema: dict[str, Any]) -> str:
    """The table's name in the lake, as the function and Terraform have it."""
    name = str(schema.get("name") or re.sub("[^a-z0-9_]", "_", schema["table"].lower()))
    return "_" + name if name[:1].isdigit() else name


def put_schema(path: Path, schema: tuple[str, bytes]) -> None:
    """Puts a schema file into a package, in place of the one that is in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            program = archive.read(check_entries(path, archive))
    except (OSError, zipfile.BadZipFile) as error:
        raise PackageError(f"--package {path}: can't read it as a zip: {error}") from None
    write_zip(program, path, schema)
    name, content = schema
    print(
        f"{path}\n"
        f"  sha256    {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        f"  schema    {name}, {len(content):,} bytes: DYNALAKE_SCHEMA=@{name}"
    )


# ---- checking


class Elf(NamedTuple):
    """What a program asks of the machine that it runs on."""

    machine: int
    interpreter: str | None
    libraries: list[str]
    # Of these libraries' symbols, such as GLIBC_2.34.
    versions: list[str]


def read_elf(program: bytes) -> Elf:
    """Reads a program's headers (https://gabi.xinuos.com/elf/, and for the versions of symbols
    https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html)."""
    if program[:6] != b"\x7fELF\x02\x01":
        raise PackageError("bootstrap is not a 64-bit little-endian ELF program")
    (machine,) = struct.unpack_from("<H", program, 18)
    (headers_at,) = struct.unpack_from("<Q", program, 32)
    header_size, header_count = struct.unpack_from("<HH", program, 54)
    interpreter, dynamic, loads = None, None, []
    for at in range(headers_at, headers_at + header_size * header_count, header_size):
        kind, _, offset, address, _, size = struct.unpack_from("<IIQQQQ", program, at)
        if kind == 1:  # PT_LOAD
            loads.append((address, offset, size))
        elif kind == 2:  # PT_DYNAMIC
            dynamic = program[offset : offset + size]
        elif kind == 3:  # PT_INTERP
            interpreter = program[offset : offset + size].rstrip(b"\0").decode()

    def in_file(address: int) -> int | None:
        places = [o + address - a for a, o, size in loads if a <= address < a + size]
        return places[0] if places else None

    needed, strings, versions_at, versions_count = [], None, None, 0
    for tag, value in struct.iter_unpack("<qQ", dynamic or b""):
        if tag == 0:  # DT_NULL
            break
        if tag == 1:  # DT_NEEDED
            needed.append(value)
        elif tag == 5:  # DT_STRTAB
            strings = in_file(value)
        elif tag == 0x6FFFFFFE:  # DT_VERNEED
            versions_at = in_file(value)
        elif tag == 0x6FFFFFFF:  # DT_VERNEEDNUM
            versions_count = value
    if needed and strings is None:
        raise PackageError("bootstrap needs shared libraries whose names can't be read")

    def string(at: int) -> str:
        assert strings is not None
        return program[strings + at : program.index(b"\0", strings + at)].decode()

    versions = []
    if versions_count and (versions_at is None or strings is None):
        raise PackageError("bootstrap needs versions of symbols whose names can't be read")
    at = versions_at or 0
    for _ in range(versions_count):
        _, count, _, entry, following = struct.unpack_from("<HHIII", program, at)
        entry += at
        for _ in range(count):
            _, _, _, name, next_entry = struct.unpack_from("<IHHII", program, entry)
            versions.append(string(name))
            entry += next_entry
        at += following
    return Elf(machine, interpreter, [string(at) for at in needed], sorted(set(versions)))


def check_program(program: bytes, arch: str, function: Function = BOOTSTRAP) -> None:
    elf = read_elf(program)
    if elf.machine != ARCHITECTURES[arch][0]:
        raise PackageError(
            f"{function.name} is for ELF machine {elf.machine}, not for {arch}; name its target by "
            "--target"
        )
    if not function.is_static:
        check_libraries(elf, function.name)
    elif elf.interpreter or elf.libraries:
        raise PackageError(
            f"bootstrap is linked dynamically (interpreter {elf.interpreter}, needs "
            f"{', '.join(elf.libraries)}), "
            "so it depends on the C library it finds; run: "
            f"rustup target add {ARCHITECTURES[arch][1][0]}"
        )
    if len(program) > function.max_bytes:
        raise PackageError(
            f"{function.name} has {len(program):,} bytes, more than {function.max_bytes:,}; "
            f"see what was added by `cargo tree --package {function.package} "
            f"{' '.join(function.features)}`"
        )


def check_libraries(elf: Elf, name: str = "direct") -> None:
    """Rejects a program that Amazon Linux 2023 could not load."""
    if elf.interpreter is None:
        raise PackageError(
            f"{name} is linked statically, and would look up names with parts of another C "
            "library; leave +crt-static out of its flags"
        )
    for library in elf.libraries:
        if library not in LIBRARIES:
            raise PackageError(
                f"{name} needs {library}, which Amazon Linux 2023 may lack; see which package "
                "links it"
            )
    newest = ".".join(map(str, GLIBC))
    for version in elf.versions:
        if not version.startswith("GLIBC_"):
            continue
        number = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?", version)
        if number is None or (int(number[1]), int(number[2])) > GLIBC:
            raise PackageError(
                f"{name} asks for {version}, and Amazon Linux 2023 has glibc {newest}; build it "
                "where the C library is not newer, or see by `objdump -T` which symbol it is"
            )


def check_zip(path: Path, arch: str, function: Function = BOOTSTRAP) -> bytes:
    """Checks a package as Lambda will find it; returns the program."""
    with zipfile.ZipFile(path) as archive:
        program = archive.read(check_entries(path, archive))
    check_program(program, arch, function)
    return program


def check_entries(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The program's entry, if the zip holds the program and at most a schema."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if names[:1] != [PROGRAM] or len(names) > 2 or any("/" in name for name in names):
        raise PackageError(
            f"{path} should hold {PROGRAM} and at most a schema file, and holds "
            f"{', '.join(names[:5]) or 'nothing'}; build it again"
        )
    entry = entries[0]
    if entry.create_system != 3 or entry.external_attr >> 16 != 0o100755:
        raise PackageError(
            f"{path}: bootstrap's mode is {entry.external_attr >> 16:o}, not 100755; build it again"
        )
    return entry


def check_paths(program: bytes, paths: list[str], name: str = "bootstrap") -> None:
    """Rejects a program that contains the path it was built in."""
    for path in paths:
        at = program.find(path.encode() + b"/")
        if at >= 0:
            text = program[at : at + 120].split(b"\0", 1)[0].decode(errors="replace")
            raise PackageError(
                f"{name} holds a path of this machine, so its bytes depend on it: {text}"
            )


def package(
    function: Function,
    arch: str,
    target: str,
    rust: dict[str, str],
    out: Path,
    schema: tuple[str, bytes] | None,
) -> None:
    program = build_checked(function, arch, target, rust)
    path = out / arch / function.file
    if function.is_zipped:
        write_zip(program, path, schema)
        check_zip(path, arch, function)
    else:
        write_program(program, path)
    if function.is_static:
        needs = "static: no interpreter, no shared libraries, so any glibc will do"
    else:
        elf = read_elf(program)
        glibc = max(
            (v for v in elf.versions if v.startswith("GLIBC_")),
            key=lambda version: [int(part) for part in version[6:].split(".")],
        )
        needs = f"dynamic: {', '.join(elf.libraries)}, and nothing newer than {glibc}"
    zipped = f"  zip       {path.stat().st_size:,} bytes, stored; {PROGRAM} has mode 0755\n"
    print(
        f"{path}\n"
        f"  sha256    {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        f"{zipped if function.is_zipped else ''}"
        f"  program   {len(program):,} bytes of at most {function.max_bytes:,}\n"
        f"  ELF       {arch}, {needs}\n"
        f"  built by  rustc {rust['release']} for {target}, no path of this machine in it"
    )
    if schema is not None:
        name, content = schema
        print(f"  schema    {name}, {len(content):,} bytes: DYNALAKE_SCHEMA=@{name}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--arch",
        choices=ARCHITECTURES,
        action="append",
        help="Lambda architecture; may be repeated",
    )
    parser.add_argument(
        "--function",
        choices=PROGRAMS,
        action="append",
        help="function, or the command line, to build instead of all functions; may be repeated",
    )
    parser.add_argument(
        "--install",
        action="store_true",
        help="with --arch arm64 on x86_64: install what builds it, as root on Debian",
    )
    parser.add_argument("--target", help="Rust target, instead of the one that --arch would choose")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "dist", help="folder for the packages (dist)"
    )
    parser.add_argument(
        "--schema",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="schema file to put into the package; several become one list",
    )
    parser.add_argument(
        "--package",
        type=Path,
        metavar="ZIP",
        help="put the schema into this package instead of building one",
    )
    arguments = parser.parse_args()
    if arguments.package and not arguments.schema:
        parser.error("--package needs --schema, the schema file to put into it")
    if arguments.package and (
        arguments.arch or arguments.target or arguments.function or arguments.install
    ):
        parser.error(
            "--package builds nothing, so leave --arch, --target, --function and --install out"
        )
    if arguments.install and arguments.arch != [DEBIAN_FOREIGN]:
        parser.error("--install is for --arch arm64: x86_64 is built by the Rust that is there")
    try:
        schema = read_schemas(arguments.schema) if arguments.schema else None
        if arguments.package and schema:
            put_schema(arguments.package, schema)
            return 0
        rusts = hosts()
        functions = [PROGRAMS[name] for name in dict.fromkeys(arguments.function or FUNCTIONS)]
        if arguments.schema and COMMAND_LINE in functions:
            raise PackageError(
                "dynalake is not in a package that could hold a schema: the Spark job gets its own "
                "by its argument --schema; leave --schema or --function dynalake out"
            )
        if arguments.schema and len(arguments.schema) > 1 and BOOTSTRAP in functions:
            if arguments.function:
                raise PackageError(
                    "several schemas are for the direct function: a delivery stream has one Glue "
                    "table; give one schema, or leave --function bootstrap out"
                )
            functions.remove(BOOTSTRAP)
        if arguments.install and choose(functions, arguments, rusts)[1]:
            install_from_debian()
            rusts = hosts()
        chosen, missing = choose(functions, arguments, rusts)
        # What was asked for must be there; of all there are, one will do.
        if missing and (arguments.arch or arguments.target or not chosen):
            raise missing[0]
        for reason in missing:
            # .ci/run repeats such a line at its end.
            print(f"skipped: {reason}")
        for function, arch, target, rust in chosen:
            package(function, arch, target, rust, arguments.out.resolve(), schema)
    except PackageError as error:
        print(f"package.py: {error}", file=sys.stderr)
        return 1
    return 0


def choose(
    functions: list[Function], arguments: argparse.Namespace, rusts: list[dict[str, str]]
) -> tuple[list[tuple[Function, str, str, dict[str, str]]], list[PackageError]]:
    """What is built: functions, each with its architecture, target and Rust; and what can't be."""
    if arguments.target:
        known = {target: arch for arch, (_, all_) in ARCHITECTURES.items() for target in all_}
        if arguments.target not in known:
            raise PackageError(f"--target {arguments.target}: choose one of {', '.join(known)}")
        having = [rust for rust in rusts if is_installed(arguments.target, rust["program"])]
        if not having:
            raise PackageError(
                f"that target is not installed; run: rustup target add {arguments.target}"
            )
        arch = known[arguments.target]
        if arguments.arch not in (None, [arch]):
            raise PackageError(f"--target {arguments.target} is for {arch}; leave --arch out")
        for function in functions:
            if arguments.target not in targets(arch, function):
                raise PackageError(
                    f"{function.name} can't be built for {arguments.target}; choose "
                    f"{', '.join(targets(arch, function))}, or leave it out by --function"
                )
        return [(function, arch, arguments.target, having[0]) for function in functions], []
    chosen, missing = [], []
    for arch in dict.fromkeys(arguments.arch or ARCHITECTURES):
        for function in functions:
            try:
                rust, target = choose_rust(arch, function, rusts)
                chosen.append((function, arch, target, rust))
            except PackageError as error:
                missing.append(error)
    return chosen, missing


if __name__ == "__main__":
    sys.exit(main())
