"""What the cloud keeps an eye on: logs, alarms, one dashboard, saved queries, a budget, for all functions and queues.

Alarms go to one topic, which mails to the address of the parameter AlarmEmail if one is given. Each alarm's description
names its section in `docs/operations.md`.
"""

import json
from collections.abc import Iterator
from typing import Any

from chalicelib.core.metrics import NAMESPACE
from infra.package import queries
from infra.package.functions import API, Function, Template, of_type, referenced

_LOG_DAYS = 30
_OLDEST_MESSAGE_SECONDS = 900
_TOPIC = {"Ref": "Alarms"}


def watched(template: Template, functions: list[Function]) -> Template:
    """Return the template with everything that watches it."""
    dead = _dead_letter_queues(template)
    resources = {
        **template["Resources"],
        **_topic_and_budget(),
        **{f"{function.resource}Logs": _log_group(function) for function in functions},
        **{name: alarm for function in functions for name, alarm in _function_alarms(function).items()},
        **{f"{queue}NotEmpty": _dead_letters_alarm(queue) for queue in dead},
        **{f"{function.queue}Old": _age_alarm(function.queue) for function in functions if function.queue},
        "ApiFailures": _api_alarm(),
        "Dashboard": _dashboard(functions, dead),
        **queries.definitions(functions),
    }
    return {
        **template,
        "Parameters": {**template.get("Parameters", {}), **_PARAMETERS},
        "Conditions": {**template.get("Conditions", {}), **_CONDITIONS},
        "Resources": resources,
    }


_PARAMETERS = {
    "AlarmEmail": {
        "Type": "String",
        "Default": "",
        "Description": "Address that alarms and the budget's warnings are mailed to; empty for none",
    },
    "MonthlyBudget": {
        "Type": "Number",
        "Default": 0,
        "MinValue": 0,
        "Description": "Dollars a month from whose 80 % on the budget warns by mail; 0 for no budget",
    },
}
_CONDITIONS = {
    "AlarmsAreMailed": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]},
    "BudgetWatched": {
        "Fn::And": [
            {"Condition": "AlarmsAreMailed"},
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "MonthlyBudget"}, 0]}]},
        ]
    },
}


def _dead_letter_queues(template: Template) -> list[str]:
    queues = of_type(template, "AWS::SQS::Queue")
    targets = (referenced(queue.get("RedrivePolicy", {}).get("deadLetterTargetArn")) for _, queue in queues)
    return sorted({target for target in targets if target})


def _topic_and_budget() -> dict[str, Any]:
    mail = {"Ref": "AlarmEmail"}
    return {
        "Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": "alias/aws/sns"}},
        "AlarmMail": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "AlarmsAreMailed",
            "Properties": {"TopicArn": _TOPIC, "Protocol": "email", "Endpoint": mail},
        },
        "Budget": {
            "Type": "AWS::Budgets::Budget",
            "Condition": "BudgetWatched",
            "Properties": {
                "Budget": {
                    "BudgetType": "COST",
                    "TimeUnit": "MONTHLY",
                    "BudgetLimit": {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"},
                },
                "NotificationsWithSubscribers": [
                    {
                        "Notification": {
                            "NotificationType": "ACTUAL",
                            "ComparisonOperator": "GREATER_THAN",
                            "Threshold": 80,
                        },
                        "Subscribers": [{"SubscriptionType": "EMAIL", "Address": mail}],
                    }
                ],
            },
        },
    }


def _log_group(function: Function) -> dict[str, Any]:
    name = {"Fn::Sub": f"/aws/lambda/${{{function.resource}}}"}
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": name, "RetentionInDays": _LOG_DAYS},
    }


def _alarm(
    says: str,
    section: str,
    metric: tuple[str, str],
    dimensions: dict[str, Any],
    statistic: str = "Sum",
    threshold: float = 0,
) -> dict[str, Any]:
    namespace, name = metric
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": f"{says} See docs/operations.md, {section}.",
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Statistic": statistic,
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [_TOPIC],
            "OKActions": [_TOPIC],
        },
    }


