mock_provider "aws" {
  source = "../../tests/aws"
  override_resource {
    target = aws_sqs_queue.this
    values = {
      arn = "arn:aws:sqs:eu-central-1:123456789012:orders"
      id  = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"
      url = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"
    }
  }
  override_resource {
    target = aws_sqs_queue.dead_letter
    values = {
      arn = "arn:aws:sqs:eu-central-1:123456789012:orders-dead-letters"
      id  = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-dead-letters"
      url = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-dead-letters"
    }
  }
}

variables {
  name   = "orders"
  bucket = { name = "lake", arn = "arn:aws:s3:::lake" }
}

run "only_parquet_under_the_prefix_is_announced" {
  assert {
    condition     = aws_s3_bucket_notification.this[0].bucket == "lake" && length(aws_s3_bucket_notification.this[0].topic) == 1
    error_message = "One notification of the bucket."
  }
  assert {
    condition = (
      aws_s3_bucket_notification.this[0].topic[0].filter_prefix == "data/"
      && aws_s3_bucket_notification.this[0].topic[0].filter_suffix == ".parquet"
      && aws_s3_bucket_notification.this[0].topic[0].events == toset(["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"])
      && aws_s3_bucket_notification.this[0].topic[0].topic_arn == "arn:aws:sns:eu-central-1:123456789012:orders"
    )
    error_message = "New .parquet objects under data/, and removed ones, to the topic."
  }
  assert {
    condition     = length(aws_s3_bucket_notification.this[0].queue) == 0 && length(aws_s3_bucket_notification.this[0].lambda_function) == 0
    error_message = "To nothing else."
  }
}

run "only_the_bucket_may_publish_and_only_over_tls" {
  assert {
    condition = jsondecode(aws_sns_topic_policy.this[0].policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "AllowBucketToPublish"
          Effect    = "Allow"
          Principal = { Service = "s3.amazonaws.com" }
          Action    = "sns:Publish"
          Resource  = "arn:aws:sns:eu-central-1:123456789012:orders"
          Condition = {
            StringEquals = { "aws:SourceAccount" = "123456789012" }
            ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::lake" }
          }
        },
        {
          Sid       = "DenyInsecureTransport"
          Effect    = "Deny"
          Principal = "*"
          Action = [
            "sns:AddPermission",
            "sns:DeleteTopic",
            "sns:GetTopicAttributes",
            "sns:ListSubscriptionsByTopic",
            "sns:Publish",
            "sns:RemovePermission",
            "sns:SetTopicAttributes",
            "sns:Subscribe",
          ]
          Resource  = "arn:aws:sns:eu-central-1:123456789012:orders"
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ]
    }
    error_message = "Exactly these statements."
  }
}

run "only_the_topic_may_send_to_the_queues_and_only_over_tls" {
  assert {
    condition = jsondecode(aws_sqs_queue.this.policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "AllowTopicToSend"
          Effect    = "Allow"
          Principal = { Service = "sns.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = "arn:aws:sqs:eu-central-1:123456789012:orders"
          Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:sns:eu-central-1:123456789012:orders" } }
        },
        {
          Sid       = "DenyInsecureTransport"
          Effect    = "Deny"
          Principal = "*"
          Action = [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:PurgeQueue",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
          ]
          Resource  = "arn:aws:sqs:eu-central-1:123456789012:orders"
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ]
    }
    error_message = "Exactly these statements."
  }
  assert {
    condition     = replace(aws_sqs_queue.dead_letter.policy, "orders-dead-letters", "orders") == aws_sqs_queue.this.policy
    error_message = "The same for the dead-letter queue, with its own ARN."
  }
  assert {
    # SQS rejects an eighth.
    condition     = length(jsondecode(aws_sqs_queue.this.policy).Statement[1].Action) <= 7
    error_message = "At most seven actions in a statement."
  }
}

