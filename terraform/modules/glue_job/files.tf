# What a run reads: the script, the program that makes rows, the schema. Without tags, of which an object takes only ten.

resource "aws_s3_object" "script" {
  #checkov:skip=CKV_AWS_186: Encrypted by the bucket's own key; it is the repository's script.
  bucket      = local.files_bucket.name
  key         = local.script_key
  source      = local.script_file
  source_hash = try(filesha256(local.script_file), null)

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = fileexists(local.script_file)
      error_message = "script_file: there is no ${local.script_file}; give the path of spark/dynalake_job.py of the repository, or of a script of yours that takes the same arguments."
    }
  }
}

resource "aws_s3_object" "program" {
  #checkov:skip=CKV_AWS_186: Encrypted by the bucket's own key; it is the repository's program.
  bucket      = local.files_bucket.name
  key         = local.program_key
  source      = var.program_file
  source_hash = try(filesha256(var.program_file), null)

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = fileexists(var.program_file)
      error_message = "program_file: there is no ${var.program_file}; build it with python3 package.py --function dynalake, or take `dynalake` out of a release's archive for x86_64."
    }
    precondition {
      # The bytes 18 to 20 of an ELF file: its machine (62 is x86_64), and the first of its version (1).
      condition     = !fileexists(var.program_file) || try(substr(filebase64(var.program_file), 24, 4) == "PgAB", false)
      error_message = "program_file: ${var.program_file} is not a program for x86_64, which Glue's workers are; give the program itself, not an archive, and not the one for arm64."
    }
  }
}

resource "aws_s3_object" "schema" {
  #checkov:skip=CKV_AWS_186: Encrypted by the bucket's own key; it holds names and types.
  bucket       = local.files_bucket.name
  key          = local.schema_key
  content      = local.schema_text
  content_type = "application/json"

  lifecycle {
    create_before_destroy = true
  }
}
