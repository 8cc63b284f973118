# Stands in for the databricks provider, which the tests don't have: terraform_data is a storage credential that takes
# the role's ARN and gives an external id that is known only once it exists.

resource "terraform_data" "storage_credential" {
  input = { role_arn = module.databricks_access.role_arn }
}

module "databricks_access" {
  source = "../.."

  name        = "orders-databricks"
  bucket      = { name = "lake", arn = "arn:aws:s3:::lake" }
  queue_arn   = "arn:aws:sqs:eu-central-1:123456789012:orders"
  external_id = terraform_data.storage_credential.id
}

output "credential_id" {
  value = terraform_data.storage_credential.id
}

output "credential_role_arn" {
  value = terraform_data.storage_credential.output.role_arn
}

output "next_steps" {
  value = module.databricks_access.next_steps
}
