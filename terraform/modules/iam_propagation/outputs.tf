output "id" {
  description = "Known once the time has passed."
  value       = terraform_data.this.id
}
