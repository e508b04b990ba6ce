"""A poisonous message ends among the dead letters after five tries, by the real worker, and can be sent again."""

import threading
import time
from collections.abc import Callable, Iterator

import boto3
import pytest

import app
from chalicelib.core.caller import Caller
from chalicelib.core.ids import new_id
from chalicelib.wiring import Library
from infra.local.event_sources import queue_sources
from infra.local.worker import Worker
from tests.conftest import Messages

TRIES = 5


@pytest.fixture
def impatient_queue(messages: Messages) -> Iterator[str]:
    """Let the extraction queue show a failed message again at once."""
    sqs = boto3.client("sqs")
    sqs.set_queue_attributes(QueueUrl=messages.url, Attributes={"VisibilityTimeout": "0"})
    yield messages.url
    sqs.set_queue_attributes(QueueUrl=messages.url, Attributes={"VisibilityTimeout": "180"})


def eventually[Found](asked: Callable[[], Found]) -> Found:
    deadline, pause = time.monotonic() + 30, threading.Event()
    while not (found := asked()):
        assert time.monotonic() < deadline
        pause.wait(0.1)
    return found


def test_a_poisonous_message_dies_after_five_tries_and_is_sent_again(
    library: Library, caller: Caller, impatient_queue: str
) -> None:
    poison = f"no JSON at all {new_id()}"
    library.queue.send(poison)
    stop = threading.Event()
    source = queue_sources(app.app)["extraction"]
    worker = Worker(boto3.client("sqs"), source, impatient_queue, stop, poll_seconds=0)
    thread = threading.Thread(target=worker.run, args=(1,))
    thread.start()
    try:
        [letter] = eventually(lambda: library.dead_letters.look("extraction", 10))
    finally:
        stop.set()
        thread.join()
    assert (letter.body, letter.lane) == (poison, "extraction")
    assert letter.received >= TRIES
    # what was looked at stays hidden for some seconds
    sent = eventually(lambda: library.dead_letters.send_again(caller, "extraction", 10))
    assert sent == 1
    assert library.dead_letters.look(None, 10) == []
    assert [record["body"] for record in Messages(impatient_queue).take()] == [poison]
