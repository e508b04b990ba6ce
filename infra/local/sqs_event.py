"""The event that Lambda makes of SQS messages, and which messages a handler's answer leaves in the queue.

Sources: AWS, "Using Lambda with Amazon SQS" (the event) and "Handling errors for an SQS event source".
"""

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef

type Record = dict[str, Any]  # a JSON object whose shape AWS fixes


def queue_arn(url: str, region: str) -> str:
    """Return the ARN of a queue from its URL, whose path ends in account and name."""
    account, name = urlsplit(url).path.split("/")[-2:]
    return f"arn:aws:sqs:{region}:{account}:{name}"


def event_of(messages: "Sequence[MessageTypeDef]", arn: str) -> Record:
    """Return the event of one batch."""
    return {"Records": [_record(message, arn) for message in messages]}


def _record(message: "MessageTypeDef", arn: str) -> Record:
    attributes = message.get("MessageAttributes", {})
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {name: _attribute(value) for name, value in attributes.items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }


def _attribute(value: "MessageAttributeValueOutputTypeDef") -> Record:
    written: Record = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "StringValue" in value:
        written["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        written["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return written


def failed_ids(answer: object, sent: set[str]) -> set[str]:
    """Return the ids of messages to keep, by Lambda's rules.

    No answer, or one without failures, is success of all. An answer that Lambda cannot read, or an identifier
    that is empty or was not in the batch, fails the whole batch.
    """
    if answer is None:
        return set()
    if not isinstance(answer, dict):
        return sent
    failures = answer.get("batchItemFailures") or []
    try:
        named = {failure["itemIdentifier"] for failure in failures}
    except (TypeError, KeyError, IndexError):
        return sent
    return named if named.issubset(sent) else sent
