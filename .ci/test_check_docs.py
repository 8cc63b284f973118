#!/usr/bin/env python3
"""Tests that .ci/check_docs.py finds what is broken, and nothing else.

python3 .ci/test_check_docs.py
"""

import subprocess
import tempfile
import unittest
from pathlib import Path

import check_docs

GUIDE = """# The guide

## A `code` heading, with [a link](guide.md)

## Twice

## Twice

```sh
# no heading
```
"""


class Docs(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        subprocess.run(["git", "init", "--quiet"], cwd=self.root, check=True)
        self.write("docs/guide.md", GUIDE)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def wrong(self, text: str) -> list[str]:
        self.write("README.md", text)
        return check_docs.check_links(self.root)[1]

    def test_good_links_are_good(self) -> None:
        good = """
            [page](docs/guide.md) [folder](docs) [folder](docs/) [here](#top) <https://example.com>
            [heading](docs/guide.md#a-code-heading-with-a-link) [second](docs/guide.md#twice-1)
            [site](https://example.com/none#x)
        """
        self.assertEqual([], self.wrong("# Top\n" + good))
        self.assertEqual(7, check_docs.check_links(self.root)[0], "six, and one in the guide")

    def test_a_broken_link_is_found(self) -> None:
        self.assertEqual(
            ["README.md: docs/none.md: there is no docs/none.md"], self.wrong("[x](docs/none.md)")
        )

    def test_a_broken_anchor_is_found(self) -> None:
        self.assertEqual(
            ["README.md: docs/guide.md#none: docs/guide.md has no heading #none"],
            self.wrong("[x](docs/guide.md#none)"),
        )
        self.assertEqual(
            ["README.md: #none: README.md has no heading #none"], self.wrong("[x](#none)")
        )

    def test_every_form_of_a_link_is_read(self) -> None:
        for link in (
            "[two\nlines](none.md)",
            "![image](none.md)",
            "[![image](docs/guide.md)](none.md)",
            "[![image](none.md)](docs/guide.md)",
            "[x]: none.md",
            '[x](none.md "title")',
            "[x](<none.md>)",
            "| cell | [`code`](none.md) |",
            "[a [b] c](none.md)",
            "`code` [x](none.md) `code`",
        ):
            with self.subTest(link):
                self.assertEqual(["README.md: none.md: there is no none.md"], self.wrong(link))

    def test_what_is_code_is_no_link(self) -> None:
        fences = ("```md\nL\n```\n", "  ````\nL\n```\nL\n  ````\n", "~~~\nL\n~~~\n")
        for code in ("`L`", "``a ` L``", *fences):
            with self.subTest(code):
                self.assertEqual([], self.wrong(code.replace("L", "[x](none.md)")))

    def test_a_comment_in_code_is_no_heading(self) -> None:
        self.assertEqual(1, len(self.wrong("[x](docs/guide.md#no-heading)")))

    def test_a_link_must_stay_in_the_repository(self) -> None:
        self.assertIn("leads out", self.wrong("[x](../other/README.md)")[0])
        self.assertIn("own folder", self.wrong("[x](/docs/guide.md)")[0])

    def test_letters_must_be_as_the_file_has_them(self) -> None:
        self.assertEqual(1, len(self.wrong("[x](docs/Guide.md)")))

    def test_a_file_that_git_ignores_does_not_count(self) -> None:
        self.write(".gitignore", "secret.md\n")
        self.write("secret.md", "# Secret\n")
        self.assertEqual(1, len(self.wrong("[x](secret.md)")))

    def test_pages_that_other_files_name_must_exist(self) -> None:
        self.write("a.sql", "-- see docs/guide.md#twice, and docs/guide.md.\n")
        self.assertEqual([], self.wrong(""))
        self.write("a.sql", "-- see docs/guide.md#none, and docs/none.md.\n")
        self.assertEqual(
            [
                "a.sql: docs/guide.md#none: docs/guide.md has no heading #none",
                "a.sql: docs/none.md: there is no docs/none.md",
            ],
            self.wrong(""),
        )

    def test_the_runbook_must_name_each_code(self) -> None:
        codes = ["compressed", *(f"code_{letter}" for letter in "abcdef")]
        arms = "\n".join(f'            Failure::X => "{code}",' for code in codes)
        self.write(
            "src/failure.rs",
            "    pub fn code(self) -> &'static str {\n"
            f"        match self {{\n{arms}\n        }}\n    }}\n"
            '    pub fn explain(self) {\n        match self { X => "absent" }\n    }\n',
        )
        self.write(check_docs.RUNBOOK, " ".join(f"`{code}`" for code in codes))
        self.assertEqual([], check_docs.missing_codes(self.root))
        self.write(check_docs.RUNBOOK, " ".join(f"`{code}`" for code in codes[1:]))
        self.assertEqual(1, len(check_docs.missing_codes(self.root)))
        self.write("src/failure.rs", "")
        self.assertIn("only 0 codes", check_docs.missing_codes(self.root)[0])


if __name__ == "__main__":
    unittest.main()
