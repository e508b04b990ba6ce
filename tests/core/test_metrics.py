import json
from typing import Any

from chalicelib.core.metrics import ARRIVAL, JOB, REQUEST, measured

VALUES = {"milliseconds": 12.5, "aws_calls": 2, "aws_bytes_sent": 300}
FUNCTION = "mediatheque-test-api"


def line(**how: Any) -> Any:
    return json.loads(json.dumps(measured(VALUES, ("milliseconds", "aws_calls"), function=FUNCTION, **how)))


def test_a_log_line_of_a_function_is_in_the_embedded_metric_format() -> None:
    made = line()
    [directive] = made["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Mediatheque"
    assert directive["Dimensions"] == [["function"]]
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == {
        "milliseconds": "Milliseconds",
        "aws_calls": "Count",
    }
    assert made.items() >= VALUES.items()
    assert made["function"] == FUNCTION
    assert isinstance(made["_aws"]["Timestamp"], int)


def test_where_it_is_wanted_the_same_values_are_metrics_of_each_route() -> None:
    [directive] = line(also_by="route")["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["function"], ["function", "route"]]


def test_all_functions_together_send_no_more_metrics_than_the_costs_say() -> None:
    assert len(REQUEST) + 2 * len(ARRIVAL) + len(JOB) == 18


def test_a_machine_of_ones_own_has_no_metrics_in_its_lines() -> None:
    assert measured({"milliseconds": 12.5}, REQUEST, function="") == {"milliseconds": 12.5}
