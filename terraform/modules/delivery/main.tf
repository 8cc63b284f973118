data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Read for its `region` only. aws_region has it as `name`, which version 6 of the provider deprecates,
# or as `region`, which version 5 lacks.
data "aws_service_principal" "here" {
  service_name = "logs"
}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_service_principal.here.region
  bucket    = var.target.bucket

  foreign_bucket = coalesce(local.bucket.account_id, local.account) != local.account

  # Hive style, by the names of the Glue table's partition keys. With partition keys from the function, the object's name
  # starts with the day of arrival: according to AWS' page on prefixes, Firehose appends folders of its own (yyyy/MM/dd/HH/)
  # to a prefix without any timestamp expression. A day adds partitions only at midnight.
  by_hour = var.target.partition_granularity == "hour"
  partitions = {
    arrival    = "dt=!{timestamp:yyyy-MM-dd}/${local.by_hour ? "hour=!{timestamp:HH}/" : ""}"
    event_time = "dt=!{partitionKeyFromLambda:year}-!{partitionKeyFromLambda:month}-!{partitionKeyFromLambda:day}/${local.by_hour ? "hour=!{partitionKeyFromLambda:hour}/" : ""}arrived-!{timestamp:yyyy-MM-dd}-"
  }

  # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html; the module transform has
  # the same list.
  log_retention_choices = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
}
