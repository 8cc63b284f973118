"""Tests of the benches' own arithmetic. They measure nothing."""

import base64
import copy
import json
import re
import unittest
import xml.etree.ElementTree
from math import inf

from benches import agreement, chart, direct, instructions, measure, report, scale, ways
from dynalake_dev.machine import ROOT
from dynalake_dev.process import ToolError

START = scale.Measured(change_bytes=1_500, cpu_ms_per_mib=10)


class Scale(unittest.TestCase):
    def test_prices_are_those_of_the_page_on_cost(self):
        # A million changes within a second: no hours, and the page's own count of calls and
        # objects.
        bill = scale.dollars(scale.needs(1e6, START), 1_500, seconds=1)
        stream = bill["Kinesis on demand"] - scale.STREAM_HOUR / 3600
        page = (ROOT / "docs" / "latency-and-cost.md").read_text()
        cost = re.search(r"## Cost\n(.*?)\n## ", page, re.DOTALL)[1]
        row = r"^\| ([^|]+?) \|.*\| \*{0,2}([\d.]+)\*{0,2} \|$"
        rows = {name: float(price) for name, price in re.findall(row, cost, re.MULTILINE)}
        self.assertEqual(
            rows["DynamoDB, change data capture units"], round(bill["change data capture"], 2)
        )
        kinesis = sum(rows[name] for name in rows if name.startswith("Kinesis"))
        self.assertAlmostEqual(kinesis, stream, delta=0.015)
        self.assertAlmostEqual(
            rows["Firehose, reading"] + rows["Firehose, conversion to Parquet"],
            bill["Firehose"],
            delta=0.01,
        )
        # Its thousand files, at the default interval.
        requests = scale.requests_per_object(scale.OBJECT_SECONDS)
        files = 1_000 * (requests * scale.S3_REQUEST + scale.NOTIFICATION)
        self.assertEqual(rows["S3, SNS, SQS"], round(files, 2))
        partitioning = scale.partitioning_dollars(1e6, 1_536, 1_000)
        named = rows["Firehose's dynamic partitioning, with `event_time` only"]
        self.assertAlmostEqual(named, partitioning, delta=0.005)
        parts = ("change data capture", "Firehose", "Lambda and its log")
        named = rows["**a million changes** (rows are rounded)"]
        by_hand = sum(bill[part] for part in parts) + stream + files
        self.assertAlmostEqual(named, by_hand, delta=0.01)
        for price in (
            "$0.0000167",
            "$0.0000002",
            "$0.005 + $0.0005 + $0.0012",
            "$0.015 × 730",
            "$0.02 × 730",
            "$0.04 × 730",
        ):
            self.assertIn(price, cost)

    def test_shards_follow_bytes_or_records_whichever_asks_for_more(self):
        self.assertEqual(2, scale.needs(1_000, START).shards)
        small = scale.Measured(change_bytes=100, cpu_ms_per_mib=10)
        self.assertEqual(3, scale.needs(2_001, small).shards)

    def test_function_is_called_at_the_latest_when_its_buffer_is_old(self):
        idle = scale.needs(1, START)
        self.assertEqual(1 / scale.FUNCTION_BUFFER_SECONDS, idle.invocations_per_second)
        busy = scale.needs(1e6, START)
        self.assertAlmostEqual(busy.bytes_per_second / scale.MIB, busy.invocations_per_second)

    def test_an_object_takes_three_requests_below_sixty_seconds(self):
        found = [scale.requests_per_object(seconds) for seconds in (0, 59.9, 60, 300)]
        self.assertEqual([3, 3, 1, 1], found)
        quiet = scale.needs(1, START)
        objects = scale.MONTH_SECONDS / scale.OBJECT_SECONDS
        bill = scale.dollars(quiet, 1_500)
        self.assertAlmostEqual(objects * 0.0067 / 1_000, bill["objects and notifications"])
        # Of S3's 3,500 requests a second each object takes one.
        limit = next(limit for limit in scale.limits(START) if limit.name.startswith("S3"))
        reached = scale.needs(limit.reached_at, START)
        # Shards are whole, and so are their objects.
        self.assertAlmostEqual(3_500, reached.objects_per_second, delta=3)

    def test_partitioning_is_billed_by_gigabytes_delivered_and_by_object(self):
        self.assertAlmostEqual(0.02, scale.partitioning_dollars(1, scale.GIB, 0))
        # Not in steps of 5 KB.
        self.assertAlmostEqual(0.02, scale.partitioning_dollars(scale.MIB, scale.KIB, 0))
        self.assertAlmostEqual(0.005, scale.partitioning_dollars(0, 0, 1_000))

    def test_concurrency_is_processor_time_by_the_share_of_a_processor(self):
        # 1 MiB a second at 10 ms each, on 256 of 1,769 MB.
        need = scale.needs(scale.MIB / START.change_bytes, START)
        self.assertAlmostEqual(0.010 * 1_769 / 256, need.concurrency)

    def test_all_of_it_is_linear_in_the_rate(self):
        one, ten = (scale.needs(rate, START) for rate in (1e5, 1e6))
        self.assertAlmostEqual(10, ten.concurrency / one.concurrency)
        bills = [scale.total(scale.dollars(need, 1_500)) for need in (one, ten)]
        self.assertAlmostEqual(10, bills[1] / bills[0], delta=0.05)

    def test_limits_come_in_their_order_and_name_their_source(self):
        found = scale.limits(START)
        rates = [limit.reached_at for limit in found]
        self.assertEqual(sorted(rates), rates)
        self.assertTrue(
            all(limit.source.startswith("https://docs.aws.amazon.com/") for limit in found)
        )
        table = next(limit for limit in found if limit.name.startswith("DynamoDB"))
        self.assertEqual(40_000, table.reached_at)
        self.assertTrue(all(limit.turn for limit in found if limit.reached_at < inf))

    def test_a_slow_function_passes_what_firehose_runs_for_a_shard(self):
        slow = scale.limits(scale.Measured(change_bytes=1_500, cpu_ms_per_mib=1_000))
        self.assertEqual(0, next(limit for limit in slow if "for a shard" in limit.name).reached_at)

    def test_numbers_are_short(self):
        self.assertEqual(
            ["0.014", "7", "123", "12,300", "1.23 M"],
            [scale.short(n) for n in (0.0137, 7, 123.4, 12_345, 1_234_567)],
        )


