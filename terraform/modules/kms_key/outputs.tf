output "arn" {
  description = "ARN of the key."
  value       = aws_kms_key.this.arn
}

output "alias" {
  description = "Name of the alias, with \"alias/\"."
  value       = aws_kms_alias.this.name
}

output "kms_key" {
  description = "What the other modules take as kms_key: an object, so that it is known while planning that there is a key, even where its ARN isn't."
  value       = { arn = aws_kms_key.this.arn }
}
