"""Tests of package.py that need no build: what it rejects, and its messages."""

import base64
import contextlib
import io
import json
import os
import struct
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import package


def elf(machine: int = 62, interpreter: bytes = b"", library: bytes = b"") -> bytes:
    """A program of headers only."""
    strings = b"\0" + library + b"\0"
    dynamic = struct.pack("<qQqQqQ", 5, 4096, *((1, 1) if library else (0, 0)), 0, 0)
    parts, headers, at = b"", b"", 64 + 3 * 56
    for kind, content in ((1, strings), (2, dynamic), (3 if interpreter else 4, interpreter)):
        headers += struct.pack("<IIQQQQQQ", kind, 4, at, 4096, 0, len(content), len(content), 1)
        parts += content
        at += len(content)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    return head + headers + parts


DIRECT = package.FUNCTIONS["direct"]
COMMAND_LINE = package.COMMAND_LINE


class Rejecting(unittest.TestCase):
    def rejected(self, *words: str):
        return self.assertRaisesRegex(package.PackageError, "(?s)" + ".*".join(words))


class Package(Rejecting):
    def compiler(self, name: str | None):
        """A machine that has this C compiler and no other program."""
        return mock.patch.object(
            package.shutil, "which", lambda wanted: f"/usr/bin/{name}" if wanted == name else None
        )

    def test_reads_the_program_that_runs_this(self):
        if sys.platform != "linux":
            self.skipTest("no ELF program is at hand")
        elf = package.read_elf(Path(sys.executable).resolve().read_bytes())
        names = {62: "x86_64", 183: "aarch64"}
        self.assertEqual(names.get(elf.machine), os.uname().machine)
        self.assertIn("libc.so.6", elf.libraries)
        self.assertTrue(any(version.startswith("GLIBC_2.") for version in elf.versions))

    def test_takes_a_static_program(self):
        package.check_program(elf(), "x86_64")
        package.check_program(elf(machine=183), "arm64")

    def test_rejects_a_program_with_an_interpreter(self):
        with self.rejected(
            "dynamically", "/lib64/ld.so", "rustup target add x86_64-unknown-linux-musl"
        ):
            package.check_program(elf(interpreter=b"/lib64/ld.so\0"), "x86_64")

    def test_rejects_a_program_that_needs_a_library(self):
        with self.rejected("dynamically", "libc.so.6"):
            package.check_program(elf(library=b"libc.so.6"), "x86_64")

    def test_takes_a_dynamic_program_where_it_has_to_be_one(self):
        program = elf(interpreter=b"/lib64/ld.so\0", library=b"libc.so.6")
        package.check_program(program, "x86_64", DIRECT)
        with self.rejected("linked statically", "crt-static"):
            package.check_program(elf(), "x86_64", DIRECT)
        with self.rejected("needs libssl.so.3"):
            program = elf(interpreter=b"/lib64/ld.so\0", library=b"libssl.so.3")
            package.check_program(program, "x86_64", DIRECT)

    def test_rejects_a_newer_c_library_than_lambdas(self):
        for versions, bad in (
            (["GLIBC_2.2.5", "GLIBC_2.34", "GCC_4.2.0"], None),
            (["GLIBC_2.35"], "GLIBC_2.35"),
            (["GLIBC_3.0"], "GLIBC_3.0"),
            (["GLIBC_ABI_DT_RELR"], "GLIBC_ABI_DT_RELR"),
        ):
            program = package.Elf(62, "/lib64/ld.so", ["libc.so.6"], versions)
            if bad is None:
                package.check_libraries(program)
            else:
                with self.rejected(f"asks for {bad}", "has glibc 2.34"):
                    package.check_libraries(program)

    def test_rejects_the_other_architecture(self):
        with self.rejected("machine 62", "arm64"):
            package.check_program(elf(), "arm64")

    def test_rejects_what_is_not_a_program(self):
        with self.rejected("not a 64-bit"):
            package.check_program(b"#!/bin/sh\n", "x86_64")

    def test_rejects_a_program_over_the_bar(self):
        with self.rejected("3,000,001 bytes", "3,000,000"):
            package.check_program(elf().ljust(3_000_001, b"\0"), "x86_64")

    def test_rejects_a_path_of_this_machine(self):
        with self.rejected("/home/me/src/main.rs"):
            package.check_paths(b"\0/home/me/src/main.rs\0", ["/opt", "/home/me"])

    def test_writes_the_same_zip_whatever_the_time_and_the_umask(self):
        with tempfile.TemporaryDirectory() as folder:
            zips = []
            for umask in (0o022, 0o077):
                before = os.umask(umask)
                path = Path(folder) / str(umask) / "bootstrap.zip"
                package.write_zip(elf(), path)
                os.umask(before)
                self.assertEqual(package.check_zip(path, "x86_64"), elf())
                zips.append(path.read_bytes())
            self.assertEqual(zips[0], zips[1])

    def test_rejects_a_zip_whose_program_could_not_be_run(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bootstrap.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(zipfile.ZipInfo("bootstrap"), elf())
            with self.rejected("mode", "100755"):
                package.check_zip(path, "x86_64")

    def test_prefers_musl_then_the_machines_own_gnu(self):
        gnu, musl = "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"
        self.assertEqual(package.choose_target("x86_64", gnu, lambda _: True), musl)
        self.assertEqual(package.choose_target("x86_64", gnu, lambda target: target == gnu), gnu)
        # Another machine's gnu target needs that machine's C library.
        with self.compiler(None), self.rejected("rustup target add aarch64-unknown-linux-musl"):
            package.choose_target("arm64", gnu, lambda target: target.endswith("-gnu"))
        with self.compiler("aarch64-linux-gnu-gcc"):
            chosen = package.choose_target("arm64", gnu, lambda target: target.endswith("-gnu"))
        self.assertEqual(chosen, "aarch64-unknown-linux-gnu")
        flags = package.code_flags(chosen, gnu)
        self.assertEqual(flags, ["-Ctarget-feature=+crt-static", "-Clinker=aarch64-linux-gnu-gcc"])

    def test_the_direct_function_is_for_gnu(self):
        gnu = "x86_64-unknown-linux-gnu"
        chosen = package.choose_target("x86_64", gnu, lambda _: True, DIRECT)
        self.assertEqual(chosen, gnu)
        compiler = "aarch64-linux-gnu-gcc"
        with self.compiler(compiler):
            chosen = package.choose_target("arm64", gnu, lambda _: True, DIRECT)
        self.assertEqual(chosen, "aarch64-unknown-linux-gnu")
        self.assertEqual(package.code_flags(chosen, gnu, DIRECT), [f"-Clinker={compiler}"])
        with (
            self.compiler(None),
            self.rejected("rustup target add aarch64-unknown-linux-gnu", compiler, "--install"),
        ):
            package.choose_target("arm64", gnu, lambda _: True, DIRECT)

    def test_the_command_line_is_a_program_as_it_is(self):
        program = elf(interpreter=b"/lib64/ld.so\0", library=b"libc.so.6")
        with tempfile.TemporaryDirectory() as folder:
            for umask in (0o022, 0o077):
                before = os.umask(umask)
                path = Path(folder) / str(umask) / COMMAND_LINE.file
                package.write_program(program, path)
                os.umask(before)
                self.assertEqual(path.name, "dynalake")
                self.assertEqual(path.read_bytes(), program)
                self.assertEqual(path.stat().st_mode & 0o777, 0o755)
                self.assertEqual(list(path.parent.iterdir()), [path])

    def test_what_is_built_is_checked_whatever_it_is(self):
        dynamic = elf(interpreter=b"/lib64/ld.so\0", library=b"libc.so.6")
        with tempfile.TemporaryDirectory() as folder:
            executable = Path(folder) / "dynalake"
            built = mock.patch.object(package, "build", lambda *_: (executable, ["/home/me"]))
            for program, words in (
                (dynamic, None),
                (elf(), ("dynalake is linked statically",)),
                (dynamic.ljust(30_000_001, b"\0"), ("dynalake has 30,000,001 bytes",)),
                (dynamic + b"/home/me/main.rs\0", ("dynalake holds a path", "/home/me/main.rs")),
            ):
                executable.write_bytes(program)
                with built:
                    if words is None:
                        made = package.build_checked(COMMAND_LINE, "x86_64", "target", {})
                        self.assertEqual(made, program)
                    else:
                        with self.rejected(*words):
                            package.build_checked(COMMAND_LINE, "x86_64", "target", {})

    def test_the_command_line_is_built_only_if_it_is_named(self):
        made: list[tuple[str, str]] = []
        rust = {"program": "rustc", "host": "x86_64-unknown-linux-gnu"}

        def made_of(function, arch, *_):
            made.append((function.name, arch))

        with (
            mock.patch.object(package, "hosts", lambda: [rust]),
            mock.patch.object(package, "is_installed", lambda *_, **__: True),
            mock.patch.object(package, "package", made_of),
        ):
            for arguments, expected in (
                ([], ["bootstrap", "direct"]),
                (["--function", "dynalake"], ["dynalake"]),
                (["--function", "dynalake", "--function", "direct"], ["dynalake", "direct"]),
            ):
                made.clear()
                with mock.patch.object(sys, "argv", ["package.py", "--arch", "x86_64", *arguments]):
                    self.assertEqual(package.main(), 0)
                self.assertEqual(made, [(name, "x86_64") for name in expected])

    def test_takes_another_rust_where_the_first_lacks_the_target(self):
        host = "x86_64-unknown-linux-gnu"
        rustup, debian = ({"program": name, "host": host} for name in ("rustc", "/usr/bin/rustc"))

        def installed(target, rustc):
            return target == host or rustc == debian["program"]

        with (
            mock.patch.object(package, "is_installed", installed),
            self.compiler("aarch64-linux-gnu-gcc"),
        ):
            for arch, rust in (("x86_64", rustup), ("arm64", debian)):
                chosen, _ = package.choose_rust(arch, DIRECT, [rustup, debian])
                self.assertEqual(chosen, rust)
            # What is missing is told of the first.
            with self.rejected("no Rust target for arm64", "rustup target add"):
                package.choose_rust("arm64", DIRECT, [rustup])

    def test_says_how_to_install_what_it_may_not(self):
        for user, is_debian in ((1000, True), (0, False)):
            with (
                mock.patch.object(package.os, "geteuid", lambda user=user: user),
                mock.patch.object(package, "is_debian", lambda is_debian=is_debian: is_debian),
                mock.patch.object(package.subprocess, "run", side_effect=AssertionError),
                self.rejected(
                    "needs Debian and root",
                    "dpkg --add-architecture arm64 && apt-get update",
                    "rustc-web",
                ),
            ):
                package.install_from_debian()


SCHEMA = b'{"table": "orders", "keys": ["id"], "columns": [{"name": "id", "type": "string"}]}\n'


class Schemas(Rejecting):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.zip = self.folder / "bootstrap.zip"
        # Nothing is built here, so schemas are checked as JSON.
        command_line = mock.patch.object(package, "command_line", lambda: None)
        command_line.start()
        self.addCleanup(command_line.stop)

    def file(self, name: str, content: bytes = SCHEMA) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def in_package(self) -> dict[str, bytes]:
        with zipfile.ZipFile(self.zip) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def test_one_schema_is_in_the_package_as_it_is(self):
        self.assertEqual(
            package.read_schemas([self.file("orders.schema.json")]), ("orders.schema.json", SCHEMA)
        )

    def test_several_schemas_are_one_list(self):
        other = SCHEMA.replace(b"orders", b"customers")
        name, content = package.read_schemas([self.file("a.json"), self.file("b.json", other)])
        self.assertEqual(name, "schemas.json")
        self.assertEqual(json.loads(content), [json.loads(SCHEMA), json.loads(other)])

    def test_a_schema_replaces_the_one_before_and_gives_the_same_bytes(self):
        package.write_zip(elf(), self.zip, ("orders.json", SCHEMA))
        whole = self.zip.read_bytes()
        package.write_zip(elf(), self.zip, ("another.json", b"{}"))
        package.put_schema(self.zip, ("orders.json", SCHEMA))
        self.assertEqual(self.in_package(), {"bootstrap": elf(), "orders.json": SCHEMA})
        self.assertEqual(self.zip.read_bytes(), whole)
        self.assertEqual(package.check_zip(self.zip, "x86_64"), elf())

    def test_base64_of_the_package_has_the_schemas(self):
        for length in range(6):
            package.write_zip(elf().ljust(1000 + length), self.zip, ("orders.json", SCHEMA))
            base64_of_zip = base64.b64encode(self.zip.read_bytes())
            self.assertIn(base64.b64encode(SCHEMA)[:-4], base64_of_zip)

    def test_rejects_a_zip_that_is_not_a_package(self):
        with zipfile.ZipFile(self.zip, "w") as archive:
            archive.writestr("index.py", "")
        with self.rejected("should hold bootstrap", "index.py"):
            package.put_schema(self.zip, ("orders.json", SCHEMA))

    def test_rejects_what_is_not_a_schema(self):
        for name, content, reason in (
            ("text.json", b"{", "not JSON"),
            ("bytes.json", b'\xff"', "not JSON in UTF-8"),
            ("mark.json", b"\xef\xbb\xbf" + SCHEMA, "not JSON in UTF-8"),
            ("list.json", b"[" + SCHEMA + b"]", "one file for each table"),
            ("keys.json", b'{"table": "orders"}', '"keys"'),
            ("twice.json", SCHEMA.replace(b'"table"', b'"table": "a", "table"'), "declared twice"),
            ("a schema.json", SCHEMA, "its name in the package"),
            ("bootstrap", SCHEMA, "other than bootstrap"),
        ):
            with self.subTest(name), self.rejected(reason):
                package.read_schemas([self.file(name, content)])

    def test_rejects_a_schema_for_the_command_line(self):
        schema = str(self.file("orders.json"))
        arguments = ["package.py", "--function", "dynalake", "--schema", schema]
        said = io.StringIO()
        with (
            mock.patch.object(sys, "argv", arguments),
            mock.patch.object(package, "hosts", lambda: []),
            contextlib.redirect_stderr(said),
        ):
            self.assertEqual(package.main(), 1)
        self.assertIn("leave --schema or --function dynalake out", said.getvalue())

    def test_rejects_two_schemas_of_one_name(self):
        with self.rejected("a.json", "b.json", '"orders"'):
            package.read_schemas([self.file("a.json"), self.file("b.json")])

    def test_rejects_what_the_command_line_rejects(self):
        program = self.file("dynalake", b'#!/bin/sh\necho "error: column \\"a\\"" >&2\nexit 2\n')
        program.chmod(0o755)
        with (
            mock.patch.object(package, "command_line", lambda: program),
            self.rejected("is rejected by", 'column "a"'),
        ):
            package.read_schemas([self.file("orders.json")])