class Ways(unittest.TestCase):
    def test_the_tables_own_stream_costs_nothing_and_kinesis_what_firehose_pays(self):
        for rate in ways.RATES:
            free = ways.direct_dollars(rate, START, kinesis=False)
            paid = ways.direct_dollars(rate, START, kinesis=True)
            self.assertEqual(0, free["source"])
            self.assertEqual(ways.firehose_parts(rate, START)["source"], paid["source"])
            self.assertLess(sum(free.values()), sum(paid.values()))
            self.assertLess(
                sum(paid.values()), scale.total(scale.dollars(scale.needs(rate, START), 1_500))
            )

    def test_firehoses_parts_are_the_whole_bill_of_the_page_on_performance(self):
        bill = scale.dollars(scale.needs(1_000, START), START.change_bytes)
        parts = ways.firehose_parts(1_000, START)
        self.assertAlmostEqual(scale.total(bill), sum(parts.values()))

    def test_a_shard_hands_over_by_its_window_or_when_the_batch_is_full(self):
        quiet = ways.direct_needs(400, START, kinesis=False, window=10)
        self.assertEqual((4, 0.4), (quiet.shards, quiet.invocations_per_second))
        busy = ways.direct_needs(4_000, START, kinesis=False, window=300)
        self.assertAlmostEqual(4_000 * 1_500 / ways.BATCH_BYTES, busy.invocations_per_second)
        # One change each ten minutes: no object that nothing is in.
        idle = ways.direct_needs(1 / 600, START, kinesis=False, window=5)
        self.assertAlmostEqual(1 / 600, idle.invocations_per_second)

    def test_small_records_fill_a_batch_by_their_number(self):
        small = scale.Measured(change_bytes=100, cpu_ms_per_mib=10)
        need = ways.direct_needs(400_000, small, kinesis=False, window=300)
        self.assertAlmostEqual(400_000 / ways.BATCH_RECORDS, need.invocations_per_second)

    def test_kinesis_records_come_in_base64(self):
        streams, kinesis = (
            ways.direct_needs(1e6, START, kinesis=kinesis, window=300).invocations_per_second
            for kinesis in (False, True)
        )
        self.assertAlmostEqual(4 / 3, kinesis / streams)

    def test_the_job_is_billed_all_day_and_pays_the_stream_as_firehose_does(self):
        idle = ways.job_dollars(ways.WORKERS)
        self.assertAlmostEqual(2 * 0.25 * 0.44 * 730, idle)
        for rate in ways.RATES:
            parts = ways.spark_dollars(rate, START)
            self.assertEqual(ways.firehose_parts(rate, START)["source"], parts["source"])
            self.assertGreaterEqual(parts["job"], idle)
        # 6 MiB a second are 80 ms of the program, 320 ms with what is around it: of two processors.
        full = ways.BATCH_BYTES / START.change_bytes
        self.assertEqual(2, ways.spark_workers(full, START))
        self.assertEqual(3, ways.spark_workers(full * 2 / 0.32 + 1, START))

    def test_the_job_writes_an_object_for_each_shard_and_batch_that_has_a_change(self):
        batches = 730 * 60
        checkpoints = batches * 10 * 0.005 / 1_000
        one = ways.spark_dollars(100, START)["objects and notifications"] - checkpoints
        self.assertAlmostEqual(batches * (0.005 + 0.0017) / 1_000, one)
        # One change each ten minutes.
        rare = ways.spark_dollars(1 / 600, START)["objects and notifications"] - checkpoints
        self.assertAlmostEqual(one / 10, rare)

    def test_above_the_break_even_the_job_is_cheaper_than_firehose(self):
        rate = ways.break_even(START)
        parts = ways.firehose_parts(rate, START)
        self.assertAlmostEqual(
            ways.job_dollars(ways.WORKERS),
            parts["Firehose"] + parts["Lambda and its log"],
            delta=2,
        )

    def test_a_longer_window_is_cheaper_until_batches_are_full(self):
        bills = [
            ways.direct_dollars(1_000, START, kinesis=False, window=window)[
                "objects and notifications"
            ]
            for window in ways.WINDOWS
        ]
        self.assertEqual(sorted(bills, reverse=True), bills)
        self.assertAlmostEqual(bills[-1], bills[-2])

    def test_arithmetic_adds_up(self):
        self.assertEqual("$1.5 + $20 = **$22**", ways.arithmetic({"a": 0, "b": 1.5, "c": 20}))
        self.assertEqual("**$1,230**", ways.arithmetic({"a": 1_234}))

    def test_the_page_has_the_tables_as_they_are_computed(self):
        text = (ROOT / "docs" / "ways.md").read_text()
        self.assertEqual(text, report.filled("ways.md", text, ways.blocks(report.load())))

    def test_the_readme_names_the_figures_of_the_page(self):
        start = scale.measured(report.load())
        direct = sum(ways.direct_dollars(1_000, start, kinesis=False).values())
        firehose = sum(ways.firehose_parts(1_000, start).values())
        self.assertIn(
            f"about {ways.dollars(direct)} a month at 1,000 changes a second in place of "
            f"{ways.dollars(firehose)}\n",
            (ROOT / "README.md").read_text(),
        )

    def test_the_modules_defaults_are_counted(self):
        source = (ROOT / "terraform" / "modules" / "direct" / "variables.tf").read_text()
        for name, value in (
            ("batching_window_seconds", ways.WINDOW_SECONDS),
            ("memory_size", ways.MEMORY_MB),
            ("batch_size", ways.BATCH_RECORDS),
        ):
            block = re.search(rf'variable "{name}" \{{.*?^\}}', source, re.DOTALL | re.MULTILINE)[0]
            self.assertIn(f"default     = {value}\n", block)
        self.assertEqual(ways.CPU_MS_OF_A_BATCH, direct.MOST_MS)
        source = (ROOT / "terraform" / "modules" / "glue_job" / "variables.tf").read_text()
        for name, value in (
            ("worker_type", '"G.025X"'),
            ("number_of_workers", ways.WORKERS),
            ("trigger_seconds", ways.TRIGGER_SECONDS),
        ):
            block = re.search(rf'variable "{name}" \{{.*?^\}}', source, re.DOTALL | re.MULTILINE)[0]
            self.assertIn(f"default     = {value}\n", block)

    def test_the_jobs_price_is_the_same_wherever_it_is_named(self):
        price = ways.dollars(ways.job_dollars(ways.WORKERS))
        for file in (
            *("terraform/variables.tf", "terraform/examples/spark/README.md"),
            *("terraform/modules/glue_job/README.md", "README.md"),
        ):
            self.assertIn(f"{price} a month", (ROOT / file).read_text(), file)


