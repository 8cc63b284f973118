#!/usr/bin/env python3
"""Applies what the demo doesn't to the local emulator: the root module by itself, and the other
examples.

    .ci/run examples

For each: apply, a second plan that is empty, changes through Kinesis into Parquet under the right
prefixes, destroy, nothing left. For the root module also: the functions' packages come from S3, by
version and by hash, and another zip than the hash's does not reach Firehose; from Firehose to the
direct way, bucket, Glue table and notifications stay; every call that Terraform made is allowed by
terraform/apply-policy, and so is the name of all that it made; moved.tf finds the state of before;
a schema that only the function rejects ends the apply before Firehose gets it, and a schema of
1,000 columns goes from the package into Parquet. By the direct way changes come from the table's
own stream, each item of a single-table design into its table of the lake, and a new version moves
the alias and leaves the mapping. By Spark the job is made with its files, its trigger and its rule.
The emulator doesn't run it, so Spark on this machine does, with the job's own arguments, and its
rows are on S3. For several tables: one more changes nothing of the others. For the existing bucket:
its notifications and its key stay, and the roles keep within the boundary. Each runs in an account
of its own, at the same time.
"""

import base64
import fnmatch
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import duckdb

import package as packaging
from dynalake_dev import ddl, lake
from dynalake_dev import emulator as emulators
from dynalake_dev import spark as sparks
from dynalake_dev.build import CommandLineBuild
from dynalake_dev.machine import REGION, ROOT, architecture, clean_environment
from dynalake_dev.terraform import PROVIDER, init_words
from dynalake_dev.venv import ENVIRONMENTS

WORK = ROOT / "target" / "ci" / "examples"
TERRAFORM = shutil.which("terraform") or "terraform"
# An empty folder, as the PATH of an apply.
NO_PROGRAMS = WORK / "bin"
# Actions of IAM whose names are not those of the calls
# (https://docs.aws.amazon.com/service-authorization/latest/reference/).
ACTIONS = {
    "S3.DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "S3.DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "S3.DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "S3.DeleteObjects": "s3:DeleteObject",
    "S3.DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "S3.GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "S3.GetBucketCors": "s3:GetBucketCORS",
    "S3.GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "S3.GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "S3.GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "S3.GetBucketReplication": "s3:GetReplicationConfiguration",
    "S3.GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "S3.GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "S3.HeadBucket": "s3:ListBucket",
    "S3.HeadObject": "s3:GetObject",
    "S3.ListObjectVersions": "s3:ListBucketVersions",
    "S3.ListObjectsV2": "s3:ListBucket",
    "S3.PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "S3.PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "S3.PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "S3.PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "Lambda.Invoke": "lambda:InvokeFunction",
    "DynamoDB.ListTagsOfResource": "dynamodb:ListTagsOfResource",
}
PREFIXES = {
    "CloudWatch Logs": "logs",
    "DynamoDB": "dynamodb",
    "EventBridge": "events",
    "Lambda": "lambda",
    "Firehose": "firehose",
    "Kinesis": "kinesis",
}


# What an apply needs, of the files in terraform/apply-policy: roles-within-a-boundary.json takes
# the place of roles.json where there is a boundary, boundary.json is that boundary,
# lake-formation.json is for those who use it. exports.json goes with `exports`.
APPLY_POLICIES = (
    *("pipeline.json", "direct.json", "spark.json", "around-it.json"),
    *("roles.json", "exports.json"),
)

# 2026-01-31T23:59:59.999999Z.
TIME_US = 1_769_903_999_999_999

EXPORTS = 'exports={"bucket":"dynalake-exports"}'


