mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name = "orders"
}

run "own_bucket_is_private_encrypted_versioned_and_takes_tls_only" {
  assert {
    condition     = aws_s3_bucket.this.bucket == "orders-123456789012-eu-central-1" && !aws_s3_bucket.this.force_destroy
    error_message = "A name that is unique in the world; no data goes with a destroy."
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "No public access of any kind."
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256" && aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Encrypted and versioned."
  }
  assert {
    condition     = jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false" && jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Effect == "Deny"
    error_message = "TLS only."
  }
}

run "customer_key_encrypts_objects" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key.arn && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
    error_message = "The bucket's default is the key, by a bucket key."
  }
}

run "a_long_name_with_other_characters_still_makes_a_bucket" {
  variables {
    name = "Team_Orders.of-the-whole-company-and-its-subsidiaries"
  }
  assert {
    condition     = aws_s3_bucket.this.bucket == "team-orders-of-the-whole-company-and-123456789012-eu-central-1"
    error_message = "Got ${aws_s3_bucket.this.bucket}."
  }
}

run "destroy_takes_the_data_only_where_asked_for" {
  variables {
    force_destroy = true
    bucket_name   = "my-lake"
  }
  assert {
    condition     = aws_s3_bucket.this.force_destroy && aws_s3_bucket.this.bucket == "my-lake"
    error_message = "As asked for."
  }
}

run "data_and_errors_are_kept_for_good_by_default" {
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id] == ["clean-up"]
    error_message = "Nothing expires unless asked for."
  }
}

run "data_and_errors_expire_by_their_prefixes" {
  variables {
    data_days  = 365
    error_days = 30
    prefixes   = { data = "lake/data/" }
  }
  assert {
    condition = { for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.id => "${try(rule.filter[0].prefix, "")} ${try(rule.expiration[0].days, "")}" if startswith(rule.id, "expire-") } == {
      expire-data   = "lake/data/ 365"
      expire-errors = "errors/ 30"
    }
    error_message = "A rule for each prefix."
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.expiration[0].expired_object_delete_marker if rule.id == "remove-markers"] == [true]
    error_message = "Markers go too."
  }
}

run "statements_are_added_to_the_policy" {
  variables {
    additional_policy_statements = [{ Sid = "Readers", Effect = "Allow", Principal = { AWS = "arn:aws:iam::210987654321:root" }, Action = ["s3:GetObject"] }]
  }
  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : [statement.Sid, statement.Resource]] == [
      ["TlsOnly", ["arn:aws:s3:::orders-123456789012-eu-central-1", "arn:aws:s3:::orders-123456789012-eu-central-1/*"]],
      ["Readers", ["arn:aws:s3:::orders-123456789012-eu-central-1", "arn:aws:s3:::orders-123456789012-eu-central-1/*"]],
    ]
    error_message = "Ours first, then the user's, about this bucket."
  }
}

run "rejects_a_statement_that_allows_everything" {
  command = plan
  variables { additional_policy_statements = [{ Sid = "Readers", Effect = "Allow", Principal = "*", Action = "s3:*" }] }
  expect_failures = [var.additional_policy_statements]
}

run "rejects_a_statement_with_the_modules_own_sid" {
  command = plan
  variables { additional_policy_statements = [{ Sid = "TlsOnly", Effect = "Deny", Principal = "*", Action = "s3:*" }] }
  expect_failures = [var.additional_policy_statements]
}

run "rejects_half_a_day_of_data" {
  command = plan
  variables { data_days = 0.5 }
  expect_failures = [var.data_days]
}

run "rejects_errors_that_expire_at_once" {
  command = plan
  variables { error_days = 0 }
  expect_failures = [var.error_days]
}

run "rejects_a_prefix_inside_the_other" {
  command = plan
  variables { prefixes = { errors = "data/errors/" } }
  expect_failures = [var.prefixes]
}

run "rejects_a_bucket_name_with_capitals" {
  command = plan
  variables { bucket_name = "Orders" }
  expect_failures = [var.bucket_name]
}

run "rejects_no_time_to_undo" {
  command = plan
  variables { noncurrent_version_days = 0 }
  expect_failures = [var.noncurrent_version_days]
}

run "rejects_a_name_that_begins_with_a_dash" {
  command = plan
  variables { name = "-orders" }
  expect_failures = [var.name]
}

run "rejects_a_prefix_without_a_slash_at_its_end" {
  command = plan
  variables { prefixes = { errors = "errors" } }
  expect_failures = [var.prefixes]
}
