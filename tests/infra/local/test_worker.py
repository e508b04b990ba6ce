import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from infra.local.embedded_aws.process import EmbeddedAws
from infra.local.event_sources import QueueSource
from infra.local.worker import Worker
from tests.infra.local.conftest import Eventually

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

Record = dict[str, Any]


class Handler:
    """Remembers every call, and answers or raises as it is told."""

    def __init__(self, respond: Callable[[list[Record]], object]) -> None:
        self.respond = respond
        self.batches: list[list[Record]] = []

    def __call__(self, event: Any, context: Any) -> object:
        self.batches.append(event["Records"])
        assert context.get_remaining_time_in_millis() > 0
        return self.respond(event["Records"])

    def times(self, body: str) -> int:
        return sum(record["body"] == body for batch in self.batches for record in batch)


LAMBDAS_OWN = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
]  # AWSLambdaSQSQueueExecutionRole


def statement(**fields: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **fields}]})


def session_of(aws: EmbeddedAws) -> boto3.Session:
    return boto3.Session(*aws.root_credentials, region_name="eu-west-1")


@pytest.fixture(scope="module")
def sqs(aws: EmbeddedAws) -> "SQSClient":
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    client: SQSClient = session_of(aws).client("sqs", endpoint_url=aws.endpoint_url, config=config)
    return client


class Queues:
    """A queue whose messages come back after a second, and its dead letters after five receives."""

    def __init__(self, sqs: "SQSClient", name: str) -> None:
        self.sqs = sqs
        self.dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        arn = f"arn:aws:sqs:eu-west-1:000000000000:{name}-dead"
        redrive = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 5}}'
        attributes = {"VisibilityTimeout": "1", "RedrivePolicy": redrive}
        self.url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type] # plain dict

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return sum(int(value) for name, value in attributes.items() if name in names)

    def dead_letters(self) -> list[str]:
        received = self.sqs.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in received.get("Messages", [])]


@pytest.fixture
def queues(sqs: "SQSClient", request: pytest.FixtureRequest) -> Queues:
    return Queues(sqs, f"q-{abs(hash(request.node.name))}")


@contextmanager
def working(
    queues: Queues, handler: Handler, batch_size: int = 10, sqs: "SQSClient | None" = None
) -> Iterator[threading.Event]:
    stop = threading.Event()
    source = QueueSource("extraction", "examine", batch_size, handler)
    thread = threading.Thread(
        target=Worker(sqs or queues.sqs, source, queues.url, stop, poll_seconds=1).run, args=(2,)
    )
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()


def test_what_succeeds_is_deleted(queues: Queues, eventually: Eventually) -> None:
    handler = Handler(lambda _: None)
    queues.send(*[str(n) for n in range(25)])
    with working(queues, handler):
        eventually(lambda: queues.left() == 0, "messages are left")
    assert all(handler.times(str(n)) == 1 for n in range(25))
    assert max(len(batch) for batch in handler.batches) <= 10


def test_a_batch_is_never_larger_than_the_handler_asked_for(queues: Queues, eventually: Eventually) -> None:
    handler = Handler(lambda _: None)
    queues.send(*[str(n) for n in range(9)])
    with working(queues, handler, batch_size=2):
        eventually(lambda: queues.left() == 0, "messages are left")
    assert max(len(batch) for batch in handler.batches) <= 2


def test_only_the_failed_part_of_a_batch_comes_again(queues: Queues, eventually: Eventually) -> None:
    def fail_bad_once(records: list[Record]) -> object:
        bad = [r for r in records if r["body"] == "bad" and r["attributes"]["ApproximateReceiveCount"] == "1"]
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in bad]}

    handler = Handler(fail_bad_once)
    queues.send("good", "bad", "good too")
    with working(queues, handler):
        eventually(lambda: queues.left() == 0, "messages are left")
    assert (handler.times("good"), handler.times("bad"), handler.times("good too")) == (1, 2, 1)


def test_a_message_that_always_fails_is_dead_after_five_tries(queues: Queues, eventually: Eventually) -> None:
    def fail(records: list[Record]) -> object:
        raise OSError(records[0]["body"])

    handler = Handler(fail)
    queues.send("poison")
    with working(queues, handler):
        eventually(lambda: queues.dead_letters() == ["poison"], "no dead letter")
    counts = [
        record["attributes"]["ApproximateReceiveCount"] for batch in handler.batches for record in batch
    ]
    assert counts == ["1", "2", "3", "4", "5"]


def test_a_message_whose_handling_outlasts_its_visibility_comes_twice(
    queues: Queues, eventually: Eventually
) -> None:
    second = threading.Event()

    def slow_first_time(records: list[Record]) -> object:
        if records[0]["attributes"]["ApproximateReceiveCount"] == "1":
            second.wait(10)  # until the other thread has been given the same message
        else:
            second.set()
        return None

    handler = Handler(slow_first_time)
    queues.send("slow")
    with working(queues, handler):
        eventually(lambda: handler.times("slow") == 2 and queues.left() == 0, "it did not come twice")


def test_a_stop_waits_for_the_batch_at_hand(queues: Queues, eventually: Eventually) -> None:
    entered, leave = threading.Event(), threading.Event()

    def held(_: list[Record]) -> object:
        entered.set()
        leave.wait(10)
        return None

    queues.send("held")
    with working(queues, Handler(held)) as stop:
        assert entered.wait(10)
        stop.set()
        leave.set()
    eventually(lambda: queues.left() == 0, "the batch was dropped")


def test_the_worker_outlives_an_endpoint_that_is_away(
    aws: EmbeddedAws, queues: Queues, eventually: Eventually
) -> None:
    handler = Handler(lambda _: None)
    with working(queues, handler):
        aws.kill()
        aws.start()
        queues.send("after the crash")
        eventually(lambda: handler.times("after the crash") == 1, "the worker did not come back")


def test_the_permissions_that_lambda_needs_are_enough(
    aws: EmbeddedAws, queues: Queues, eventually: Eventually
) -> None:
    session = session_of(aws)
    iam = session.client("iam", endpoint_url=aws.endpoint_url)
    trust = statement(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="worker", PolicyName="queue", PolicyDocument=statement(Action=LAMBDAS_OWN, Resource="*")
    )
    sts = session.client("sts", endpoint_url=aws.endpoint_url)
    given = sts.assume_role(RoleArn=role, RoleSessionName="worker")["Credentials"]
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    queues.send("one", "two")
    as_worker = boto3.Session(*keys, region_name="eu-west-1").client("sqs", endpoint_url=aws.endpoint_url)
    handler = Handler(lambda _: None)
    with working(queues, handler, sqs=as_worker):
        eventually(lambda: queues.left() == 0, "messages are left")
