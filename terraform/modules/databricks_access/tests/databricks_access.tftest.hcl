mock_provider "aws" {
  source = "../../tests/aws"
}

variables {
  name      = "orders-databricks"
  bucket    = { name = "lake", arn = "arn:aws:s3:::lake" }
  queue_arn = "arn:aws:sqs:eu-central-1:123456789012:orders"
}

run "nobody_can_assume_the_role_before_the_external_id_is_known" {
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role.this.assume_role_policy).Statement :
      # What sts:AssumeRole accepts; a value outside can't be sent, so the condition can't be met.
      !can(regex("^[a-zA-Z0-9_+=,.@:/-]+$", statement.Condition.StringEquals["sts:ExternalId"]))
    ])
    error_message = "Each statement asks for an external id that can't be sent."
  }
  assert {
    condition     = length(jsondecode(aws_iam_role.this.assume_role_policy).Statement) == 2
    error_message = "No other way in."
  }
  assert {
    condition = (
      strcontains(output.next_steps, "databricks storage-credentials create --json '{\"aws_iam_role\":{\"role_arn\":\"arn:aws:iam::123456789012:role/orders-databricks\"},\"name\":\"orders-databricks\",\"read_only\":true,\"skip_validation\":true}'")
      && strcontains(output.next_steps, "echo 'databricks_external_id = \"EXTERNAL_ID\"' > databricks.auto.tfvars\n     terraform apply\n")
    )
    error_message = "The next steps make the credential and apply again."
  }
}

run "the_external_id_goes_into_the_trust" {
  variables {
    external_id = "1f2e3d4c-0000-4000-8000-123456789abc"
  }
  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "UnityCatalogAssumesRole"
          Effect    = "Allow"
          Principal = { AWS = "arn:aws:iam::414351767826:role/unity-catalog-prod-UCMasterRole-14S5ZJVKOTYTL" }
          Action    = "sts:AssumeRole"
          Condition = { StringEquals = { "sts:ExternalId" = "1f2e3d4c-0000-4000-8000-123456789abc" } }
        },
        {
          Sid       = "RoleAssumesItself"
          Effect    = "Allow"
          Principal = { AWS = "arn:aws:iam::123456789012:root" }
          Action    = "sts:AssumeRole"
          Condition = {
            ArnLike      = { "aws:PrincipalArn" = "arn:aws:iam::123456789012:role/orders-databricks" }
            StringEquals = { "sts:ExternalId" = "1f2e3d4c-0000-4000-8000-123456789abc" }
          }
        },
      ]
    }
    error_message = "Databricks' role and the role itself, each with the external id."
  }
  assert {
    condition     = aws_iam_role.this.max_session_duration == 3600
    error_message = "Sessions of an hour."
  }
  assert {
    condition = (
      strcontains(output.next_steps, "databricks storage-credentials validate --json '{\"read_only\":true,\"storage_credential_name\":\"orders-databricks\",\"url\":\"s3://lake/data\"}'")
      && strcontains(output.next_steps, "\"file_event_queue\":{\"provided_sqs\":{\"queue_url\":\"https://sqs.eu-central-1.amazonaws.com/123456789012/orders\"}}")
      && strcontains(output.next_steps, "\"enable_file_events\":true")
      && !strcontains(output.next_steps, "storage-credentials create")
    )
    error_message = "The next steps check the credential and make the external location with our queue."
  }
}

run "a_second_apply_changes_the_trust" {
  variables {
    external_id = "another-external-id"
  }
  assert {
    condition     = length(regexall("another-external-id", aws_iam_role.this.assume_role_policy)) == 2 && !strcontains(aws_iam_role.this.assume_role_policy, "1f2e3d4c")
    error_message = "The new external id in both statements, and no other."
  }
}

