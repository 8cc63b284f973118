variable "program" {
  description = "Whose package it is: bootstrap, the function of Firehose, or direct."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["bootstrap", "direct"], var.program)
    error_message = "program: bootstrap or direct."
  }
}

variable "package_file" {
  description = "Path of the zip, or null if package says where it is on S3."
  type        = string
  default     = null

  validation {
    condition     = var.package_file == null || try(fileexists(var.package_file), false)
    error_message = "package_file: there is no ${coalesce(var.package_file, "file")}; run `python3 package.py` in the repository, give the path of a ${var.program}.zip, or the place of one on S3 as package."
  }
  validation {
    condition     = (var.package_file == null) != (var.package == null)
    error_message = "package_file: ${var.package_file == null ? "neither it nor package is set" : "there is ${var.package_file}, and package = s3://${try(var.package.s3_bucket, "")}/${try(var.package.s3_key, "")} too"}; give exactly one: package_file for a zip on this machine, package for one on S3."
  }
  validation {
    condition     = var.package_sha256 == null || var.package_file == null || try(filesha256(var.package_file) == var.package_sha256, false)
    error_message = "package_sha256: ${coalesce(var.package_file, "the file")} has ${try(filesha256(var.package_file), "no hash")}, not ${coalesce(var.package_sha256, "-")}; download the zip again, or give the hash of the one that you mean."
  }
}

variable "package" {
  description = "Place of the zip on S3, in the function's Region, or null if package_file says where it is on this machine. s3_object_version is the object's version, in a bucket that keeps versions. Without one, package_sha256 is needed."
  type = object({
    s3_bucket         = string
    s3_key            = string
    s3_object_version = optional(string)
  })
  default = null

  validation {
    condition     = var.package == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.package.s3_bucket))
    error_message = "package: s3_bucket is \"${try(var.package.s3_bucket, "")}\"; give the bucket's name alone, such as my-packages, without s3:// and without a key."
  }
  validation {
    condition     = var.package == null || can(regex("^[^/]", var.package.s3_key))
    error_message = "package: s3_key is \"${try(var.package.s3_key, "")}\"; give the object's key as S3 lists it, such as dynalake/1.0.0/${var.program}.zip, without a / before it."
  }
  validation {
    # What S3 calls the versions of a bucket that keeps none would never change.
    condition     = !can(regex("^(null)?$", var.package.s3_object_version))
    error_message = "package: s3_object_version is ${coalesce(try(var.package.s3_object_version, null), "empty")}, which is no version; leave it out and set package_sha256, or turn on the bucket's versioning and upload the zip again."
  }
  validation {
    # Else other bytes under the same key would never reach the function.
    condition     = var.package == null || try(var.package.s3_object_version, null) != null || var.package_sha256 != null
    error_message = "package: nothing says when s3://${try(var.package.s3_bucket, "")}/${try(var.package.s3_key, "")} is another zip; set s3_object_version (aws s3api head-object shows it), or package_sha256."
  }
}

variable "package_sha256" {
  description = "SHA-256 of the zip as 64 hexadecimal digits, as in the SHA256SUMS of a release, or null to take what is there. A zip with another hash is rejected: a file by the plan; an object on S3 by the apply, by what Lambda says that it got, before anything invokes it."
  type        = string
  default     = null

  validation {
    condition     = var.package_sha256 == null || can(regex("^[0-9a-f]{64}$", var.package_sha256))
    error_message = "package_sha256: \"${coalesce(var.package_sha256, "-")}\" is not 64 of 0-9 and a-f; give what `sha256sum` prints of the zip."
  }
}
