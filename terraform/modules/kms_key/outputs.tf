output "arn" {
  description = "ARN of the key."
  value       = aws_kms_key.this.arn
}

output "alias" {
  description = "Name of the alias, with \"alias/\"."
  value       = aws_kms_alias.this.name
}

output "kms_key" {
  description = "The value for the other modules' kms_key: an object, so that a plan knows that there is a key even if it doesn't know its ARN yet."
  value       = { arn = aws_kms_key.this.arn }
}
