# The table of alarms, from the data's source to its end. The key is the end of the alarm's name and the heading of its
# entry in docs/operations/runbook.md. Alarms that each table has also have the table's name, after that.
#
#   source, metric, stat   what is measured (sources: main.tf)
#   is, threshold          when a period is bad
#   severity               "lost": data is missing from the lake until somebody acts. "late": it comes later, and more so
#                          the longer nobody acts. "look": nothing is wrong with the data yet. main.tf says who is told
#   window                 [seconds of a period, bad periods, of how many]. Once is enough if someone has to fetch data
#                          that was set aside; what heals by itself has to last, or each retry would page.
#   happened, first        the description: what happened, what to do first. main.tf adds the page of the runbook
#
# Missing data is "notBreaching" in all of them: these metrics are written only when there is something to count, so
# without traffic there is no data and nothing is wrong. Two others notice that something has stopped: local.stopped
# below, which takes no data for zero, and no-traffic (main.tf), for which missing data is bad.

locals {
  # The thresholds that can be set: the default, the range, and the reason for the range.
  thresholds = {
    replication_age_seconds   = { default = 300, least = 1, most = 604800, reason = "after 168 hours DynamoDB switches the replication off" }
    stream_age_seconds        = { default = 600, least = 60, most = 31536000, reason = "a stream keeps changes for a year at most" }
    retention_percent         = { default = 25, least = 1, most = 90, reason = "so that there is time left to act" }
    capacity_percent          = { default = 80, least = 10, most = 99, reason = "below the limit itself" }
    freshness_seconds         = { default = 300, least = 120, most = 86400, reason = "Firehose's own buffering takes up to 90 seconds, more if its interval is longer" }
    behind_seconds            = { default = 7200, least = 300, most = 604800, reason = "Lambda gives a record up after a week at most" }
    function_duration_percent = { default = 80, least = 10, most = 95, reason = "below the timeout itself" }
    records_failed            = { default = 0, least = 0, most = 1000000000, reason = "the alarm goes off above it" }
    store_retries             = { default = 100, least = 0, most = 1000000000, reason = "the alarm goes off above it" }
    rows_rescued              = { default = 0, least = 0, most = 1000000000, reason = "the alarm goes off above it" }
    queue_age_seconds         = { default = 3600, least = 60, most = 1209600, reason = "14 days is the longest that SQS keeps a message" }
    expect_traffic_minutes    = { default = null, least = 5, most = 1440, reason = "a day is the longest that such an alarm looks back" }
  }
  t = { for name, threshold in local.thresholds : name => try(coalesce(var.thresholds[name], threshold.default), threshold.default) }

  alarms_stream = {
    "stream-write-throttled" = {
      severity = "look"
      source   = "stream", metric = "WriteProvisionedThroughputExceeded", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 3, 3]
      happened = "The stream rejected writes because it has too few shards; DynamoDB tries again, so changes are late, not lost."
      first    = "On provisioned capacity, double the shards (shard_count, or null for on-demand). On demand, see whether one partition key gets all the writes."
    }
    "stream-read-throttled" = {
      severity = "look"
      source   = "stream", metric = "ReadProvisionedThroughputExceeded", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 3, 3]
      happened = "Together, the consumers ask for more than a shard allows: five GetRecords calls or 2 MB a second."
      first    = "See who else reads: aws kinesis list-stream-consumers and the Lambda triggers of ${local.stream_name}; move the others to enhanced fan-out."
    }
    "stream-age" = {
      severity = "look"
      source   = "stream", metric = "GetRecords.IteratorAgeMilliseconds", stat = "Maximum"
      is       = ">", threshold = local.t.stream_age_seconds * 1000, window = [300, 2, 3]
      happened = "A consumer of the stream reads records that are over ${local.t.stream_age_seconds} s old."
      first    = "Look at ${var.via}-freshness: if it is on too, ${local.direct ? "the function" : local.spark ? "the job" : "Firehose"} lags, go there; if not, another consumer of ${local.stream_name} lags."
    }
  }

  alarms_table = {
    # ── Lambda ──
    "function-errors" = {
      severity = "late"
      source   = "function", metric = "Errors", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 2, 3]
      happened = "Invocations keep failing; bad records never cause that, so it is a setting, the memory, or the code. Firehose retries each three times, then sets the whole batch aside in the error prefix."
      first    = "aws logs tail /aws/lambda/${local.function_name} --since 30m --filter-pattern ERROR names the setting and the fix."
    }
    "function-throttled" = {
      severity = "look"
      source   = "function", metric = "Throttles", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 2, 3]
      happened = "Lambda had no concurrency left for the function; after its retries Firehose sets the batch aside in the error prefix."
      first    = "Raise reserved_concurrency to five a shard or more, or, without a reservation, the account's limit: aws lambda get-account-settings."
    }
    "function-duration" = {
      severity = "look"
      source   = "function", metric = "Duration", stat = "Maximum"
      is       = ">", threshold = local.function_timeout_seconds * 10 * local.t.function_duration_percent, window = [300, 2, 3]
      happened = "An invocation took over ${local.t.function_duration_percent} % of its ${local.function_timeout_seconds} s; milliseconds are normal. Past the timeout the batch is retried, then set aside."
      first    = "Double memory_size, which also doubles its share of a processor."
    }

    # ── What the function reports about the rows ──
    "records-failed" = {
      severity = "lost"
      source   = "rows", metric = "RecordsFailed", stat = "Sum"
      is       = ">", threshold = local.t.records_failed, window = [300, 1, 1]
      happened = "Records could not become rows; Firehose keeps the originals under processing-failed in the error prefix."
      first    = "aws logs tail /aws/lambda/${local.function_name} --since 30m --filter-pattern ERROR names each reason, with a count. Fix it, then bring the records in: dynalake replay."
    }
    # An hour, not minutes: a table that has such values has them again and again, and the alarm would flap.
    "rows-rescued" = {
      severity = "look"
      source   = "rows", metric = "RowsRescued", stat = "Sum"
      is       = ">", threshold = local.t.rows_rescued, window = [3600, 1, 1]
      happened = "Values did not fit their columns or had none; they are kept in _rescued, but queries on the columns miss them."
      first    = "SELECT _rescued FROM the table WHERE _rescued IS NOT NULL shows attribute and reason. Add or widen the column in the schema file, or raise thresholds.rows_rescued."
    }

    # ── Firehose ──
    # No traffic, no metric (AWS documents it). So missing data is good here, and firehose-stopped covers the rest.
    "firehose-freshness" = {
      severity = "late"
      source   = "firehose", metric = "DeliveryToS3.DataFreshness", stat = "Maximum"
      is       = ">", threshold = local.t.freshness_seconds, window = [60, 5, 5]
      happened = "Records have waited in Firehose for over ${local.t.freshness_seconds} s; nothing is lost while the stream keeps them (${local.retention_hours} h)."
      first    = "aws logs tail /aws/kinesisfirehose/${local.delivery_stream_name} --since 1h names what rejects them: S3, KMS, Glue or Lambda."
    }
    "firehose-behind" = {
      severity = "lost"
      source   = "firehose", metric = "KinesisMillisBehindLatest", stat = "Maximum"
      is       = ">", threshold = local.retention_hours * 36000 * local.t.retention_percent, window = [300, 3, 3]
      happened = "Firehose is behind by ${local.t.retention_percent} % of the stream's ${local.retention_hours} h; records older than that are LOST."
      first    = "Gain time now: aws kinesis increase-stream-retention-period --stream-name ${local.stream_name} --retention-period-hours ${min(local.retention_hours * 2, 8760)}. Then see firehose-freshness."
    }
    "firehose-delivery-failed" = {
      severity = "late"
      source   = "firehose", metric = "DeliveryToS3.Success", stat = "Average"
      is       = "<", threshold = 1, window = [300, 2, 3]
      happened = "Firehose's writes to S3 fail; it retries until the stream's retention ends."
      first    = "aws logs tail /aws/kinesisfirehose/${local.delivery_stream_name} --since 1h gives the code; undo the last change to the bucket's policy, the key's policy or Firehose's role."
    }
    "firehose-processing-failed" = {
      severity = "late"
      source   = "firehose", metric = "ExecuteProcessing.Success", stat = "Average"
      is       = "<", threshold = 1, window = [300, 2, 3]
      happened = "Firehose's calls to the function keep failing; after four attempts it sets the batch aside under processing-failed in the error prefix."
      first    = "See function-errors and function-throttled. If both are quiet it is a permission: aws logs tail /aws/kinesisfirehose/${local.delivery_stream_name} --since 1h."
    }
    "firehose-conversion-failed" = {
      severity = "lost"
      source   = "firehose", metric = "FailedConversion.Records", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 1, 1]
      happened = "Rows did not fit the Glue table; they are under format-conversion-failed in the error prefix."
      first    = "Read lastErrorMessage in the newest object there. Glue table and function differ: apply again, so that both come from one schema file. Then bring the rows in: dynalake replay."
    }
    "firehose-throttled" = {
      severity = "look"
      source   = "firehose", metric = "ThrottledGetRecords", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 3, 3]
      happened = "The stream has throttled Firehose's reads for 15 minutes or more; rows are late, not lost."
      first    = "Do as for stream-read-throttled: find the other consumers of ${local.stream_name} and move them to enhanced fan-out."
    }
  }

  # The direct way's own, and those of the same name above that mean something else there: a failed invocation stops its
  # shard, and nothing is set aside before the record's age ends it. There is one data point for each invocation, and a
  # shard may have none for as long as its window or the longest invocation; so periods are as long.
  alarms_direct = {
    # ── Lambda ──
    "function-errors" = {
      severity = "late"
      source   = "function", metric = "Errors", stat = "Sum"
      is       = ">", threshold = 0, window = [local.direct_period, 2, 3]
      happened = "Invocations keep failing; bad records never cause that, so it is a setting, the memory, or the code. Lambda tries the batch again, in halves, and meanwhile its shard waits."
      first    = "aws logs tail /aws/lambda/${local.function_name} --since 30m --filter-pattern ERROR names the setting and the fix. If it began with a new version, point the alias live at the one before."
    }
    "function-throttled" = {
      severity = "look"
      source   = "function", metric = "Throttles", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 2, 3]
      happened = "Lambda had no concurrency left for the function; it tries again, so rows are late, not lost."
      first    = "Raise reserved_concurrency to one a shard, times parallelization_factor, or, without a reservation, the account's limit: aws lambda get-account-settings."
    }
    "function-duration" = {
      severity = "look"
      source   = "function", metric = "Duration", stat = "Maximum"
      is       = ">", threshold = local.function_timeout_seconds * 10 * local.t.function_duration_percent, window = [local.direct_period, 2, 3]
      happened = "An invocation took over ${local.t.function_duration_percent} % of its ${local.function_timeout_seconds} s; under a second is normal. Past the timeout the batch is tried again."
      first    = "See store-retries: if it is on too, S3 is slow or rejects. If not, double memory_size, which also doubles its share of a processor."
    }

    # ── The mapping ──
    "direct-freshness" = {
      severity = "late"
      source   = "function", metric = "IteratorAge", stat = "Maximum"
      is       = ">", threshold = local.t.freshness_seconds * 1000, window = [local.direct_period, 2, 3]
      happened = "The function reads changes that are over ${local.t.freshness_seconds} s old; nothing is lost while the stream keeps them (${local.kept})."
      first    = "See direct-not-stored, function-errors, function-throttled and store-retries. If all are quiet there is more traffic than one batch at a time takes: raise parallelization_factor."
    }
    # Early: of the 24 hours of a table's own stream there are 20 left to act before Lambda gives up. Not at once: a mapping
    # that is new, or was off, begins with what is old.
    "direct-behind" = {
      severity = "lost"
      source   = "function", metric = "IteratorAge", stat = "Maximum"
      is       = ">", threshold = local.t.behind_seconds * 1000, window = [900, 2, 4]
      happened = "The function is behind by over ${local.t.behind_seconds} s. The stream keeps changes for ${local.kept}; at ${local.given_up} Lambda gives them up into the on-failure bucket."
      first    = "${local.gain_time} See direct-not-stored, function-errors, function-throttled and store-retries. Whatever is given up stays on S3: dynalake replay."
    }
    "direct-given-up" = {
      severity = "lost"
      source   = "mapping", metric = "OnFailureDestinationDeliveredEventCount", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 1, 1]
      happened = "Lambda gave up changes that could not be stored in time; the batches are on S3, in the on-failure bucket."
      first    = "Fix what kept them (direct-not-stored, function-errors), then bring them in: dynalake replay on the output on_failure_location. After a first apply nothing is wrong: they were older than that when the mapping began."
    }
    "direct-dropped" = {
      severity = "lost"
      source   = "mapping", metric = "DroppedEventCount", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 1, 1]
      happened = "Lambda dropped changes without keeping them: LOST for the lake."
      first    = "Bring the items in by an export: dynalake backfill. See direct-destination-failed for why they were not kept."
    }
    "direct-destination-failed" = {
      severity = "lost"
      source   = "function", metric = "DestinationDeliveryFailures", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 1, 1]
      happened = "Lambda could not put a batch that it gave up into the on-failure bucket: LOST for the lake, unless a later attempt succeeds."
      first    = "Check the function's role (s3:PutObject and s3:ListBucket on that bucket, and its key), then the bucket's policy. Bring the items in by an export: dynalake backfill."
    }

    # ── What the function reports ──
    "store-retries" = {
      severity = "look"
      source   = "rows", metric = "StoreRetries", stat = "Sum"
      is       = ">", threshold = local.t.store_retries, window = [local.direct_period, 2, 3]
      happened = "S3 rejects or delays the function's PUTs; it tries again, and what could not be stored comes again: late, not lost."
      first    = "If direct-not-stored is on, go there. Else aws logs tail /aws/lambda/${local.function_name} --since 30m --filter-pattern '?WARN ?ERROR' gives S3's code: 503 is too many PUTs under one prefix, so raise batching_window_seconds."
    }
    "records-failed" = {
      severity = "lost"
      source   = "rows", metric = "RecordsFailed", stat = "Sum"
      is       = ">", threshold = local.t.records_failed, window = [300, 1, 1]
      happened = "Records could not become rows; the function keeps the originals under processing-failed in the error prefix."
      first    = "aws logs tail /aws/lambda/${local.function_name} --since 30m --filter-pattern ERROR names each reason, with a count. Fix it, then bring the records in: dynalake replay."
    }
    "rows-rescued" = local.alarms_table["rows-rescued"]
  }

  # By Spark. Glue writes the job's metrics each half a minute while it runs, and EventBridge counts its runs that failed. The
  # job makes no metrics of rows, so there are no alarms on them: what can't be a row shows as error-objects.
  alarms_spark = {
    "spark-run-failed" = {
      severity = "look"
      source   = "runs", metric = "Invocations", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 1, 1]
      happened = "A run of the job failed; Glue starts it again from its checkpoint, so rows are late, not lost."
      first    = "aws logs tail ${local.job.log_group} --since 1h --filter-pattern '?ERROR ?Error' names the cause; if the next run goes on, there is nothing to do."
    }
    "spark-keeps-failing" = {
      severity = "late"
      source   = "runs", metric = "Invocations", stat = "Sum"
      is       = ">", threshold = 0, window = [900, 2, 4]
      happened = "Runs of the job fail again and again; nothing is lost while the stream keeps the changes (${local.retention_hours} h)."
      first    = "aws glue get-job-runs --job-name ${local.job.name} --max-items 100 --query 'JobRuns[].[Id,JobRunState,ErrorMessage]' --output text | grep -v 'oncurrent runs' gives each run's message, aws logs tail ${local.job.log_group} --since 1h the rest. If it began with an apply, apply the version before, and stop the run."
    }
    "spark-tasks-failing" = {
      severity = "look"
      source   = "job_counts", metric = "glue.driver.aggregate.numFailedTasks", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 3, 3]
      happened = "Tasks of the job have failed for 15 minutes; Spark tries each four times, then the run fails. Bad records never cause that: it is S3, a role, a key, or memory."
      first    = "aws logs tail ${local.job.log_group} --since 30m --filter-pattern '?ERROR ?Error' gives the reason; of S3 403 is the role, the bucket's policy or its key."
    }
  }

  # The age of the oldest record that a batch reads. AWS documents its name, and not its dimensions: a query finds it by the
  # job's name alone.
  lag = "glue.driver.streaming.maxConsumerLagInMs"
  alarms_spark_lag = {
    "spark-freshness" = {
      severity  = "late"
      threshold = local.t.freshness_seconds * 1000
      happened  = "The job reads changes that are over ${local.t.freshness_seconds} s old; nothing is lost while the stream keeps them (${local.retention_hours} h)."
      first     = "See spark-keeps-failing and spark-tasks-failing. If both are quiet, there is more traffic than it can take: raise glue_job.number_of_workers or worker_type, apply, and stop the run."
    }
    "spark-behind" = {
      severity  = "lost"
      threshold = local.retention_hours * 36000 * local.t.retention_percent
      happened  = "The job is behind by ${local.t.retention_percent} % of the stream's ${local.retention_hours} h; records older than that are LOST. (A job that has just begun reads the oldest first, and catches up.)"
      first     = "Gain time now: aws kinesis increase-stream-retention-period --stream-name ${local.stream_name} --retention-period-hours ${min(local.retention_hours * 2, 8760)}. Then see spark-freshness."
    }
  }

  # With dynamic partitioning only.
  alarms_dynamic_partitioning = {
    "firehose-partitions" = {
      severity = "lost"
      source   = "firehose", metric = "PartitionCountExceeded", stat = "Maximum"
      is       = ">", threshold = 0, window = [300, 1, 1]
      happened = "Changes of more hours came at once than Firehose has partitions for; the rest is in the error prefix."
      first    = "Stop what mixes in old changes, or ask AWS for a higher limit of active partitions (Service Quotas, Firehose). Then bring the rest in: dynalake replay."
    }
  }

  # With queues only. SQS writes no metrics of an idle queue, and an empty queue is good.
  alarms_queues = {
    # Only where somebody reads it: S3's test event is in the queue from the first minute.
    "queue-age" = {
      severity = "look"
      source   = "queue", metric = "ApproximateAgeOfOldestMessage", stat = "Maximum"
      is       = ">", threshold = local.t.queue_age_seconds, window = [300, 3, 3]
      happened = "Nobody has taken a notification for over ${local.t.queue_age_seconds} s; the files are on S3, and Databricks does not hear of them. This alarm does not show whether its pipeline runs."
      first    = "If nothing reads the queue yet, run the pipeline. Else test the external location's connection in Databricks: may its credential's role still read this queue, and does the location name it?"
    }
    "dead-letters" = {
      severity = "lost"
      source   = "dead_letters", metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum"
      is       = ">", threshold = 0, window = [300, 1, 1]
      happened = "Notifications were received again and again without success, or never got into the queue; their files are on S3, but not in Databricks."
      first    = "Fix the Databricks credential's role, or the queue's policy or key. Then let Databricks list the prefix once, or send back those that came from the queue: aws sqs start-message-move-task."
    }
  }

  # With a queue that the error prefix's objects go to. It is the thing itself, where the alarms above have its causes.
  # One period of the last six: SQS has no metrics of an idle queue, and after its first message they may come a quarter
  # of an hour late. An alarm that looks at the last period only would not see them.
  alarms_errors = {
    "error-objects" = {
      severity = "lost"
      source   = "errors", metric = "NumberOfMessagesSent", stat = "Sum"
      is       = ">", threshold = 0, window = [300, 1, 6]
      happened = "Objects came into the error prefix: what they hold is not in the lake. They stay there with the original records."
      first    = "aws s3 ls --recursive on the error prefix shows which kind and since when. ${local.spark ? "errorCode in their lines names" : local.direct ? "records-failed names" : "records-failed, function-errors and firehose-conversion-failed name"} the cause. Fix it, then bring all kinds in: dynalake replay."
    }
  }

  # For each table. AWS writes these metrics with the dimensions TableName and DelegatedOperation, and documents no value
  # of the second: an alarm on a guessed value would never go off. So these are Metrics Insights queries, which name
  # both dimensions and give a value for the first only. DynamoDB adds them up every five minutes.
  alarms_replication = merge([
    for table in var.tables : {
      "replication-age-${table}" = {
        severity = "late"
        select   = "MAX(AgeOfOldestUnreplicatedRecord)", table = table
        is       = ">", threshold = local.t.replication_age_seconds * 1000, window = [300, 2, 2]
        happened = "Changes of ${table} have waited for over ${local.t.replication_age_seconds} s to get into the stream. DynamoDB retries, but switches the replication off after 168 h."
        first    = "See stream-write-throttled; if it is quiet, see what changed in the stream's policy or KMS key, or in the role AWSServiceRoleForDynamoDBKinesisDataStreamsReplication."
      }
      "replication-failed-${table}" = {
        severity = "lost"
        select   = "SUM(FailedToReplicateRecordCount)", table = table
        is       = ">", threshold = 0, window = [300, 1, 1]
        happened = "DynamoDB skipped changes of ${table}: LOST for the lake. A change record over 1 MB (both images as JSON) does not fit into Kinesis."
        first    = "Find the items of over 34 KB that were written now and write them again smaller, with large values moved to S3."
      }
      "replication-throttled-${table}" = {
        severity = "look"
        select   = "SUM(ThrottledPutRecordCount)", table = table
        is       = ">", threshold = 0, window = [300, 3, 3]
        happened = "The stream has throttled changes of ${table} for 15 minutes; DynamoDB retries, so they are late, not lost."
        first    = "Do as for stream-write-throttled: double the shards (shard_count), or set it to null for on-demand capacity."
      }
    }
  ]...)

  # What comes in at one stage and doesn't come out at the next. Such stops leave no error: what doesn't run writes no
  # metric. Two quarters of an hour of the last four, so that a record on the border of two periods does not count, and
  # a table that changes twice an hour still does.
  stopped_window = [900, 2, 4]

  stopped = merge(
    {
      for subject in ["direct-stopped"] : subject => {
        severity = "lost"
        from     = var.stream_name == null ? { namespace = "AWS/DynamoDB", dimensions = { TableName = try(var.tables[0], "-") }, metric = "ConsumedWriteCapacityUnits" } : merge(local.sources.stream, { metric = "IncomingRecords" })
        to       = merge(local.sources.rows, { metric = "RecordsIn" })
        happened = "Changes ${var.stream_name == null ? "are made in ${join(", ", var.tables)}" : "come into the stream"}, but none come into the function. The stream keeps them for ${local.kept}; after that they are LOST for the lake."
        first = "aws lambda get-event-source-mapping --uuid ${local.mapping_uuid}: is its State Enabled, its LastProcessingResult OK? If not, apply again.${
          var.stream_name == null ? " Is the table's stream on: aws dynamodb describe-table --table-name ${try(var.tables[0], "-")} --query Table.StreamSpecification? If all is well, the writes may have changed nothing, or filters leave them out." : " If all is well, filters may leave them out."
        }"
      } if local.direct
    },
    {
      for subject in ["firehose-stopped"] : subject => {
        severity = "late"
        from     = merge(local.sources.stream, { metric = "IncomingRecords" })
        to       = merge(local.sources.firehose, { metric = "DataReadFromKinesisStream.Records" })
        happened = "Changes come into the stream, but Firehose reads none; nothing is lost while the stream keeps them (${local.retention_hours} h)."
        first    = "aws firehose describe-delivery-stream --delivery-stream-name ${local.delivery_stream_name}: is it ACTIVE? Then check its role: kinesis:GetRecords on the stream and kms:Decrypt on the stream's key."
      } if local.firehose
    },
    {
      for subject in ["spark-not-running"] : subject => {
        severity = "late"
        from     = merge(local.sources.stream, { metric = "IncomingRecords" })
        to       = merge(local.sources.job_gauges, { metric = "glue.driver.jvm.heap.used" })
        happened = "Changes come into the stream, but the job is not running; nothing is lost while the stream keeps them (${local.retention_hours} h)."
        first    = "aws glue get-job-runs --job-name ${local.job.name} --max-items 100 --query 'JobRuns[].[StartedOn,JobRunState,ErrorMessage]' --output text | grep -v 'oncurrent runs': why did the last run end? aws glue get-trigger --name ${local.job.name}: is it ACTIVATED? It starts the job each quarter of an hour. At once: aws glue start-job-run --job-name ${local.job.name}."
      } if local.spark
    },
    {
      for subject in ["spark-stopped"] : subject => {
        severity = "late"
        from     = merge(local.sources.stream, { metric = "IncomingRecords" })
        to       = merge(local.sources.job_counts, { metric = "glue.driver.aggregate.numCompletedTasks" })
        happened = "Changes come into the stream, but the job completes no task; nothing is lost while the stream keeps them (${local.retention_hours} h)."
        first    = "If spark-not-running or spark-keeps-failing is on, go there. Else it hangs: stop the run (aws glue batch-stop-job-run), and the trigger starts another from the checkpoint. The role may read the stream, and use its key?"
      } if local.spark
    },
    {
      for table in var.tables : "replication-stopped-${table}" => {
        severity = "lost"
        from     = { namespace = "AWS/DynamoDB", dimensions = { TableName = table }, metric = "ConsumedWriteCapacityUnits" }
        # Records into the function: `where` and `events` may leave all of them out with nothing wrong. On a stream of several
        # tables those of the others would hide that one has stopped, and only the rows are this table's.
        # By Spark there is no metric of either, but what comes into the stream, where that is this table's alone.
        to       = local.spark ? merge(local.sources.stream, { metric = "IncomingRecords" }) : merge(local.sources.rows, { metric = local.shared_stream ? "RecordsOk" : "RecordsIn" })
        happened = "${table} is written to, but no ${local.spark ? "changes come into the stream" : local.shared_stream ? "rows come out" : "changes come into the function"}. If the replication is off, these changes are LOST for the lake."
        first    = "aws dynamodb describe-kinesis-streaming-destination --table-name ${table}: if not ACTIVE, apply again at once, then backfill. If ACTIVE, see ${local.spark ? "replication-age and stream-write-throttled" : "${var.via}-stopped, ${local.direct ? "direct-not-stored, function-errors, records-failed" : local.shared_stream ? "function-errors, records-failed" : "firehose-processing-failed"}"}; if all are quiet, the writes may have changed nothing${local.shared_stream ? ", or where and events leave them out" : ""}."
      } if var.stream_name != null && !(local.spark && local.shared_stream)
    },
    {
      # Rows, not deliveries: an object in the error prefix has no notification.
      for subject in ["notifications-stopped"] : subject => {
        severity = "late"
        from     = local.direct ? merge(local.sources.rows, { metric = "RecordsOk" }) : merge(local.sources.firehose, { metric = "SucceedConversion.Records" })
        to       = merge(local.sources.queue, { metric = "NumberOfMessagesSent" })
        happened = "${local.direct ? "The function" : "Firehose"} makes rows, but no notification comes into the queue; the files are on S3, and Databricks does not hear of them."
        first    = "If ${local.direct ? "direct-not-stored" : "firehose-delivery-failed"} is on, go there. Else see the bucket's notification (aws s3api get-bucket-notification-configuration), then the topic's and the queue's policy and key."
      } if var.queues != null && !local.spark
    },
  )
}
