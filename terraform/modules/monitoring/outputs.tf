output "alarm_names" {
  description = "Names of all alarms, sorted."
  value       = sort([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name])
}

output "alarm_arns" {
  description = "ARNs of all alarms, for a dashboard elsewhere: another call's more_alarms."
  value       = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn]
}

output "dashboard_name" {
  description = "Name of the dashboard; null without the part table."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}
