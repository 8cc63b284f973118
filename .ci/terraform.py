#!/usr/bin/env python3
"""Checks the Terraform without applying it: format, validate, `terraform test`, READMEs,
rejected schemas, the columns of `dynalake ddl`, checkov.

    .ci/run terraform

Runs in a virtual environment that has checkov. Fails loudly where something is missing.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dynalake_dev import ddl, process, terraform
from dynalake_dev.build import CommandLineBuild
from dynalake_dev.machine import ROOT, clean_environment

TERRAFORM = ROOT / "terraform"
REJECTED_SCHEMAS = ROOT / "fixtures" / "schema-rejected"
# What Terraform can't see in a schema file, and why: `dynalake check` rejects these, and so does
# the function if its package has the file. `modules/transform` runs each new version before it is
# used, so the apply fails then, and the pipeline goes on.
UNSEEN_BY_TERRAFORM = {
    "one-member-twice": "jsondecode keeps the last, without an error",
    "where-with-one-attribute-twice": "the same",
}


def init(folder: Path) -> None:
    terraform.run(folder, *terraform.init_words(), "-backend=false")


def check_folder(folder: Path) -> str:
    init(folder)
    terraform.run(folder, "validate", "-no-color")
    if not (folder / "tests").is_dir():
        return "valid"
    return terraform.run(folder, "test", "-no-color").strip().splitlines()[-1]


def caller_of_schema(place: Path, text: str) -> Path:
    """A root module that calls a copy of the module schema as ../terraform/modules/schema,
    initialised."""
    module = place / "terraform" / "modules" / "schema"
    shutil.copytree(
        TERRAFORM / "modules" / "schema",
        module,
        ignore=shutil.ignore_patterns(".terraform*", "tests"),
    )
    shutil.copy(TERRAFORM / "metadata_columns.json", place / "terraform")
    caller = place / "caller"
    caller.mkdir()
    (caller / "main.tf").write_text(text)
    init(caller)
    return caller


def check_rejected_schemas(dynalake: Path) -> None:
    """Each schema that the function rejects is rejected by `dynalake check`, and at plan time with
    the column's name, or is in the list above."""
    folders = sorted(REJECTED_SCHEMAS.iterdir())
    assert folders, f"{REJECTED_SCHEMAS} has no cases"
    unknown = UNSEEN_BY_TERRAFORM.keys() - {folder.name for folder in folders}
    with tempfile.TemporaryDirectory() as place:
        caller = caller_of_schema(
            Path(place),
            'variable "file" {\n  type = string\n}\n'
            'module "schema" {\n  source = "../terraform/modules/schema"\n  schema = '
            "jsondecode(file(var.file))\n}\n",
        )
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            planned = list(pool.map(lambda folder: plan_of(caller, folder), folders))
    accepted = []
    for folder, said in zip(folders, planned, strict=True):
        checked = subprocess.run(
            [dynalake, "check", folder / "schema.json"], capture_output=True, text=True
        )
        if checked.returncode != 2:
            sys.exit(f"{folder.name}: `dynalake check` ended with {checked.returncode}")
        if "Error:" not in said:
            accepted.append(folder.name)
            continue
        # A message that names no cause is a fault in Terraform, not the module rejecting.
        if "schema: " not in said and "jsondecode" not in said:
            sys.exit(f"{said}\n{folder.name} is rejected without a message of the module's")
        reason = (folder / "error.txt").read_text()
        column = re.search(r'column \\?"(\w+)\\?":', reason.split("…", 1)[-1])
        if column and f'"{column[1]}"' not in said:
            sys.exit(f'{said}\n{folder.name} is rejected, but column "{column[1]}" is not named')
    surprise = set(accepted) ^ UNSEEN_BY_TERRAFORM.keys() | unknown
    if surprise:
        sys.exit(
            "accepted by Terraform and not expected to be, or the other way round: "
            f"{', '.join(sorted(surprise))}"
        )
    print(
        f"rejected schemas: {len(folders)} by `dynalake check`, {len(folders) - len(accepted)} of "
        f"them at plan time; Terraform can't see {', '.join(accepted)}"
    )


