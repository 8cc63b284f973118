# What to do in Databricks, as commands for its command line with all names filled in.

locals {
  urls      = [for prefix in var.prefixes : "s3://${var.bucket.name}/${trimsuffix(prefix, "/")}"]
  queue     = split(":", var.queue_arn)
  queue_url = "https://sqs.${local.queue[3]}.${data.aws_partition.this.dns_suffix}/${local.queue[4]}/${local.queue[5]}"

  create_credential = "databricks storage-credentials create --json '${jsonencode({
    name            = var.name
    aws_iam_role    = { role_arn = local.role_arn }
    read_only       = true
    skip_validation = true # the role's trust doesn't hold the external id yet
  })}'"

  validate_credential = [for url in local.urls : "databricks storage-credentials validate --json '${jsonencode({
    storage_credential_name = var.name
    url                     = url
    read_only               = true
  })}'"]

  # A queue serves one external location, because Databricks deletes what it reads: with several, none gets it. File events
  # are switched off explicitly then: by default Databricks would make a queue and a notification of its own.
  create_locations = [for index, url in local.urls : "databricks external-locations create --json '${jsonencode(merge(
    {
      name               = length(local.urls) == 1 ? var.name : "${var.name}-${index}"
      url                = url
      credential_name    = var.name
      read_only          = true
      enable_file_events = length(local.urls) == 1
    },
    length(local.urls) == 1 ? { file_event_queue = { provided_sqs = { queue_url = local.queue_url } } } : null,
  ))}'"]

  before_external_id = <<-EOT
    The role ${var.name} exists, but nobody can assume it yet. Next:

    1. Make the storage credential. Its answer shows aws_iam_role.external_id. (It also shows unity_catalog_iam_arn: if
       that isn't ${var.unity_catalog_role_arn}, set unity_catalog_role_arn to it.)

         ${local.create_credential}

       To see it again: databricks storage-credentials get ${var.name}

    2. Give the external id to Terraform and apply once more, which changes the role's trust in place.

         echo 'databricks_external_id = "EXTERNAL_ID"' > databricks.auto.tfvars
         terraform apply

       Keep the file: an apply without it locks Databricks out again.

    Then print this output again: it shows the next steps.
  EOT

  # With tables, the bundle makes the external location and everything after it. Without, a command makes the location.
  after_external_id = <<-EOT
    The role ${var.name} trusts Databricks by its external id; IAM may take a minute to pass that on. Next:

    1. Check the storage credential.

         ${join("\n     ", local.validate_credential)}

    ${length(var.tables) > 0 ? local.deploy_bundle : local.make_locations}
  EOT

  # The same folder and target as in docs/databricks.md.
  deploy_bundle = chomp(<<-EOT
    2. In the repository's folder databricks, give the bundle its variables and its tables, here for the target dev and with the
       folder that you applied in place of APPLIED.

         mkdir -p .databricks/bundle/dev src/tables
         terraform -chdir=APPLIED output -json databricks_bundle_variables > .databricks/bundle/dev/variable-overrides.json
         terraform -chdir=APPLIED output -json databricks_tables > src/tables/dev.json

       If the catalog isn't main, set it in databricks.yml, under the target: variables: { catalog: yours }.

    3. Check that each table has a file: Auto Loader takes the columns from one.

         ${join("\n     ", [for table in var.tables : "aws s3 ls --recursive s3://${var.bucket.name}/${table.data_prefix}"])}

    4. Check, deploy and run it. It makes the external location with our queue, the schema, the volume and the pipeline, and the
       pipeline makes ${join(" and ", [for table in var.tables : table.name])}.

         databricks bundle validate --strict --target dev
         databricks bundle deploy --target dev
         databricks bundle run dynalake --target dev
  EOT
  )

  make_locations = chomp(<<-EOT
    2. Make the external location${length(local.urls) == 1 ? ". It names the queue, so that Databricks makes none of its own." : "s, with no file events: one queue can't serve several. See prefixes in the module's README."}

         ${join("\n     ", local.create_locations)}
  EOT
  )
}
