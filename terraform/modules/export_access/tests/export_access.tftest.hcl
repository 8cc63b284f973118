mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name           = "orders-exports"
  exports        = { bucket = "my-exports", prefix = "exports/orders" }
  table_names    = ["orders"]
  bucket         = { name = "lake", arn = "arn:aws:s3:::lake" }
  data_prefixes  = ["data/orders/"]
  error_prefixes = ["errors/orders/"]
}

run "the_policy_reaches_the_exports_the_rows_and_the_errors" {
  assert {
    condition = {
      for statement in jsondecode(aws_iam_policy.this.policy).Statement : statement.Sid => statement.Resource
      } == {
      StartExports        = ["arn:aws:dynamodb:eu-central-1:123456789012:table/orders"]
      WatchExports        = ["arn:aws:dynamodb:eu-central-1:123456789012:table/orders/export/*"]
      WriteAndReadExports = "arn:aws:s3:::my-exports/exports/orders/AWSDynamoDB/*"
      ListExportedFiles   = "arn:aws:s3:::my-exports"
      WriteRows           = ["arn:aws:s3:::lake/data/orders/*"]
      ReadErrors          = ["arn:aws:s3:::lake/errors/orders/*"]
      ListRowsAndErrors   = "arn:aws:s3:::lake"
    }
    error_message = "Nothing else, and nothing beyond the prefixes."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.this.policy).Statement :
      !strcontains(jsonencode(statement.Action), "Delete") && !strcontains(jsonencode(statement.Action), "*")
    ])
    error_message = "It deletes nothing, and no action has a wildcard."
  }
}

run "an_export_without_a_prefix" {
  variables {
    exports = { bucket = "my-exports" }
  }
  assert {
    condition     = jsondecode(aws_iam_policy.this.policy).Statement[2].Resource == "arn:aws:s3:::my-exports/AWSDynamoDB/*"
    error_message = "AWS puts AWSDynamoDB/ right into the bucket."
  }
}

run "each_key_once" {
  variables {
    exports = { bucket = "lake", kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/a" } }
    bucket  = { name = "lake", arn = "arn:aws:s3:::lake", kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/a" } }
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_policy.this.policy).Statement : statement.Resource if statement.Sid == "UseKeys"
    ] == [["arn:aws:kms:eu-central-1:123456789012:key/a"]]
    error_message = "The lake's bucket holds the exports too."
  }
}

run "rejects_an_address_as_a_bucket" {
  command = plan
  variables {
    exports = { bucket = "s3://my-exports" }
  }
  expect_failures = [var.exports]
}

run "rejects_a_wildcard_in_the_prefix" {
  command = plan
  variables {
    exports = { bucket = "my-exports", prefix = "*" }
  }
  expect_failures = [var.exports]
}

run "rejects_a_tables_arn" {
  command = plan
  variables {
    table_names = ["arn:aws:dynamodb:eu-central-1:123456789012:table/orders"]
  }
  expect_failures = [var.table_names]
}

run "rejects_a_name_with_a_slash" {
  command = plan
  variables {
    name = "orders/exports"
  }
  expect_failures = [var.name]
}

run "what_the_direct_way_gave_up_can_be_replayed" {
  variables {
    on_failure_bucket = { name = "failures", arn = "arn:aws:s3:::failures", kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/f" } }
  }
  assert {
    condition = { for statement in jsondecode(aws_iam_policy.this.policy).Statement : statement.Sid => [statement.Action, statement.Resource] if endswith(statement.Sid, "GivenUp") || statement.Sid == "UseKeys" } == {
      ReadWhatWasGivenUp = ["s3:GetObject", "arn:aws:s3:::failures/aws/lambda/*"]
      ListWhatWasGivenUp = ["s3:ListBucket", "arn:aws:s3:::failures"]
      UseKeys            = [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-central-1:123456789012:key/f"]]
    }
    error_message = "Lambda's objects, and their key."
  }
}
