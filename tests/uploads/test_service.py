from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.clients import Clients
from chalicelib.aws.meter import metered
from chalicelib.aws.table import Item
from chalicelib.blobs.models import Blob, BlobBusy, BlobState
from chalicelib.blobs.service import Blobs
from chalicelib.catalogue.categories import CategoryUnknown
from chalicelib.core.caller import Caller
from chalicelib.core.errors import Unavailable
from chalicelib.files.models import File, FileNotFound, Status
from chalicelib.limits.models import RateExceeded
from chalicelib.limits.standings import noted
from chalicelib.settings import Settings
from chalicelib.uploads.beginning import ADDRESS_LIFE, PATIENCE
from chalicelib.uploads.models import Begun, Duplicate, Linked, UploadClosed, UploadNotFound, UploadState
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, Messages, a_request, new_caller
from tests.libraries import arrive, put, send, stored, uploaded

pytestmark = pytest.mark.usefixtures("nothing_due")

LATE = ADDRESS_LIFE + PATIENCE


def begun(
    library: Library, caller: Caller, filename: str = "notes.txt", content: bytes = b"hello\n"
) -> Begun:
    outcome = library.uploads.begin(caller, a_request(filename, content))
    assert isinstance(outcome, Begun)
    return outcome


def test_an_upload_begins_with_a_pending_file_in_the_list(library: Library, caller: Caller) -> None:
    upload = begun(library, caller)
    page = library.files.newest_first(caller, limit=10, cursor=None)
    assert [file.id for file in page.items] == [upload.file.id]
    assert page.items[0].status is Status.PENDING
    assert library.uploads.get(caller, upload.upload.id).state is UploadState.OPEN


def test_beginning_an_upload_costs_two_calls(library: Library, caller: Caller) -> None:
    library.allowances()  # kept for half a minute
    with metered() as receipt:
        begun(library, caller)
    assert receipt.calls == ["dynamodb.BatchGetItem", "dynamodb.TransactWriteItems"]


def test_neither_a_category_nor_a_retry_that_is_no_retry_costs_more(library: Library, caller: Caller) -> None:
    category = library.files.catalogue.categories.add(caller, "Holidays")
    library.allowances()
    with metered() as receipt:
        library.uploads.begin(caller, a_request(category=category.id))
    assert receipt.calls == ["dynamodb.BatchGetItem", "dynamodb.TransactWriteItems"]
    with pytest.raises(CategoryUnknown):
        library.uploads.begin(new_caller(), a_request(category=category.id))


def test_content_that_is_here_is_refused_with_the_file_that_has_it(library: Library, caller: Caller) -> None:
    file = uploaded(library, caller, "a.txt", b"the same")
    with pytest.raises(Duplicate) as refusal:
        library.uploads.begin(caller, a_request("b.txt", b"the same"))
    assert refusal.value.evidence["existing_file_id"] == file.id


def test_linking_content_that_is_here_moves_no_byte_and_costs_two_calls(
    library: Library, caller: Caller
) -> None:
    first = uploaded(library, caller, "a.txt", b"the same")
    with metered() as receipt:
        outcome = library.uploads.begin(caller, a_request("b.md", b"the same", link_duplicate=True))
    assert receipt.calls == ["dynamodb.BatchGetItem", "dynamodb.TransactWriteItems"]
    assert isinstance(outcome, Linked)
    assert (outcome.file.status, outcome.file.mime_type) == (Status.READY, "text/markdown")
    blob = library.blobs.find(caller.user_id, first.sha256)
    assert blob is not None
    assert {member.file_id for member in blob.members} == {first.id, outcome.file.id}


def test_linking_under_a_name_that_the_content_is_not_ends_rejected(library: Library, caller: Caller) -> None:
    first = uploaded(library, caller, "a.txt", b"just words")
    outcome = library.uploads.begin(caller, a_request("b.png", b"just words", link_duplicate=True))
    assert isinstance(outcome, Linked)
    assert outcome.file.status is Status.REJECTED
    blob = library.blobs.find(caller.user_id, first.sha256)
    assert blob is not None
    assert blob.refs == 1


def test_the_same_content_in_another_library_is_not_known(library: Library, caller: Caller) -> None:
    uploaded(library, caller, "a.txt", b"the same")
    assert isinstance(library.uploads.begin(new_caller(), a_request("a.txt", b"the same")), Begun)