SCHEMA = {
    "columns": [
        {"name": "id", "type": "string"},
        {"name": "total", "type": "decimal(38,9)"},
        {"name": "at", "type": "timestamp"},
    ]
}
META = {"_event_type": "INSERT", "_event_id": "e", "_table": "t"}
OURS = META | {
    "id": "1",
    "total": "12.5",
    "at": "2025-11-01T12:26:40Z",
    "_event_time": "2024-07-11T23:58:22.233719Z",
    "_sequence": "00001720742302233719-" + "7".zfill(56),
    "_rescued": '{"more":{"reason":"unknown","value":{"SS":["b","a"]}}}',
}
THEIRS = META | {
    "id": "1",
    "total": 12.5,
    "at": 1762000000,
    "more": ["a", "b"],
    "_event_time": 1720742302233719,
    "_sequence": "7",
}


def response(row: dict, result: str = "Ok") -> bytes:
    data = base64.b64encode(json.dumps(row).encode()).decode()
    return json.dumps({"records": [{"recordId": "r", "result": result, "data": data}]}).encode()


class Agreement(unittest.TestCase):
    def test_the_same_values_in_another_form_agree(self):
        self.assertIsNone(agreement.difference(response(OURS), response(THEIRS), SCHEMA))

    def test_whatever_one_side_lacks_is_a_difference(self):
        for name in ("total", "at", "more"):
            lacking = {key: value for key, value in THEIRS.items() if key != name}
            self.assertIn(name, agreement.difference(response(OURS), response(lacking), SCHEMA))
        lacking = {key: value for key, value in OURS.items() if key != "_rescued"}
        self.assertIn("more", agreement.difference(response(lacking), response(THEIRS), SCHEMA))

    def test_another_value_is_a_difference(self):
        for name, value in {
            "total": 12.6,
            "at": 1762000001,
            "_event_time": 1,
            "_sequence": "8",
            "_event_type": "MODIFY",
        }.items():
            self.assertIn(
                name, agreement.difference(response(OURS), response(THEIRS | {name: value}), SCHEMA)
            )

    def test_a_failed_record_is_no_agreement(self):
        with self.assertRaises(ValueError):
            agreement.difference(response(OURS), response(THEIRS, "ProcessingFailed"), SCHEMA)

    def test_what_was_rescued_in_part_goes_back_to_its_place(self):
        item = {"tags": [None, "x"], "shipping": {"city": "Ulm"}}
        agreement.put_back(item, "tags[0]", "a")
        agreement.put_back(item, "shipping.zip", "W1")
        self.assertEqual({"tags": ["a", "x"], "shipping": {"city": "Ulm", "zip": "W1"}}, item)

    def test_the_floor_must_have_a_node_for_each_value_and_name(self):
        event = response({"a": [1, {"b": None}]})
        self.assertIsNone(
            agreement.lower_bound_difference("nodes: 7, encoded: 8", event, b"12345678", False)
        )
        # The event: itself, `records`, the list, a record, three names and three values.
        self.assertIsNone(
            agreement.lower_bound_difference("nodes: 17, encoded: 8", event, b"12345678", True)
        )
        self.assertIn(
            "nodes",
            agreement.lower_bound_difference("nodes: 6, encoded: 8", event, b"12345678", False),
        )
        self.assertIn(
            "encoded",
            agreement.lower_bound_difference("nodes: 7, encoded: 0", event, b"12345678", False),
        )


