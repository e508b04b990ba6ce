"""Batches of messages, answered one by one: what could not be done now comes back, and nothing else does."""

from collections.abc import Callable
from typing import Any

from chalicelib.core.log import log

Batch = dict[str, Any]
"""Lambda's event of a queue."""


def each_message(batch: Batch, handle: Callable[[str], None]) -> dict[str, list[dict[str, str]]]:
    """Handle the body of each message, and answer which of them the queue must bring back: those that raised.

    Every line that is logged meanwhile has the message's id, and what was raised is one of them.
    """
    failed: list[str] = []
    for record in batch["Records"]:
        log.thread_safe_clear_keys()
        log.thread_safe_append_keys(message_id=record["messageId"])
        try:
            handle(record["body"])
        except Exception:  # noqa: BLE001 - one message must not stop the others
            log.exception("message not handled; the queue brings it back")
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
