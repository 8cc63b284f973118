"""Tests of .ci/release.py that need no build: the version, the tag, the notes, the hashes."""

import contextlib
import hashlib
import io
import runpy
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from dynalake_dev.machine import ROOT

release = runpy.run_path(str(ROOT / ".ci" / "release.py"))
CHANGELOG = """# Changelog

## Unreleased

### Added

- Later.

## 1.2.0 - 2026-12-01

### Added

- This.

## 1.1.0 - 2026-11-01

- Before.
"""


class Release(unittest.TestCase):
    def rejected(self, *words: str):
        return self.assertRaisesRegex(release["ReleaseError"], "(?s)" + ".*".join(words))

    def test_all_packages_have_the_one_version(self):
        for file in (ROOT / "crates").glob("*/Cargo.toml"):
            self.assertIn("version.workspace = true", file.read_text(), str(file))
        self.assertRegex(release["version"](), r"^\d+\.\d+\.\d+$")

    def test_rejects_another_tag(self):
        release["check_tag"]("v1.2.0", "1.2.0")
        for tag in ("1.2.0", "v1.2", "v1.2.1"):
            with self.rejected(f"--tag {tag}", "tag v1.2.0"):
                release["check_tag"](tag, "1.2.0")

    def test_notes_are_the_versions_own(self):
        self.assertEqual(release["notes"](CHANGELOG, "1.2.0"), "### Added\n\n- This.\n")
        self.assertEqual(release["notes"](CHANGELOG, "1.1.0"), "- Before.\n")
        for version in ("1.3.0", "1.2", "1x2.0"):
            with self.rejected(f"no heading for {version}", "## "):
                release["notes"](CHANGELOG, version)

    def test_a_release_has_what_package_py_made(self):
        made = {}

        def check(_, arch, function):
            made[function.name] = arch

        with tempfile.TemporaryDirectory() as folder:
            dist, out = Path(folder) / "dist", Path(folder) / "out"
            (dist / "x86_64").mkdir(parents=True)
            gather, packaging = release["gather"], release["packaging"]
            with (
                mock.patch.dict(gather.__globals__, DIST=dist),
                mock.patch.object(packaging, "check_zip", check),
                mock.patch.object(packaging, "check_program", check),
            ):
                for name in ("bootstrap.zip", "direct.zip"):
                    (dist / "x86_64" / name).write_bytes(name.encode())
                with self.rejected("x86_64/dynalake is missing", "--function dynalake"):
                    gather(out, "1.2.0", ["x86_64"])
                (dist / "x86_64" / "dynalake").write_bytes(b"program")
                with contextlib.redirect_stdout(io.StringIO()):
                    gather(out, "1.2.0", ["x86_64"])
                self.assertEqual(made, dict.fromkeys(["bootstrap", "direct", "dynalake"], "x86_64"))
            self.assertEqual(
                sorted(file.name for file in out.iterdir()),
                [
                    "SHA256SUMS",
                    "dynalake-1.2.0-bootstrap-x86_64.zip",
                    "dynalake-1.2.0-direct-x86_64.zip",
                    "dynalake-1.2.0-x86_64-linux.tar.gz",
                ],
            )

    def test_an_archive_is_the_same_whenever_it_is_made(self):
        made = release["archive"]("dynalake-1.2.0/dynalake", b"program")
        self.assertEqual(made, release["archive"]("dynalake-1.2.0/dynalake", b"program"))
        with tarfile.open(fileobj=io.BytesIO(made)) as files:
            [entry] = files.getmembers()
            self.assertEqual((entry.name, entry.mode), ("dynalake-1.2.0/dynalake", 0o755))

    def test_sums_are_as_sha256sum_has_them(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("b.zip", "a.zip", "SHA256SUMS"):
                (Path(folder) / name).write_bytes(name.encode())
            self.assertEqual(
                release["sums"](Path(folder)),
                "".join(
                    f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n"
                    for name in ("a.zip", "b.zip")
                ),
            )
