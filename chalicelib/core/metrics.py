"""Figures that CloudWatch makes metrics of: the embedded metric format, inside the log line that is written anyway.

A metric is billed by the month for each combination of its dimensions, in the hours in which it is sent. So the
dimension is the function, whose name begins with the stage's, and only the values that a door names become metrics;
what a single route needed is asked of the logs (infra/package/queries.py), or measured where a deployment wants to pay
for it. On one's own machine there is no function, and lines stay without.
"""

import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

NAMESPACE = "Mediatheque"
FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
UNITS = {"milliseconds": "Milliseconds", "aws_bytes_received": "Bytes"}
REQUEST = ("milliseconds", "failures", "aws_calls", "capacity_units")
ARRIVAL = (
    "files_ready",
    "files_failed",
    "files_rejected",
    "aws_calls",
    "capacity_units",
    "aws_bytes_received",
)
JOB = ("aws_calls", "capacity_units")


def measured(
    values: Mapping[str, float], metrics: Iterable[str], *, also_by: str = "", function: str = FUNCTION
) -> dict[str, Any]:
    """Return what a log line carries so that some of these values become metrics of the function.

    Of the line's field `also_by`, too, if one is named. Without a function they are the values alone.
    """
    if not function:
        return dict(values)
    named = [{"Name": name, "Unit": UNITS.get(name, "Count")} for name in metrics]
    dimensions = [["function"], *([["function", also_by]] if also_by else [])]
    directive = {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": named}
    embedded = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return {**values, "function": function, "_aws": embedded}