def test_a_small_file_is_taken_in_at_once(library: Library, caller: Caller) -> None:
    file = library.uploads.receive(caller, a_request("a.txt", b"content"), b"content")
    assert file.status is Status.PROCESSING
    assert arrive(library, file) == [library.files.get(caller, file.id)]
    assert library.files.get(caller, file.id).status is Status.READY


def test_a_small_file_that_is_here_is_linked_without_storing_it_again(
    library: Library, caller: Caller
) -> None:
    uploaded(library, caller, "a.txt", b"content")
    with metered() as receipt:
        file = library.uploads.receive(
            caller, a_request("b.txt", b"content", link_duplicate=True), b"content"
        )
    assert file.status is Status.READY
    assert not [call for call in receipt.calls if call.startswith("s3")]


def test_a_small_file_that_s3_does_not_take_leaves_nothing(
    library: Library, clients: Clients, caller: Caller
) -> None:
    class AwayBucket(Bucket):
        def put_new(self, *_: object, **__: object) -> None:
            raise EndpointConnectionError(endpoint_url="http://s3")

    away = AwayBucket(lambda: clients.s3, library.settings.bucket_name)
    broken = replace(library.uploads, bucket=away)
    with pytest.raises(EndpointConnectionError):
        broken.receive(caller, a_request(), b"hello world\n")
    assert library.files.newest_first(caller, limit=10, cursor=None).items == []


def test_only_the_owner_sees_an_upload(library: Library, caller: Caller) -> None:
    upload = begun(library, caller).upload
    for stranger in (new_caller(), Caller(upload.id, caller.role, "s")):
        with pytest.raises(UploadNotFound):
            library.uploads.get(stranger, upload.id)
        with pytest.raises(UploadNotFound):
            library.uploads.abort(stranger, upload.id)


def test_giving_an_upload_up_removes_its_file(library: Library, caller: Caller) -> None:
    upload = begun(library, caller)
    library.uploads.abort(caller, upload.upload.id)
    library.uploads.abort(caller, upload.upload.id)
    assert library.uploads.get(caller, upload.upload.id).state is UploadState.ABORTED
    with pytest.raises(FileNotFound):
        library.files.get(caller, upload.file.id)


def test_a_finished_upload_cannot_be_given_up(library: Library, caller: Caller) -> None:
    upload = begun(library, caller)
    send(upload, b"hello\n")
    arrive(library, upload.file)
    with pytest.raises(UploadClosed):
        library.uploads.abort(caller, upload.upload.id)
    assert library.files.get(caller, upload.file.id).status is Status.READY


def tried(library: Library, caller: Caller, number: int) -> str:
    """Begin an upload, and say what came of it."""
    try:
        begun(library, caller, f"{number}.txt", str(number).encode())
    except RateExceeded as refusal:
        return str(refusal.evidence["limit"])
    except Unavailable:
        return "busy"
    return "begun"


def test_only_so_many_uploads_begin_in_a_minute_also_at_once(
    settings: Settings, clients: Clients, clock: FakeClock, caller: Caller
) -> None:
    clock.moment = clock.moment.replace(second=0) + timedelta(hours=1)
    library = build(replace(settings, rates={"uploads": 5}), clients, clock)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda number: tried(library, caller, number), range(8)))
    while outcomes.count("begun") < 5:  # those that conflicted too often try again
        outcomes.append(tried(library, caller, len(outcomes)))
    assert outcomes.count("begun") == 5
    assert tried(library, caller, 100) == "uploads"
    clock.advance(timedelta(minutes=1))
    begun(library, caller, "later.txt", b"later")


def test_what_is_refused_does_not_count(library: Library, caller: Caller) -> None:
    uploaded(library, caller, "a.txt", b"the same")
    with noted() as standings:
        for _ in range(3):
            with pytest.raises(Duplicate):
                library.uploads.begin(caller, a_request("b.txt", b"the same"))
    (standing,) = standings
    assert standing.remaining == standing.policy.quota - 1
    with noted() as standings:
        library.uploads.begin(caller, a_request("b.txt", b"the same", link_duplicate=True))
    assert [one.remaining for one in standings] == [standing.policy.quota - 2]