def plan_of(caller: Path, folder: Path) -> str:
    """What a plan says of a case's schema, on one line."""
    said = terraform.run(
        caller,
        *("plan", "-no-color", "-input=false", "-lock=false"),
        f"-var=file={folder / 'schema.json'}",
        accept=(0, 1),
    )
    return " ".join(said.split())


def check_accepted_schemas() -> None:
    """Each schema that a case of the transformation has is accepted at plan time."""
    files = sorted(
        file
        for file in (ROOT / "fixtures").glob("*/*/schema.json")
        if not file.with_name("error.txt").exists()
    )
    with tempfile.TemporaryDirectory() as place:
        caller = caller_of_schema(
            Path(place),
            'variable "files" {\n  type = list(string)\n}\n'
            'module "schema" {\n  source   = "../terraform/modules/schema"\n'
            "  for_each = toset(var.files)\n"
            "  schema   = jsondecode(file(each.key))\n}\n",
        )
        (caller / "files.auto.tfvars.json").write_text(json.dumps({"files": [*map(str, files)]}))
        terraform.run(caller, "plan", "-no-color", "-input=false")
    print(f"accepted schemas: {len(files)} of the function's cases")


def check_ddl() -> None:
    """What `dynalake ddl` makes of a schema file (fixtures/ddl; `cargo test` compares these with
    the program) has the table, columns, types, comments and keys that Terraform makes of it."""
    cases = ROOT / "fixtures" / "ddl"
    with tempfile.TemporaryDirectory() as place:
        caller = caller_of_schema(
            Path(place),
            'variable "folder" {\n  type = string\n}\n'
            'module "schema" {\n  source   = "../terraform/modules/schema"\n'
            '  for_each = toset([for file in fileset(var.folder, "*/schema.json") : '
            "dirname(file)])\n"
            '  schema   = jsondecode(file("${var.folder}/${each.key}/schema.json"))\n}\n'
            'output "schemas" {\n  value = module.schema\n}\n',
        )
        terraform.run(caller, "plan", "-input=false", f"-var=folder={cases}", "-out=plan")
        planned = json.loads(terraform.run(caller, "show", "-json", "plan"))
    schemas = planned["planned_values"]["outputs"]["schemas"]["value"]
    assert schemas.keys() == {folder.name for folder in cases.iterdir()}, (
        "fixtures/ddl and Terraform have other cases"
    )
    for case, schema in schemas.items():
        athena, databricks = (
            (cases / case / f"{dialect}.sql").read_text() for dialect in ("athena", "databricks")
        )
        columns = [(each["name"], each["type"], each["comment"]) for each in schema["columns"]]
        compare(
            case,
            "Athena's table",
            [schema["table_name_in_glue"]],
            re.findall(r"^CREATE EXTERNAL .*`(.+)` \(", athena, re.MULTILINE),
        )
        # Glue takes comments of one line, and neither takes other control characters.
        one_line, lines = re.compile(r"[\x00-\x1f]"), re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
        compare(
            case,
            "Athena's columns",
            with_comments(columns, one_line),
            ddl.hive_columns(athena[athena.index("CREATE EXTERNAL") :]),
        )
        wanted = [
            (name, kind.lower(), comment) for name, kind, comment in with_comments(columns, lines)
        ]
        compare(
            case,
            "Databricks' columns",
            wanted,
            ddl.databricks_columns(databricks[databricks.index("CREATE TABLE") :]),
        )
        for dialect, text in (("Athena's", athena), ("Databricks'", databricks)):
            keys = re.search(r"PARTITION BY (.+?) ORDER BY", text)[1]
            compare(case, f"{dialect} keys", schema["key_columns"], re.findall(r"\w+", keys))
    print(f"dynalake ddl: {len(schemas)} schemas, the same columns as Terraform's")


def with_comments(columns: list, unwanted: re.Pattern) -> list:
    return [(name, kind, comment and unwanted.sub(" ", comment)) for name, kind, comment in columns]


def compare(case: str, what: str, planned: list, sql: list) -> None:
    if planned != sql:
        different = [pair for pair in zip(planned, sql, strict=False) if pair[0] != pair[1]]
        sys.exit(
            f"fixtures/ddl/{case}: {what}: Terraform has {len(planned)}, the SQL {len(sql)}; "
            f"different: {different}"
        )


