from typing import TYPE_CHECKING

import pytest

from infra.local.sqs_event import event_of, failed_ids, queue_arn

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

SENT = {"a", "b"}


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_an_answer_without_failures_is_success_of_all(answer: object) -> None:
    assert failed_ids(answer, SENT) == set()


def test_named_messages_failed_and_the_others_did_not() -> None:
    assert failed_ids({"batchItemFailures": [{"itemIdentifier": "b"}]}, SENT) == {"b"}


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifier": "unknown"}]},
        {"batchItemFailures": [{"identifier": "a"}]},
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": 3},
        "done",
    ],
)
def test_an_answer_that_lambda_cannot_read_fails_the_whole_batch(answer: object) -> None:
    assert failed_ids(answer, SENT) == SENT


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566/000000000000/extraction",
        "http://127.0.0.1:4566/queue/eu-west-1/000000000000/extraction",
    ],
)
def test_the_arn_follows_from_either_form_of_the_url(url: str) -> None:
    assert queue_arn(url, "eu-west-1") == "arn:aws:sqs:eu-west-1:000000000000:extraction"


def test_attributes_of_messages_are_written_as_lambda_writes_them() -> None:
    message: MessageTypeDef = {
        "MessageId": "m",
        "ReceiptHandle": "r",
        "Body": "{}",
        "MD5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "Attributes": {"ApproximateReceiveCount": "2"},
        "MessageAttributes": {
            "text": {"DataType": "String", "StringValue": "x"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
    }
    (record,) = event_of([message], "arn:aws:sqs:eu-west-1:000000000000:q")["Records"]
    assert record == {
        "messageId": "m",
        "receiptHandle": "r",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": "2"},
        "messageAttributes": {
            "text": {
                "dataType": "String",
                "stringValue": "x",
                "stringListValues": [],
                "binaryListValues": [],
            },
            "bytes": {
                "dataType": "Binary",
                "binaryValue": "AP8=",
                "stringListValues": [],
                "binaryListValues": [],
            },
        },
        "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:q",
        "awsRegion": "eu-west-1",
    }
