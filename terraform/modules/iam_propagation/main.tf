# Waits for the time that IAM needs to know a permission everywhere. A provisioner, because the provider for waiting
# would be one more to trust and install. If there is no `sleep` (Windows' cmd), the second command waits as long.
resource "terraform_data" "this" {
  triggers_replace = var.permissions

  provisioner "local-exec" {
    command = "sleep ${var.seconds} || ping -n ${var.seconds + 1} 127.0.0.1 > NUL"
  }
}
