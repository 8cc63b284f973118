"""Answers that the emulator leaves incomplete, completed as AWS gives them.

Terraform compares what it asked for with what the service says it has. Where ministack 1.5.33 keeps
silent about a setting, each plan would want to set it again, and nobody could see whether the plan
is empty on AWS. Nothing that the pipeline does goes through here.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape


def fill() -> None:
    _firehose_time_zone()
    _kinesis_tags()
    _cloudwatch_alarms()
    _lambda_mappings()
    _glue_jobs()


def _firehose_time_zone() -> None:
    """DescribeDeliveryStream gives the time zone of prefixes, UTC where none was set
    (https://docs.aws.amazon.com/firehose/latest/APIReference/API_ExtendedS3DestinationDescription.html)."""
    from ministack.services import firehose

    describe = firehose._dest_description

    def complete(destination: dict[str, Any]) -> dict[str, Any]:
        description: dict[str, Any] = describe(destination)
        s3 = description.get("ExtendedS3DestinationDescription")
        if s3 is not None:
            s3["CustomTimeZone"] = destination["config"].get("CustomTimeZone", "UTC")
        return description

    firehose._dest_description = complete


def _kinesis_tags() -> None:
    """CreateStream takes tags
    (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html)."""
    from ministack.services import kinesis

    create = kinesis._create_stream

    def complete(data: dict[str, Any]) -> Any:
        is_new = data.get("StreamName") not in kinesis._streams
        answer = create(data)
        if is_new and data.get("StreamName") in kinesis._streams:
            kinesis._streams[data["StreamName"]]["tags"].update(data.get("Tags") or {})
        return answer

    # The table of operations holds the function itself; it is built once or at each request, so
    # both are replaced.
    kinesis._create_stream = complete
    for value in list(vars(kinesis).values()):
        if isinstance(value, dict) and value.get("CreateStream") is create:
            value["CreateStream"] = complete


def _cloudwatch_alarms() -> None:
    """DescribeAlarms has all that PutMetricAlarm was given
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html). The
    emulator's answer in XML, which Terraform's provider asks for, has a third of it."""
    from ministack.services import cloudwatch

    put, describe = cloudwatch._put_metric_alarm, cloudwatch._describe_alarms
    queries: dict[str, list[str]] = {}

    def parameters(params: Any, prefix: str) -> list[str]:
        """The prefixes of the members of a list in a query request: `prefix.1.`, `prefix.2.`, …"""
        found: list[str] = []
        while any(key.startswith(f"{prefix}.{len(found) + 1}.") for key in params):
            found.append(f"{prefix}.{len(found) + 1}.")
        return found

    def member(tag: str, value: Any) -> str:
        return "" if value in (None, "") else f"<{tag}>{escape(str(value))}</{tag}>"

    def members(tag: str, bodies: list[str]) -> str:
        return "<{0}>{1}</{0}>".format(tag, "".join(f"<member>{body}</member>" for body in bodies))

    def query(params: Any, at: str) -> str:
        def get(name: str) -> Any:
            return cloudwatch._p(params, at + name)

        body = "".join(
            member(tag, get(tag)) for tag in ("Id", "Expression", "Label", "Period", "ReturnData")
        )
        if get("MetricStat.Stat"):
            metric = member("Namespace", get("MetricStat.Metric.Namespace"))
            metric += member("MetricName", get("MetricStat.Metric.MetricName"))
            metric += members(
                "Dimensions",
                [
                    member("Name", cloudwatch._p(params, dimension + "Name"))
                    + member("Value", cloudwatch._p(params, dimension + "Value"))
                    for dimension in parameters(params, at + "MetricStat.Metric.Dimensions.member")
                ],
            )
            body += "<MetricStat><Metric>{}</Metric>{}{}</MetricStat>".format(
                metric,
                member("Period", get("MetricStat.Period")),
                member("Stat", get("MetricStat.Stat")),
            )
        return body

    def put_metric_alarm(params: Any, *rest: Any) -> Any:
        answer = put(params, *rest)
        queries[cloudwatch._p(params, "AlarmName")] = [
            query(params, at) for at in parameters(params, "Metrics.member")
        ]
        return answer

    def describe_alarms(params: Any, cbor: Any, is_cbor: bool, is_json: bool = False) -> Any:
        names = [
            cloudwatch._p(params, key) for key in params if key.startswith("AlarmNames.member.")
        ]
        if is_cbor or is_json or not names:
            return describe(params, cbor, is_cbor, is_json)
        bodies = []
        for alarm in (cloudwatch._alarms[name] for name in names if name in cloudwatch._alarms):
            asked = queries.get(alarm["AlarmName"], [])
            tags = [
                "AlarmName",
                "AlarmArn",
                "AlarmDescription",
                "StateValue",
                "StateReason",
                "Threshold",
                "ComparisonOperator",
                "EvaluationPeriods",
                "DatapointsToAlarm",
                "TreatMissingData",
            ]
            tags += [] if asked else ["MetricName", "Namespace", "Statistic", "Period"]
            body = "".join(member(tag, alarm.get(tag)) for tag in tags)
            body += member("ActionsEnabled", str(alarm["ActionsEnabled"]).lower())
            for tag in ("AlarmActions", "OKActions", "InsufficientDataActions"):
                body += members(tag, [escape(action) for action in alarm.get(tag) or []])
            body += members(
                "Dimensions",
                [
                    member("Name", d["Name"]) + member("Value", d["Value"])
                    for d in alarm["Dimensions"]
                ],
            )
            bodies.append(body + (members("Metrics", asked) if asked else ""))
        return cloudwatch._xml(
            200,
            "DescribeAlarmsResponse",
            "<DescribeAlarmsResult>{}</DescribeAlarmsResult>".format(
                members("MetricAlarms", bodies)
            ),
        )

    cloudwatch._put_metric_alarm, cloudwatch._describe_alarms = put_metric_alarm, describe_alarms


def _lambda_mappings() -> None:
    """GetEventSourceMapping gives the metrics that were asked for, and the filters' key
    (https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html)."""
    from ministack.services import lambda_svc

    create, update = lambda_svc._create_esm, lambda_svc._update_esm

    def keep(uuid: str, data: dict[str, Any]) -> None:
        mapping = lambda_svc._esms.get(uuid)
        if mapping is not None:
            asked = {name: data[name] for name in ("MetricsConfig", "KMSKeyArn") if name in data}
            mapping.update(asked)

    def create_mapping(data: dict[str, Any]) -> Any:
        answer = create(data)
        if answer[0] == 202:
            keep(json.loads(answer[2])["UUID"], data)
        return answer

    def update_mapping(uuid: str, data: dict[str, Any]) -> Any:
        answer = update(uuid, data)
        keep(uuid, data)
        return answer

    lambda_svc._create_esm, lambda_svc._update_esm = create_mapping, update_mapping


def _glue_jobs() -> None:
    """GetJob has the job's tags by GetTags, its maintenance window and how many runs it may have at
    a time (https://docs.aws.amazon.com/glue/latest/webapi/API_Job.html); GetTrigger has a predicate
    only of a trigger that has one (https://docs.aws.amazon.com/glue/latest/webapi/API_Trigger.html)."""
    from ministack.services import glue

    create, update, trigger = glue._create_job, glue._update_job, glue._create_trigger

    def keep(name: str, job: dict[str, Any]) -> None:
        if name in glue._jobs:
            kept = ("ExecutionProperty", "MaintenanceWindow")
            glue._jobs[name].update({member: job[member] for member in kept if member in job})

    def create_job(data: dict[str, Any]) -> Any:
        answer = create(data)
        if answer[0] == 200:
            keep(data["Name"], data)
            glue._tags[glue._arn("job", data["Name"])] = dict(data.get("Tags") or {})
        return answer

    def update_job(data: dict[str, Any]) -> Any:
        answer = update(data)
        keep(data.get("JobName", ""), data.get("JobUpdate", {}))
        return answer

    def create_trigger(data: dict[str, Any]) -> Any:
        answer = trigger(data)
        if answer[0] == 200 and not data.get("Predicate"):
            glue._triggers[data["Name"]].pop("Predicate", None)
        return answer

    glue._create_job, glue._update_job, glue._create_trigger = (
        create_job,
        update_job,
        create_trigger,
    )