class Instructions(unittest.TestCase):
    KEPT = {"instructions": {"small": 1_000, "wide": 1_000}}

    def test_two_percent_more_and_five_less_are_seen(self):
        self.assertEqual([], instructions.moved({"small": 1_019, "wide": 951}, self.KEPT))
        self.assertEqual(2, len(instructions.moved({"small": 1_021, "wide": 949}, self.KEPT)))

    def test_an_event_that_is_not_kept_fails_and_a_kind_of_machine_does_not(self):
        self.assertEqual([], instructions.moved({"small": 1_000}, None))
        self.assertEqual(1, len(instructions.moved({"small": 1_000}, self.KEPT)))

    def test_growth_is_counted_a_byte(self):
        sizes = {title: 1_000 if at % 2 == 0 else 10_000 for at, title in enumerate(measure.GROWTH)}
        counts = {title: 7 * size for title, size in sizes.items()}
        self.assertEqual([], instructions.grown(counts, sizes))
        counts["6 MB"] *= 2
        self.assertEqual(1, len(instructions.grown(counts, sizes)))


def results() -> dict:
    """Of a run in which idiomatic Rust takes 10 ms, ours 1 and the lower bound 2."""
    times = {
        "ours": [1.0, 1.1, 0.9],
        "baseline": [10.0, 10.0, 10.0],
        "python": [40.0] * 3,
        "boto3": [80.0] * 3,
        "node": [30.0] * 3,
        "lower_bound": [2.0] * 3,
        "event_lower_bound": [3.0] * 3,
    }
    workload = {
        "records": 2_000,
        "raw_bytes": 2_900_000,
        "event_bytes": 4_000_000,
        "response_bytes": 2_000_000,
        "ms": times,
    }
    each = {name: times.get(name, [1.0] * 3) for name in measure.FUNCTIONS}
    functions = {
        key: copy.deepcopy(each)
        for key in ("core_ms", "invocation_ms", "first_poll_ms", "first_response_ms")
    }
    del functions["invocation_ms"]["empty"]
    sizes = {
        "whole_event_bytes": 4e6,
        "whole_raw_bytes": 2.5e6,
        "first_event_bytes": 1.4e6,
        "largest_event_bytes": 6_291_456,
    }
    functions |= sizes | {
        "kernel_share": dict.fromkeys(measure.FUNCTIONS, 0.3),
        "idle_kib": dict.fromkeys(measure.FUNCTIONS, 4000),
        "peak_kib": dict.fromkeys(measure.FUNCTIONS, 30000),
        "bytes": {
            "ours": 1_900_000,
            "baseline": 2_000_000,
            "empty": 1_000_000,
            "python": None,
            "node": None,
        },
    }
    versions = dict.fromkeys(("processor", "kernel", "rustc", "python", "node"), "1")
    growth = {title: {"event_bytes": 1_000, "ms": [1.0] * 3} for title in measure.GROWTH}
    return {
        "machine": versions,
        "rounds": 3,
        "workloads": dict.fromkeys(measure.WORKLOADS, workload),
        "growth": growth,
        "functions": functions,
    }