run "messages_are_kept_long_and_go_to_the_dead_letter_queue" {
  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds == 1209600 && aws_sqs_queue.dead_letter.message_retention_seconds == 1209600
    error_message = "14 days in both."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-central-1:123456789012:orders-dead-letters", maxReceiveCount = 50 }
    error_message = "To the dead-letter queue at the 51st receive."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.dead_letter.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-central-1:123456789012:orders"] }
    error_message = "From that queue and no other."
  }
  assert {
    condition     = aws_sqs_queue.this.receive_wait_time_seconds == 20 && aws_sqs_queue.this.visibility_timeout_seconds == 300
    error_message = "Long polling, and five minutes to work on a message."
  }
}

run "the_queue_is_subscribed_with_the_envelope" {
  assert {
    condition = (
      aws_sns_topic_subscription.this.topic_arn == "arn:aws:sns:eu-central-1:123456789012:orders"
      && aws_sns_topic_subscription.this.protocol == "sqs"
      && aws_sns_topic_subscription.this.endpoint == "arn:aws:sqs:eu-central-1:123456789012:orders"
      && aws_sns_topic_subscription.this.raw_message_delivery == false
    )
    error_message = "The queue, by SQS, in SNS' envelope."
  }
  assert {
    condition     = jsondecode(aws_sns_topic_subscription.this.redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-central-1:123456789012:orders-dead-letters" }
    error_message = "What the queue rejects goes to the dead-letter queue."
  }
}

run "without_a_key_the_queues_have_sse_sqs_and_the_topic_none" {
  command = plan
  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled == true && aws_sqs_queue.dead_letter.sqs_managed_sse_enabled == true
    error_message = "SSE-SQS."
  }
  assert {
    condition     = aws_sns_topic.this[0].kms_master_key_id == null && aws_sqs_queue.this.kms_master_key_id == null && aws_sqs_queue.dead_letter.kms_master_key_id == null
    error_message = "No key, and above all none of AWS' own, which S3 and SNS can't be granted."
  }
}

run "a_customer_key_encrypts_topic_and_queues" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition = alltrue([for key in [aws_sns_topic.this[0].kms_master_key_id, aws_sqs_queue.this.kms_master_key_id, aws_sqs_queue.dead_letter.kms_master_key_id] :
      key == "arn:aws:kms:eu-central-1:123456789012:key/1"
    ])
    error_message = "The customer's key on all three."
  }
  assert {
    condition     = aws_sqs_queue.this.kms_data_key_reuse_period_seconds == 300 && aws_sqs_queue.dead_letter.kms_data_key_reuse_period_seconds == 300
    error_message = "A data key serves five minutes."
  }
}

run "several_prefixes" {
  variables {
    prefixes = ["data/orders/", "data/customers/"]
  }
  assert {
    condition     = [for topic in aws_s3_bucket_notification.this[0].topic : topic.filter_prefix] == ["data/orders/", "data/customers/"]
    error_message = "A filter for each, in one resource."
  }
  assert {
    condition     = length(distinct([for topic in aws_s3_bucket_notification.this[0].topic : topic.id])) == 2
    error_message = "Each with its own id."
  }
}

run "a_given_topic_leaves_the_bucket_alone" {
  variables {
    topic = { arn = "arn:aws:sns:eu-central-1:123456789012:lake-events" }
  }
  assert {
    condition     = length(aws_sns_topic.this) == 0 && length(aws_sns_topic_policy.this) == 0 && length(aws_s3_bucket_notification.this) == 0
    error_message = "No topic, no policy, no notification."
  }
  assert {
    condition     = aws_sns_topic_subscription.this.topic_arn == "arn:aws:sns:eu-central-1:123456789012:lake-events" && output.topic_arn == "arn:aws:sns:eu-central-1:123456789012:lake-events"
    error_message = "The queue is subscribed to the given topic."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this.policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:sns:eu-central-1:123456789012:lake-events"
    error_message = "The queue lets the given topic in."
  }
}

run "a_given_topic_may_get_the_notification_that_we_make" {
  variables {
    topic         = { arn = "arn:aws:sns:eu-central-1:123456789012:lake-events" }
    notifications = "replace"
  }
  assert {
    condition     = length(aws_sns_topic.this) == 0 && aws_s3_bucket_notification.this[0].topic[0].topic_arn == "arn:aws:sns:eu-central-1:123456789012:lake-events"
    error_message = "The bucket is ours, the topic theirs."
  }
}

