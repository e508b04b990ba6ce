"""SQS: the one thing that code sends by itself is a message for later.

IAM: sqs:SendMessage and sqs:GetQueueAttributes on the queue.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

MAX_DELAY_SECONDS = 900


class Queue:
    """One queue."""

    def __init__(self, client: Callable[[], "SQSClient"], url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str, *, delay: int = 0) -> None:
        """Send a message of at most 1 MiB, delivered after `delay` seconds (at most 900)."""
        self._client().send_message(
            QueueUrl=self._url, MessageBody=body, DelaySeconds=min(delay, MAX_DELAY_SECONDS)
        )

    def check(self) -> None:
        """Raise unless the queue answers."""
        self._client().get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