class Place:
    """A configuration on the emulator, in an account of its own."""

    always = ("iam_propagation_seconds=0", "force_destroy=true")

    def __init__(self, name: str, folder: str, account: str, emulator: emulators.Emulator) -> None:
        self.name, self.account, self.emulator = name, account, emulator
        place = WORK / name
        shutil.rmtree(place, ignore_errors=True)
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "tests")
        shutil.copytree(ROOT / "terraform", place / "terraform", ignore=ignored)
        shutil.copytree(ROOT / "examples", place / "examples")
        self.folder = place / "terraform" / folder
        (self.folder / "local_override.tf").write_text(
            PROVIDER.replace('"test"', f'"{account}"', 1)
        )
        self.log = place / "terraform.log"
        self.trace = place / "trace.log"
        self.calls = place / "calls.log"
        self.terraform(*init_words())

    def say(self, text: str) -> None:
        print(f"{self.name}: {text}", flush=True)

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint,
            region_name=REGION,
            aws_access_key_id=self.account,
            aws_secret_access_key="test",
            config=boto3.session.Config(s3={"addressing_style": "path"}, proxies={}),
        )

    def terraform(self, *words: str, accept: tuple = (0,), trace: bool = False) -> str:
        settings = clean_environment(self.emulator.endpoint)
        # The override has the keys.
        del settings["AWS_ACCESS_KEY_ID"]
        self.calls.unlink(missing_ok=True)
        calls = self.trace if trace else self.calls
        settings |= {"TF_LOG_PROVIDER": "DEBUG", "TF_LOG_PATH": str(calls)}
        # An apply needs neither Rust nor any other program.
        settings["PATH"] = str(NO_PROGRAMS)
        done = subprocess.run(
            [TERRAFORM, *words],
            cwd=self.folder,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with open(self.log, "a") as log:
            log.write(done.stdout)
        if done.returncode not in accept:
            raise SystemExit(
                f"{self.name}: terraform {words[0]} ended with {done.returncode}:\n"
                f"{done.stdout[-6000:]}\n"
                f"The calls that failed or were made again, of {calls.name}:\n"
                + "\n".join(self.failed_calls(calls))
            )
        return done.stdout

    @staticmethod
    def failed_calls(log: Path) -> list[str]:
        """The lines of a trace that say why a call was made twice: retries, lost connections,
        answers that are neither 2xx nor 404."""
        wanted = re.compile(
            r"retry|reset by peer|EOF|connection refused|timeout|status_code=(?!2|404)", re.I
        )
        lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
        return [line[:600] for line in lines if wanted.search(line)][-20:]

    def apply(self, *variables: str, trace: bool = False) -> dict:
        started = time.monotonic()
        values = [f"-var={variable}" for variable in (*variables, *self.always)]
        self.variables = values
        self.terraform("apply", "-auto-approve", "-input=false", "-no-color", *values, trace=trace)
        self.say(f"applied in {time.monotonic() - started:.0f} s")
        # -detailed-exitcode: 0 is an empty plan, 2 one with changes.
        self.terraform(
            "plan", "-detailed-exitcode", "-input=false", "-no-color", *values, trace=trace
        )
        self.say("second plan: no changes")
        return {
            name: output["value"]
            for name, output in json.loads(self.terraform("output", "-json")).items()
        }

    def planned(self, *variables: str) -> dict:
        """What a plan would do: resource address to actions, without those that it leaves alone."""
        file = self.folder / "changes.tfplan"
        values = [f"-var={variable}" for variable in (*variables, *self.always)]
        self.terraform("plan", "-input=false", "-no-color", f"-out={file}", *values)
        plan = json.loads(self.terraform("show", "-json", str(file)))
        changes = {one["address"]: one["change"]["actions"] for one in plan["resource_changes"]}
        return {
            address: actions
            for address, actions in changes.items()
            if actions not in (["no-op"], ["read"])
        }

    def arns(self, module: str) -> dict:
        """The ARN of each resource in the state below a module ("" for all), by its address."""

        def resources(part: dict) -> list:
            return part.get("resources", []) + [
                one for child in part.get("child_modules", []) for one in resources(child)
            ]

        state = json.loads(self.terraform("show", "-json"))["values"]["root_module"]
        return {
            one["address"]: one["values"]["arn"]
            for one in resources(state)
            if one["mode"] == "managed"
            and one["values"].get("arn")
            and one["address"].startswith(module)
        }

    def destroy(self, trace: bool = False) -> None:
        self.terraform(
            "destroy", "-auto-approve", "-input=false", "-no-color", *self.variables, trace=trace
        )
        left = self.terraform("state", "list").split()
        if left:
            raise SystemExit(f"{self.name}: destroy left {left}")
        for service, call, member in (
            ("s3", "list_buckets", "Buckets"),
            ("kinesis", "list_streams", "StreamNames"),
            ("firehose", "list_delivery_streams", "DeliveryStreamNames"),
            ("sqs", "list_queues", "QueueUrls"),
            ("lambda", "list_functions", "Functions"),
            ("iam", "list_roles", "Roles"),
        ):
            found = [
                one
                for one in getattr(self.client(service), call)().get(member, [])
                if "dynalake" in json.dumps(one, default=str)
            ]
            if found:
                raise SystemExit(f"{self.name}: destroy left {found}")
        self.say("destroyed, nothing left")

    def put(self, stream: str, table: str, keys: dict, item: dict, time_us: int = TIME_US) -> None:
        self.client("kinesis").put_record(
            StreamName=stream, PartitionKey=table, Data=change(table, keys, item, time_us)
        )

    def put_items(self, table: str, *items: dict) -> None:
        """Items into the table itself, whose own stream has the changes."""
        for item in items:
            self.client("dynamodb").put_item(TableName=table, Item=item)

    def rows(self, bucket: str, prefix: str, expected: int) -> list[dict]:
        """The rows of all objects under a prefix by `_sequence`, once there are as many as
        expected, or after half a minute."""
        found: list[dict] = []
        for _ in range(60):
            listed = self.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
            found = []
            for one in listed.get("Contents", []):
                file = self.folder / one["Key"].replace("/", "_")
                self.client("s3").download_file(bucket, one["Key"], str(file))
                table = duckdb.read_parquet(str(file))
                found += [dict(zip(table.columns, row, strict=True)) for row in table.fetchall()]
            if len(found) >= expected:
                return sorted(found, key=lambda row: row["_sequence"])
            time.sleep(0.5)
        raise SystemExit(f"{self.name}: {len(found)} rows under {prefix}, not {expected}: {found}")

    def stored(self, address: str) -> bytes:
        """An object, by its s3:// address."""
        bucket, key = address.removeprefix("s3://").split("/", 1)
        return self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()

    def objects(self, bucket: str, expected: int) -> list:
        """The bucket's keys, once there are as many as expected, or after half a minute."""
        for _ in range(60):
            keys = [
                one["Key"]
                for one in self.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
            ]
            if len(keys) >= expected:
                return keys
            time.sleep(0.5)
        raise SystemExit(f"{self.name}: {len(keys)} objects after 30 s, not {expected}: {keys}")


def change(table: str, keys: dict, item: dict, time_us: int = TIME_US) -> bytes:
    """A change as AWS' Kinesis Data Streams for DynamoDB writes it."""
    record = {
        "awsRegion": REGION,
        "eventID": f"{table}-{time_us}",
        "eventName": "INSERT",
        "userIdentity": None,
        "recordFormat": "application/json",
        "tableName": table,
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": time_us,
            "ApproximateCreationDateTimePrecision": "MICROSECOND",
            "Keys": keys,
            "NewImage": {**keys, **item},
            "SizeBytes": 100,
        },
    }
    return json.dumps(record).encode()


