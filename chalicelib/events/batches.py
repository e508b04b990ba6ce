"""Batches of messages, answered one by one: what could not be done now comes back, and nothing else does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Batch = dict[str, Any]
"""Lambda's event of a queue."""


@dataclass(frozen=True)
class Message:
    """A message of a queue."""

    id: str
    body: str


def each_message(batch: Batch, handle: Callable[[Message], None]) -> dict[str, list[dict[str, str]]]:
    """Handle a batch message by message, and answer which of them the queue must bring back: those that raised."""
    failed: list[str] = []
    for record in batch["Records"]:
        message = Message(record["messageId"], record["body"])
        try:
            handle(message)
        except Exception:  # noqa: BLE001 - the handler has logged it; the others of the batch go on
            failed.append(message.id)
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
