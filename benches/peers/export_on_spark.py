"""An export's items to Parquet files, by Spark on this machine's cores, with a schema.

export_on_spark.py EXPORT OUT CORES

Spark reads each attribute by its descriptor and casts it. What does not fit becomes null: nothing
is rescued, no MD5 is checked, and a bad line is a row of nulls.
"""

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

LINE = """
Item STRUCT<
  order_id: STRUCT<S: STRING>, customer_id: STRUCT<S: STRING>, status: STRUCT<S: STRING>,
  total: STRUCT<N: STRING>, placed_at: STRUCT<S: STRING>, expires_at: STRUCT<N: STRING>,
  gift: STRUCT<BOOL: BOOLEAN>, memo: STRUCT<S: STRING>,
  shipping: STRUCT<M: STRUCT<name: STRUCT<S: STRING>, street: STRUCT<S: STRING>,
    city: STRUCT<S: STRING>, zip: STRUCT<S: STRING>, country: STRUCT<S: STRING>>>,
  items: STRUCT<L: ARRAY<STRUCT<M: STRUCT<sku: STRUCT<S: STRING>, qty: STRUCT<N: STRING>,
    price: STRUCT<N: STRING>>>>>,
  tags: STRUCT<SS: ARRAY<STRING>>, scores: STRUCT<NS: ARRAY<STRING>>,
  attributes: STRUCT<M: MAP<STRING, STRUCT<S: STRING>>>>
"""
COLUMNS = """
Item.order_id.S AS order_id;
Item.customer_id.S AS customer_id;
Item.status.S AS status;
CAST(Item.total.N AS DECIMAL(38, 9)) AS total;
CAST(Item.placed_at.S AS TIMESTAMP) AS placed_at;
CAST(CAST(Item.expires_at.N AS BIGINT) AS TIMESTAMP) AS expires_at;
Item.gift.BOOL AS gift;
Item.memo.S AS memo;
named_struct(
  'name', Item.shipping.M.name.S, 'street', Item.shipping.M.street.S,
  'city', Item.shipping.M.city.S, 'zip', Item.shipping.M.zip.S,
  'country', Item.shipping.M.country.S) AS shipping;
transform(Item.items.L, i -> named_struct(
  'sku', i.M.sku.S, 'qty', CAST(i.M.qty.N AS INT),
  'price', CAST(i.M.price.N AS DECIMAL(18, 4)))) AS items;
Item.tags.SS AS tags;
transform(Item.scores.NS, n -> CAST(n AS DOUBLE)) AS scores;
transform_values(Item.attributes.M, (k, v) -> v.S) AS attributes;
'EXPORT' AS _event_type;
TIMESTAMP '2024-05-27 06:06:47' AS _event_time;
CAST(NULL AS STRING) AS _event_id;
'orders' AS _table;
concat('00001716790007000000-', repeat('0', 56)) AS _sequence;
CAST(NULL AS STRING) AS _rescued
"""


def main() -> None:
    export, out, cores = sys.argv[1:]
    spark = (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "4g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "false")
        .config("spark.sql.parquet.outputTimestampType", "INT96")
        .getOrCreate()
    )
    lines = spark.read.schema(LINE).json(f"{export}/data/*.json.gz")
    rows = lines.select(*(f.expr(column) for column in COLUMNS.split(";")))
    rows.write.option("compression", "snappy").parquet(out)


if __name__ == "__main__":
    main()