def expect(place: Place, what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise SystemExit(f"{place.name}: {what} should be\n  {wanted}\nand is\n  {found}")
    place.say(what)


def package(program: str = "bootstrap") -> str:
    return f"package_file={ROOT}/dist/{architecture()}/{program}.zip"


def function(zip_file: Path, in_package: bool = False) -> str:
    settings = {
        "package_file": str(zip_file),
        "architecture": architecture(),
        "schema_in_package": in_package,
    }
    return f"function={json.dumps(settings)}"


PACKAGES = "packages"


def upload(place: Place, program: str, content: str | None = None) -> tuple[dict, str]:
    """Puts a program's package, or that of another one in its place, into a bucket that keeps
    versions. Returns where it is, and the SHA-256 of the program's own package."""
    s3 = place.client("s3")
    if PACKAGES not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=PACKAGES, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=PACKAGES, VersioningConfiguration={"Status": "Enabled"})
    folder = ROOT / "dist" / architecture()
    put = s3.put_object(
        Bucket=PACKAGES,
        Key=f"{program}.zip",
        Body=(folder / f"{content or program}.zip").read_bytes(),
    )
    where = {
        "s3_bucket": PACKAGES,
        "s3_key": f"{program}.zip",
        "s3_object_version": put["VersionId"],
    }
    return where, hashlib.sha256((folder / f"{program}.zip").read_bytes()).hexdigest()


def function_on_s3(where: dict, sha256: str | None = None) -> str:
    settings = {"package": where, "package_sha256": sha256, "architecture": architecture()}
    return f"function={json.dumps(settings)}"


def schema_files(*tables: str) -> str:
    files = [f'{table}="{ROOT}/examples/{table}.schema.json"' for table in tables]
    return f"schema_files={{{','.join(files)}}}"


