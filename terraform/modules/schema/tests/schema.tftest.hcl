variables {
  schema = {
    table   = "orders"
    keys    = ["orderId"]
    columns = [{ name = "order_id", type = "string" }]
  }
}

run "accepts_the_smallest_schema" {
  command = plan
  assert {
    condition     = output.columns[0].name == "order_id" && output.columns[1].name == "_event_type" && length(output.columns) == 9
    error_message = "The declared column should come first, then the eight metadata columns."
  }
  assert {
    condition     = output.key_columns[0] == "order_id"
    error_message = "orderId should be found in order_id."
  }
}

run "writes_types_as_glue_does" {
  command = plan
  variables {
    schema = {
      table = "Orders-2.x"
      keys  = ["orderId"]
      columns = [
        { name = "order_id", type = " String " },
        { name = "amount", type = "DECIMAL" },
        { name = "total", type = "decimal( 38 , 9 )" },
        { name = "items", type = "Array < Struct < Sku : STRING , int:int, String:map<string,Decimal> > >", comment = "as bought" },
        { name = "secret", type = "string", protect = "drop" },
      ]
    }
  }
  assert {
    condition = jsonencode([for column in slice(output.columns, 0, 4) : column.type]) == jsonencode([
      "string", "decimal(10,0)", "decimal(38,9)", "array<struct<Sku:string,int:int,String:map<string,decimal(10,0)>>>"
    ])
    error_message = "Blanks go, capitals go except in members' names, and decimal alone is decimal(10,0)."
  }
  assert {
    condition     = !contains(output.columns[*].name, "secret") && output.columns[3].comment == "as bought"
    error_message = "A dropped attribute has no column; comments reach Glue."
  }
  assert {
    condition     = output.table_name_in_glue == "orders_2_x"
    error_message = "Glue allows lower case, digits and _."
  }
}

# The same rules as in src/schema/names.rs.
run "normalises_keys_as_the_function_does" {
  command = plan
  variables {
    schema = {
      table = "things"
      keys  = ["customerID", "HTTPCode", "line1Address", "a b..c", "1st", "Äpfel", "ABcDEf"]
      columns = [for name in ["customer_id", "http_code", "line1_address", "a_b_c", "_1st", "_pfel", "a_bc_d_ef"] :
      { name = name, type = "string" }]
    }
  }
  assert {
    condition     = jsonencode(output.key_columns) == jsonencode(["customer_id", "http_code", "line1_address", "a_b_c", "_1st", "_pfel", "a_bc_d_ef"])
    error_message = "Got ${jsonencode(output.key_columns)}."
  }
}

run "finds_a_key_by_its_path_first" {
  command = plan
  variables {
    schema = {
      table   = "orders"
      keys    = ["pk"]
      columns = [{ name = "pk", type = "string", path = ["other"] }, { name = "order_id", type = "string", path = ["pk"] }]
    }
  }
  assert {
    condition     = output.key_columns[0] == "order_id"
    error_message = "The column whose path is the key holds it."
  }
}

run "gives_the_function_the_whole_schema" {
  command = plan
  assert {
    condition     = output.setting == base64gzip(jsonencode(var.schema))
    error_message = "The function reads the schema itself."
  }
}

run "rejects_a_key_without_column" {
  command = plan
  variables {
    schema = { table = "orders", keys = ["orderId"], columns = [{ name = "id", type = "string" }] }
  }
  expect_failures = [output.columns]
}

run "rejects_a_dropped_key" {
  command = plan
  variables {
    schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string", protect = "drop" }] }
  }
  expect_failures = [output.columns]
}

run "rejects_a_misspelt_protect" {
  command = plan
  variables {
    schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string" }, { name = "email", type = "string", protct = "sha256" }] }
  }
  expect_failures = [var.schema]
}

run "rejects_binary" {
  command = plan
  variables {
    schema = { table = "orders", keys = ["id"], columns = [{ name = "id", type = "string" }, { name = "photo", type = "array<binary>" }] }
  }
  expect_failures = [var.schema]
}