run "it_reads_the_prefix_and_the_queue_and_nothing_else" {
  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy) == {
      Version = "2012-10-17"
      Statement = [
        { Sid = "ReadObjects", Effect = "Allow", Action = "s3:GetObject", Resource = ["arn:aws:s3:::lake/data/*", "arn:aws:s3:::lake/data"] },
        {
          Sid       = "ListPrefixes"
          Effect    = "Allow"
          Action    = "s3:ListBucket"
          Resource  = "arn:aws:s3:::lake"
          Condition = { StringLike = { "s3:prefix" = ["data/*", "data"] } }
        },
        { Sid = "KnowBucket", Effect = "Allow", Action = ["s3:GetBucketLocation", "s3:GetBucketNotification"], Resource = "arn:aws:s3:::lake" },
        {
          Sid    = "ReadQueue"
          Effect = "Allow"
          Action = [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:PurgeQueue",
            "sqs:ReceiveMessage",
          ]
          Resource = "arn:aws:sqs:eu-central-1:123456789012:orders"
        },
        { Sid = "AssumeItself", Effect = "Allow", Action = "sts:AssumeRole", Resource = "arn:aws:iam::123456789012:role/orders-databricks" },
      ]
    }
    error_message = "Exactly these statements."
  }
  assert {
    condition     = output.external_location_urls == ["s3://lake/data"] && output.role_arn == "arn:aws:iam::123456789012:role/orders-databricks" && output.role_name == "orders-databricks"
    error_message = "The outputs name the role and the location."
  }
}

run "several_prefixes" {
  variables {
    prefixes    = ["data/orders/", "data/customers/"]
    external_id = "1f2e3d4c"
  }
  assert {
    condition = (
      jsondecode(aws_iam_role_policy.this.policy).Statement[0].Resource == ["arn:aws:s3:::lake/data/orders/*", "arn:aws:s3:::lake/data/orders", "arn:aws:s3:::lake/data/customers/*", "arn:aws:s3:::lake/data/customers"]
      && jsondecode(aws_iam_role_policy.this.policy).Statement[1].Condition.StringLike["s3:prefix"] == ["data/orders/*", "data/orders", "data/customers/*", "data/customers"]
    )
    error_message = "Both, for reading and for listing."
  }
  assert {
    condition     = output.external_location_urls == ["s3://lake/data/orders", "s3://lake/data/customers"] && strcontains(output.next_steps, "\"name\":\"orders-databricks-1\"")
    error_message = "A location for each."
  }
  assert {
    condition     = !strcontains(output.next_steps, "provided_sqs") && length(regexall("\"enable_file_events\":false", output.next_steps)) == 2
    error_message = "One queue can't serve two locations, and neither may make a queue of its own."
  }
}

run "without_tables_there_are_no_bundle_variables" {
  assert {
    condition     = output.bundle_variables == null && output.bundle_tables == null
    error_message = "Nothing for the bundle to make."
  }
}

