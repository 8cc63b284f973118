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
        { name = "items", type = "Array < Struct < sku : STRING , int:int, string:map<string,Decimal> > >", comment = "as bought" },
        { name = "secret", type = "string", protect = "drop" },
      ]
    }
  }
  assert {
    condition = jsonencode([for column in slice(output.columns, 0, 4) : column.type]) == jsonencode([
      "string", "decimal(10,0)", "decimal(38,9)", "array<struct<sku:string,int:int,string:map<string,decimal(10,0)>>>"
    ])
    error_message = "Blanks and capitals go, and decimal alone is decimal(10,0)."
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

run "finds_a_key_by_its_name_to_the_letter" {
  command = plan
  variables {
    schema = {
      table   = "things"
      keys    = ["__typename", "a__b"]
      columns = [{ name = "_typename", type = "string" }, { name = "__typename", type = "string" }, { name = "a_b", type = "string" }]
    }
  }
  assert {
    condition     = jsonencode(output.key_columns) == jsonencode(["__typename", "a_b"])
    error_message = "The attribute's own name comes before the normalised one. Got ${jsonencode(output.key_columns)}."
  }
}

run "accepts_a_view" {
  command = plan
  variables {
    schema = {
      name      = "order_lines"
      table     = "Shop"
      keys      = ["PK"]
      where     = { type = ["order", "invoice"], PK = ["ORDER#*"] }
      events    = ["INSERT", "MODIFY", "REMOVE", "TTL"]
      on_remove = "item"
      columns   = [{ name = "pk", type = "string" }]
    }
  }
  assert {
    condition     = output.table_name_in_glue == "order_lines" && output.folder == "order_lines"
    error_message = "The stated name is the table's, and its folder's."
  }
}

run "a_table_whose_name_begins_with_a_digit" {
  command = plan
  variables {
    schema = { table = "2024.Orders", keys = ["id"], columns = [{ name = "id", type = "string" }] }
  }
  assert {
    condition     = output.table_name_in_glue == "_2024_orders" && output.folder == "2024.Orders"
    error_message = "A name in the lake does not begin with a digit; the folder stays."
  }
}

run "types_may_nest_to_32" {
  command = plan
  variables {
    schema = {
      table = "things"
      keys  = ["id"]
      columns = [
        { name = "id", type = "string" },
        { name = "deep", type = "${join("", [for n in range(16) : "array<struct<a:"])}int${join("", [for n in range(16) : ">>"])}" },
      ]
    }
  }
  assert {
    condition     = length(output.columns) == 10
    error_message = "32 levels are allowed."
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
  expect_failures = [output.columns]
}

# fixtures/schema-rejected has the other rules; .ci/terraform.py runs its cases through this module.
run "rejects_types_that_nest_deeper_than_32" {
  command = plan
  variables {
    schema = {
      table = "things"
      keys  = ["id"]
      columns = [
        { name = "id", type = "string" },
        { name = "deep", type = "${join("", [for n in range(33) : "array<"])}int${join("", [for n in range(33) : ">"])}" },
      ]
    }
  }
  expect_failures = [output.columns]
}

run "rejects_a_where_without_a_list" {
  command = plan
  variables {
    schema = { table = "orders", keys = ["id"], where = { type = "order" }, columns = [{ name = "id", type = "string" }] }
  }
  expect_failures = [output.columns]
}
