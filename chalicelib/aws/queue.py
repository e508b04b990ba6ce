"""SQS: the one thing that code sends by itself is a message for later.

IAM: sqs:SendMessage and sqs:GetQueueAttributes on the queue; sqs:ReceiveMessage and sqs:DeleteMessage on dead letters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

MAX_DELAY_SECONDS = 900
MAX_RECEIVED = 10


@dataclass(frozen=True)
class Message:
    """A message that was received; `sent_at` in seconds since 1970."""

    id: str
    body: str
    received: int
    sent_at: float
    receipt: str


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

    def receive(self, most: int, *, hidden_seconds: int) -> list[Message]:
        """Receive up to `most` messages (10 at once); others do not see them for `hidden_seconds`."""
        answer = self._client().receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(most, MAX_RECEIVED),
            VisibilityTimeout=hidden_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        return [
            Message(
                found["MessageId"],
                found["Body"],
                int(found["Attributes"]["ApproximateReceiveCount"]),
                int(found["Attributes"]["SentTimestamp"]) / 1000,
                found["ReceiptHandle"],
            )
            for found in answer.get("Messages", [])
        ]

    def delete(self, message: Message) -> None:
        """Remove a message that was received."""
        self._client().delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)

    def depth(self) -> tuple[int, int]:
        """Return about how many messages wait (delayed ones too), and how many are being worked on."""
        answer = self._client().get_queue_attributes(
            QueueUrl=self._url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesDelayed",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )
        found = {name: int(text) for name, text in answer["Attributes"].items()}
        delayed = found.get("ApproximateNumberOfMessagesDelayed", 0)
        waiting = found["ApproximateNumberOfMessages"] + delayed
        return waiting, found["ApproximateNumberOfMessagesNotVisible"]

    def check(self) -> None:
        """Raise unless the queue answers."""
        self._client().get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
