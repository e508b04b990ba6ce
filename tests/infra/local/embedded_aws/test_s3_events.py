"""What S3 tells a queue is there with the answer, and after a kill."""

import json
from typing import Any

import pytest

from infra.local.embedded_aws.process import EmbeddedAws
from tests.infra.local.embedded_aws.clients import Clients


@pytest.fixture
def queue(root: Clients) -> str:
    """Return the address of a queue that is told of every object in the bucket `media`."""
    url = root.sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = root.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    root.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    root.s3.create_bucket(Bucket="media")
    told: Any = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    root.s3.put_bucket_notification_configuration(Bucket="media", NotificationConfiguration=told)
    keys(root, url)  # S3 tells it of the notification itself
    return url


def keys(root: Clients, url: str) -> list[str]:
    """Receive, without waiting, what the queue was told; return the objects' keys."""
    messages = root.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        root.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    events = [json.loads(message["Body"]) for message in messages]
    return [record["s3"]["object"]["key"] for event in events for record in event.get("Records", [])]


def test_the_queue_knows_of_an_object_when_its_put_is_answered(root: Clients, queue: str) -> None:
    for number in range(50):
        root.s3.put_object(Bucket="media", Key=f"{number}", Body=b"x" * (number << 14))
        assert keys(root, queue) == [str(number)]


def test_a_kill_after_the_answer_loses_no_event(aws: EmbeddedAws, root: Clients, queue: str) -> None:
    for number in range(5):
        root.s3.put_object(Bucket="media", Key=f"{number}", Body=b"x")
        aws.kill()
        aws.start()
        assert keys(root, queue) == [str(number)]
