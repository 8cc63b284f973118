# From the root module that was for one table only: what it made keeps its place under the key "default". These are the
# addresses whose replacement would lose changes or data, and all others with them.

moved {
  from = module.stream
  to   = module.stream["default"]
}

moved {
  from = module.stream.aws_dynamodb_kinesis_streaming_destination.this
  to   = module.destination["default"].aws_dynamodb_kinesis_streaming_destination.this
}

moved {
  from = module.transform
  to   = module.transform["default"]
}

moved {
  from = module.delivery.module.bucket[0]
  to   = module.bucket[0]
}

moved {
  from = module.delivery.aws_glue_catalog_database.this[0]
  to   = aws_glue_catalog_database.this[0]
}

moved {
  from = module.delivery.aws_glue_catalog_table.this
  to   = module.table["default"].aws_glue_catalog_table.this
}

moved {
  from = module.delivery
  to   = module.delivery["default"]
}

moved {
  from = module.notifications
  to   = module.notifications[0]
}

moved {
  from = module.monitoring
  to   = module.monitoring["default"]
}
