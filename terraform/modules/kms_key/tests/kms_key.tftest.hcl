mock_provider "aws" {
  source = "../../tests/aws"
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1", key_id = "1" }
  }
}

variables {
  name = "orders"
}

run "the_key_rotates_and_can_be_brought_back" {
  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "Rotation, and 30 days."
  }
  assert {
    condition     = aws_kms_alias.this.name == "alias/orders" && aws_kms_alias.this.target_key_id == "1"
    error_message = "The alias names the key."
  }
  assert {
    condition     = output.arn == "arn:aws:kms:eu-central-1:123456789012:key/1" && output.alias == "alias/orders" && output.kms_key == { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
    error_message = "The outputs name key and alias."
  }
}

run "iam_decides_for_the_account" {
  assert {
    condition = alltrue([for n in [0, 1, 2] :
      jsondecode(aws_kms_key.this.policy).Statement[n].Principal == { AWS = "arn:aws:iam::123456789012:root" }
      && jsondecode(aws_kms_key.this.policy).Statement[n].Effect == "Allow"
    ])
    error_message = "The account's root, in three statements."
  }
  assert {
    # Without these nobody could ever change or delete the key.
    condition     = length(setsubtract(["kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DescribeKey"], jsondecode(aws_kms_key.this.policy).Statement[0].Action)) == 0
    error_message = "The key stays manageable."
  }
  assert {
    condition     = !can(jsondecode(aws_kms_key.this.policy).Statement[0].Condition) && !can(jsondecode(aws_kms_key.this.policy).Statement[1].Condition)
    error_message = "With no condition."
  }
  assert {
    # What the provider calls to make, read, change and delete a key and its alias; a missing one leaves Terraform stuck.
    condition = length(setsubtract(
      ["kms:CreateAlias", "kms:DeleteAlias", "kms:DisableKeyRotation", "kms:EnableKeyRotation", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"],
      jsondecode(aws_kms_key.this.policy).Statement[0].Action,
    )) == 0
    error_message = "All that Terraform needs."
  }
  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[1].Action == ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    error_message = "All uses of a symmetric key."
  }
  assert {
    condition = jsondecode(aws_kms_key.this.policy).Statement[2] == {
      Sid       = "AccountGrantsToServices"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action    = "kms:CreateGrant"
      Resource  = "*"
      Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
    }
    error_message = "Grants to AWS services and to nobody else."
  }
}

run "services_that_act_with_no_role_are_named" {
  assert {
    condition = slice(jsondecode(aws_kms_key.this.policy).Statement, 3, 7) == [
      {
        Sid       = "S3PublishesToEncryptedTopics"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = ["123456789012"] } }
      },
      {
        Sid       = "SnsSendsToEncryptedQueues"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:sns:eu-central-1:123456789012:*" } }
      },
      {
        Sid       = "AlarmsPublishToEncryptedTopics"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      },
      {
        Sid       = "LogsEncryptsLogGroups"
        Effect    = "Allow"
        Principal = { Service = "logs.eu-central-1.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-central-1:123456789012:log-group:*" } }
      },
    ]
    error_message = "S3, SNS, alarms and logs, each under its condition."
  }
  assert {
    condition     = length(jsondecode(aws_kms_key.this.policy).Statement) == 7
    error_message = "Nobody else."
  }
}

run "every_service_is_held_to_the_account_and_no_action_is_a_wildcard" {
  assert {
    condition = alltrue([for statement in jsondecode(aws_kms_key.this.policy).Statement :
      strcontains(can(statement.Principal.AWS) ? statement.Principal.AWS : jsonencode(statement.Condition), "123456789012")
    ])
    error_message = "The account, or a condition with the account in it."
  }
  assert {
    condition     = alltrue([for action in flatten([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Action]) : action != "*" && action != "kms:*"])
    error_message = "Each action by name."
  }
}

run "another_partition" {
  override_data {
    target = data.aws_partition.this
    values = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }
  override_data {
    target = data.aws_service_principal.this
    values = { region = "cn-north-1" }
  }
  assert {
    condition = (
      jsondecode(aws_kms_key.this.policy).Statement[0].Principal.AWS == "arn:aws-cn:iam::123456789012:root"
      && jsondecode(aws_kms_key.this.policy).Statement[6].Principal.Service == "logs.cn-north-1.amazonaws.com.cn"
      && jsondecode(aws_kms_key.this.policy).Statement[4].Condition.ArnLike["aws:SourceArn"] == "arn:aws-cn:sns:cn-north-1:123456789012:*"
    )
    error_message = "ARNs and the logs' principal follow the partition."
  }
}

run "the_users_tags_and_window_are_used" {
  variables {
    deletion_window_days = 7
    tags                 = { team = "data" }
  }
  assert {
    condition     = aws_kms_key.this.deletion_window_in_days == 7 && aws_kms_key.this.tags == tomap({ team = "data" })
    error_message = "Seven days, one tag."
  }
}

run "rejects_aws_own_alias" {
  command = plan
  variables { name = "aws/orders" }
  expect_failures = [var.name]
}

run "rejects_a_name_that_says_alias" {
  command = plan
  variables { name = "alias/orders" }
  expect_failures = [var.name]
}

run "rejects_a_name_with_a_space" {
  command = plan
  variables { name = "orders key" }
  expect_failures = [var.name]
}

run "rejects_a_window_under_seven_days" {
  command = plan
  variables { deletion_window_days = 6 }
  expect_failures = [var.deletion_window_days]
}

run "rejects_a_window_over_thirty_days" {
  command = plan
  variables { deletion_window_days = 31 }
  expect_failures = [var.deletion_window_days]
}

run "a_bucket_of_another_account_may_publish" {
  variables { bucket_accounts = ["210987654321"] }
  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[3].Condition == { StringEquals = { "aws:SourceAccount" = ["123456789012", "210987654321"] } }
    error_message = "S3 in the name of either."
  }
}

run "rejects_an_account_that_is_not_one" {
  command = plan
  variables { bucket_accounts = ["lake-team"] }
  expect_failures = [var.bucket_accounts]
}