run "a_topic_of_ours_may_wait_for_the_owners_notification" {
  variables { notifications = "topic" }
  assert {
    condition     = length(aws_sns_topic_policy.this) == 1 && length(aws_s3_bucket_notification.this) == 0
    error_message = "The bucket may publish to it; whether it does is its owner's."
  }
}

run "eventbridge_is_off_unless_asked_for" {
  assert {
    condition     = aws_s3_bucket_notification.this[0].eventbridge == false
    error_message = "The notification says so."
  }
}

run "eventbridge_passes_through" {
  variables { eventbridge = true }
  assert {
    condition     = aws_s3_bucket_notification.this[0].eventbridge == true
    error_message = "Other teams' rules go on."
  }
}

run "a_bucket_of_another_account_may_publish" {
  variables { bucket = { name = "lake", arn = "arn:aws:s3:::lake", account_id = "210987654321" } }
  assert {
    condition     = jsondecode(aws_sns_topic_policy.this[0].policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "210987654321"
    error_message = "S3 sends the account of the bucket."
  }
}

run "errors_go_to_a_topic_of_their_own" {
  variables { error_prefixes = ["errors/"] }
  assert {
    condition     = { for topic in aws_s3_bucket_notification.this[0].topic : topic.id => topic.filter_prefix } == { orders-parquet-0 = "data/", orders-errors-0 = "errors/" }
    error_message = "Both in the one notification."
  }
  assert {
    condition     = output.error_queue_name == "orders-errors" && aws_sns_topic.errors[0].name == "orders-errors" && jsondecode(aws_sns_topic_policy.errors[0].policy).Statement == jsondecode(aws_sns_topic_policy.this[0].policy).Statement
    error_message = "With the same policy. (The mock gives both topics one ARN.)"
  }
}

run "a_queue_counts_the_errors_without_s3s_test_events" {
  variables { error_prefixes = ["errors/"] }
  assert {
    condition = (
      aws_sns_topic_subscription.errors[0].protocol == "sqs" && aws_sns_topic_subscription.errors[0].raw_message_delivery
      && aws_sns_topic_subscription.errors[0].topic_arn == aws_sns_topic.errors[0].arn
      && aws_sns_topic_subscription.errors[0].endpoint == aws_sqs_queue.errors[0].arn
    )
    error_message = "The bare event goes from the errors' topic to the errors' queue."
  }
  assert {
    condition     = aws_sns_topic_subscription.errors[0].filter_policy_scope == "MessageBody" && jsondecode(aws_sns_topic_subscription.errors[0].filter_policy) == { Records = { eventName = [{ prefix = "ObjectCreated" }] } }
    error_message = "s3:TestEvent has no Records, so it is left out."
  }
  assert {
    condition     = aws_sqs_queue.errors[0].name == "orders-errors" && aws_sqs_queue.errors[0].message_retention_seconds == 60
    error_message = "Nobody reads it, so it keeps nothing for long."
  }
  assert {
    condition     = [for statement in jsondecode(aws_sqs_queue.errors[0].policy).Statement : "${statement.Sid} ${statement.Resource}"] == ["AllowTopicToSend arn:aws:sqs:eu-central-1:123456789012:orders-errors", "DenyInsecureTransport arn:aws:sqs:eu-central-1:123456789012:orders-errors"] && jsondecode(aws_sqs_queue.errors[0].policy).Statement[0].Condition == { ArnEquals = { "aws:SourceArn" = aws_sns_topic.errors[0].arn } }
    error_message = "Only the errors' topic sends to it."
  }
  assert {
    condition     = aws_sqs_queue.errors[0].sqs_managed_sse_enabled && aws_sqs_queue.errors[0].kms_master_key_id == null
    error_message = "Encrypted by SQS without a key."
  }
}

run "the_errors_queue_has_the_key_too" {
  variables {
    error_prefixes = ["errors/"]
    kms_key        = { arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
  assert {
    condition     = aws_sqs_queue.errors[0].kms_master_key_id == var.kms_key.arn
    error_message = "Like the other queues."
  }
}

run "without_error_prefixes_nothing_counts_them" {
  assert {
    condition     = length(aws_sqs_queue.errors) == 0 && length(aws_sns_topic_subscription.errors) == 0 && output.error_queue_name == null
    error_message = "Neither queue nor subscription."
  }
}

run "errors_are_not_watched_in_notifications_of_others" {
  variables {
    error_prefixes = ["errors/"]
    notifications  = "topic"
  }
  assert {
    condition     = length(aws_sns_topic.errors) == 0 && length(aws_sqs_queue.errors) == 0 && output.error_queue_name == null && output.error_topic_arn == null
    error_message = "An alarm on a queue that nothing is sent to could never go off."
  }
}

run "rejects_another_decision" {
  command = plan
  variables { notifications = "none" }
  expect_failures = [var.notifications]
}

run "rejects_eventbridge_in_notifications_of_others" {
  command = plan
  variables {
    notifications = "topic"
    eventbridge   = true
  }
  expect_failures = [var.eventbridge]
}

run "rejects_errors_inside_the_data" {
  command = plan
  variables { error_prefixes = ["data/errors/"] }
  expect_failures = [var.error_prefixes]
}

run "rejects_an_error_prefix_without_slash" {
  command = plan
  variables { error_prefixes = ["errors"] }
  expect_failures = [var.error_prefixes]
}

run "further_consumers_may_subscribe" {
  variables {
    additional_topic_policy_statements = [
      { Sid = "Snowpipe", Effect = "Allow", Principal = { AWS = "arn:aws:iam::210987654321:user/snowflake" }, Action = ["sns:Subscribe"] },
      { Sid = "Audit", Effect = "Allow", Principal = { AWS = ["arn:aws:iam::123456789012:role/audit"] }, Action = "sns:GetTopicAttributes", Resource = "arn:aws:sns:eu-central-1:123456789012:orders", Condition = { Bool = { "aws:SecureTransport" = "true" } } },
    ]
  }
  assert {
    condition = jsondecode(aws_sns_topic_policy.this[0].policy).Statement[2] == {
      Sid       = "Snowpipe"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::210987654321:user/snowflake" }
      Action    = ["sns:Subscribe"]
      Resource  = "arn:aws:sns:eu-central-1:123456789012:orders"
    }
    error_message = "A statement without Resource gets the topic's ARN."
  }
  assert {
    condition     = jsondecode(aws_sns_topic_policy.this[0].policy).Statement[3].Condition == { Bool = { "aws:SecureTransport" = "true" } } && length(jsondecode(aws_sns_topic_policy.this[0].policy).Statement) == 4
    error_message = "Statements of different shapes are added to the module's own."
  }
}

run "the_users_numbers_are_used" {
  variables {
    max_receive_count      = 5
    message_retention_days = 4
  }
  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds == 345600 && jsondecode(aws_sqs_queue.this.redrive_policy).maxReceiveCount == 5
    error_message = "Four days, five receives."
  }
  assert {
    condition     = aws_sqs_queue.dead_letter.message_retention_seconds == 1209600
    error_message = "Dead letters are kept for the longest time whatever the queue's."
  }
}

run "outputs_name_the_queues" {
  assert {
    condition = (
      output.topic_arn == "arn:aws:sns:eu-central-1:123456789012:orders"
      && output.queue_name == "orders"
      && output.queue_url == "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"
      && output.queue_arn == "arn:aws:sqs:eu-central-1:123456789012:orders"
      && output.dead_letter_queue_name == "orders-dead-letters"
      && output.dead_letter_queue_url == "https://sqs.eu-central-1.amazonaws.com/123456789012/orders-dead-letters"
      && output.dead_letter_queue_arn == "arn:aws:sqs:eu-central-1:123456789012:orders-dead-letters"
    )
    error_message = "Names, URLs and ARNs."
  }
}

run "rejects_a_name_too_long_for_the_dead_letter_queue" {
  command = plan
  variables { name = "a1234567890123456789012345678901234567890123456789012345678901234567" }
  expect_failures = [var.name]
}

run "rejects_a_fifo_name" {
  command = plan
  variables { name = "orders.fifo" }
  expect_failures = [var.name]
}

run "rejects_a_bucket_arn_with_a_key" {
  command = plan
  variables { bucket = { name = "lake", arn = "arn:aws:s3:::lake/data/" } }
  expect_failures = [var.bucket]
}

run "rejects_no_prefix" {
  command = plan
  variables { prefixes = [] }
  expect_failures = [var.prefixes]
}

run "rejects_a_prefix_without_its_slash" {
  command = plan
  variables { prefixes = ["data"] }
  expect_failures = [var.prefixes]
}

run "rejects_the_whole_bucket" {
  command = plan
  variables { prefixes = [""] }
  expect_failures = [var.prefixes]
}

run "rejects_an_expression_in_a_prefix" {
  command = plan
  variables { prefixes = ["data/dt=!{timestamp:yyyy}/"] }
  expect_failures = [var.prefixes]
}

run "rejects_overlapping_prefixes" {
  command = plan
  variables { prefixes = ["data/orders/", "data/"] }
  expect_failures = [var.prefixes]
}

run "rejects_a_prefix_given_twice" {
  command = plan
  variables { prefixes = ["data/", "data/"] }
  expect_failures = [var.prefixes]
}

run "rejects_a_fifo_topic" {
  command = plan
  variables { topic = { arn = "arn:aws:sns:eu-central-1:123456789012:lake.fifo" } }
  expect_failures = [var.topic]
}

run "rejects_the_aws_managed_key" {
  command = plan
  variables { kms_key = { arn = "alias/aws/sns" } }
  expect_failures = [var.kms_key]
}

run "rejects_the_aws_managed_key_by_its_arn" {
  command = plan
  variables { kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:alias/aws/sqs" } }
  expect_failures = [var.kms_key]
}

run "rejects_retention_over_fourteen_days" {
  command = plan
  variables { message_retention_days = 15 }
  expect_failures = [var.message_retention_days]
}

run "rejects_half_a_day" {
  command = plan
  variables { message_retention_days = 0.5 }
  expect_failures = [var.message_retention_days]
}

run "rejects_more_receives_than_sqs_counts" {
  command = plan
  variables { max_receive_count = 1001 }
  expect_failures = [var.max_receive_count]
}

run "rejects_no_receive_at_all" {
  command = plan
  variables { max_receive_count = 0 }
  expect_failures = [var.max_receive_count]
}

run "rejects_a_statement_without_principal" {
  command = plan
  variables { additional_topic_policy_statements = [{ Sid = "Snowpipe", Effect = "Allow", Action = "sns:Subscribe" }] }
  expect_failures = [var.additional_topic_policy_statements]
}

run "rejects_a_statement_with_the_modules_own_sid" {
  command = plan
  variables { additional_topic_policy_statements = [{ Sid = "AllowBucketToPublish", Effect = "Allow", Principal = { AWS = "123456789012" }, Action = "sns:Publish" }] }
  expect_failures = [var.additional_topic_policy_statements]
}

run "rejects_statements_as_text" {
  command = plan
  variables { additional_topic_policy_statements = "[]" }
  expect_failures = [var.additional_topic_policy_statements]
}

run "rejects_a_wildcard_action" {
  command = plan
  variables { additional_topic_policy_statements = [{ Sid = "Snowpipe", Effect = "Allow", Principal = { AWS = "123456789012" }, Action = ["sns:Subscribe", "sns:*"] }] }
  expect_failures = [var.additional_topic_policy_statements]
}

run "rejects_statements_for_a_given_topic" {
  command = plan
  variables {
    topic                              = { arn = "arn:aws:sns:eu-central-1:123456789012:lake-events" }
    additional_topic_policy_statements = [{ Sid = "Snowpipe", Effect = "Allow", Principal = { AWS = "123456789012" }, Action = "sns:Subscribe" }]
  }
  expect_failures = [var.additional_topic_policy_statements]
}
