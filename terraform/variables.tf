variable "name" {
  description = "Name of the pipeline: of its stream, function, delivery stream and queue, and the start of all other names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9_-]{0,39}$", var.name))
    error_message = "name: 1 to 40 of a-z, A-Z, 0-9, _ and -, beginning with a letter; shorten it or replace what else is in it."
  }
}

variable "schema_file" {
  description = "For one table: path of its schema file; `dynalake check` explains it. For several use tables."
  type        = string
  default     = null

  validation {
    condition     = (var.schema_file == null) == (length(var.tables) > 0)
    error_message = "schema_file: give either schema_file, for one table, or tables."
  }
  validation {
    condition     = try(fileexists(var.schema_file), var.schema_file == null)
    error_message = "schema_file: there is no ${coalesce(var.schema_file, "file")}; give the path of the table's schema file (examples/orders.schema.json is one)."
  }
  validation {
    condition     = !try(fileexists(var.schema_file), false) || can(jsondecode(file(var.schema_file)))
    error_message = "schema_file: ${coalesce(var.schema_file, "it")} is not JSON; `dynalake check` shows where."
  }
}

variable "table_name" {
  description = "For one table: name of the DynamoDB table, or null for the schema's. For tables that share a schema and have a stage in their name, such as orders-prod."
  type        = string
  default     = null

  validation {
    condition     = var.table_name == null || length(var.tables) == 0
    error_message = "table_name: with tables, it belongs to the table's entry."
  }
}

variable "via" {
  description = "For one table: how its changes get into the lake. \"firehose\": Kinesis, Firehose and a function that makes rows; \"direct\": one function that writes Parquet by itself, within seconds; \"spark\": Kinesis and a Glue job, which runs all day. docs/ways.md helps you choose."
  type        = string
  default     = "firehose"
  nullable    = false

  validation {
    condition     = contains(["firehose", "direct", "spark"], var.via)
    error_message = "via: \"firehose\", \"direct\" or \"spark\"."
  }
  validation {
    condition     = var.via == "firehose" || length(var.tables) == 0
    error_message = "via: with tables, it belongs to the table's entry."
  }
  validation {
    condition     = var.via != "spark" || var.delivery.partition_granularity == "hour"
    error_message = "via: the Spark job writes by the hours of the changes; remove delivery.partition_granularity."
  }
}

variable "changes_from" {
  description = "For one table: where its changes come from. \"kinesis\": a Kinesis stream, which via = \"firehose\" and \"spark\" need. \"dynamodb_streams\": the table's own stream, for via = \"direct\" only, whose default it is; it has to be on, with both images. (A module can't have an input that is called source.)"
  type        = string
  default     = null

  validation {
    condition     = var.changes_from == null || try(contains(["kinesis", "dynamodb_streams"], var.changes_from), false)
    error_message = "changes_from: \"kinesis\" or \"dynamodb_streams\", or null for what fits via."
  }
  validation {
    condition     = var.via != "direct" || try(var.changes_from == "kinesis", false) || (var.stream.existing == null && var.stream.shard_count == null)
    error_message = "changes_from: stream says that there is a Kinesis stream, but the changes come from the table's own; set changes_from = \"kinesis\", or remove stream."
  }
  validation {
    condition     = !(var.via != "direct" && try(var.changes_from == "dynamodb_streams", false))
    error_message = "changes_from: Firehose and Spark read Kinesis streams only; set via = \"direct\", or changes_from = \"kinesis\"."
  }
  validation {
    condition     = var.changes_from == null || length(var.tables) == 0
    error_message = "changes_from: with tables, it belongs to the table's entry."
  }
}

variable "table_stream_arn" {
  description = "For one table, with changes_from = \"dynamodb_streams\": ARN of the table's stream (aws_dynamodb_table.….stream_arn), for a table that is made in the same apply; or null to look it up."
  type        = string
  default     = null

  validation {
    condition     = var.table_stream_arn == null || (var.via == "direct" && try(coalesce(var.changes_from, "dynamodb_streams") == "dynamodb_streams", false) && length(var.tables) == 0)
    error_message = "table_stream_arn: only the direct way reads the table's own stream: via = \"direct\", changes_from = \"dynamodb_streams\". With tables, it belongs to the table's entry."
  }
}