def _function_alarms(function: Function) -> dict[str, Any]:
    dimensions = {"FunctionName": {"Ref": function.resource}}
    return {
        f"{function.resource}Errors": _alarm(
            f"The function {function.name} raised or ran out of time.",
            "A function fails",
            ("AWS/Lambda", "Errors"),
            dimensions,
        ),
        f"{function.resource}Throttles": _alarm(
            f"The function {function.name} was not started for lack of concurrency.",
            "A function is throttled",
            ("AWS/Lambda", "Throttles"),
            dimensions,
        ),
    }


def _dead_letters_alarm(queue: str) -> dict[str, Any]:
    return _alarm(
        f"Messages were given up and lie in {queue}.",
        "Dead letters",
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        _queue_name(queue),
        "Maximum",
    )


def _age_alarm(queue: str) -> dict[str, Any]:
    return _alarm(
        f"A message has waited in {queue} for more than 15 minutes.",
        "A queue grows old",
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        _queue_name(queue),
        "Maximum",
        _OLDEST_MESSAGE_SECONDS,
    )


def _api_alarm() -> dict[str, Any]:
    return _alarm(
        "More than 1 % of the API's answers were failures of ours.",
        "The API fails",
        ("AWS/ApiGateway", "5XXError"),
        {"ApiName": {"Ref": "AWS::StackName"}},
        "Average",
        0.01,
    )


def _queue_name(queue: str) -> dict[str, Any]:
    return {"QueueName": {"Fn::GetAtt": [queue, "QueueName"]}}


def _dashboard(functions: list[Function], dead: list[str]) -> dict[str, Any]:
    """One page: what users feel, what the functions do, what waits."""
    api = "${AWS::StackName}"
    queues = [function.queue for function in functions if function.queue]
    widgets = [
        _widget("Requests", [["AWS/ApiGateway", name, "ApiName", api] for name in ("Count", "4XXError", "5XXError")]),
        _widget("Latency, 95th percentile (ms)", [["AWS/ApiGateway", "Latency", "ApiName", api]], "p95"),
        *(
            _widget(name, [["AWS/Lambda", name, "FunctionName", f"${{{function.resource}}}"] for function in functions])
            for name in ("Invocations", "Errors", "Throttles")
        ),
        _widget(
            "Oldest message (s)",
            [["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", f"${{{queue}.QueueName}}"] for queue in queues],
            "Maximum",
        ),
        _widget(
            "Dead letters",
            [
                ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", f"${{{queue}.QueueName}}"]
                for queue in dead
            ],
            "Maximum",
        ),
        *_of_ours(functions),
        *queries.widgets(functions),
    ]  # fmt: skip
    body = {"Fn::Sub": json.dumps({"widgets": widgets})}
    name = {"Ref": "AWS::StackName"}
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": name, "DashboardBody": body},
    }


def _of_ours(functions: list[Function]) -> Iterator[dict[str, Any]]:
    """Yield the widgets of the metrics that the log lines carry."""
    examining = [function for function in functions if "ffprobe" in function.settings.Layers]
    serving = [function for function in functions if function.name == API]
    for title, names, some in (
        ("Examined files", ("files_ready", "files_failed", "files_rejected"), examining),
        ("Bytes read for examinations", ("aws_bytes_received",), examining),
        ("Requests: calls and units", ("aws_calls", "capacity_units"), serving),
    ):
        metrics = [
            [NAMESPACE, name, "function", f"${{{function.resource}}}"] for function in some for name in names
        ]
        yield _widget(title, metrics)


def _widget(title: str, metrics: list[list[str]], statistic: str = "Sum") -> dict[str, Any]:
    properties = {
        "title": title,
        "metrics": metrics,
        "stat": statistic,
        "region": "${AWS::Region}",
        "period": 300,
    }
    return {"type": "metric", "width": 12, "height": 6, "properties": properties}
