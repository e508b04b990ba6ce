"""Figures that CloudWatch makes metrics of: the embedded metric format, inside the log line that is written anyway.

One dimension, the function, whose name begins with the stage's: a metric is billed by the combinations of its
dimensions, so what a single route needed is asked of the logs (docs/operations.md). On one's own machine there is no
function, and lines stay without.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

NAMESPACE = "Mediatheque"
FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
UNITS = {"milliseconds": "Milliseconds", "aws_bytes_sent": "Bytes", "aws_bytes_received": "Bytes"}


def measured(values: Mapping[str, float], function: str = FUNCTION) -> dict[str, Any]:
    """Return what a log line carries so that these values become metrics; without a function, the values alone."""
    if not function:
        return dict(values)
    metrics = [{"Name": name, "Unit": UNITS.get(name, "Count")} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": metrics}
    embedded = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return {**values, "function": function, "_aws": embedded}