class Report(unittest.TestCase):
    def test_bars_are_met_and_missed(self):
        self.assertEqual([], [what for what, _, _, met, _ in report.bars(results()) if not met])
        for change, bar in [
            (lambda r: r["workloads"]["small"]["ms"].update(ours=[2.5] * 3), "small: speed"),
            (lambda r: r["functions"]["invocation_ms"].update(ours=[3.0] * 3), "whole function"),
            (lambda r: r["functions"]["first_poll_ms"].update(empty=[0.5] * 3), "first poll"),
            (lambda r: r["functions"]["peak_kib"].update(ours=33_000), "peak"),
            (lambda r: r["functions"]["bytes"].update(ours=2_000_001), "bootstrap"),
            (lambda r: r["growth"]["6 MB"].update(ms=[1.4] * 3), "growth"),
        ]:
            changed = copy.deepcopy(results())
            change(changed)
            missed = [what for what, _, _, met, _ in report.bars(changed) if not met]
            self.assertTrue(any(bar in what for what in missed), (bar, missed))

    def test_lists_of_times_are_one_line_of_json(self):
        text = report.to_json({"ms": [1.5, 2.5], "names": {"a": 1}})
        self.assertIn('"ms": [1.5, 2.5]', text)
        self.assertEqual({"ms": [1.5, 2.5], "names": {"a": 1}}, json.loads(text))

    def test_page_is_filled_between_its_markers_and_nowhere_else(self):
        text = "".join(
            f"before\n<!-- BEGIN {name} -->\nold\n<!-- END {name} -->\nafter\n"
            for name in ("SPEED", "BARS", "SCALE")
        )
        filled = report.page(text, results())
        self.assertNotIn("old", filled)
        self.assertEqual(3, filled.count("before\n<!-- BEGIN"))
        self.assertEqual(filled, report.page(filled, results()))
        with self.assertRaises(ToolError):
            report.page("no markers", results())

    def test_chart_is_xml_without_a_background(self):
        drawn = xml.etree.ElementTree.fromstring(report.svg(results()))
        bars = drawn.findall("{http://www.w3.org/2000/svg}rect")
        self.assertEqual(len(measure.WORKLOADS) * len(measure.PEERS), len(bars))
        self.assertTrue(all(bar.get("height") == str(chart.BAR) for bar in bars))
