//! A table of orders, as many have it.

use crate::generate::Random;
use std::fmt::Write;

pub(crate) const SCHEMA: &str = r#"{
    "table": "orders", "keys": ["orderId"],
    "columns": [
        {"name": "order_id", "type": "string"},
        {"name": "customer_id", "type": "string"},
        {"name": "status", "type": "string"},
        {"name": "total", "type": "decimal(38,9)"},
        {"name": "quantity", "type": "int"},
        {"name": "version", "type": "bigint"},
        {"name": "placed_at", "type": "timestamp"},
        {"name": "expires_at", "type": "timestamp", "unit": "s"},
        {"name": "ship_date", "type": "date"},
        {"name": "is_gift", "type": "boolean"},
        {"name": "weight", "type": "double"},
        {"name": "discount", "type": "float"},
        {"name": "customer_city", "type": "string", "path": ["customer", "address", "city"]},
        {"name": "customer_email", "type": "string", "path": ["customer", "email"]},
        {"name": "items", "type": "array<struct<sku:string,qty:int,price:decimal(18,4)>>"},
        {"name": "tags", "type": "array<string>"},
        {"name": "attributes", "type": "map<string,string>"},
        {"name": "note", "type": "string"}
    ]
}"#;

/// So many changes, each to an item of its own, the same each time.
pub(crate) fn records(count: usize) -> Vec<(Vec<u8>, Option<String>)> {
    let mut random = Random(1);
    (0..count).map(|at| record(at, &mut random)).collect()
}

impl Random {
    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len() as u64) as usize]
    }
}

fn record(at: usize, random: &mut Random) -> (Vec<u8>, Option<String>) {
    let id = format!("o-{:08x}{:08x}", random.below(1 << 31), at);
    let customer = random.below(2_000);
    let status = random.pick(&["placed", "paid", "shipped", "delivered", "returned"]);
    let city = random.pick(&["Berlin", "S\u{e3}o Paulo", "Osaka", "Lagos", "Toronto", "Lyon"]);
    let second = random.below(86_400);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let (day, millis) = (1 + random.below(28), random.below(1_000));
    let mut items = Vec::new();
    for _ in 0..=random.below(4) {
        items.push(format!(
            r#"{{"M":{{"sku":{{"S":"sku-{:04}"}},"qty":{{"N":"{}"}},"price":{{"N":"{}.{:02}"}}}}}}"#,
            random.below(3_000),
            1 + random.below(5),
            random.below(200),
            random.below(100)
        ));
    }
    let (total, cents) = (random.below(1_000), random.below(100));
    let mut image = format!(
        r#""orderId":{{"S":"{id}"}},"customerId":{{"S":"c-{customer:06}"}},"status":{{"S":"{status}"}},"total":{{"N":"{total}.{cents:02}"}},"quantity":{{"N":"{}"}},"version":{{"N":"{}"}},"placedAt":{{"S":"2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"}},"shipDate":{{"S":"2026-04-{day:02}"}},"isGift":{{"BOOL":{}}},"weight":{{"N":"{}.{}"}},"items":{{"L":[{}]}},"customer":{{"M":{{"email":{{"S":"user{customer}@example.com"}},"address":{{"M":{{"city":{{"S":"{city}"}}}}}}}}}}"#,
        items.len(),
        1 + random.below(9),
        random.below(2) == 0,
        random.below(50),
        random.below(1_000),
        items.join(",")
    );
    if random.below(2) == 0 {
        let _ =
            write!(image, r#","expiresAt":{{"N":"{}"}}"#, 1_780_000_000 + random.below(10_000_000));
    }
    if random.below(3) == 0 {
        let _ = write!(
            image,
            r#","discount":{{"N":"0.{:02}"}},"tags":{{"SS":["new","{}"]}}"#,
            random.below(60),
            random.pick(&["web", "app", "shop"])
        );
    }
    if random.below(4) == 0 {
        let _ = write!(
            image,
            r#","attributes":{{"M":{{"channel":{{"S":"{}"}},"campaign":{{"S":"spring-{}"}}}}}},"note":{{"S":"leave at door {}"}}"#,
            random.pick(&["web", "app"]),
            random.below(20),
            random.below(10_000)
        );
    }
    // One in twenty has what no column takes.
    if random.below(20) == 0 {
        let _ = write!(image, r#","legacy":{{"N":"{}"}}"#, random.below(100));
    }
    let time = 1_774_000_000_000_000 + at as u64 * 1_000_000 + random.below(1_000_000);
    let record = format!(
        r#"{{"awsRegion":"eu-west-1","eventID":"{:016x}-{at:08x}","eventName":"INSERT","userIdentity":null,"recordFormat":"application/json","tableName":"orders","dynamodb":{{"ApproximateCreationDateTime":{time},"Keys":{{"orderId":{{"S":"{id}"}}}},"NewImage":{{{image}}},"SizeBytes":400,"ApproximateCreationDateTimePrecision":"MICROSECOND"}},"eventSource":"aws:dynamodb"}}"#,
        random.below(1 << 31)
    );
    (record.into_bytes(), Some(format!("4959033827149025660{:037}", at * 7)))
}
