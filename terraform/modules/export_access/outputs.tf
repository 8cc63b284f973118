output "policy_arn" {
  description = "ARN of the policy; attach it to the role or group that runs `dynalake backfill` and `dynalake replay`."
  value       = aws_iam_policy.this.arn
}
