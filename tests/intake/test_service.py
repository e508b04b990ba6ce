"""Whatever happens between S3's event and the final state, each file gets there exactly once in effect."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

from chalicelib.aws.clients import Clients
from chalicelib.aws.meter import metered
from chalicelib.aws.table import Tables
from chalicelib.blobs.arrivals import Arrival
from chalicelib.blobs.models import BlobBusy, BlobState, object_key
from chalicelib.blobs.rules import LEASE
from chalicelib.core.caller import Caller
from chalicelib.core.errors import Unavailable
from chalicelib.extraction.errors import MediaToolsMissing, ToolsAreComing
from chalicelib.files.models import File, FileNotFound, Status
from chalicelib.intake.service import SETTLED_AT_ONCE, Intake
from chalicelib.settings import Settings
from chalicelib.uploads.models import Begun, UploadState
from chalicelib.wiring import Library, build
from tests.conftest import MEDIA, FakeClock, a_request
from tests.libraries import arrive, send, stored, uploaded


def waiting(library: Library, caller: Caller, filename: str = "a.txt", content: bytes = b"content") -> Begun:
    """Begin an upload and send its bytes; only the event is missing."""
    begun = library.uploads.begin(caller, a_request(filename, content))
    assert isinstance(begun, Begun)
    send(begun, content)
    return begun


def facts_recorded(library: Library, file: File) -> list[dict[str, Any]]:
    answer: dict[str, Any] = boto3.client("dynamodb").query(
        TableName=library.settings.metadata_table,
        KeyConditionExpression="pk = :blob AND begins_with(sk, :version)",
        ExpressionAttributeValues={
            ":blob": {"S": f"blob#{file.owner_id}#{file.sha256}"},
            ":version": {"S": "v"},
        },
    )
    return list(answer["Items"])


def actions(library: Library, caller: Caller) -> list[str]:
    items = boto3.client("dynamodb").query(
        TableName=library.settings.activity_table,
        KeyConditionExpression="pk = :user",
        ExpressionAttributeValues={":user": {"S": f"user#{caller.user_id}"}},
    )["Items"]
    return [item["action"]["S"] for item in items]


def test_an_event_finishes_an_upload(library: Library, caller: Caller) -> None:
    begun = waiting(library, caller)
    [settled] = arrive(library, begun.file)
    assert settled == library.files.get(caller, begun.file.id)
    assert (settled.status, settled.mime_type) == (Status.READY, "text/plain")
    assert settled.metadata is not None
    assert settled.metadata["words"] == 1
    assert library.uploads.get(caller, begun.upload.id).state is UploadState.COMPLETED
    [record] = facts_recorded(library, settled)
    assert int(record["bytes_read"]["N"]) == len(b"content")


def test_finishing_costs_four_calls_beside_the_ranged_reads(library: Library, caller: Caller) -> None:
    begun = waiting(library, caller)
    with metered() as receipt:
        arrive(library, begun.file)
    assert [call for call in receipt.calls if call != "s3.GetObject"] == [
        "dynamodb.Query",
        "dynamodb.BatchGetItem",
        "dynamodb.TransactWriteItems",
        "dynamodb.TransactWriteItems",
    ]


def test_events_that_come_again_change_nothing(library: Library, caller: Caller) -> None:
    begun = waiting(library, caller)
    [first] = arrive(library, begun.file)
    history = actions(library, caller)
    with metered() as receipt:
        assert arrive(library, begun.file) == []
    assert not [call for call in receipt.calls if "Transact" in call or call.startswith("s3")]
    assert library.files.get(caller, begun.file.id) == first
    assert actions(library, caller) == history


def test_an_event_of_content_that_nobody_knows_changes_nothing(library: Library, caller: Caller) -> None:
    stranger = replace(waiting(library, caller).file, sha256="0" * 64)
    with metered() as receipt:
        assert arrive(library, stranger) == []
    assert receipt.calls == ["dynamodb.Query"]


def test_an_event_after_the_file_was_erased_changes_nothing(library: Library, caller: Caller) -> None:
    begun = waiting(library, caller)
    library.files.erase(caller, begun.file.id, None)
    assert arrive(library, begun.file) == []
    with pytest.raises(FileNotFound):
        library.files.get(caller, begun.file.id)


def test_content_that_is_not_what_its_name_says_is_rejected_and_its_bytes_are_freed(
    library: Library, caller: Caller
) -> None:
    file = uploaded(library, caller, "photo.jpg", b"#!/bin/sh\nrm -rf /\n")
    assert file.status is Status.REJECTED
    assert file.error is not None
    assert file.error.code == "script"
    blob = library.blobs.find(caller.user_id, file.sha256)
    assert blob is not None
    assert (blob.state, blob.refs, blob.members) == (BlobState.FREED, 0, ())


def test_each_file_on_the_same_content_is_judged_by_its_own_name(library: Library, caller: Caller) -> None:
    good = waiting(library, caller, "words.txt", b"just words")
    bad = library.uploads.begin(caller, a_request("words.png", b"just words"))
    settled = {file.id: file.status for file in arrive(library, good.file)}
    assert settled == {good.file.id: Status.READY, bad.file.id: Status.REJECTED}
    blob = library.blobs.find(caller.user_id, good.file.sha256)
    assert blob is not None
    assert [member.file_id for member in blob.members] == [good.file.id]
    assert stored(library, good.file) == b"just words"


def test_a_damaged_file_is_kept_and_says_what_is_wrong(library: Library, caller: Caller) -> None:
    whole = (MEDIA / "photo.jpg").read_bytes()
    file = uploaded(library, caller, "cut.png", (MEDIA / "plain.png").read_bytes()[:40])
    assert file.status in {Status.FAILED, Status.REJECTED}
    assert file.error is not None
    assert file.error.message
    assert uploaded(library, caller, "photo.jpg", whole).status is Status.READY


def test_more_files_than_a_transaction_takes_are_all_settled(library: Library, caller: Caller) -> None:
    first = waiting(library, caller)
    for number in range(2 * SETTLED_AT_ONCE + 3):
        library.uploads.begin(caller, a_request(f"{number}.txt", b"content"))
    assert len(arrive(library, first.file)) == 2 * SETTLED_AT_ONCE + 4
    page = library.files.newest_first(caller, limit=100, cursor=None)
    assert {file.status for file in page.items} == {Status.READY}
    assert len(page.items) == 2 * SETTLED_AT_ONCE + 4


def test_while_one_worker_examines_another_leaves_the_event_in_the_queue(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    begun = waiting(library, caller)
    blob = library.blobs.find(caller.user_id, begun.file.sha256)
    assert blob is not None
    library.tables.commit(library.blobs.claim(blob))
    with pytest.raises(BlobBusy):
        arrive(library, begun.file)
    clock.advance(LEASE)  # the other one died
    assert [file.status for file in arrive(library, begun.file)] == [Status.READY]


def test_parallel_events_settle_a_file_once(library: Library, caller: Caller) -> None:
    begun = waiting(library, caller)
    settled: list[File] = []

    def handle() -> None:
        try:
            settled.extend(arrive(library, begun.file))
        except (BlobBusy, Unavailable):
            return  # the queue would bring it again

    threads = [threading.Thread(target=handle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [file.id for file in settled] == [begun.file.id]
    assert actions(library, caller).count("file.ready") == 1


def test_a_file_renamed_while_it_is_examined_keeps_its_new_name(library: Library, caller: Caller) -> None:
    begun = waiting(library, caller)
    intake = library.intake

    class Renaming(type(intake.extraction)):  # type: ignore[misc] # the owner renames just now
        def examine(self, *arguments: Any) -> Any:
            library.files.change(caller, begun.file.id, {"filename": "b.txt"}, None)
            return super().examine(*arguments)

    extraction = Renaming(**vars(intake.extraction))
    arrival = Arrival(begun.file.owner_id, begun.file.sha256, begun.file.size)
    [settled] = replace(intake, extraction=extraction).arrived(arrival)
    assert (settled.filename, settled.status) == ("b.txt", Status.READY)


def test_bytes_that_vanished_before_they_were_read_leave_the_file_waiting(
    library: Library, caller: Caller
) -> None:
    begun = waiting(library, caller)
    library.bucket.delete(object_key(caller.user_id, begun.file.sha256))
    assert arrive(library, begun.file) == []
    blob = library.blobs.find(caller.user_id, begun.file.sha256)
    assert blob is not None
    assert blob.lease_until is None


@pytest.fixture
def without_tools(library: Library) -> Callable[[bool], Intake]:
    """Return the intake of a machine without ffprobe, which is or is not just being built."""

    def no_tools() -> Any:
        raise MediaToolsMissing("none")

    def make(expected: bool) -> Intake:  # noqa: FBT001 - a test's own switch
        extraction = replace(library.intake.extraction, find_tools=no_tools)
        return replace(library.intake, extraction=extraction, tools_expected=lambda: expected)

    return make


def test_a_video_waits_for_tools_that_are_being_built(
    library: Library, caller: Caller, without_tools: Callable[[bool], Intake]
) -> None:
    begun = waiting(library, caller, "a.mp4", (MEDIA / "faststart.mp4").read_bytes())
    arrival = Arrival(begun.file.owner_id, begun.file.sha256, begun.file.size)
    with pytest.raises(ToolsAreComing):
        without_tools(True).arrived(arrival)
    assert library.files.get(caller, begun.file.id).status is Status.PROCESSING
    assert [file.status for file in library.intake.arrived(arrival)] == [Status.READY]


def test_without_tools_a_video_fails_with_a_hint(
    library: Library, caller: Caller, without_tools: Callable[[bool], Intake]
) -> None:
    begun = waiting(library, caller, "a.mp4", (MEDIA / "faststart.mp4").read_bytes())
    [file] = without_tools(False).arrived(Arrival(begun.file.owner_id, begun.file.sha256, begun.file.size))
    assert file.status is Status.FAILED
    assert file.error is not None
    assert file.error.code == "media_tools_missing"


class Fault(Exception):
    """The world is away."""


class FaultyTables(Tables):
    """Transactions fail at a chosen one: before they took effect, or after."""

    def __init__(self, clients: Clients, at: int, *, after: bool) -> None:
        super().__init__(lambda: clients.dynamodb)
        self._left, self._after = at, after

    def commit(self, writes: Any) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Fault
        super().commit(writes)
        if self._left == 0:
            raise Fault


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after it took effect"])
@pytest.mark.parametrize("at", [1, 2], ids=["claiming", "settling"])
def test_a_worker_that_dies_while(
    at: int,
    after: bool,  # noqa: FBT001 - a parameter of the test
    settings: Settings,
    clients: Clients,
    library: Library,
    caller: Caller,
    clock: FakeClock,
) -> None:
    begun = waiting(library, caller)
    tables = FaultyTables(clients, at, after=after)
    intake = build(settings, clients, clock).intake
    dying = replace(intake, tables=tables, workshop=replace(intake.workshop, tables=tables))
    with pytest.raises(Fault):
        dying.arrived(Arrival(begun.file.owner_id, begun.file.sha256, begun.file.size))
    clock.advance(LEASE)
    arrive(library, begun.file)
    assert library.files.get(caller, begun.file.id).status is Status.READY
    assert library.uploads.get(caller, begun.upload.id).state is UploadState.COMPLETED
    assert actions(library, caller).count("file.ready") == 1
    assert len(facts_recorded(library, begun.file)) == 1
