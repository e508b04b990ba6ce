"""The one line that is logged of each request: its route, status, time, and what it asked of AWS."""

import time

from chalicelib.aws.meter import Receipt
from chalicelib.core.log import log
from chalicelib.core.metrics import REQUEST, measured

FAILURE = 500
"""From here on a status is our fault, not the caller's."""


def write(route: str, status: int, started: float, receipt: Receipt, *, by_route: bool) -> None:
    """Log a request that began at `started` (perf_counter); its metrics are each route's, too, if `by_route`."""
    values = {
        "milliseconds": round((time.perf_counter() - started) * 1000, 1),
        "failures": int(status >= FAILURE),
        **receipt.summary(),
    }
    figures = measured(values, REQUEST, also_by="route" if by_route else "")
    log.info("request", extra={"route": route, "status": status, **figures})