def names(folder: Path, kind: str) -> list:
    return re.findall(rf'^{kind} "([^"]+)"', (folder / f"{kind}s.tf").read_text(), re.MULTILINE)


def check_duplicated_facts() -> None:
    """What is written in two places, since Terraform or GitHub leaves no other way."""
    compression = [
        name
        for name in names(TERRAFORM / "modules" / "delivery", "variable")
        if "compress" in name or "version_id" in name
    ]
    if compression:
        sys.exit(
            f"modules/delivery: {compression} would let a user ask for what Firehose rejects "
            "beside conversion"
        )
    if names(TERRAFORM, "output") != names(TERRAFORM / "examples" / "complete", "output"):
        sys.exit("examples/complete should have the outputs of the root module, in its order")
    runbook = (ROOT / "docs" / "operations" / "runbook.md").read_text()
    headings = set(re.findall(r"^## ([a-z-]+)$", runbook, re.MULTILINE))
    source = (TERRAFORM / "modules" / "monitoring" / "alarms.tf").read_text() + (
        TERRAFORM / "modules" / "monitoring" / "main.tf"
    ).read_text()
    alarms = set(
        re.findall(
            r'^\s*(?:for table in var\.tables : )?"([a-z-]+?)(?:-\$\{table\})?" (?:=>?) \{',
            source,
            re.MULTILINE,
        )
    )
    alarms |= set(re.findall(r'for subject in \["([a-z-]+)"\]', source))
    if headings != alarms or len(alarms) < 20:
        sys.exit(
            f"alarms without an entry in the runbook: {sorted(alarms - headings)}; entries without "
            f"an alarm: {sorted(headings - alarms)}"
        )
    print(f"{len(alarms)} kinds of alarms, each with its entry in the runbook")


def check_checkov() -> None:
    program = Path(sys.executable).parent / "checkov"
    done = subprocess.run(
        [program, "-d", ".", "--framework", "terraform", "--output", "json", "--skip-download"],
        cwd=TERRAFORM,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    # 1: checks have failed, which the report has.
    if done.returncode not in (0, 1):
        sys.exit(f"{done.stdout}\ncheckov ended with {done.returncode}")
    report = json.loads(done.stdout)
    summary = report["summary"] if isinstance(report, dict) else report[0]["summary"]
    results = (report if isinstance(report, dict) else report[0])["results"]
    for failed in results["failed_checks"]:
        print(
            f"checkov: {failed['check_id']} {failed['resource']} in {failed['file_path']}: "
            f"{failed['check_name']}"
        )
    if summary["failed"] or not summary["passed"]:
        sys.exit(f"checkov: {summary['passed']} passed, {summary['failed']} failed")
    unexplained = [
        skip
        for skip in results["skipped_checks"]
        if not skip["check_result"].get("suppress_comment")
    ]
    if unexplained:
        sys.exit(
            f"checkov: skipped without a reason: {unexplained[0]['check_id']} on "
            f"{unexplained[0]['resource']}"
        )
    print(
        f"checkov: {summary['passed']} passed, {summary['skipped']} skipped, each with its reason"
    )


def main() -> int:
    program = CommandLineBuild(ROOT / "target" / "ci" / "terraform_dynalake.log").wait()
    check_duplicated_facts()
    terraform.run(TERRAFORM, "fmt", "-check", "-recursive", "-diff")
    print("format: as `terraform fmt` would have it")
    folders = [
        *sorted(TERRAFORM.glob("modules/*")),
        TERRAFORM,
        *sorted(TERRAFORM.glob("examples/*")),
    ]
    for folder in folders:
        started = time.monotonic()
        print(
            f"{folder.relative_to(ROOT)}: {check_folder(folder)} ({time.monotonic() - started:.0f} "
            "s)",
            flush=True,
        )
    check_rejected_schemas(program)
    check_accepted_schemas()
    check_ddl()
    subprocess.run([sys.executable, ROOT / ".ci" / "module_docs.py", "--check"], check=True)
    check_checkov()
    return 0


if __name__ == "__main__":
    sys.exit(process.main(".ci/terraform.py", main))
