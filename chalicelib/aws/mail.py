"""SES: one message to one person, as text and as HTML.

IAM: ses:SendEmail on the identity of the sender.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_ses import SESClient


@dataclass(frozen=True)
class Message:
    """What is said, in both forms."""

    subject: str
    text: str
    html: str


class Mail:
    """Sends from one address, which SES must have verified."""

    def __init__(self, client: Callable[[], "SESClient"], sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, recipient: str, message: Message) -> None:
        """Send a message; SES takes it or raises botocore's ClientError."""
        self._client().send_email(
            Source=self._sender,
            Destination={"ToAddresses": [recipient]},
            Message={
                "Subject": {"Data": message.subject, "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": message.text, "Charset": "UTF-8"},
                    "Html": {"Data": message.html, "Charset": "UTF-8"},
                },
            },
        )
