"""What watches a stage says things that are true of it and leads to what to do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app import app
from bench import costs
from infra.package.functions import functions_of, of_type, read_template
from infra.package.merge import merge_template
from infra.package.queries import QUERIES
from tests.doors import Door

ROOT = Path(__file__).parents[3]
TEMPLATE = read_template(ROOT / "infra" / "template.yaml")
FUNCTIONS = functions_of(app, TEMPLATE)
MERGED = merge_template(app, TEMPLATE, FUNCTIONS, "c0ffee")
ALARMS = dict(of_type(MERGED, "AWS::CloudWatch::Alarm"))
RUNBOOKS = set(re.findall(r"^## (.+)$", (ROOT / "docs" / "operations.md").read_text(), flags=re.MULTILINE))
OF_INSIGHTS = {"filter", "stats", "count", "pct", "sum", "avg", "by", "sort", "desc", "asc", "fields", "limit", "bin",
               "as", "and", "h", "timestamp", "level", "exception", "message_id", "request_id"}  # fmt: skip


@pytest.mark.parametrize("alarm", ALARMS)
def test_every_alarm_has_its_runbook(alarm: str) -> None:
    named = re.search(r"See docs/operations\.md, (.+)\.$", ALARMS[alarm]["AlarmDescription"])
    assert named
    assert named[1] in RUNBOOKS


def test_there_are_alarms_on_dead_letters_age_errors_throttles_and_a_budget_for_the_cost() -> None:
    kinds = {alarm["MetricName"] for alarm in ALARMS.values()}
    assert kinds == {
        "ApproximateNumberOfMessagesVisible",
        "ApproximateAgeOfOldestMessage",
        "Errors",
        "Throttles",
        "5XXError",
    }
    [(_, budget)] = of_type(MERGED, "AWS::Budgets::Budget")
    [told] = budget["NotificationsWithSubscribers"]
    assert told["Subscribers"] == [{"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}]
    assert "A month costs more than planned" in RUNBOOKS


def test_every_alarm_tells_somebody_when_it_begins_and_when_it_ends() -> None:
    for alarm in ALARMS.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alarms"}]


def test_saved_queries_ask_for_fields_that_the_lines_have(
    ana: Door, caplog: pytest.LogCaptureFixture
) -> None:
    assert ana.get("/v1/files")
    line = next(record for record in reversed(caplog.records) if record.message == "request")
    ended = {"files_ready", "files_failed", "files_rejected"}
    for query in QUERIES.values():
        bare = re.sub(r'"[^"]*"|as \w+|\d+', "", query.text.partition(" | sort")[0])
        unknown = set(re.findall(r"[a-z_]+", bare)) - OF_INSIGHTS - set(vars(line)) - ended
        assert unknown == set(), query.title


def test_the_dashboard_shows_the_routes_and_the_metrics_of_the_lines() -> None:
    [(_, dashboard)] = of_type(MERGED, "AWS::CloudWatch::Dashboard")
    body: Any = json.loads(dashboard["DashboardBody"]["Fn::Sub"])
    tables = [one["properties"] for one in body["widgets"] if one["type"] == "log"]
    assert any("by route" in one["query"] for one in tables)
    drawn = {metric[1] for one in body["widgets"] for metric in one["properties"].get("metrics", [])}
    assert {"files_ready", "files_failed", "files_rejected", "aws_bytes_received", "capacity_units"} <= drawn
    named = set(re.findall(r"\$\{(\w+)", dashboard["DashboardBody"]["Fn::Sub"])) - {"AWS"}
    assert named <= set(MERGED["Resources"])


def test_saved_queries_read_the_logs_of_the_functions_that_they_are_about() -> None:
    groups = {name for name, _ in of_type(MERGED, "AWS::Logs::LogGroup")}
    for _, query in of_type(MERGED, "AWS::Logs::QueryDefinition"):
        asked = {group["Ref"] for group in query["LogGroupNames"]}
        assert asked
        assert asked <= groups


def test_the_costs_count_what_there_is() -> None:
    kinds = [resource["Type"] for resource in MERGED["Resources"].values() if "Type" in resource]
    there = [
        kinds.count(f"AWS::{kind}")
        for kind in ("CloudWatch::Alarm", "SecretsManager::Secret", "CloudWatch::Dashboard")
    ]
    assert there == [costs.ALARMS, costs.SECRETS, costs.DASHBOARDS]