def root_module(emulator: emulators.Emulator) -> None:
    place = Place("root module", ".", "111111111111", emulator)
    schema = WORK / "root module" / "orders.schema.json"
    shutil.copy(ROOT / "examples" / "orders.schema.json", schema)
    place.client("dynamodb").create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        # For the direct way, at the end.
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    variables = [
        "name=dynalake-root",
        EXPORTS,
        f"schema_file={schema}",
        function_on_s3(upload(place, "bootstrap")[0]),
    ]
    outputs = place.apply(*variables, trace=True)
    check_names(
        place,
        "",
        name="dynalake-root",
        bucket=outputs["bucket"],
        database=outputs["glue_database"],
        tables=["orders"],
    )
    check_moves(place, *variables)
    place.put(outputs["stream_name"], "orders", {"orderId": {"S": "o-1"}}, {"total": {"N": "1.5"}})
    key = place.objects(outputs["bucket"], 1)[0]
    if not re.match(r"data/orders/dt=\d{4}-\d\d-\d\d/hour=\d\d/dynalake-root-.*\.parquet$", key):
        raise SystemExit(f"{place.name}: an object by arrival is at {key}")
    place.say(f"by arrival: {key.rsplit('/', 1)[0]}/")

    def processor() -> str:
        described = place.client("firehose").describe_delivery_stream(
            DeliveryStreamName="dynalake-root"
        )
        destination = described["DeliveryStreamDescription"]["Destinations"][0][
            "ExtendedS3DestinationDescription"
        ]
        parameters = destination["ProcessingConfiguration"]["Processors"][0]["Parameters"]
        return next(
            one["ParameterValue"] for one in parameters if one["ParameterName"] == "LambdaArn"
        )

    before = processor()
    where, sha256 = upload(place, "bootstrap", content="direct")
    said = place.terraform(
        *("apply", "-auto-approve", "-input=false", "-no-color"),
        *(f"-var={variable}" for variable in variables[:-1]),
        f"-var={function_on_s3(where, sha256)}",
        *(f"-var={variable}" for variable in place.always),
        accept=(1,),
    )
    if "package_sha256: Lambda got a zip" not in " ".join(said.replace("│", " ").split()):
        raise SystemExit(f"{place.name}: another zip than the hash's failed otherwise:\n{said}")
    expect(place, "another zip than the hash's does not reach Firehose", processor(), before)

    # A member that is declared twice: jsondecode keeps the last, the function rejects the file.
    good = schema.read_text()
    schema.write_text(good.replace('"keys"', '"keys": ["other"], "keys"', 1))
    zip_file = WORK / "root module" / "bootstrap.zip"
    program = packaging.check_zip(ROOT / "dist" / architecture() / zip_file.name, architecture())
    packaging.write_zip(program, zip_file, (schema.name, schema.read_bytes()))
    in_package = [*variables[:-1], function(zip_file, in_package=True)]
    said = place.terraform(
        *("apply", "-auto-approve", "-input=false", "-no-color"),
        *(f"-var={variable}" for variable in (*in_package, *place.always)),
        accept=(1,),
    )
    if "aws_lambda_invocation" not in said:
        raise SystemExit(
            f"{place.name}: a schema that the function rejects failed otherwise:\n{said}"
        )
    expect(place, "a schema that the function rejects does not reach Firehose", processor(), before)
    place.put(outputs["stream_name"], "orders", {"orderId": {"S": "o-2"}}, {"total": {"N": "1.5"}})
    earlier = place.objects(outputs["bucket"], 2)
    place.say("and the version of before goes on")

    columns, item, row = thousand_columns()
    schema.write_text(json.dumps({"table": "orders", "keys": ["orderId"], "columns": columns}))
    subprocess.run(
        [sys.executable, ROOT / "package.py", "--package", zip_file, "--schema", schema],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    place.apply(*in_package, trace=True)
    place.put(outputs["stream_name"], "orders", {"orderId": {"S": "o-3"}}, item)
    [key] = set(place.objects(outputs["bucket"], 3)) - set(earlier)
    parquet = WORK / "root module" / "columns.parquet"
    place.client("s3").download_file(outputs["bucket"], key, str(parquet))
    table = duckdb.read_parquet(str(parquet))
    found = dict(zip(table.columns, table.fetchall()[0], strict=True))
    expect(
        place,
        f"a schema of {len(columns):,} columns, from the package: each value in its column",
        [name for name in row if found.get(name) != row[name]],
        [],
    )
    shutil.copy(ROOT / "examples" / "orders.schema.json", schema)
    change_over(place, schema)
    place.destroy(trace=True)
    check_rights(place)


def change_over(place: Place, schema: Path) -> None:
    """From Firehose to the table's own stream: what holds data, and what tells of it, stays."""
    where, sha256 = upload(place, "direct")
    variables = [
        "name=dynalake-root",
        EXPORTS,
        f"schema_file={schema}",
        # By its hash alone.
        function_on_s3(where | {"s3_object_version": None}, sha256),
        "via=direct",
    ]
    parts = (
        "module.bucket",
        "module.notifications",
        "module.databricks_access",
        "aws_glue",
        'module.table["default"].aws_glue',
    )
    expect(
        place,
        # The schema's thousand columns go too, so Glue's are updated in place.
        "from Firehose to direct: bucket, Glue, notifications and Databricks' role stay",
        {
            address: actions
            for address, actions in place.planned(*variables).items()
            if address.startswith(parts)
        },
        {'module.table["default"].aws_glue_catalog_table.this': ["update"]},
    )
    outputs = place.apply(*variables, trace=True)
    before = place.objects(outputs["bucket"], 3)
    place.put_items("orders", {"orderId": {"S": "o-4"}, "total": {"N": "2.5"}})
    [key] = set(place.objects(outputs["bucket"], len(before) + 1)) - set(before)
    expect(place, "and a change of the table comes by itself", key.split("/")[1], "orders")


def check_moves(place: Place, *variables: str) -> None:
    """Under the addresses that its resources had before, the state is still found: moved.tf brings
    each to its place, and a plan has nothing to do."""
    moves = re.findall(
        r"^  from = (\S+)\n  to   = (\S+)$",
        (ROOT / "terraform" / "moved.tf").read_text(),
        re.MULTILINE,
    )
    if len(moves) < 9:
        raise SystemExit(f"{place.name}: only {len(moves)} moves were read in moved.tf")
    # Whole modules first: what moves into one of them finds it there.
    for before, now in sorted(moves, key=lambda move: move[0].count(".")):
        place.terraform("state", "mv", now, before)
    expect(place, "from the addresses of before, nothing to do", place.planned(*variables), {})


def thousand_columns() -> tuple[list, dict, dict]:
    """The columns of a schema that 4 KB don't hold however it is compressed, an item for them, and
    its row."""
    columns, item = [{"name": "order_id", "type": "string", "path": ["orderId"]}], {}
    row: dict[str, object] = {"order_id": "o-3"}
    for n in range(999):
        name = f"c{n}_{hashlib.sha256(str(n).encode()).hexdigest()[:12]}"
        kind, value, expected = (
            ("string", {"S": f"text {n}"}, f"text {n}"),
            ("bigint", {"N": str(n - 500)}, n - 500),
            ("decimal(38,9)", {"N": f"{n}.000000001"}, Decimal(f"{n}.000000001")),
            ("boolean", {"BOOL": n % 2 == 0}, n % 2 == 0),
        )[n % 4]
        columns.append({"name": name, "type": kind})
        item[name], row[name] = value, expected
    return columns, item, row


def check_rights(place: Place, own: tuple[str, ...] = ()) -> None:
    """Each call of Terraform's is an action of terraform/apply-policy, but those for what an
    example makes itself."""
    allowed = set()
    for file in sorted((ROOT / "terraform" / "apply-policy").glob("*.json")):
        policy = json.loads(file.read_text())
        if file.name in APPLY_POLICIES:
            allowed |= {
                action for statement in policy["Statement"] for action in statement["Action"]
            }
        filled = json.dumps(policy, separators=(",", ":"))
        for word, longest in (
            ("ACCOUNT", 12),
            ("REGION", 14),
            ("DATABASE", 40),
            ("BUCKET", 63),
            ("BOUNDARY", 64),
            ("PACKAGES", 63),
            ("NAME", 40),
            ("TABLE", 64),
        ):
            filled = filled.replace(word, "x" * longest)
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        if len(filled) > 6144:
            raise SystemExit(
                f"{file.name} would have {len(filled)} characters, of which a managed policy may "
                "have 6,144"
            )
    made = set()
    for line in place.trace.read_text(errors="replace").splitlines():
        method, service = (
            re.search(r"rpc\.method=(\w+)", line),
            re.search(r'rpc\.service="?([A-Za-z0-9 ]+?)"?(?: [a-z@]|$)', line),
        )
        if method and service:
            made.add((service[1].strip(), method[1]))
    needed = {
        ACTIONS.get(
            f"{service}.{method}",
            f"{PREFIXES.get(service, service.lower().replace(' ', ''))}:{method}",
        )
        for service, method in made
    }
    # The provider asks for this only where it may not ask who it is, as on the emulator
    # (skip_credentials_validation).
    needed -= {"iam:GetUser", *own}
    if len(needed) < 60:
        raise SystemExit(
            f"{place.name}: only {len(needed)} calls were found in {place.trace}; is its format "
            "another?"
        )
    expect(
        place,
        f"terraform/apply-policy allows all {len(needed)} kinds of calls that were made",
        sorted(needed - allowed),
        [],
    )


def check_names(
    place: Place, module: str, name: str, bucket: str, database: str, tables: list
) -> None:
    """The ARN of each resource that was made is a resource of terraform/apply-policy, once its
    words are replaced."""
    patterns = set()
    for file in APPLY_POLICIES:
        for statement in json.loads((ROOT / "terraform" / "apply-policy" / file).read_text())[
            "Statement"
        ]:
            for pattern in statement["Resource"]:
                for table in tables:
                    words = {
                        "ACCOUNT": place.account,
                        "REGION": REGION,
                        "DATABASE": database,
                        "BUCKET": bucket,
                        "NAME": name,
                        "TABLE": table,
                    }
                    filled = pattern
                    for word, value in words.items():
                        filled = re.sub(rf"\b{word}\b", value, filled)
                    patterns.add(filled)
    patterns.discard("*")
    made = place.arns(module)
    # ARNs of subscriptions end at random: their statement takes every resource.
    outside = {
        address: arn
        for address, arn in made.items()
        if "aws_sns_topic_subscription" not in address
        and not any(fnmatch.fnmatchcase(arn, pattern) for pattern in patterns)
    }
    if len(made) < 25:
        raise SystemExit(f"{place.name}: only {len(made)} ARNs in the state: {made}")
    expect(
        place,
        f"terraform/apply-policy has the names of all {len(made)} resources with an ARN",
        outside,
        {},
    )


def check_boundary(place: Place, name: str) -> None:
    """Each of the pipeline's roles has the boundary, and what its policy allows is in it."""
    iam = place.client("iam")
    boundary = json.loads((ROOT / "terraform" / "apply-policy" / "boundary.json").read_text())
    within = {action for statement in boundary["Statement"] for action in statement["Action"]}
    outside, roles = (
        set(),
        [
            role["RoleName"]
            for role in iam.list_roles()["Roles"]
            if role["RoleName"].startswith(name)
        ],
    )
    for role in roles:
        described = iam.get_role(RoleName=role)["Role"]
        expect(
            place,
            f"{role} has its boundary",
            described.get("PermissionsBoundary", {})
            .get("PermissionsBoundaryArn", "")
            .split("/")[-1],
            f"{name}-boundary",
        )
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            document = json.loads(document) if isinstance(document, str) else document
            for statement in document["Statement"]:
                outside |= {
                    *(
                        [statement["Action"]]
                        if isinstance(statement["Action"], str)
                        else statement["Action"]
                    )
                } - within
    expect(place, "function, Firehose and Databricks each have a role", len(roles), 3)
    expect(place, "the boundary allows all that the roles do", sorted(outside), [])


def received(place: Place, queue_url: str) -> list:
    """Keys of the objects that the queue announces, after at most half a minute."""
    for _ in range(60):
        messages = (
            place.client("sqs")
            .receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
            .get("Messages", [])
        )
        events = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
        keys = [
            record["s3"]["object"]["key"].replace("%3D", "=")
            for event in events
            for record in event.get("Records", [])
        ]
        if keys:
            return keys
        time.sleep(0.5)
    raise SystemExit(f"{place.name}: no file was announced in 30 s")


def existing_bucket_and_key(emulator: emulators.Emulator) -> None:
    place = Place(
        "existing-bucket-and-key", "examples/existing-bucket-and-key", "222222222222", emulator
    )
    outputs = place.apply(package())
    bucket = outputs["bucket"]
    stream = outputs["stream_arn"].split("/")[-1]
    check_boundary(place, "dynalake-existing")
    place.put(stream, "orders", {"orderId": {"S": "o-1"}}, {"total": {"N": "1.5"}})
    keys = place.objects(bucket, 1)
    expect(
        place,
        "by the change's own time",
        keys[0].rsplit("/", 1)[0],
        "data/orders/dt=2026-01-31/hour=23",
    )
    configuration = place.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    expect(
        place,
        "the owner's notifications stay, and EventBridge with them",
        [
            sorted(one["Id"] for one in configuration["TopicConfigurations"]),
            "EventBridgeConfiguration" in configuration,
        ],
        [["parquet", "uploads"], True],
    )
    expect(place, "the file is announced in our queue", received(place, outputs["queue_url"]), keys)
    described = place.client("firehose").describe_delivery_stream(
        DeliveryStreamName="dynalake-existing"
    )["DeliveryStreamDescription"]
    encryption = described["Destinations"][0]["ExtendedS3DestinationDescription"][
        "EncryptionConfiguration"
    ]
    expect(
        place,
        "Firehose writes with the lake's key",
        encryption["KMSEncryptionConfig"]["AWSKMSKeyARN"],
        place.arns("module.lake_key")["module.lake_key.aws_kms_key.this"],
    )
    place.destroy()


DIRECT_KEY = re.compile(r"data/orders/dt=\d{4}-\d\d-\d\d/hour=\d\d/dynamodb-\d+-\d+\.parquet")


def direct(emulator: emulators.Emulator) -> None:
    place = Place("direct", "examples/direct", "444444444444", emulator)
    schema = WORK / "direct" / "orders.schema.json"
    shutil.copy(ROOT / "examples" / "orders.schema.json", schema)
    variables = [package("direct"), f"schema_file={schema}", "batching_window_seconds=1"]
    outputs = place.apply(*variables)
    check_names(
        place,
        "module.dynalake",
        name="dynalake-orders",
        bucket=outputs["bucket"],
        database=outputs["glue_database"],
        tables=["orders"],
    )
    place.put_items(
        "orders",
        {"orderId": {"S": "o-1"}, "total": {"N": "12345678901234567890.123456789"}},
        {"orderId": {"S": "o-1"}, "total": {"S": "about 12"}},
    )
    place.client("dynamodb").delete_item(TableName="orders", Key={"orderId": {"S": "o-1"}})
    rows = place.rows(outputs["bucket"], outputs["data_prefix"], 3)
    expect(
        place,
        "each change of the item, in its order, with all digits",
        [(row["_event_type"], row["order_id"], row["total"]) for row in rows],
        [
            ("INSERT", "o-1", Decimal("12345678901234567890.123456789")),
            ("MODIFY", "o-1", None),
            ("REMOVE", "o-1", None),
        ],
    )
    keys = place.objects(outputs["bucket"], 1)
    expect(
        place,
        "objects are named by their batch",
        [key for key in keys if not DIRECT_KEY.fullmatch(key)],
        [],
    )
    announced = set(received(place, outputs["queue_url"]))
    expect(place, "and announced in the queue", announced - set(keys), set())

    # What nobody tests on the emulator is asked of it all the same: these are Lambda's settings.
    mapping = place.client("lambda").get_event_source_mapping(UUID=outputs["mapping_uuid"])
    wanted = {
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MaximumRecordAgeInSeconds": 79_200,
        "StartingPosition": "TRIM_HORIZON",
    }
    expect(
        place,
        "the mapping keeps what it can't store",
        {name: mapping.get(name) for name in wanted},
        wanted,
    )
    expect(
        place,
        "it invokes the alias",
        mapping["FunctionArn"].rsplit(":", 1)[-1],
        "live",
    )

    text = json.loads(schema.read_text())
    text["columns"].append({"name": "note", "type": "string"})
    schema.write_text(json.dumps(text))
    changes = place.planned(*variables)
    expect(
        place,
        "another schema moves the alias and leaves the mapping",
        sorted(
            address.split(".", 2)[2]
            for address in changes
            if address.startswith('module.dynalake.module.direct["default"]')
        ),
        [
            'module.direct["default"].aws_lambda_alias.live',
            'module.direct["default"].aws_lambda_function.this',
            'module.direct["default"].aws_lambda_invocation.check',
        ],
    )
    version = place.apply(*variables)["function_version"]
    place.put_items("orders", {"orderId": {"S": "o-2"}, "note": {"S": "new"}})
    rows = place.rows(outputs["bucket"], outputs["data_prefix"], 4)
    expect(place, "the new version has the new column", [rows[-1]["note"], version], ["new", "2"])
    place.destroy()


def single_table(emulator: emulators.Emulator) -> None:
    place = Place("single-table", "examples/single-table", "555555555555", emulator)
    outputs = place.apply(package("direct"), "batching_window_seconds=1")
    customer = {"PK": {"S": "CUSTOMER#7"}, "SK": {"S": "PROFILE"}, "name": {"S": "Ada"}}
    order = {"PK": {"S": "CUSTOMER#7"}, "SK": {"S": "ORDER#42"}, "total": {"N": "12.50"}}
    line = {"PK": {"S": "ORDER#42"}, "SK": {"S": "LINE#1"}, "quantity": {"N": "2"}}
    quote, sold = ({**order, "type": {"S": kind}} for kind in ("quote", "order"))
    other = {**sold, "SK": {"S": "ORDER#43"}}
    # A quote is in no table; sold, it is an order; then it is a quote again.
    place.put_items("shop", quote, customer, line, sold, quote, other)
    tables = outputs["lake_tables"]

    def rows(name: str, expected: int, column: str) -> list:
        found = place.rows(outputs["bucket"], tables[name]["data_prefix"], expected)
        return [(row["_event_type"], row["pk"], row["sk"], row[column]) for row in found]

    expect(
        place,
        "a customer is with the customers",
        rows("shop_customers", 1, "name"),
        [("INSERT", "CUSTOMER#7", "PROFILE", "Ada")],
    )
    expect(
        place,
        "a line is with the lines",
        rows("shop_order_lines", 1, "quantity"),
        [("INSERT", "ORDER#42", "LINE#1", 2)],
    )
    expect(
        place,
        "an order comes and goes with its kind",
        rows("shop_orders", 3, "total"),
        [
            ("MODIFY", "CUSTOMER#7", "ORDER#42", Decimal("12.50")),
            ("REMOVE", "CUSTOMER#7", "ORDER#42", None),
            ("INSERT", "CUSTOMER#7", "ORDER#43", Decimal("12.50")),
        ],
    )
    # A customer moves, an order gets cheaper, and a line goes and comes and goes.
    place.put_items("shop", {**customer, "address": {"M": {"city": {"S": "Paris"}}}})
    place.put_items("shop", {**other, "total": {"N": "11"}}, {**quote, "SK": {"S": "ORDER#44"}})
    key = {"PK": line["PK"], "SK": line["SK"]}
    place.client("dynamodb").delete_item(TableName="shop", Key=key)
    place.put_items("shop", {**line, "SK": {"S": "LINE#2"}}, line)
    place.client("dynamodb").delete_item(TableName="shop", Key=key)
    for name, count in (("shop_customers", 2), ("shop_orders", 4), ("shop_order_lines", 5)):
        place.rows(outputs["bucket"], tables[name]["data_prefix"], count)
        expect(
            place,
            f"the current state of {name} is what the DynamoDB table has of it",
            *current_and_items(place, outputs, name),
        )
    expect(
        place,
        "Databricks gets three tables from one pipeline",
        sorted(table["name"] for table in outputs["databricks_tables"]),
        sorted(tables),
    )
    place.destroy()


def current_and_items(place: Place, outputs: dict, name: str) -> tuple[list, list]:
    """The current state of a table of the lake, by the view that `dynalake ddl` prints for Athena,
    and the DynamoDB table's items of that kind; both as keys and the values of other columns."""
    of_kind = {
        "shop_customers": lambda item: item["SK"]["S"] == "PROFILE",
        "shop_orders": lambda item: item.get("type") == {"S": "order"},
        "shop_order_lines": lambda item: item["SK"]["S"].startswith("LINE#"),
    }[name]
    attributes = {
        "shop_customers": [("name", ("name",), str), ("city", ("address", "city"), str)],
        "shop_orders": [("total", ("total",), Decimal)],
        "shop_order_lines": [("quantity", ("quantity",), int)],
    }[name]

    def value(item: dict, path: tuple[str, ...], kind: type) -> object:
        attribute: Any = {"M": item}
        for member in path:
            attribute = attribute.get("M", {}).get(member, {})
        return next((kind(text) for text in attribute.values()), None)

    items = [
        (
            item["PK"]["S"],
            item["SK"]["S"],
            *(value(item, path, kind) for _, path, kind in attributes),
        )
        for item in lake.items(place.client("dynamodb"), outputs["table_name"])
        if of_kind(item)
    ]
    table = outputs["lake_tables"][name]
    prefixes = (table["data_prefix"], table["error_prefix"])
    objects = lake.Lake(place.folder / name, place.client("s3"), outputs["bucket"], *prefixes)
    objects.fetch()
    schema = place.folder / f"{name.removeprefix('shop_')}.schema.json"
    program = CommandLineBuild(ROOT / "target" / "ci" / "examples_dynalake.log").wait()
    names = ("--database", outputs["glue_database"], "--table", table["glue_table"])
    view = ddl.CommandLine(program, schema).sql("athena", "view", *names)
    connection = lake.connect(objects.folder, outputs["glue_database"], table["glue_table"], view)
    rows = lake.rows(connection, table["glue_table"] + "_current")
    columns = ["pk", "sk", *(column for column, _, _ in attributes)]
    return sorted(tuple(row[column] for column in columns) for row in rows), sorted(items)


def run_job(place: Place, job: dict, outputs: dict) -> None:
    """Runs the job as it was made on this machine's Spark, which has no reader of Kinesis and no
    file system for S3: the records, the files of before and the checkpoint are in a folder."""
    folder = WORK / "spark" / "job"
    folder.mkdir()
    (folder / "schema.json").write_bytes(place.stored(job["DefaultArguments"]["--schema"]))
    program = CommandLineBuild(ROOT / "target" / "ci" / "examples_dynalake.log").wait()
    arrival = datetime(2026, 2, 1, tzinfo=UTC)
    one = change("orders", {"orderId": {"S": "o-1"}}, {"total": {"N": "19.99"}})
    other = change("orders", {"orderId": {"S": "o-2"}}, {"total": {"N": "0.1"}})
    records = [
        (one, f"{1:056}", arrival),
        (b"no change", f"{2:056}", arrival),
        (other, f"{3:056}", arrival),
        (None, None, None),
    ]
    (folder / "records").mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE record "
            "(data BLOB, sequenceNumber VARCHAR, approximateArrivalTimestamp TIMESTAMPTZ)"
        )
        connection.executemany("INSERT INTO record VALUES (?, ?, ?)", records)
        connection.execute(f"COPY record TO '{folder}/records/0.parquet'")
    arguments = {
        **job["DefaultArguments"],
        "--dynalake": str(program.resolve()),
        "--schema": f"{folder}/schema.json",
        "--records": f"{folder}/records",
        "--checkpoint": f"{folder}/checkpoint",
        # As Glue itself gives it.
        "--JOB_NAME": job["Name"],
    }
    del arguments["--stream-arn"]
    python = ENVIRONMENTS["spark/tests"]
    python.ensure()
    home = sparks.home(python.folder)
    environment = sparks.environment(home, clean_environment(place.emulator.endpoint))
    environment |= {"AWS_ACCESS_KEY_ID": place.account, "PYSPARK_PYTHON": str(python.python)}
    conf = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1"}
    words = [word for argument in arguments.items() for word in argument]
    script = WORK / "spark" / "dynalake_job.py"
    command = sparks.submit(home, "local[1]", conf, str(script), *words)
    log = folder / "spark.log"
    with open(log, "w") as said:
        done = subprocess.run(command, env=environment, cwd=folder, stdout=said, stderr=said)
    if done.returncode != 0:
        raise SystemExit(f"{place.name}: the job ended with {done.returncode}; see {log}")
    rows = place.rows(outputs["bucket"], "data/orders/", 2)
    expect(
        place,
        "the job with its own arguments writes rows to S3",
        [[row["_sequence"], row["order_id"], row["total"]] for row in rows],
        [
            [f"{TIME_US:020}-{1:056}", "o-1", Decimal("19.99")],
            [f"{TIME_US:020}-{3:056}", "o-2", Decimal("0.1")],
        ],
    )
    errors = f"{outputs['error_prefix']}spark-failed/"
    listed = place.client("s3").list_objects_v2(Bucket=outputs["bucket"], Prefix=errors)
    [kept] = [one["Key"] for one in listed["Contents"]]
    lines = map(json.loads, place.stored(f"s3://{outputs['bucket']}/{kept}").splitlines())
    expect(
        place,
        "and what is no change to the error prefix",
        [[base64.b64decode(line["rawData"]), line.get("sequenceNumber")] for line in lines],
        [[b"no change", f"{2:056}"], [b"", None]],
    )