variable "table_kms_key" {
  description = "For one table, with changes_from = \"dynamodb_streams\": customer managed key that encrypts the DynamoDB table, and so its stream; or null if it is AWS' own."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.table_kms_key == null || (var.via == "direct" && try(coalesce(var.changes_from, "dynamodb_streams") == "dynamodb_streams", false) && length(var.tables) == 0)
    error_message = "table_kms_key: only the direct way reads the table's own stream: via = \"direct\", changes_from = \"dynamodb_streams\". With tables, it belongs to the table's entry."
  }
}

variable "tables" {
  description = <<-TEXT
    For several tables: an entry for each DynamoDB table, under a key that names it (in Terraform's addresses, and after `name` in the names of its function, delivery stream and alarms).
    `schema_files`: paths of its schema files. By Firehose and Spark exactly one; by the direct way also several, of which each makes a table of the lake, with a `where` each. Add more at the end: the first has the entry's own place in the state.
    `via`, `changes_from`, `table_stream_arn`, `table_kms_key`: as above. `source` is always rejected: it is called changes_from. `table_name`: as above. `name`: instead of <name>-<key>; to keep the names of a pipeline that was alone. `glue_table`: instead of the schema's table.
    `history`: as databricks.history. `retained_columns`: as below. `roles`: as below. `tags`, `thresholds`: added to those of all.
    `function`, `delivery`, `direct`, `glue_job`: each member that is set counts instead of that of all tables. `stream`: a stream of its own, with these settings instead of those of all.
  TEXT
  type = map(object({
    schema_files     = list(string)
    via              = optional(string, "firehose")
    changes_from     = optional(string)
    source           = optional(string)
    table_name       = optional(string)
    table_stream_arn = optional(string)
    table_kms_key    = optional(object({ arn = string }))
    name             = optional(string)
    glue_table       = optional(string)
    history          = optional(bool)
    retained_columns = optional(list(object({
      name    = string
      type    = string
      comment = optional(string)
    })), [])
    function = optional(object({
      package_file = optional(string)
      package = optional(object({
        s3_bucket         = string
        s3_key            = string
        s3_object_version = optional(string)
      }))
      package_sha256       = optional(string)
      schema_in_package    = optional(bool)
      architecture         = optional(string)
      memory_size          = optional(number)
      timeout_seconds      = optional(number)
      reserved_concurrency = optional(number)
      log_level            = optional(string)
      log_retention_days   = optional(number)
    }), {})
    delivery = optional(object({
      partition_by                      = optional(string)
      partition_granularity             = optional(string)
      projection_start                  = optional(string)
      buffering_interval_seconds        = optional(number)
      buffering_size_mb                 = optional(number)
      transform_buffer_interval_seconds = optional(number)
      transform_buffer_size_mb          = optional(number)
      log_retention_days                = optional(number)
    }), {})
    direct = optional(object({
      batch_size                 = optional(number)
      batching_window_seconds    = optional(number)
      parallelization_factor     = optional(number)
      maximum_record_age_seconds = optional(number)
      filters                    = optional(list(string))
    }), {})
    glue_job = optional(object({
      worker_type       = optional(string)
      number_of_workers = optional(number)
      trigger_seconds   = optional(number)
      program_file      = optional(string)
      script_file       = optional(string)
      arguments         = optional(map(string))
      files_bucket = optional(object({
        name    = string
        arn     = string
        kms_key = optional(object({ arn = string }))
      }))
      maintenance_window = optional(string)
      log_retention_days = optional(number)
    }), {})
    stream = optional(object({
      existing = optional(object({
        arn             = string
        retention_hours = optional(number, 24)
        connect         = optional(bool, true)
        kms_key         = optional(object({ arn = string }))
      }))
      shard_count     = optional(number)
      retention_hours = optional(number, 168)
    }))
    roles = optional(object({
      function = optional(object({ arn = string }))
      firehose = optional(object({ arn = string }))
      glue_job = optional(object({ arn = string }))
    }), {})
    thresholds = optional(map(number), {})
    tags       = optional(map(string), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.tables) : can(regex("^[a-z][a-z0-9-]{0,39}$", key))])
    error_message = "tables: each key should have 1 to 40 of a-z, 0-9 and -, beginning with a letter: it becomes part of names."
  }
  validation {
    condition     = !contains(keys(var.tables), "shared")
    error_message = "tables: the key \"shared\" is that of the shared stream; choose another."
  }
  validation {
    condition     = alltrue([for key, table in var.tables : can(regex("^[a-zA-Z][a-zA-Z0-9_-]{0,51}$", coalesce(table.name, "${var.name}-${key}")))])
    error_message = "tables: ${join(", ", [for key, table in var.tables : coalesce(table.name, "${var.name}-${key}") if !can(regex("^[a-zA-Z][a-zA-Z0-9_-]{0,51}$", coalesce(table.name, "${var.name}-${key}")))])}: names have 1 to 52 of a-z, A-Z, 0-9, _ and -, beginning with a letter; shorten name or the key, or set the entry's name."
  }
  validation {
    # A shared stream has the name of all.
    condition = (
      length(distinct([for key, table in var.tables : coalesce(table.name, "${var.name}-${key}")])) == length(var.tables)
      && !(var.stream.shared && contains([for table in var.tables : table.name if table.name != null && try(table.stream.existing == null, false)], var.name))
    )
    error_message = "tables: two entries have one name, or one with a stream of its own has that of the shared stream (${var.name}); set another name."
  }
  validation {
    condition     = alltrue([for table in var.tables : length(table.schema_files) == 1 || (table.via == "direct" && length(table.schema_files) > 1)])
    error_message = "tables: schema_files should be exactly one file for each table, because a delivery stream and a Spark job write one table of the lake; with via = \"direct\" one function writes several."
  }
  validation {
    condition     = alltrue(flatten([for table in var.tables : [for file in table.schema_files : fileexists(file)]]))
    error_message = "tables: there is no ${join(", ", flatten([for table in var.tables : [for file in table.schema_files : file if !fileexists(file)]]))}; schema_files are paths of schema files."
  }
  validation {
    condition     = alltrue(flatten([for table in var.tables : [for file in table.schema_files : !fileexists(file) || can(jsondecode(file(file)).table)]]))
    error_message = "tables: ${join(", ", flatten([for table in var.tables : [for file in table.schema_files : file if fileexists(file) && !can(jsondecode(file(file)).table)]]))}: not JSON, or without \"table\"; `dynalake check` shows where."
  }
  validation {
    condition = alltrue([
      for table in var.tables : contains(["firehose", "direct", "spark"], table.via) && contains(table.via == "direct" ? ["kinesis", "dynamodb_streams"] : ["kinesis"], coalesce(table.changes_from, "kinesis"))
    ])
    error_message = "tables: via should be \"firehose\", \"direct\" or \"spark\", and changes_from \"kinesis\" or \"dynamodb_streams\". Firehose and Spark read Kinesis streams only: for the table's own stream set via = \"direct\"."
  }
  validation {
    # It would be dropped without a word if the type lacked it.
    condition     = alltrue([for table in var.tables : table.source == null])
    error_message = "tables: source is called changes_from here, because a module can't have an input that is called source; rename it."
  }
  validation {
    condition     = alltrue([for table in var.tables : (table.table_stream_arn == null && table.table_kms_key == null) || (table.via == "direct" && coalesce(table.changes_from, "dynamodb_streams") == "dynamodb_streams")])
    error_message = "tables: table_stream_arn and table_kms_key are the table's own stream's, which only via = \"direct\" with changes_from = \"dynamodb_streams\" reads; remove it, or set these."
  }
  validation {
    condition     = alltrue([for table in var.tables : (table.via == "firehose" || table.roles.firehose == null) && (table.via != "spark" || table.roles.function == null) && (table.via == "spark" || table.roles.glue_job == null)])
    error_message = "tables: roles has a role of what the table's way doesn't have; remove it. roles.function is for \"firehose\" and \"direct\", roles.firehose for \"firehose\", roles.glue_job for \"spark\"."
  }
  validation {
    # What would be ignored without a word.
    condition     = alltrue([for table in var.tables : table.via != "spark" || (coalesce(table.delivery.partition_by, "event_time") == "event_time" && coalesce(table.delivery.partition_granularity, "hour") == "hour")])
    error_message = "tables: with via = \"spark\" objects are by the hours of the changes; remove delivery.partition_by and delivery.partition_granularity."
  }
  validation {
    condition     = alltrue([for table in var.tables : table.changes_from == "kinesis" || table.via != "direct" || table.stream == null])
    error_message = "tables: stream is a Kinesis stream's settings, but the changes come from the table's own stream; remove it, or set changes_from = \"kinesis\"."
  }
  validation {
    condition     = alltrue([for table in var.tables : length(table.schema_files) == 1 || (table.glue_table == null && length(table.retained_columns) == 0)])
    error_message = "tables: with several schema files, glue_table and retained_columns would be those of all; give each schema file a \"name\", and keep columns in it."
  }
  validation {
    condition     = try(alltrue([for table in var.tables : table.table_name != null || length(distinct([for file in table.schema_files : jsondecode(file(file)).table])) == 1]), true)
    error_message = "tables: the schema files of one entry should have one \"table\", because they are views of one DynamoDB table; correct it, or set table_name."
  }
  validation {
    # Two would write under one prefix.
    condition     = try(length(distinct(flatten([for table in var.tables : [for file in table.schema_files : try(jsondecode(file(file)).name, jsondecode(file(file)).table)]]))) == length(flatten([for table in var.tables : table.schema_files])), true)
    error_message = "tables: two schema files are for one table, so both would write under one prefix; give each a \"table\" or \"name\" of its own."
  }
  validation {
    # Two views of one table are two entries, of which one connects the table.
    condition = try(alltrue([
      for entries in values({
        for table in var.tables : coalesce(table.table_name, jsondecode(file(table.schema_files[0])).table) => table...
        if coalesce(table.changes_from, table.via == "direct" ? "dynamodb_streams" : "kinesis") != "kinesis" ? false : table.stream == null ? try(var.stream.existing.connect, true) : try(table.stream.existing.connect, true)
      }) : length(entries) == 1
    ]), true)
    error_message = "tables: two entries are for one DynamoDB table, which has one Kinesis destination; correct table_name. For two views of one table, the second reads the stream of the first: stream = { existing = { arn, connect = false } }."
  }
  validation {
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
    condition = try(alltrue([
      for entries in values({
        for table in var.tables : coalesce(table.table_name, jsondecode(file(table.schema_files[0])).table) => table...
        if coalesce(table.changes_from, table.via == "direct" ? "dynamodb_streams" : "kinesis") == "dynamodb_streams"
      }) : length(entries) <= 2
    ]), true)
    error_message = "tables: three entries read one DynamoDB table's own stream, which takes two readers (of a global table one); put their schema files into one entry's schema_files, as one function writes several tables of the lake."
  }
  validation {
    condition     = var.stream.existing == null || length([for table in var.tables : table if table.stream == null && coalesce(table.changes_from, table.via == "direct" ? "dynamodb_streams" : "kinesis") == "kinesis"]) <= 1 || var.stream.shared
    error_message = "stream: with several tables an existing stream is either shared (shared = true), or belongs to one table: set it in that table's stream."
  }
  validation {
    condition     = length(var.tables) == 0 || (var.stream.existing == null && var.stream.shard_count == null && !var.stream.shared) || anytrue([for table in var.tables : coalesce(table.changes_from, table.via == "direct" ? "dynamodb_streams" : "kinesis") == "kinesis"])
    error_message = "stream: all changes come from the tables' own streams, and there is no Kinesis stream; remove it, or set changes_from = \"kinesis\" where there should be one."
  }
  validation {
    condition     = !var.stream.shared || length([for table in var.tables : 1 if table.stream == null && coalesce(table.changes_from, table.via == "direct" ? "dynamodb_streams" : "kinesis") == "kinesis"]) <= 5
    error_message = "tables: a shard allows five GetRecords calls a second, one for each table on a shared stream; give the other tables a stream of their own (stream = {})."
  }
}

variable "function" {
  description = <<-TEXT
    The function, of all tables.
    `package_file`: path of its zip, or null for dist/<architecture>/bootstrap.zip of this repository (by the direct way direct.zip), which `python3 package.py` builds. A module taken by Git has none: give a path, or `package`.
    `package`: instead, its zip's place on S3, in the same Region: s3_bucket, s3_key, and s3_object_version in a bucket that keeps versions. `package_sha256`: SHA-256 of the zip, file or object, as in the SHA256SUMS of a release; another zip is rejected. An object without s3_object_version needs it.
    Tables of both ways need a package each. An entry's own package takes the place of that of all, with its hash.
    `schema_in_package`: whether the function reads its schema files from its package, into which `python3 package.py --schema` puts them, and not from its environment. For schemas that the environment's 4 KB don't hold. Several tables then need a package each.
    `architecture`: x86_64, or arm64 (about a fifth cheaper a millisecond). `memory_size`: in MB, which also sets its share of a processor (1,769 MB are one); null for 256, by the direct way 512. `timeout_seconds`: 1 to 300; by the direct way 10 to 900.
    `reserved_concurrency`: maximum number of concurrent invocations, taken from the account's pool, or null for no reservation. Firehose runs up to five per shard, the direct way one, times parallelization_factor.
    `log_level`: TRACE, DEBUG, INFO, WARN, ERROR or FATAL. `log_retention_days`: how long its logs are kept.
  TEXT
  type = object({
    package_file = optional(string)
    package = optional(object({
      s3_bucket         = string
      s3_key            = string
      s3_object_version = optional(string)
    }))
    package_sha256       = optional(string)
    schema_in_package    = optional(bool, false)
    architecture         = optional(string, "x86_64")
    memory_size          = optional(number)
    timeout_seconds      = optional(number, 60)
    reserved_concurrency = optional(number)
    log_level            = optional(string, "INFO")
    log_retention_days   = optional(number, 30)
  })
  default  = {}
  nullable = false
}

variable "delivery" {
  description = <<-TEXT
    Firehose, and the files that it or the direct function writes, of all tables. The direct way takes the first three, Spark `projection_start`: its files are always by "event_time" and "hour".
    `partition_by`: which time partitions are named by: "arrival" (when Firehose, or the direct function's stream, got the change; no extra charge), or "event_time" (when it was made; Firehose's dynamic partitioning, charged by GB and object; by the direct way an object for each hour in a batch). With Firehose it can't be changed later without replacing the delivery stream.
    `partition_granularity`: "hour", or "day" for little traffic. `projection_start`: first day for which Athena looks for partitions.
    `buffering_interval_seconds`: how long Firehose gathers rows before it writes an object. Most of the pipeline's latency; a longer one makes fewer, larger objects. Under 60 costs three requests for each object instead of one, and AWS may reject it. `buffering_size_mb`: 64 to 128.
    `transform_buffer_size_mb`: how many MB of changes one invocation gets at most, 0.2 to 3; rows must come back within Lambda's 6 MB. `transform_buffer_interval_seconds`: how long Firehose gathers changes for it.
    `log_retention_days`: how long Firehose's error logs are kept.
  TEXT
  type = object({
    partition_by                      = optional(string, "arrival")
    partition_granularity             = optional(string, "hour")
    projection_start                  = optional(string, "2025-01-01")
    buffering_interval_seconds        = optional(number, 60)
    buffering_size_mb                 = optional(number, 128)
    transform_buffer_interval_seconds = optional(number, 5)
    transform_buffer_size_mb          = optional(number, 1)
    log_retention_days                = optional(number, 30)
  })
  default  = {}
  nullable = false
}

variable "direct" {
  description = <<-TEXT
    The direct way: the event source mapping that hands changes to the function, of all tables.
    `batching_window_seconds`: how long changes of a shard are gathered, 1 to 300 (0 only with a `batch_size` up to 10). Most of the latency; a longer one makes fewer, larger objects. `batch_size`: how many at most; Lambda's 6 MB are usually the limit before it.
    `parallelization_factor`: how many batches of a shard are in work at a time, 1 to 10; each item's changes stay in order.
    `maximum_record_age_seconds`: age at which a record that could not be stored is given up, and its batch put into on_failure_bucket; null for two hours less than the stream keeps it: 22 hours for a table's own stream.
    `filters`: patterns of changes that Lambda passes on, as JSON texts; the others are neither seen nor counted.
  TEXT
  type = object({
    batch_size                 = optional(number, 10000)
    batching_window_seconds    = optional(number, 5)
    parallelization_factor     = optional(number, 1)
    maximum_record_age_seconds = optional(number)
    filters                    = optional(list(string), [])
  })
  default  = {}
  nullable = false
}

variable "glue_job" {
  description = <<-TEXT
    The Spark way: the Glue job that reads the stream, of all tables. It is billed all day: two workers of G.025X some $161 a month, without a change too.
    `worker_type`: G.025X (a quarter of a DPU), or G.1X to G.8X where batches are large. `number_of_workers`: of which one is the driver.
    `trigger_seconds`: how often it writes what came, 5 to 900. Most of the latency; a longer one makes fewer, larger objects.
    `program_file`: path of the program `dynalake` for x86_64, or null for dist/x86_64/dynalake of this repository, which `python3 package.py --function dynalake` builds. `script_file`: a script of your own, which gets the same arguments, or null for spark/dynalake_job.py; `arguments`: more arguments for it.
    `files_bucket`: existing bucket for script, program, schema and checkpoint, under spark/, or null for the data's, if that is this account's.
    `maintenance_window`: when Glue restarts it, once a week, within three hours (GMT). `log_retention_days`: how long its logs are kept.
  TEXT
  type = object({
    worker_type       = optional(string, "G.025X")
    number_of_workers = optional(number, 2)
    trigger_seconds   = optional(number, 60)
    program_file      = optional(string)
    script_file       = optional(string)
    arguments         = optional(map(string), {})
    files_bucket = optional(object({
      name    = string
      arn     = string
      kms_key = optional(object({ arn = string }))
    }))
    maintenance_window = optional(string, "Sun:10")
    log_retention_days = optional(number, 30)
  })
  default  = {}
  nullable = false
}

variable "on_failure_bucket" {
  description = "By the direct way: existing bucket of this account for the batches that Lambda gives up, or null to make one, <name>-failed-<account>-<region>, with the first 28 characters of name: of two pipelines whose names are the same so far, one needs a bucket from here. Their keys begin with aws/lambda/. Best not the bucket of the data: what keeps the function from writing there would keep Lambda from it too."
  type = object({
    name    = string
    arn     = string
    kms_key = optional(object({ arn = string }))
  })
  default = null

  validation {
    condition     = var.on_failure_bucket == null || var.via == "direct" || anytrue([for table in var.tables : table.via == "direct"])
    error_message = "on_failure_bucket: only the direct way gives up batches there; remove it, or set via = \"direct\"."
  }
}

variable "stream" {
  description = <<-TEXT
    The Kinesis stream, of all tables that have no `stream` of their own. Tables with changes_from = "dynamodb_streams" use none.
    `shared`: whether several tables have one stream together (up to five), or each its own. One stream costs less at rest; on it, Firehose is charged for reading all of it for each table.
    `existing`: a stream that is there already: `arn`, `retention_hours`, `kms_key` if it is encrypted by a customer managed one, and `connect`: false if the table writes into it already.
    `shard_count`: its shards (1 MB/s or 1,000 changes/s each), or null for on-demand capacity; modules/stream has the formula. `retention_hours`: how long it keeps changes: anything after it may be broken that long, and nothing is lost.
  TEXT
  type = object({
    existing = optional(object({
      arn             = string
      retention_hours = optional(number, 24)
      connect         = optional(bool, true)
      kms_key         = optional(object({ arn = string }))
    }))
    shared          = optional(bool, false)
    shard_count     = optional(number)
    retention_hours = optional(number, 168)
  })
  default  = {}
  nullable = false
}

variable "bucket" {
  description = "Existing bucket to deliver to, or null to make one. kms_key is the customer managed key that encrypts it, if there is one; account_id is its account, if it is another one. With a given bucket, decide about its notifications: see notifications."
  type = object({
    name       = string
    arn        = string
    kms_key    = optional(object({ arn = string }))
    account_id = optional(string)
  })
  default = null

  validation {
    condition     = var.bucket == null || try(var.bucket.account_id == null || can(regex("^[0-9]{12}$", var.bucket.account_id)), false)
    error_message = "bucket: account_id should be twelve digits, or left out for a bucket in the account of the pipeline."
  }
}

variable "new_bucket" {
  description = "The bucket that we make. `name`: null for <name>-<account>-<region>. `data_days`, `error_days`: after how many days data and what could not be delivered expire; null keeps them. Deletes and older versions of items are nowhere else; errors hold original records with all their values. `noncurrent_version_days`: how long deleted and overwritten objects are kept."
  type = object({
    name                    = optional(string)
    data_days               = optional(number)
    error_days              = optional(number)
    noncurrent_version_days = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.bucket == null || (var.new_bucket.name == null && var.new_bucket.data_days == null && var.new_bucket.error_days == null)
    error_message = "new_bucket: a given bucket's lifecycle is its owner's; leave new_bucket out, or bucket."
  }
}

variable "additional_bucket_policy_statements" {
  description = "More statements of the policy of the bucket that we make, as objects with Sid, Effect, Principal and Action, for example for readers in other accounts. Without Resource they are about the bucket and its objects."
  type        = any
  default     = []
  nullable    = false

  validation {
    condition     = var.bucket == null || try(length(var.additional_bucket_policy_statements) == 0, false)
    error_message = "additional_bucket_policy_statements: the policy of a given bucket is its owner's; add the statements there."
  }
}

variable "prefixes" {
  description = "Prefixes of the bucket under which each table has its folder of data and of what could not be delivered. With several tables, all of data belongs to the queue and to Databricks; in a bucket that others use too, choose prefixes of your own."
  type        = object({ data = optional(string, "data/"), errors = optional(string, "errors/") })
  default     = {}
  nullable    = false

  validation {
    # S3 takes these characters in a notification's filter as they are.
    condition     = alltrue([for prefix in [var.prefixes.data, var.prefixes.errors] : can(regex("^([a-zA-Z0-9_.-]+/)+$", prefix))])
    error_message = "prefixes: data and errors should each end with \"/\", not begin with it, and have only a-z, A-Z, 0-9, _, . and - between slashes, such as data/."
  }
  validation {
    condition     = !startswith(var.prefixes.data, var.prefixes.errors) && !startswith(var.prefixes.errors, var.prefixes.data)
    error_message = "prefixes: data (${var.prefixes.data}) and errors (${var.prefixes.errors}) are one inside the other; readers of the data would find the errors. Set two separate prefixes."
  }
}

variable "notifications" {
  description = "What becomes of the bucket's notifications. \"replace\": they are ours, and whatever the bucket had is gone; the default for a bucket that we make. \"topic\": they stay their owner's, who sends s3:ObjectCreated:*, s3:ObjectRemoved:* and s3:LifecycleExpiration:* of .parquet objects under the data prefix to the topic (topic, or the one in the output topic_arn); the default with a given bucket and topic. \"none\": no topic, no queue and no alarms on them, for Athena alone."
  type        = string
  default     = null

  validation {
    condition     = var.notifications == null || try(contains(["replace", "topic", "none"], var.notifications), false)
    error_message = "notifications: \"replace\", \"topic\" or \"none\"."
  }
  validation {
    condition     = var.notifications != null || var.bucket == null || var.topic != null
    error_message = "notifications: a given bucket needs a decision. S3 holds one notification configuration per bucket, so ours would remove what it has. \"topic\" leaves it alone: its owner sends new .parquet objects to our topic, or to the one in topic. \"replace\" makes it ours; eventbridge = true keeps EventBridge on. \"none\" does without."
  }
  validation {
    condition     = var.notifications != "none" || (!var.databricks.access && var.topic == null && try(length(var.additional_topic_policy_statements) == 0, false))
    error_message = "notifications: \"none\" leaves Databricks without the queue that it learns of files from, and needs no topic; set databricks = { access = false }, or another value here."
  }
  validation {
    condition     = var.notifications != "replace" || try(var.bucket.account_id, null) == null
    error_message = "notifications: \"replace\" can't be done in another account's bucket (bucket.account_id); its owner sends new .parquet objects to our topic: \"topic\"."
  }
}

variable "eventbridge" {
  description = "Whether the bucket also sends its events to EventBridge. It is part of the notifications, so \"replace\" without it switches EventBridge off."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.eventbridge || local.notifications == "replace"
    error_message = "eventbridge: with notifications = \"${local.notifications}\" the bucket's notifications aren't ours, and neither is EventBridge; leave it false."
  }
}

variable "topic" {
  description = "Existing SNS topic for the bucket's events, or null to make one. Its policy has to let the bucket publish."
  type        = object({ arn = string })
  default     = null
}

variable "queue" {
  description = "The queue that tells Databricks of new files. `message_retention_days`: how long it keeps a notification that nobody takes. `max_receive_count`: how often one may be received and not deleted before it goes to the dead-letter queue."
  type = object({
    message_retention_days = optional(number, 14)
    max_receive_count      = optional(number, 50)
  })
  default  = {}
  nullable = false
}

variable "ready" {
  description = "What else must exist before the first change flows, such as the id of the bucket owner's aws_s3_bucket_notification: S3 does not announce an object that came before."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "additional_topic_policy_statements" {
  description = "More statements of the topic's policy, as objects with Sid, Effect, Principal and Action, for more consumers in other accounts; for example what Snowflake's SYSTEM$GET_AWS_SNS_IAM_POLICY returns."
  type        = any
  default     = []
  nullable    = false
}

variable "database" {
  description = "Name of an existing Glue database for the tables, or null to make one."
  type        = string
  default     = null
}

variable "lake_formation" {
  description = "Whether to grant Firehose's roles DESCRIBE and SELECT on their tables in Lake Formation. For a database that it governs: without the grants, Firehose can't be made. Whoever applies has to be able to give them, and to make tables there."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key" {
  description = "Customer managed key that encrypts what we make: stream, environment, bucket, logs, topic and queues; or null for AWS' own. The module kms_key makes one with the policy that this needs. A given bucket or stream has its own."
  type        = object({ arn = string })
  default     = null
}

variable "roles" {
  description = "For one table: existing roles of the function, of Firehose and of the Spark job, or null to make them. modules/transform/iam.tf and modules/delivery/iam.tf, by the direct way modules/direct/iam.tf, by Spark modules/glue_job/iam.tf, have what they need."
  type = object({
    function = optional(object({ arn = string }))
    firehose = optional(object({ arn = string }))
    glue_job = optional(object({ arn = string }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = length(var.tables) == 0 || (var.roles.function == null && var.roles.firehose == null && var.roles.glue_job == null)
    error_message = "roles: with tables, they belong to each table's entry."
  }
  validation {
    condition     = (var.via == "firehose" || var.roles.firehose == null) && (var.via != "spark" || var.roles.function == null) && (var.via == "spark" || var.roles.glue_job == null)
    error_message = "roles: one is of what via = \"${var.via}\" doesn't have; remove it. roles.function is for \"firehose\" and \"direct\", roles.firehose for \"firehose\", roles.glue_job for \"spark\"."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds what the roles that we make may be given, or null. apply-policy/boundary.json is one to start from."
  type        = string
  default     = null
}

variable "role_path" {
  description = "Path of the roles that we make, and of the policy of `exports`, such as /dynalake/."
  type        = string
  default     = "/"
  nullable    = false
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes the bucket that we made with all data in it."
  type        = bool
  default     = false
  nullable    = false
}

variable "retained_columns" {
  description = "For one table: columns that the schema no longer has and the Glue table keeps, with their types."
  type = list(object({
    name    = string
    type    = string
    comment = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = length(var.tables) == 0 || length(var.retained_columns) == 0
    error_message = "retained_columns: with tables, they belong to the table's entry."
  }
}

variable "databricks" {
  description = <<-TEXT
    `access`: whether to make the IAM role for a Unity Catalog storage credential. `external_id`: what Databricks showed when the storage credential was created, or null before that: nobody can assume the role until then.
    `history`: whether the Databricks pipeline also keeps each version of each item, in the table <name>_history (SCD type 2).
    `unity_catalog_role_arn`: Databricks' own role that may assume ours. Set it only if the storage credential shows another unity_catalog_iam_arn than that of the commercial AWS regions.
  TEXT
  type = object({
    access                 = optional(bool, true)
    external_id            = optional(string)
    history                = optional(bool, false)
    unity_catalog_role_arn = optional(string)
  })
  default  = {}
  nullable = false
}

variable "exports" {
  description = "Where exports of the tables go, to make a policy for whoever loads them and replays what failed; null makes none. `bucket` is the bucket's name, `prefix` the S3 prefix that the export is started with, `kms_key` the customer managed key that encrypts the bucket, if there is one. Attach the output export_policy_arn to a role."
  type = object({
    bucket  = string
    prefix  = optional(string, "")
    kms_key = optional(object({ arn = string }))
  })
  default = null
}

variable "alarm_actions" {
  description = "ARNs of the SNS topics that are notified when data is lost or late: what someone is woken for. With an empty list, CloudWatch alone shows the alarms."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "ticket_actions" {
  description = "ARNs of the SNS topics that are notified of what can wait until the morning: throttling that heals, rescued values, capacity."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "thresholds" {
  description = "Thresholds of alarms that should differ from the defaults of the module monitoring, which lists them, such as { rows_rescued = 100, expect_traffic_minutes = 60 }."
  type        = map(number)
  default     = {}
  nullable    = false
}

variable "iam_propagation_seconds" {
  description = "How long to wait between granting the permissions of Firehose, of the direct function, or of the Spark job, and creating it, in seconds. IAM is eventually consistent. 0 leaves the wait out, and with it the provisioner."
  type        = number
  default     = 20
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources that support tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
