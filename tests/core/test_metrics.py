import json

from chalicelib.core.metrics import measured


def test_a_log_line_of_a_function_is_in_the_embedded_metric_format() -> None:
    line = json.loads(json.dumps(measured({"milliseconds": 12.5, "aws_calls": 2}, "mediatheque-test-api")))
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Mediatheque"
    assert directive["Dimensions"] == [["function"]]
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == {
        "milliseconds": "Milliseconds",
        "aws_calls": "Count",
    }
    named = [*(metric["Name"] for metric in directive["Metrics"]), *directive["Dimensions"][0]]
    assert all(name in line for name in named)
    assert line["function"] == "mediatheque-test-api"
    assert isinstance(line["_aws"]["Timestamp"], int)


def test_a_machine_of_ones_own_has_no_metrics_in_its_lines() -> None:
    assert measured({"milliseconds": 12.5}, "") == {"milliseconds": 12.5}
