"""The queue's door: every message of a batch is answered for itself."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.blobs.arrivals import Arrival, message
from chalicelib.core.caller import Caller
from chalicelib.events import extraction
from chalicelib.files.models import Status
from chalicelib.wiring import Library
from infra.local.lambda_context import LambdaContext
from tests.conftest import REGION, Deliver, Messages, a_request
from tests.libraries import send
from tests.roles import Roles


@pytest.fixture(autouse=True)
def _extraction(roles: Roles) -> Iterator[None]:
    """Be the extraction function, under its role."""
    with roles.acting_as("Extraction"):
        yield


def record(body: str, number: int = 1) -> dict[str, Any]:
    return {
        "messageId": f"message-{number}",
        "receiptHandle": "handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:extraction",
        "awsRegion": REGION,
    }


def handle(*bodies: str) -> list[str]:
    """Hand a batch over, and return the ids of the messages that must come again."""
    records = [record(body, number) for number, body in enumerate(bodies, 1)]
    context = LambdaContext("extraction", REGION, timeout_seconds=900)
    answer = extraction.extract({"Records": records}, context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_s3s_own_test_event_is_taken_off_the_queue() -> None:
    assert handle(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == []


def test_one_message_that_cannot_be_read_does_not_keep_the_others_back(
    library: Library, caller: Caller
) -> None:
    upload = library.uploads.begin(caller, a_request("a.txt", b"content"))
    send(upload, b"content")  # type: ignore[arg-type] # new content: it was begun, not linked
    good = message(Arrival(caller.user_id, upload.file.sha256, upload.file.size))
    assert handle("{", good, json.dumps({"Records": [{}]})) == ["message-1", "message-3"]
    assert library.files.get(caller, upload.file.id).status is Status.READY


def test_content_that_another_worker_examines_comes_again(library: Library, caller: Caller) -> None:
    upload = library.uploads.begin(caller, a_request("a.txt", b"content"))
    send(upload, b"content")  # type: ignore[arg-type] # as above
    blob = library.blobs.find(caller.user_id, upload.file.sha256)
    assert blob is not None
    library.tables.commit(library.blobs.claim(blob))
    assert handle(message(Arrival(caller.user_id, blob.sha256, blob.size))) == ["message-1"]


def test_a_batch_of_failures_is_answered_and_not_raised() -> None:
    assert handle("{", "{") == ["message-1", "message-2"]


def test_an_event_through_the_real_queue_finishes_an_upload(
    library: Library, caller: Caller, deliver: Deliver
) -> None:
    upload = library.uploads.begin(caller, a_request("a.txt", b"content"))
    send(upload, b"content")  # type: ignore[arg-type] # as above
    assert deliver() == {"batchItemFailures": []}
    assert library.files.get(caller, upload.file.id).status is Status.READY


def test_what_waits_for_media_tools_is_sent_anew_so_that_waiting_uses_up_no_tries(messages: Messages) -> None:
    arrival = Arrival("owner", "0" * 64, 12)
    extraction.defer(arrival, seconds=0)
    [sent] = messages.take()
    assert sent["body"] == message(arrival)


@pytest.mark.parametrize("key", ["originals/only-two", "renditions/a/b/c"])
def test_events_of_other_objects_are_taken_off_the_queue(key: str) -> None:
    assert handle(json.dumps({"Records": [{"s3": {"object": {"key": key, "size": 1}}}]})) == []
