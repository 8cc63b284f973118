//! Statistics as one line of CloudWatch's embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use crate::statistics::Statistics;
use crate::text::json;
use crate::text::time;
use std::fmt::Write;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "dynalake";

/// The dimension of the Firehose function's metrics: the delivery stream's name.
pub const DELIVERY_STREAM: &str = "delivery_stream";

/// The dimension of the direct function's metrics: the function's name.
pub const FUNCTION: &str = "function";

/// A count beside those of [`Statistics`]: its name and its value.
pub type Count = (&'static str, u64);

/// One line of JSON, without its newline: each metric's value, and the definition that CloudWatch
/// reads. `dimension` names what [`Statistics::source`] is, and `counts` come behind the others.
///
/// `level` is written as it is: Lambda takes a line without a level or a timestamp for INFO and
/// drops it where the function's log level hides INFO
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>), so the caller
/// gives one that is not hidden.
pub fn to_embedded_metrics(
    statistics: &Statistics,
    dimension: &str,
    counts: &[Count],
    level: &str,
) -> String {
    let mut metrics = vec![
        ("RecordsIn", "Count", statistics.records_in),
        ("RecordsOk", "Count", statistics.records_ok),
        ("RecordsDropped", "Count", statistics.records_dropped),
        ("RecordsFailed", "Count", statistics.failures.len() as u64),
        ("RowsRescued", "Count", statistics.rows_rescued),
        ("BytesIn", "Bytes", statistics.bytes_in),
        ("BytesOut", "Bytes", statistics.bytes_out),
        ("Duplicates", "Count", statistics.duplicates),
    ];
    metrics.extend(counts.iter().map(|&(name, count)| (name, "Count", count)));
    // An invocation without a readable change has no age.
    metrics.extend(statistics.event_age_max_ms().map(|age| ("EventAgeMaxMs", "Milliseconds", age)));

    let now_ms = statistics.now_ms;
    let mut text = Vec::new();
    time::write_microseconds(now_ms.saturating_mul(1_000), &mut text);
    let timestamp = String::from_utf8_lossy(&text).into_owned();
    text.clear();
    json::write_string(statistics.source.as_bytes(), &mut text);
    let source = String::from_utf8_lossy(&text);

    let mut line = format!(
        "{{\"level\":\"{level}\",\"timestamp\":\"{timestamp}\",\"_aws\":{{\"Timestamp\":{now_ms},\
         \"CloudWatchMetrics\":[{{\"Namespace\":\"{NAMESPACE}\",\"Dimensions\":[[\"{dimension}\"]],\
         \"Metrics\":["
    );
    for (at, (name, unit, _)) in metrics.iter().enumerate() {
        let separator = if at == 0 { "" } else { "," };
        // A String takes every write.
        let _ = write!(line, "{separator}{{\"Name\":\"{name}\",\"Unit\":\"{unit}\"}}");
    }
    let _ = write!(line, "]}}]}},\"{dimension}\":{source}");
    for (name, _, value) in metrics {
        let _ = write!(line, ",\"{name}\":{value}");
    }
    line.push('}');
    line
}
