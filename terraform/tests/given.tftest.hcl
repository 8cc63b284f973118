# What is there already stays whole: bucket, notifications, keys, stream, roles.
mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name                    = "orders"
  schema_file             = "../examples/orders.schema.json"
  function                = { package_file = "metadata_columns.json" } # any file will do: nothing is run here
  iam_propagation_seconds = 0
}

run "rejects_a_given_bucket_without_a_decision" {
  command = plan
  variables { bucket = { name = "lake", arn = "arn:aws:s3:::lake" } }
  expect_failures = [var.notifications]
}

run "topic_leaves_its_notifications_alone" {
  variables {
    bucket        = { name = "lake", arn = "arn:aws:s3:::lake" }
    notifications = "topic"
  }
  assert {
    condition     = output.topic_arn == "arn:aws:sns:eu-central-1:123456789012:orders" && !contains(output.alarm_names, "orders-error-objects") && length(module.bucket) == 0
    error_message = "A topic of ours, to which the bucket's owner sends; nothing of the bucket is managed."
  }
}

run "a_given_topic_is_a_decision" {
  variables {
    bucket = { name = "lake", arn = "arn:aws:s3:::lake" }
    topic  = { arn = "arn:aws:sns:eu-central-1:123456789012:lake" }
  }
  assert {
    condition     = output.topic_arn == "arn:aws:sns:eu-central-1:123456789012:lake" && !contains(output.alarm_names, "orders-error-objects")
    error_message = "The bucket stays alone."
  }
}

run "replace_takes_the_notifications_and_keeps_eventbridge" {
  variables {
    bucket        = { name = "lake", arn = "arn:aws:s3:::lake" }
    notifications = "replace"
    eventbridge   = true
  }
  assert {
    condition     = contains(output.alarm_names, "orders-error-objects")
    error_message = "Ours, with the errors."
  }
}

run "none_leaves_topic_queue_and_their_alarms_out" {
  variables {
    bucket        = { name = "lake", arn = "arn:aws:s3:::lake" }
    notifications = "none"
    databricks    = { access = false }
  }
  assert {
    condition     = output.topic_arn == null && output.queue_url == null && length([for name in output.alarm_names : name if strcontains(name, "queue") || strcontains(name, "dead") || strcontains(name, "notifications") || strcontains(name, "error-objects")]) == 0
    error_message = "Athena needs none of it."
  }
}

run "our_own_bucket_notifies_a_given_topic" {
  variables { topic = { arn = "arn:aws:sns:eu-central-1:123456789012:lake" } }
  assert {
    condition     = output.topic_arn == "arn:aws:sns:eu-central-1:123456789012:lake" && contains(output.alarm_names, "orders-error-objects")
    error_message = "Nobody else can make the notification."
  }
}

run "each_key_is_its_own" {
  variables {
    bucket        = { name = "lake", arn = "arn:aws:s3:::lake", kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/lake" } }
    notifications = "topic"
    kms_key       = { arn = "arn:aws:kms:eu-central-1:123456789012:key/ours" }
  }
  assert {
    condition     = module.table["default"].target.bucket.kms_key.arn == "arn:aws:kms:eu-central-1:123456789012:key/lake"
    error_message = "Objects by the lake's key."
  }
}

run "an_existing_stream_with_a_connected_table" {
  variables {
    stream = { existing = { arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/theirs", retention_hours = 48, connect = false, kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/stream" } } }
  }
  assert {
    condition     = output.stream_name == "theirs" && length(module.destination) == 0
    error_message = "The stream is theirs, and so is the table's destination."
  }
}

run "an_existing_stream_that_the_table_is_connected_to" {
  variables { stream = { existing = { arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/theirs" } } }
  assert {
    condition     = join(",", module.destination["default"].tables) == "orders"
    error_message = "Connected by us."
  }
}

run "existing_roles_and_a_boundary" {
  variables {
    roles                = { function = { arn = "arn:aws:iam::123456789012:role/f" }, firehose = { arn = "arn:aws:iam::123456789012:role/d" } }
    permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
    role_path            = "/dynalake/"
  }
  assert {
    condition     = output.tables["default"].function_role_arn == "arn:aws:iam::123456789012:role/f" && output.tables["default"].firehose_role_arn == "arn:aws:iam::123456789012:role/d"
    error_message = "As given."
  }
  assert {
    condition     = output.databricks_role_arn == "arn:aws:iam::123456789012:role/dynalake/orders-databricks"
    error_message = "The role that we make has the path."
  }
}

run "data_and_errors_expire_where_asked" {
  command = plan
  variables {
    new_bucket                          = { name = "orders-lake", data_days = 400, error_days = 30 }
    additional_bucket_policy_statements = [{ Sid = "Readers", Effect = "Allow", Principal = { AWS = "210987654321" }, Action = "s3:GetObject" }]
  }
  assert {
    condition     = output.bucket == "orders-lake"
    error_message = "Named by the user."
  }
}

run "rejects_none_with_databricks" {
  command = plan
  variables { notifications = "none" }
  expect_failures = [var.notifications]
}

run "rejects_replacing_in_another_accounts_bucket" {
  command = plan
  variables {
    bucket        = { name = "lake", arn = "arn:aws:s3:::lake", account_id = "210987654321" }
    notifications = "replace"
  }
  expect_failures = [var.notifications]
}

run "rejects_eventbridge_in_notifications_of_others" {
  command = plan
  variables {
    bucket        = { name = "lake", arn = "arn:aws:s3:::lake" }
    notifications = "topic"
    eventbridge   = true
  }
  expect_failures = [var.eventbridge]
}

run "rejects_an_account_that_is_not_one" {
  command = plan
  variables {
    bucket        = { name = "lake", arn = "arn:aws:s3:::lake", account_id = "lake-team" }
    notifications = "topic"
  }
  expect_failures = [var.bucket]
}

run "rejects_a_lifecycle_of_a_given_bucket" {
  command = plan
  variables {
    bucket        = { name = "lake", arn = "arn:aws:s3:::lake" }
    notifications = "topic"
    new_bucket    = { error_days = 30 }
  }
  expect_failures = [var.new_bucket]
}

run "rejects_a_policy_of_a_given_bucket" {
  command = plan
  variables {
    bucket                              = { name = "lake", arn = "arn:aws:s3:::lake" }
    notifications                       = "topic"
    additional_bucket_policy_statements = [{ Sid = "Readers", Effect = "Allow", Principal = "*", Action = "s3:GetObject" }]
  }
  expect_failures = [var.additional_bucket_policy_statements]
}

run "rejects_errors_inside_the_data" {
  command = plan
  variables { prefixes = { errors = "data/errors/" } }
  expect_failures = [var.prefixes]
}

run "rejects_a_prefix_without_a_slash_at_its_end" {
  command = plan
  variables { prefixes = { data = "data" } }
  expect_failures = [var.prefixes]
}

run "rejects_another_decision" {
  command = plan
  variables { notifications = "merge" }
  expect_failures = [var.notifications]
}