def spark(emulator: emulators.Emulator) -> None:
    place = Place("spark", "examples/spark", "666666666666", emulator)
    # The emulator keeps the job and runs nothing: any program for x86_64 will do.
    fixtures = ROOT / "terraform" / "modules" / "glue_job" / "tests" / "files"
    script = WORK / "spark" / "dynalake_job.py"
    shutil.copy(ROOT / "spark" / "dynalake_job.py", script)
    variables = [f"program_file={fixtures}/dynalake", f"script_file={script}"]
    outputs = place.apply(*variables, trace=True)
    check_names(
        place,
        "module.dynalake",
        name="dynalake-orders",
        bucket=outputs["bucket"],
        database=outputs["glue_database"],
        tables=["orders"],
    )
    job = place.client("glue").get_job(JobName=outputs["job_name"])["Job"]
    arguments = job["DefaultArguments"]
    expect(
        place,
        "the job streams by Glue 5.1",
        [job["Command"]["Name"], job["GlueVersion"], job["WorkerType"], job["NumberOfWorkers"]],
        ["gluestreaming", "5.1", "G.025X", 2],
    )
    expect(
        place,
        "its rows go to the table's prefix, what can't be one to the error prefix",
        [arguments["--out"], arguments["--rejected"]],
        [
            outputs["location"],
            f"s3://{outputs['bucket']}/{outputs['error_prefix']}spark-failed/",
        ],
    )

    expect(
        place,
        "script, program and schema are where the job looks for them",
        [
            place.stored(job["Command"]["ScriptLocation"]),
            place.stored(arguments["--dynalake"]),
            json.loads(place.stored(arguments["--schema"]))["table"],
        ],
        [script.read_bytes(), (fixtures / "dynalake").read_bytes(), "orders"],
    )
    run_job(place, job, outputs)
    trigger = place.client("glue").get_trigger(Name=outputs["job_name"])["Trigger"]
    expect(
        place,
        "a trigger starts it each quarter of an hour",
        [trigger["State"], trigger["Schedule"], trigger["Actions"][0]["JobName"]],
        ["ACTIVATED", "cron(0/15 * * * ? *)", outputs["job_name"]],
    )
    script.write_text(script.read_text() + "# another version\n")
    changes = place.planned(*variables)
    expect(
        place,
        "another script is put beside the old one, and changes the job alone",
        {address.split(".", 2)[2]: actions for address, actions in changes.items()},
        {
            'module.glue_job["default"].aws_glue_job.this': ["update"],
            'module.glue_job["default"].aws_s3_object.script': ["create", "delete"],
        },
    )
    place.destroy(trace=True)
    check_rights(
        place,
        own=(
            *("dynamodb:CreateTable", "dynamodb:DeleteTable", "kms:DescribeKey"),
            *("dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTimeToLive"),
        ),
    )


