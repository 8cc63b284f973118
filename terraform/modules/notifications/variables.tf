variable "name" {
  description = "Name of the topic and the queue; the dead-letter queue is <name>-dead-letters, topic and queue of the error prefixes are <name>-errors."
  type        = string
  nullable    = false

  validation {
    # A queue's name has at most 80 characters, 13 of which "-dead-letters" takes.
    condition     = can(regex("^[a-zA-Z0-9_-]{1,67}$", var.name))
    error_message = "name: 1 to 67 of a-z, A-Z, 0-9, _ and - (80 for a queue, less \"-dead-letters\"); shorten it or replace what else is in it."
  }
}

variable "bucket" {
  description = "Bucket whose new objects are announced, in the region of the queue; account_id if it is another account's. A bucket has ONE aws_s3_bucket_notification: see notifications."
  type        = object({ name = string, arn = string, account_id = optional(string) })
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.bucket.arn))
    error_message = "bucket: arn should be a bucket's, such as arn:aws:s3:::my-bucket, without a key after it."
  }
}

variable "notifications" {
  description = "What becomes of the bucket's notifications: \"replace\" makes them, and whatever the bucket had is gone; \"topic\" leaves them alone, and their owner sends s3:ObjectCreated:*, s3:ObjectRemoved:* and s3:LifecycleExpiration:* of .parquet objects to the topic. null is \"topic\" with a given topic, else \"replace\"."
  type        = string
  default     = null

  validation {
    condition     = var.notifications == null || try(contains(["replace", "topic"], var.notifications), false)
    error_message = "notifications: \"replace\" or \"topic\", or null."
  }
}

variable "eventbridge" {
  description = "Whether the bucket also sends its events to EventBridge. It is part of the notifications, so \"replace\" without it switches EventBridge off."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.eventbridge || try(coalesce(var.notifications, var.topic == null ? "replace" : "topic") == "replace", false)
    error_message = "eventbridge: with notifications = \"topic\" the bucket's notifications are their owner's, and so is EventBridge; leave it false."
  }
}

variable "error_prefixes" {
  description = "Prefixes of what could not be delivered. With \"replace\", each object there is published to a topic of its own, <name>-errors, and a queue of that name counts them for the alarm error-objects."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for prefix in var.error_prefixes : can(regex("^([a-zA-Z0-9_.-]+/)+$", prefix))])
    error_message = "error_prefixes: each should end with \"/\", not begin with it, and have only a-z, A-Z, 0-9, _, . and - between slashes, such as errors/orders/."
  }
  validation {
    condition     = alltrue(flatten([for error in var.error_prefixes : [for other in concat(var.prefixes, [for one in var.error_prefixes : one if one != error]) : !startswith(error, other) && !startswith(other, error)]])) && length(distinct(var.error_prefixes)) == length(var.error_prefixes)
    error_message = "error_prefixes: none may be inside another or inside one of prefixes, because S3 rejects overlapping notifications."
  }
}

variable "prefixes" {
  description = "Prefixes under which new and removed .parquet objects are announced. Not used with notifications = \"topic\", whose owner decides."
  type        = list(string)
  default     = ["data/"]
  nullable    = false

  validation {
    condition     = length(var.prefixes) >= 1 && length(var.prefixes) <= 100
    error_message = "prefixes: 1 to 100, because S3 allows 100 notifications per bucket."
  }
  validation {
    # S3 wants other characters URL-encoded here, and Firehose's own = and !{} come after the prefix.
    condition     = alltrue([for prefix in var.prefixes : can(regex("^([a-zA-Z0-9_.-]+/)+$", prefix))])
    error_message = "prefixes: each should end with \"/\", not begin with it, and have only a-z, A-Z, 0-9, _, . and - between slashes, such as data/orders/."
  }
  validation {
    condition     = length(distinct(var.prefixes)) == length(var.prefixes) && alltrue([for a in var.prefixes : alltrue([for b in var.prefixes : a == b || !startswith(a, b)])])
    error_message = "prefixes: none may be inside another, because S3 rejects overlapping notifications; keep the shorter one."
  }
}

variable "topic" {
  description = "Existing topic for the bucket's events, or null to make one. Its policy has to let the bucket publish."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.topic == null || can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+$", var.topic.arn))
    error_message = "topic: arn should be a standard topic's, such as arn:aws:sns:eu-central-1:123456789012:orders; S3 can't use a FIFO topic."
  }
}

variable "kms_key" {
  description = "Customer managed key that encrypts topic, queue and dead-letter queue, or null for SSE-SQS on the queues and none on the topic. Its policy must let S3 and SNS use it, like that of the module kms_key. Not alias/aws/sns or alias/aws/sqs: these can't be granted to S3 and SNS, and events would be dropped silently."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key: arn should be a key's own, such as arn:aws:kms:eu-central-1:123456789012:key/<id>, not an alias: the AWS-managed keys behind alias/aws/sns and alias/aws/sqs can't be granted to S3 and SNS."
  }
}

variable "max_receive_count" {
  description = "How often a message may be received and not deleted before it goes to the dead-letter queue. 50 times five minutes are four hours of a consumer that fails at every attempt; a lower number would remove messages that a restarted stream reads again."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count: a whole number from 1 to 1000."
  }
}

variable "message_retention_days" {
  description = "How long the queue keeps messages that nobody deletes, in days. 14 is SQS' maximum: the consumer may be down that long before it misses a file."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.message_retention_days >= 1 && var.message_retention_days <= 14 && floor(var.message_retention_days) == var.message_retention_days
    error_message = "message_retention_days: a whole number from 1 to 14, which is SQS' maximum."
  }
}

variable "additional_topic_policy_statements" {
  description = "More statements of the topic's policy, as objects with Sid, Effect, Principal and Action, for more consumers; for example what Snowflake's SYSTEM$GET_AWS_SNS_IAM_POLICY returns. A statement without Resource gets the topic's ARN."
  type        = any
  default     = []
  nullable    = false

  validation {
    condition = can([for statement in var.additional_topic_policy_statements : [statement.Sid, statement.Effect, statement.Principal, statement.Action]]) && try(
      length(distinct(concat([for statement in var.additional_topic_policy_statements : statement.Sid], ["AllowBucketToPublish", "DenyInsecureTransport"]))) == length(var.additional_topic_policy_statements) + 2,
      false,
    )
    error_message = "additional_topic_policy_statements: a list of objects, each with Effect, Principal, Action and a Sid of its own (not AllowBucketToPublish or DenyInsecureTransport, which are the module's)."
  }
  validation {
    condition     = try(alltrue([for statement in var.additional_topic_policy_statements : alltrue([for action in flatten([statement.Action]) : !strcontains(action, "*")])]), false)
    error_message = "additional_topic_policy_statements: name each action, such as sns:Subscribe, instead of a wildcard."
  }
  validation {
    condition     = var.topic == null || try(length(var.additional_topic_policy_statements) == 0, false)
    error_message = "additional_topic_policy_statements: the policy of a given topic is its owner's; add the statements there, or leave topic null."
  }
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