run "the_bundle_gets_location_queue_and_tables" {
  variables {
    external_id = "1f2e3d4c"
    tables = [
      { name = "orders", data_prefix = "data/orders/", schema = { table = "Orders", keys = ["id"], columns = [{ name = "id", type = "string" }] } },
      { name = "customers", data_prefix = "data/eu/customers/", schema = { table = "Customers", keys = ["id"], old_image = true, columns = [{ name = "id", type = "array<string>", comment = "costs $5, $${var.url}" }] }, history = true },
    ]
  }
  assert {
    condition = { for name, value in output.bundle_variables : name => value if name != "health_query" } == {
      name      = "orders-databricks"
      url       = "s3://lake/data"
      queue_url = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"
    }
    error_message = "The credential's name, the files, the queue."
  }
  assert {
    condition = jsonencode(output.bundle_tables) == jsonencode([
      { name = "orders", location = "orders", history = false, schema = { table = "Orders", keys = ["id"], columns = [{ name = "id", type = "string" }] } },
      { name = "customers", location = "eu/customers", history = true, schema = { table = "Customers", keys = ["id"], old_image = true, columns = [{ name = "id", type = "array<string>", comment = "costs $5, $${var.url}" }] } },
    ])
    error_message = "Each table where its files are in the volume, with its whole schema, whatever members others have."
  }
  assert {
    # Spark hides a setting with a word such as token in its value, and a schema file may have any.
    condition     = !strcontains(jsonencode(output.bundle_variables), "costs") && !strcontains(jsonencode(output.bundle_variables), "Customers")
    error_message = "Nothing of a schema file goes into the bundle's variables, and so into the pipeline's configuration."
  }
  assert {
    condition = (
      length(regexall("FROM \\$\\{var\\.place\\}\\.`orders_changes`", output.bundle_variables.health_query)) == 1
      && length(regexall("FROM \\$\\{var\\.place\\}\\.`customers_quarantine`", output.bundle_variables.health_query)) == 1
      && length(regexall("UNION ALL", output.bundle_variables.health_query)) == 1
    )
    error_message = "The alerts ask all tables, in the target's schema."
  }
  assert {
    condition = (
      strcontains(output.next_steps, "output -json databricks_bundle_variables > .databricks/bundle/dev/variable-overrides.json")
      && strcontains(output.next_steps, "output -json databricks_tables > src/tables/dev.json")
      && strcontains(output.next_steps, "pipeline makes orders and customers.")
      && strcontains(output.next_steps, "     aws s3 ls --recursive s3://lake/data/orders/\n     aws s3 ls --recursive s3://lake/data/eu/customers/\n")
      && strcontains(output.next_steps, "databricks bundle deploy --target dev")
      && !strcontains(output.next_steps, "external-locations create")
    )
    error_message = "The next steps go on with the bundle, which makes the external location."
  }
}

