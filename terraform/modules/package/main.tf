locals {
  # https://datatracker.ietf.org/doc/html/rfc4648#section-4
  base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

  # Lambda has hashes in base64, for which Terraform has no function. Three hexadecimal digits are twelve bits, and so two
  # characters. Zeros fill up the last three; 32 bytes are 43 characters.
  bits   = var.package_sha256 == null ? [] : [for at in range(0, 66, 3) : parseint(substr("${var.package_sha256}00", at, 3), 16)]
  base64 = "${substr(join("", [for twelve in local.bits : "${substr(local.base64_alphabet, floor(twelve / 64), 1)}${substr(local.base64_alphabet, twelve % 64, 1)}"]), 0, 43)}="
}