def several_tables(emulator: emulators.Emulator) -> None:
    place = Place("several-tables", "examples/several-tables", "333333333333", emulator)
    place.apply(package(), schema_files("orders"))
    before = place.arns("")
    changes = place.planned(package(), schema_files("orders", "customers"))
    expect(
        place,
        "one more table only makes things",
        sorted({action for actions in changes.values() for action in actions}),
        ["create"],
    )
    expect(
        place,
        "and all of them are its own",
        sorted(address for address in changes if '["customers"]' not in address),
        [],
    )
    outputs = place.apply(package(), schema_files("orders", "customers"))
    after = place.arns("")
    expect(
        place,
        "what was there is there",
        {address: after.get(address) for address in before},
        before,
    )
    bucket = outputs["bucket"]
    check_names(
        place,
        "module.dynalake",
        name="dynalake-shop",
        bucket=bucket,
        database="dynalake_shop",
        tables=["orders", "customers"],
    )
    bundle = outputs["databricks_bundle_variables"]
    expect(
        place,
        "the Databricks bundle gets the bucket and the queue",
        [bundle["url"], bundle["queue_url"].split("/")[3:]],
        [f"s3://{bucket}/data", outputs["queue_url"].split("/")[3:]],
    )
    stream = outputs["tables"]["orders"]["stream_name"]
    expect(place, "the stream is shared", outputs["tables"]["customers"]["stream_name"], stream)
    place.put(stream, "orders", {"orderId": {"S": "o-1"}}, {"total": {"N": "1.5"}})
    place.put(
        stream,
        "customers",
        {"tenant": {"S": "t"}, "customerId": {"N": "7"}},
        {"credit": {"N": "-0.01"}},
    )
    tables = sorted(key.split("/")[1] for key in place.objects(bucket, 2))
    expect(place, "each table's change is with its table, once", tables, ["customers", "orders"])
    changes = place.planned(package(), schema_files("customers"))
    expect(
        place,
        "one table less removes its own only",
        [
            sorted({action for actions in changes.values() for action in actions}),
            sorted(address for address in changes if '["orders"]' not in address),
        ],
        [["delete"], []],
    )
    place.destroy()


def main() -> int:
    WORK.mkdir(parents=True, exist_ok=True)
    NO_PROGRAMS.mkdir(exist_ok=True)
    emulator = emulators.start(WORK, owned=True)
    try:
        with ThreadPoolExecutor() as pool:
            for done in [
                pool.submit(job, emulator)
                for job in (
                    root_module,
                    existing_bucket_and_key,
                    several_tables,
                    direct,
                    single_table,
                    spark,
                )
            ]:
                done.result()
    finally:
        emulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