run "a_prefix_that_holds_one_table_is_the_volume_itself" {
  variables {
    prefixes = ["data/orders/"]
    tables   = [{ name = "orders", data_prefix = "data/orders/", schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string" }] } }]
  }
  assert {
    condition     = output.bundle_tables[0].location == "" && output.bundle_variables.url == "s3://lake/data/orders"
    error_message = "No folder below it, and no slash at the end."
  }
}

run "rejects_a_table_outside_the_prefix" {
  command = plan
  variables {
    tables = [{ name = "orders", data_prefix = "elsewhere/", schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string" }] } }]
  }
  expect_failures = [var.tables]
}

run "rejects_tables_in_several_prefixes" {
  command = plan
  variables {
    prefixes = ["data/orders/", "data/customers/"]
    tables   = [{ name = "orders", data_prefix = "data/orders/", schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string" }] } }]
  }
  expect_failures = [var.tables]
}

run "rejects_two_tables_of_one_name" {
  command = plan
  variables {
    tables = [
      { name = "orders", data_prefix = "data/a/", schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string" }] } },
      { name = "orders", data_prefix = "data/b/", schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string" }] } },
    ]
  }
  expect_failures = [var.tables]
}

run "rejects_a_table_without_schema" {
  command = plan
  variables {
    tables = [{ name = "orders", data_prefix = "data/orders/" }]
  }
  expect_failures = [var.tables]
}

run "rejects_a_misspelt_history" {
  command = plan
  variables {
    tables = [{ name = "orders", data_prefix = "data/orders/", histroy = true, schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string" }] } }]
  }
  expect_failures = [var.tables]
}

run "rejects_a_history_that_is_not_a_bool" {
  command = plan
  variables {
    tables = [{ name = "orders", data_prefix = "data/orders/", history = "often", schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string" }] } }]
  }
  expect_failures = [var.tables]
}

run "rejects_a_table_name_with_a_dash" {
  command = plan
  variables {
    tables = [{ name = "my-orders", data_prefix = "data/orders/", schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string" }] } }]
  }
  expect_failures = [var.tables]
}

run "a_customer_key_adds_decrypt_through_s3_and_sqs" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[5] == {
      Sid       = "DecryptObjectsAndMessages"
      Effect    = "Allow"
      Action    = "kms:Decrypt"
      Resource  = "arn:aws:kms:eu-central-1:123456789012:key/1"
      Condition = { StringEquals = { "kms:ViaService" = ["s3.eu-central-1.amazonaws.com", "sqs.eu-central-1.amazonaws.com"] } }
    }
    error_message = "Decrypt, that key, those services."
  }
}

run "another_master_role_in_another_partition" {
  variables {
    unity_catalog_role_arn = "arn:aws-us-gov:iam::044793339203:role/unity-catalog-prod-UCMasterRole-1QRFA8SGY15OJ"
  }
  override_data {
    target = data.aws_partition.this
    values = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
  }
  assert {
    condition = (
      jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.AWS == "arn:aws-us-gov:iam::044793339203:role/unity-catalog-prod-UCMasterRole-1QRFA8SGY15OJ"
      && jsondecode(aws_iam_role.this.assume_role_policy).Statement[1].Principal.AWS == "arn:aws-us-gov:iam::123456789012:root"
    )
    error_message = "GovCloud's role, and the account in the same partition."
  }
}

run "rejects_an_external_id_with_a_space" {
  command = plan
  variables { external_id = "1f2e 3d4c" }
  expect_failures = [var.external_id]
}

run "rejects_an_empty_external_id" {
  command = plan
  variables { external_id = "" }
  expect_failures = [var.external_id]
}

run "rejects_a_placeholder_that_can_be_guessed" {
  command = plan
  variables { external_id = "0000" }
  expect_failures = [var.external_id]
}

run "rejects_an_account_as_master_role" {
  command = plan
  variables { unity_catalog_role_arn = "arn:aws:iam::414351767826:root" }
  expect_failures = [var.unity_catalog_role_arn]
}

run "rejects_a_wildcard_as_master_role" {
  command = plan
  variables { unity_catalog_role_arn = "arn:aws:iam::414351767826:role/*" }
  expect_failures = [var.unity_catalog_role_arn]
}

run "rejects_no_prefix" {
  command = plan
  variables { prefixes = [] }
  expect_failures = [var.prefixes]
}

run "rejects_the_whole_bucket" {
  command = plan
  variables { prefixes = [""] }
  expect_failures = [var.prefixes]
}

run "rejects_a_prefix_without_its_slash" {
  command = plan
  variables { prefixes = ["data"] }
  expect_failures = [var.prefixes]
}

run "rejects_a_prefix_with_a_wildcard" {
  command = plan
  variables { prefixes = ["*/"] }
  expect_failures = [var.prefixes]
}

run "rejects_a_prefix_that_begins_with_a_slash" {
  command = plan
  variables { prefixes = ["/data/"] }
  expect_failures = [var.prefixes]
}

run "rejects_a_queue_url" {
  command = plan
  variables { queue_arn = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders" }
  expect_failures = [var.queue_arn]
}

run "rejects_a_bucket_arn_with_a_key" {
  command = plan
  variables { bucket = { name = "lake", arn = "arn:aws:s3:::lake/*" } }
  expect_failures = [var.bucket]
}

run "rejects_a_bucket_with_a_dot" {
  command = plan
  variables { bucket = { name = "lake.example.com", arn = "arn:aws:s3:::lake.example.com" } }
  expect_failures = [var.bucket]
}

run "rejects_a_key_by_its_alias" {
  command = plan
  variables { kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:alias/orders" } }
  expect_failures = [var.kms_key]
}

run "rejects_a_name_too_long_for_a_role" {
  command = plan
  variables { name = "a1234567890123456789012345678901234567890123456789012345678901234" }
  expect_failures = [var.name]
}

run "rejects_the_buckets_key_by_its_alias" {
  command = plan
  variables { bucket_kms_key = { arn = "arn:aws:kms:eu-central-1:123456789012:alias/lake" } }
  expect_failures = [var.bucket_kms_key]
}

run "rejects_a_boundary_by_its_name" {
  command = plan
  variables { permissions_boundary = "boundary" }
  expect_failures = [var.permissions_boundary]
}

run "rejects_a_path_without_slashes" {
  command = plan
  variables { role_path = "dynalake" }
  expect_failures = [var.role_path]
}