def test_the_sweep_ends_what_is_overdue_and_only_that(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    old = begun(library, caller, "old.txt", b"old")
    clock.advance(LATE - timedelta(seconds=1))
    young = begun(library, caller, "young.txt", b"young")
    clock.advance(timedelta(seconds=1))
    library.uploads.expire()
    library.uploads.expire()
    assert library.uploads.get(caller, old.upload.id).state is UploadState.EXPIRED
    assert library.uploads.get(caller, young.upload.id).state is UploadState.OPEN
    page = library.files.newest_first(caller, limit=10, cursor=None)
    assert [file.id for file in page.items] == [young.file.id]


def test_the_sweep_heals_a_lost_event(
    library: Library, caller: Caller, clock: FakeClock, messages: Messages
) -> None:
    upload = begun(library, caller)
    send(upload, b"hello\n")
    assert len(messages.take()) == 1  # S3's event, lost
    clock.advance(LATE)
    library.uploads.expire()
    assert [record for record in messages.take() if caller.user_id in record["body"]]
    library.uploads.expire()
    assert messages.take() == []  # it waits for an hour before it sends it again
    arrive(library, upload.file)
    assert library.files.get(caller, upload.file.id).status is Status.READY
    clock.advance(LATE)
    library.uploads.expire()
    assert upload.upload.id not in [due.reference for due in library.uploads.agenda.due(clock())]


def test_a_due_entry_of_an_ended_upload_is_cleared_away(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    upload = begun(library, caller).upload
    library.uploads.abort(caller, upload.id)
    library.tables.commit([library.uploads.agenda.put(upload.due_at, upload.id)])
    clock.advance(LATE)
    library.uploads.expire()
    assert upload.id not in [due.reference for due in library.uploads.agenda.due(clock())]


def test_two_uploads_of_one_content_are_both_finished_by_one_event(library: Library, caller: Caller) -> None:
    one = begun(library, caller, "one.txt", b"same")
    other = begun(library, caller, "other.txt", b"same")
    send(one, b"same")
    assert put(other, b"same").status_code == 412
    assert {file.id for file in arrive(library, one.file)} == {one.file.id, other.file.id}


def test_content_that_was_given_up_before_its_event_is_found_when_it_is_wanted_again(
    library: Library, caller: Caller, messages: Messages
) -> None:
    first = begun(library, caller)
    send(first, b"hello\n")
    library.uploads.abort(caller, first.upload.id)
    assert arrive(library, first.file) == []  # the event comes when nobody waits
    messages.take()
    second = begun(library, caller)
    assert put(second, b"hello\n").status_code == 412
    assert len(messages.take()) == 1
    arrive(library, second.file)
    assert library.files.get(caller, second.file.id).status is Status.READY


def test_nothing_joins_content_that_is_being_removed(library: Library, caller: Caller) -> None:
    file = uploaded(library, caller, "a.txt", b"content")
    library.files.erase(caller, file.id, None)
    blob = library.blobs.find(caller.user_id, file.sha256)
    assert blob is not None
    library.tables.commit([library.blobs.store.update(blob, state=BlobState.DELETING)])
    with pytest.raises(BlobBusy):
        library.uploads.begin(caller, a_request("a.txt", b"content"))


def test_a_change_that_keeps_being_overtaken_is_answered_with_try_again(
    library: Library, caller: Caller
) -> None:
    file = uploaded(library, caller, "a.txt", b"content")
    library.files.erase(caller, file.id, None)
    freed = library.blobs.find(caller.user_id, file.sha256)
    assert freed is not None
    stale = replace(freed, facts=None, version=0)

    class StaleBlobs(Blobs):
        def at_hand(self, rows: Sequence[Item | None]) -> Blob:
            assert rows[0] is not None
            return stale

    files = replace(library.files, blobs=StaleBlobs(**vars(library.blobs)))
    beginning = replace(library.uploads.beginning, files=files)
    overtaken = replace(library.uploads, beginning=beginning)
    with pytest.raises(Unavailable):
        overtaken.begin(caller, a_request("a.txt", b"content"))


def test_what_was_begun_and_linked_is_in_the_activity_log(library: Library, caller: Caller) -> None:
    uploaded(library, caller, "a.txt", b"content")
    library.uploads.begin(caller, a_request("b.txt", b"content", link_duplicate=True))
    items = boto3.client("dynamodb").query(
        TableName=library.settings.activity_table,
        KeyConditionExpression="pk = :user",
        ExpressionAttributeValues={":user": {"S": f"user#{caller.user_id}"}},
    )["Items"]
    assert [item["action"]["S"] for item in items] == ["upload.begun", "file.ready", "file.linked"]


def test_ready_files_have_their_bytes(library: Library, caller: Caller) -> None:
    file: File = uploaded(library, caller, "a.txt", b"content")
    assert stored(library, file) == b"content"
