output "source_code_hash" {
  description = "SHA-256 of the zip in base64, as Lambda has it: of the file, or package_sha256; null of an object on S3 that is named by its version alone."
  value       = var.package_file != null ? filebase64sha256(var.package_file) : var.package_sha256 != null ? local.base64 : null
}

output "has_to_be_compared" {
  description = "Whether what Lambda has got should be compared with source_code_hash: of an object on S3, Terraform itself sees no bytes."
  value       = var.package != null && var.package_sha256 != null
}
