#!/usr/bin/env python3
"""Plans the module destination over a destination that was there before, with milliseconds: the
plan has to say so, and to leave it as it is.

    .ci/run terraform

`terraform test` can't import into a mocked provider, so the state is written here, and planned
without asking AWS.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from dynalake_dev import process, terraform
from dynalake_dev.machine import ROOT
from dynalake_dev.process import ToolError

CALLER = """
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

module "destination" {
  source     = "./destination"
  stream_arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
  tables     = ["orders", "customers"]
  consumers  = ["arn:aws:firehose:eu-central-1:123456789012:deliverystream/orders"]
}
"""
STREAM_ARN = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"
PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'


def state(precision: dict) -> dict:
    destinations = [
        {
            "index_key": table,
            "schema_version": 0,
            "attributes": {
                "id": f"{table},{STREAM_ARN}",
                "table_name": table,
                "stream_arn": STREAM_ARN,
                "approximate_creation_date_time_precision": of_table,
            },
        }
        for table, of_table in precision.items()
    ]
    return {
        "version": 4,
        "terraform_version": "1.9.0",
        "serial": 1,
        "lineage": "precision",
        "outputs": {},
        "resources": [
            {
                "module": "module.destination",
                "mode": "managed",
                "type": "aws_dynamodb_kinesis_streaming_destination",
                "name": "this",
                "provider": PROVIDER,
                "instances": destinations,
            },
        ],
    }


def plan(place: Path, precision: dict) -> str:
    (place / "terraform.tfstate").write_text(json.dumps(state(precision)))
    return terraform.run(place, "plan", "-refresh=false", "-input=false", "-no-color")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copytree(
            ROOT / "terraform" / "modules" / "destination",
            place / "destination",
            ignore=shutil.ignore_patterns(".terraform*", "tests"),
        )
        (place / "main.tf").write_text(CALLER)
        terraform.run(place, *terraform.init_words())
        said = plan(place, {"orders": "MICROSECOND", "customers": "MILLISECOND"})
        silent = plan(place, {"orders": "MICROSECOND", "customers": "MICROSECOND"})
    named = "customers: the destination has milliseconds" in said
    for what, holds in {
        "a destination with milliseconds is said, by its table": named,
        "the other table is not named": "orders: the destination" not in said
        and "orders, " not in said,
        "the destination stays as it is": " 0 to destroy" in said or "No changes" in said,
        "microseconds are what is wanted": "milliseconds" not in silent,
    }.items():
        if not holds:
            raise ToolError(f"{said}\n{silent}\nnot so: {what}")
    print("destination: one with milliseconds is said at plan time, and stays")
    return 0


if __name__ == "__main__":
    sys.exit(process.main(".ci/precision.py", main))
