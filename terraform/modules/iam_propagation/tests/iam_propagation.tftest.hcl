variables {
  permissions = ["arn:aws:iam::123456789012:role/orders"]
  seconds     = 2
}

run "waits_as_long_as_asked_for" {
  variables {
    permissions = [timestamp()]
  }
  assert {
    condition     = timecmp(timestamp(), timeadd(terraform_data.this.triggers_replace[0], "2s")) >= 0
    error_message = "Two seconds have passed."
  }
}

run "rejects_a_wait_of_an_hour" {
  command = plan
  variables { seconds = 3600 }
  expect_failures = [var.seconds]
}
