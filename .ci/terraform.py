#!/usr/bin/env python3
"""Checks the Terraform without applying it: the rights of an apply, the provider's versions,
format, validate, `terraform test`, READMEs, rejected schemas, the columns of `dynalake ddl`,
checkov.

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
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

from dynalake_dev import ddl, process, terraform
from dynalake_dev.build import CommandLineBuild
from dynalake_dev.machine import ROOT, architecture, clean_environment

TERRAFORM = ROOT / "terraform"
REJECTED_SCHEMAS = ROOT / "fixtures" / "schema-rejected"
# What Terraform can't see in a schema file, and why: `dynalake check` rejects these, and so does
# the function if its package has the file. `modules/transform` runs each new version before it is
# used, so the apply fails then, and the pipeline goes on.
UNSEEN_BY_TERRAFORM = {
    "one-member-twice": "jsondecode keeps the last, without an error",
    "where-with-one-attribute-twice": "the same",
}


def init(folder: Path, environment: Mapping[str, str] = MappingProxyType({})) -> None:
    terraform.run(folder, *terraform.init_words(), "-backend=false", environment=environment)


def check_folder(folder: Path, provider: Mapping[str, str]) -> str:
    init(folder, provider)
    terraform.run(folder, "validate", "-no-color", environment=provider)
    if not (folder / "tests").is_dir():
        return "valid"
    tested = terraform.run(folder, "test", "-no-color", environment=provider)
    return tested.strip().splitlines()[-1]


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
    # The direct function takes a list of them.
    schemas = {
        f"{file} {at}": json.dumps(schema)
        for file in files
        for given in [json.loads(file.read_text())]
        for at, schema in enumerate(given if isinstance(given, list) else [given])
    }
    with tempfile.TemporaryDirectory() as place:
        caller = caller_of_schema(
            Path(place),
            'variable "schemas" {\n  type = map(string)\n}\n'
            'module "schema" {\n  source   = "../terraform/modules/schema"\n'
            "  for_each = var.schemas\n"
            "  schema   = jsondecode(each.value)\n}\n",
        )
        (caller / "schemas.auto.tfvars.json").write_text(json.dumps({"schemas": schemas}))
        terraform.run(caller, "plan", "-no-color", "-input=false")
    print(f"accepted schemas: {len(schemas)} of the functions' cases")


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
    thresholds = re.findall(
        r"^    (\w+)\s*= \{ default",
        (TERRAFORM / "modules" / "monitoring" / "alarms.tf").read_text(),
        re.MULTILINE,
    )
    described = re.findall(
        r"^    `(\w+)` \((\w+)\):",
        (TERRAFORM / "modules" / "monitoring" / "variables.tf").read_text(),
        re.MULTILINE,
    )
    if not thresholds or thresholds != [name for name, _ in described]:
        sys.exit(f"thresholds: alarms.tf has {thresholds}, their description {described}")
    choices = {
        module: re.search(
            r"log_retention_choices = (\[.*?\])",
            (TERRAFORM / "modules" / module / "main.tf").read_text(),
        )[1]
        for module in ("delivery", "direct", "glue_job", "transform")
    }
    if len(set(choices.values())) != 1:
        sys.exit(f"log_retention_choices differ: {choices}")


# What each kind of resource asks of whoever applies: making it, removing it, and what the service
# checks for the caller besides (https://docs.aws.amazon.com/service-authorization/latest/reference/,
# "dependent actions"; for the destination
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_iam.html). The rest of the
# calls, reading and tagging, is seen on the emulator (.ci/examples.py). A kind that isn't here
# fails, so that its rights are looked up.
RIGHTS = {
    "aws_cloudwatch_dashboard": ["cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"],
    "aws_cloudwatch_event_rule": ["events:PutRule", "events:DeleteRule", "events:TagResource"],
    "aws_cloudwatch_event_target": ["events:PutTargets", "events:RemoveTargets"],
    "aws_cloudwatch_log_group": [
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:PutRetentionPolicy",
        "logs:AssociateKmsKey",
        "logs:DisassociateKmsKey",
    ],
    "aws_cloudwatch_log_stream": ["logs:CreateLogStream", "logs:DeleteLogStream"],
    "aws_cloudwatch_metric_alarm": [
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:DeleteAlarms",
        "cloudwatch:TagResource",
    ],
    "aws_dynamodb_kinesis_streaming_destination": [
        "dynamodb:EnableKinesisStreamingDestination",
        "dynamodb:DisableKinesisStreamingDestination",
        "kinesis:ListStreams",
        "kinesis:PutRecords",
        "kinesis:DescribeStream",
        "iam:CreateServiceLinkedRole",
    ],
    "aws_glue_catalog_database": [
        "glue:CreateDatabase",
        "glue:DeleteDatabase",
        "glue:UpdateDatabase",
    ],
    "aws_glue_catalog_table": ["glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"],
    "aws_glue_job": [
        "glue:CreateJob",
        "glue:DeleteJob",
        "glue:UpdateJob",
        "glue:TagResource",
        "iam:PassRole",
    ],
    "aws_glue_security_configuration": [
        "glue:CreateSecurityConfiguration",
        "glue:DeleteSecurityConfiguration",
    ],
    "aws_glue_trigger": [
        "glue:CreateTrigger",
        "glue:DeleteTrigger",
        "glue:StartTrigger",
        "glue:StopTrigger",
        "glue:UpdateTrigger",
        "glue:TagResource",
    ],
    "aws_iam_policy": [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:ListPolicyVersions",
    ],
    "aws_iam_role": ["iam:CreateRole", "iam:DeleteRole", "iam:UpdateAssumeRolePolicy"],
    "aws_iam_role_policy": ["iam:PutRolePolicy", "iam:DeleteRolePolicy"],
    "aws_kinesis_firehose_delivery_stream": [
        "firehose:CreateDeliveryStream",
        "firehose:DeleteDeliveryStream",
        "firehose:UpdateDestination",
        "iam:PassRole",
    ],
    "aws_kinesis_stream": [
        "kinesis:CreateStream",
        "kinesis:DeleteStream",
        "kinesis:IncreaseStreamRetentionPeriod",
        "kinesis:StartStreamEncryption",
        "kinesis:UpdateShardCount",
        "kinesis:UpdateStreamMode",
    ],
    "aws_lakeformation_permissions": [
        "lakeformation:GrantPermissions",
        "lakeformation:RevokePermissions",
        "lakeformation:ListPermissions",
    ],
    "aws_lambda_alias": ["lambda:CreateAlias", "lambda:DeleteAlias", "lambda:UpdateAlias"],
    "aws_lambda_event_source_mapping": [
        "lambda:CreateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
        "lambda:UpdateEventSourceMapping",
        "lambda:TagResource",
    ],
    "aws_lambda_function": [
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:PublishVersion",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:PutFunctionConcurrency",
        "iam:PassRole",
        # A package on S3 is read for the caller.
        "s3:GetObject",
        "s3:GetObjectVersion",
    ],
    "aws_lambda_invocation": ["lambda:InvokeFunction"],
    # Version 6 of the provider reads and writes a bucket's tags by S3 Control, 5 by S3.
    "aws_s3_bucket": [
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:GetBucketTagging",
        "s3:PutBucketTagging",
        "s3:ListTagsForResource",
        "s3:TagResource",
        "s3:UntagResource",
    ],
    "aws_s3_bucket_lifecycle_configuration": ["s3:PutLifecycleConfiguration"],
    "aws_s3_bucket_notification": ["s3:PutBucketNotification"],
    "aws_s3_bucket_ownership_controls": ["s3:PutBucketOwnershipControls"],
    "aws_s3_bucket_policy": ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
    "aws_s3_bucket_public_access_block": ["s3:PutBucketPublicAccessBlock"],
    "aws_s3_bucket_server_side_encryption_configuration": ["s3:PutEncryptionConfiguration"],
    "aws_s3_bucket_versioning": ["s3:PutBucketVersioning"],
    # An object of a bucket with versions is deleted with all of them.
    "aws_s3_object": [
        "s3:PutObject",
        "s3:GetObject",
        "s3:GetObjectTagging",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:ListBucketVersions",
    ],
    "aws_sns_topic": ["sns:CreateTopic", "sns:DeleteTopic"],
    "aws_sns_topic_policy": ["sns:SetTopicAttributes"],
    "aws_sns_topic_subscription": [
        "sns:Subscribe",
        "sns:Unsubscribe",
        "sns:SetSubscriptionAttributes",
    ],
    "aws_sqs_queue": ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes"],
}


def rights(*files: str) -> set:
    policies = [
        json.loads((TERRAFORM / "apply-policy" / f"{file}.json").read_text()) for file in files
    ]
    return {
        action
        for policy in policies
        for statement in policy["Statement"]
        for action in statement["Action"]
    }


def check_rights() -> None:
    """Each kind of resource that the pipeline has is allowed by terraform/apply-policy, with or
    without a boundary."""
    # The module kms_key is for an administrator of keys.
    sources = [
        file
        for file in [*TERRAFORM.glob("*.tf"), *TERRAFORM.glob("modules/*/*.tf")]
        if file.parent.name != "kms_key"
    ]
    kinds = {
        kind
        for file in sources
        for kind in re.findall(r'^resource "(aws_\w+)"', file.read_text(), re.MULTILINE)
    }
    if kinds != RIGHTS.keys():
        sys.exit(
            f"rights that nobody looked up, of {sorted(kinds - RIGHTS.keys())}; "
            f"of resources that are gone: {sorted(RIGHTS.keys() - kinds)}"
        )
    needed = {right for kind in kinds for right in RIGHTS[kind]}
    around = rights(
        *("pipeline", "direct", "spark", "around-it", "lake-formation", "exports", "package")
    )
    for roles in ("roles", "roles-within-a-boundary"):
        if absent := needed - around - rights(roles):
            sys.exit(f"terraform/apply-policy with {roles}.json lacks {sorted(absent)}")
    if absent := rights("roles") - rights("roles-within-a-boundary"):
        sys.exit(f"roles-within-a-boundary.json lacks {sorted(absent)} of roles.json")
    print(
        f"apply policy: the rights of {len(kinds)} kinds of resources, also those that services "
        "check for the caller"
    )


PROVIDER = "registry.terraform.io/hashicorp/aws"
REQUIRED_PROVIDERS = """\
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "{}"
    }}
  }}
}}
"""


def check_provider_versions() -> None:
    """Beside a root that asks for a version of the AWS provider, `terraform init` finds one that
    suits all our modules.

    The mirror has empty files in place of the provider: init chooses a version by the constraints
    alone, and runs none.
    """
    modules = sorted(
        file.parent
        for file in TERRAFORM.rglob("versions.tf")
        if "hashicorp/aws" in file.read_text() and ".terraform" not in file.parts
    )
    assert len(modules) >= 12, "fewer modules than there are"
    machine = {"x86_64": "amd64"}.get(architecture(), architecture())
    found = {}
    with tempfile.TemporaryDirectory() as place:
        for version in ("5.99.0", "5.100.0", "6.28.0", "6.99.0", "7.0.0"):
            folder = Path(place) / "mirror" / PROVIDER / version / f"linux_{machine}"
            folder.mkdir(parents=True)
            (folder / f"terraform-provider-aws_v{version}_x5").touch(mode=0o755)
        ours = {
            f"m{at}": re.search(r'\bversion\s*= "([^"]+)"', (module / "versions.tf").read_text())[1]
            for at, module in enumerate(modules)
        }
        for wanted in ("~> 5.100", ">= 6.28", ">= 5.99"):
            root = Path(place) / re.sub(r"\W", "_", wanted)
            root.mkdir()
            (root / "main.tf").write_text(
                REQUIRED_PROVIDERS.format(wanted)
                + "".join(f'module "{name}" {{\n  source = "./{name}"\n}}\n' for name in ours)
            )
            for name, constraint in ours.items():
                (root / name).mkdir()
                (root / name / "versions.tf").write_text(REQUIRED_PROVIDERS.format(constraint))
            mirror = f"-plugin-dir={place}/mirror"
            terraform.run(root, "init", "-backend=false", "-input=false", "-no-color", mirror)
            found[wanted] = re.search(
                r'version\s*= "([^"]+)"', (root / ".terraform.lock.hcl").read_text()
            )[1]
    wanted = {"~> 5.100": "5.100.0", ">= 6.28": "6.99.0", ">= 5.99": "6.99.0"}
    if found != wanted:
        sys.exit(
            f"beside a root's constraint, init should choose {wanted} of hashicorp/aws, and chose "
            f"{found}"
        )
    print(f"provider: {len(modules)} modules take hashicorp/aws 5.100 and 6, and no 7")


# Rules that are tested elsewhere: a schema file's by fixtures/schema-rejected, in
# check_rejected_schemas; the warning of milliseconds by .ci/precision.py.
TESTED_ELSEWHERE = {"modules/schema": {"var.schema"}, "modules/destination": {"check.precision"}}


def check_rules() -> None:
    """Each input, resource and output has as many tests that expect it to fail as it has rules."""
    rules = 0
    for module in [TERRAFORM, *sorted(TERRAFORM.glob("modules/*"))]:
        name = "." if module == TERRAFORM else str(module.relative_to(TERRAFORM))
        tests = "".join(file.read_text() for file in module.glob("tests/*.tftest.hcl"))
        expected = Counter(
            one
            for listed in re.findall(r"expect_failures\s*=\s*\[(.*?)\]", tests, re.DOTALL)
            for one in re.findall(r"[\w.]+", listed)
        )
        for file in module.glob("*.tf"):
            for kind, labels, body in re.findall(
                r"^(variable|resource|data|output|check) ([^{]+) \{\n(.*?)^\}",
                file.read_text(),
                re.MULTILINE | re.DOTALL,
            ):
                prefix = {"variable": ["var"], "resource": []}.get(kind, [kind])
                address = ".".join([*prefix, *re.findall(r"\w+", labels)])
                has = len(
                    re.findall(
                        r"^\s*(?:validation|precondition|postcondition|assert) \{",
                        body,
                        re.MULTILINE,
                    )
                )
                rules += has
                if expected[address] < has and address not in TESTED_ELSEWHERE.get(name, ()):
                    sys.exit(
                        f"{name}: {address} has {has} rules, and {expected[address]} tests expect "
                        "it to fail"
                    )
    print(f"{rules} rules of inputs, resources and outputs, each with a test that breaks it")


# A member of the root's grouped inputs whose variable in a module has another name.
OTHER_NAMES = {
    "new_bucket.name": "bucket_name",
    "databricks.access": None,  # a boolean of the root's own
    "stream.shared": None,  # the same
    "stream.existing.connect": None,  # the same
    "stream.existing.arn": "existing",
    "function.package.s3_bucket": "package",
    "function.package.s3_key": "package",
    "function.package.s3_object_version": "package",
    "stream.existing.retention_hours": "existing",
    "glue_job.program_file": None,  # checked where it is put (modules/glue_job/files.tf)
    "glue_job.script_file": None,  # the same
    "glue_job.files_bucket.name": "files_bucket",
    "glue_job.files_bucket.arn": "files_bucket",
}


def variables(file: Path) -> dict:
    """The variables of a file: name to what is in the block."""
    return dict(
        re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', file.read_text(), re.MULTILINE | re.DOTALL)
    )


def members(variable: str) -> dict:
    """The members of a variable's object: name to type and default. Those of an object in it are
    outer.inner."""
    kind = re.search(
        r"^  type = (?:map\()?object\(\{\n(.*?)^  \}\)", variable, re.MULTILINE | re.DOTALL
    )
    found, outer = {}, []
    for line in kind[1].splitlines():
        if begins := re.match(r"\s*(\w+)\s*= (?:optional\()?object\(\{$", line):
            outer.append(begins[1])
        elif re.match(r"\s*\}\)", line):
            outer = outer[:-1]
        elif one := re.match(r"\s*(\w+)\s*= (?:optional\()?(\w+)(?:, (.+)\)$)?", line):
            found[".".join([*outer, one[1]])] = (one[2], one[3])
    return found


def check_members() -> None:
    """Each member of the root's grouped inputs goes to a variable of a module, which has a
    validation, and the same default."""
    modules: dict[str, list] = {}
    for file in TERRAFORM.glob("modules/*/variables.tf"):
        for name, body in variables(file).items():
            modules.setdefault(name, []).append(body)
    root = variables(TERRAFORM / "variables.tf")
    checked = 0
    groups = ("function", "delivery", "direct", "glue_job", "stream", "new_bucket", "queue")
    for group in (*groups, "databricks"):
        for member, (of_type, default) in members(root[group]).items():
            name = OTHER_NAMES.get(f"{group}.{member}", member.rsplit(".", 1)[-1])
            checked += 1
            if name is None or of_type in ("bool", "object"):
                continue
            if not any("validation {" in body for body in modules.get(name, [])):
                sys.exit(f"{group}.{member}: no module has a validation of {name}")
            theirs = {
                value
                for body in modules[name]
                for value in re.findall(r"^  default +=(?: (.+))$", body, re.MULTILINE)
            }
            if default is not None and "existing" not in member and default not in theirs:
                sys.exit(f"{group}.{member} is {default} by default, and in the modules {theirs}")
    # HCL has no name for a type, so an entry of `tables` has each group's members once more.
    entry = members(root["tables"])
    for group, alone in (
        ("function", set()),
        ("delivery", set()),
        ("direct", set()),
        ("glue_job", set()),
        ("stream", {"shared"}),
    ):
        of_all = {(name, of_type) for name, (of_type, _) in members(root[group]).items()}
        of_one = {
            (name.removeprefix(f"{group}."), of_type)
            for name, (of_type, _) in entry.items()
            if name.startswith(f"{group}.")
        }
        if different := {one for one in of_all if one[0] not in alone} ^ of_one:
            sys.exit(f"{group} and tables[*].{group} have different members: {sorted(different)}")
    print(
        f"grouped inputs: {checked} members, each validated by the module that takes it, with its "
        "default"
    )


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
    check_members()
    check_rules()
    check_rights()
    check_provider_versions()
    terraform.run(TERRAFORM, "fmt", "-check", "-recursive", "-diff")
    print("format: as `terraform fmt` would have it")
    folders = [
        *sorted(TERRAFORM.glob("modules/*")),
        TERRAFORM,
        *sorted(TERRAFORM.glob("examples/*")),
    ]
    init(TERRAFORM)
    with terraform.running_provider(TERRAFORM) as provider:
        for folder in folders:
            started = time.monotonic()
            checked = check_folder(folder, provider)
            print(
                f"{folder.relative_to(ROOT)}: {checked} ({time.monotonic() - started:.0f} s)",
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
