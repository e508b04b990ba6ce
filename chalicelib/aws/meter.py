"""Counts what a request or an event costs: AWS calls, capacity units, bytes.

One hook on the session sees every call of every client, repeated tries included. What it counts goes to the
receipt of the running context, so parallel requests in one process have a receipt each.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boto3.session import Session


@dataclass
class Receipt:
    """What has been used since the receipt was opened."""

    calls: list[str] = field(default_factory=list)
    """Every request sent, as `service.Operation`, repeated tries included, in order."""
    capacity_units: float = 0.0
    """DynamoDB capacity units (read and write together), as reported by the service."""
    bytes_sent: int = 0
    bytes_received: int = 0

    def summary(self) -> dict[str, int | float]:
        """Return the figures under the names that logs use."""
        return {
            "aws_calls": len(self.calls),
            "capacity_units": self.capacity_units,
            "aws_bytes_sent": self.bytes_sent,
            "aws_bytes_received": self.bytes_received,
        }


_receipt: ContextVar[Receipt | None] = ContextVar("receipt", default=None)


@contextmanager
def metered() -> Iterator[Receipt]:
    """Open a receipt for the calls made inside the block, in this context."""
    receipt = Receipt()
    token = _receipt.set(receipt)
    try:
        yield receipt
    finally:
        _receipt.reset(token)


def install(session: "Session") -> None:
    """Register the hook on a session, before its clients are made."""
    events = session.events
    events.register("before-parameter-build.dynamodb", _ask_for_capacity)
    events.register("before-send", _count_request)
    events.register("after-call", _count_answer)


def _ask_for_capacity(params: dict[str, Any], model: Any, **_: Any) -> None:
    if "ReturnConsumedCapacity" in model.input_shape.members:
        params.setdefault("ReturnConsumedCapacity", "TOTAL")


def _count_request(request: Any, event_name: str, **_: Any) -> None:
    receipt = _receipt.get()
    if receipt is not None:
        receipt.calls.append(event_name.removeprefix("before-send."))
        receipt.bytes_sent += int(request.headers.get("Content-Length") or 0)


def _count_answer(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    receipt = _receipt.get()
    if receipt is not None:
        receipt.bytes_received += int(http_response.headers.get("content-length") or 0)
        consumed = parsed.get("ConsumedCapacity") or []
        rows = consumed if isinstance(consumed, list) else [consumed]
        receipt.capacity_units += sum(row.get("CapacityUnits", 0.0) for row in rows)
