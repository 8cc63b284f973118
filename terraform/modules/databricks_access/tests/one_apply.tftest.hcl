# In a file of its own, as it plans another root than the rest.
mock_provider "aws" {
  source = "../../tests/aws"
}

run "a_credential_made_in_the_same_apply_makes_no_cycle" {
  module {
    source = "./tests/one_apply"
  }
  assert {
    condition     = output.credential_role_arn == "arn:aws:iam::123456789012:role/orders-databricks"
    error_message = "The credential gets the role's ARN before the role is there."
  }
  assert {
    condition     = strcontains(output.next_steps, "storage-credentials validate") && output.credential_id != ""
    error_message = "The credential's own id went into the trust."
  }
}
