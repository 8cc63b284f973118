variables {
  program = "bootstrap"
}

run "a_file_has_the_hash_of_its_bytes" {
  command = plan
  variables { package_file = "README.md" } # any file will do: nothing is run here
  assert {
    condition     = output.source_code_hash == filebase64sha256("README.md") && !output.has_to_be_compared
    error_message = "As Lambda would have it."
  }
}

run "a_file_may_have_a_hash_to_be_checked" {
  command = plan
  variables {
    package_file   = "main.tf"
    package_sha256 = filesha256("main.tf")
  }
  assert {
    condition     = output.source_code_hash == filebase64sha256("main.tf")
    error_message = "It is that of the file."
  }
}

# The same bytes, said in hexadecimal digits and in base64.
run "an_object_has_the_hash_that_is_given" {
  command = plan
  variables {
    package        = { s3_bucket = "packages", s3_key = "bootstrap.zip" }
    package_sha256 = filesha256("variables.tf")
  }
  assert {
    condition     = output.source_code_hash == filebase64sha256("variables.tf") && output.has_to_be_compared
    error_message = "In base64, to be compared with what Lambda got."
  }
}

run "the_largest_digits_are_converted_too" {
  command = plan
  variables {
    package        = { s3_bucket = "packages", s3_key = "bootstrap.zip" }
    package_sha256 = "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0"
  }
  assert {
    condition     = output.source_code_hash == "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA="
    error_message = "Bytes from 255 down to 224."
  }
}

run "a_version_of_an_object_needs_no_hash" {
  command = plan
  variables { package = { s3_bucket = "packages", s3_key = "bootstrap.zip", s3_object_version = "3sL4kqtJlcpXroDTDmJ" } }
  assert {
    condition     = output.source_code_hash == null && !output.has_to_be_compared
    error_message = "The version says when it is another zip."
  }
}

run "rejects_another_program" {
  command = plan
  variables {
    program      = "dynalake"
    package_file = "README.md"
  }
  expect_failures = [var.program]
}

run "rejects_a_file_that_is_not_there" {
  command = plan
  variables { package_file = "dist/nowhere.zip" }
  expect_failures = [var.package_file]
}

run "rejects_nothing" {
  command         = plan
  expect_failures = [var.package_file]
}

run "rejects_a_file_and_an_object" {
  command = plan
  variables {
    package_file   = "README.md"
    package        = { s3_bucket = "packages", s3_key = "bootstrap.zip" }
    package_sha256 = filesha256("README.md")
  }
  expect_failures = [var.package_file]
}

run "rejects_a_bucket_as_a_url" {
  command = plan
  variables { package = { s3_bucket = "s3://packages", s3_key = "bootstrap.zip", s3_object_version = "1" } }
  expect_failures = [var.package]
}

run "rejects_a_key_after_a_slash" {
  command = plan
  variables { package = { s3_bucket = "packages", s3_key = "/bootstrap.zip", s3_object_version = "1" } }
  expect_failures = [var.package]
}

run "rejects_an_object_whose_change_nobody_would_see" {
  command = plan
  variables { package = { s3_bucket = "packages", s3_key = "bootstrap.zip" } }
  expect_failures = [var.package]
}

run "rejects_the_version_of_a_bucket_that_keeps_none" {
  command = plan
  variables { package = { s3_bucket = "packages", s3_key = "bootstrap.zip", s3_object_version = "null" } }
  expect_failures = [var.package]
}

run "rejects_an_empty_version" {
  command = plan
  variables { package = { s3_bucket = "packages", s3_key = "bootstrap.zip", s3_object_version = "" } }
  expect_failures = [var.package]
}

run "rejects_a_hash_in_base64" {
  command = plan
  variables {
    package_file   = "README.md"
    package_sha256 = filebase64sha256("README.md")
  }
  expect_failures = [var.package_sha256]
}

run "rejects_a_file_with_another_hash" {
  command = plan
  variables {
    package_file   = "README.md"
    package_sha256 = filesha256("main.tf")
  }
  expect_failures = [var.package_file]
}
