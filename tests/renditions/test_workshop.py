"""Renditions are made and recorded exactly once in effect, whatever happens on the way."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from chalicelib.aws.meter import metered
from chalicelib.blobs.arrivals import Arrival
from chalicelib.blobs.models import Blob, BlobBusy, renditions_prefix
from chalicelib.blobs.rules import LEASE
from chalicelib.core.caller import Caller
from chalicelib.core.errors import Unavailable
from chalicelib.extraction.attempts import Job, Outcome, Work
from chalicelib.files.models import File, Status
from chalicelib.renditions.rules import WORKSHOP_VERSION
from chalicelib.renditions.workshop import RECORDED_AT_ONCE
from chalicelib.settings import Settings
from chalicelib.uploads.models import Begun, Linked
from chalicelib.wiring import Library, build
from tests.conftest import MEDIA, FakeClock, a_request, new_caller
from tests.deaths import MortalClients, WorkerDied
from tests.libraries import arrive, send, uploaded

pytestmark = pytest.mark.usefixtures("nothing_due")

PHOTO = (MEDIA / "photo.jpg").read_bytes()
NAMES = {"thumbnail", "preview"}
CALLS_OF_A_PHOTO = [
    *("dynamodb.Query", "dynamodb.BatchGetItem", "dynamodb.TransactWriteItems"),
    *("s3.GetObject", "dynamodb.TransactWriteItems"),  # settled, and claimed for what follows
    *("s3.GetObject", "s3.PutObject", "s3.PutObject", "dynamodb.TransactWriteItems"),
]


def waiting(library: Library, caller: Caller, filename: str = "photo.jpg", content: bytes = PHOTO) -> File:
    """Begin an upload and send its bytes; only the event is missing."""
    begun = library.uploads.begin(caller, a_request(filename, content))
    assert isinstance(begun, Begun)
    send(begun, content)
    return begun.file


def blob_of(library: Library, file: File) -> Blob:
    blob = library.blobs.find(file.owner_id, file.sha256)
    assert blob is not None
    return blob


def in_the_bucket(library: Library, file: File) -> set[str]:
    return set(library.bucket.keys(renditions_prefix(file.owner_id, file.sha256)))


def attempts(library: Library, file: File) -> list[tuple[Work, int, Outcome]]:
    """Return the history, oldest first."""
    return [(job.work, job.attempt, job.outcome) for job in reversed(library.history.attempts(file))]


DONE = [(Work.EXTRACTION, 1, Outcome.DONE), (Work.RENDITIONS, 1, Outcome.DONE)]


def check_illustrated(library: Library, file: File) -> File:
    """Check that a file, its blob and the bucket agree on one whole set of renditions, and return the file."""
    [now] = library.files.get_many([file.id])
    blob = blob_of(library, file)
    assert now.status is Status.READY
    assert set(now.renditions) == NAMES
    assert blob.illustrations is not None
    assert blob.illustrations.renditions == now.renditions
    assert blob.lease_until is None
    assert in_the_bucket(library, file) == {each.key for each in now.renditions.values()}
    for each in now.renditions.values():
        assert library.bucket.size(each.key) == each.size
    assert now.metadata is not None
    assert len(now.metadata["perceptual_hash"]) == 16
    assert now.metadata["placeholder"] == blob.illustrations.placeholder
    return now


def test_a_photo_is_ready_with_thumbnail_and_preview(library: Library, caller: Caller) -> None:
    file = check_illustrated(library, uploaded(library, caller, "photo.jpg", PHOTO))
    thumbnail = file.renditions["thumbnail"]
    assert (thumbnail.width, thumbnail.height, thumbnail.mime_type) == (225, 300, "image/jpeg")
    assert thumbnail.key.endswith(f"/thumbnail-v{WORKSHOP_VERSION}.jpg")
    assert attempts(library, file) == DONE


def test_the_file_is_ready_before_its_renditions_are_made(library: Library, caller: Caller) -> None:
    file = waiting(library, caller)
    seen: list[Status] = []

    class Watching(type(library.intake.workshop.studio)):  # type: ignore[misc] # looks on while it works
        def album(self, *arguments: Any) -> Any:
            seen.append(library.files.get(caller, file.id).status)
            return super().album(*arguments)

    studio = Watching(**vars(library.intake.workshop.studio))
    intake = replace(library.intake, workshop=replace(library.intake.workshop, studio=studio))
    intake.arrived(Arrival(file.owner_id, file.sha256, file.size))
    assert seen == [Status.READY]


def test_renditions_of_a_photo_cost_one_read_and_two_writes_beside_the_records(
    library: Library, caller: Caller
) -> None:
    file = waiting(library, caller)
    with metered() as receipt:
        arrive(library, file)
    assert receipt.calls == CALLS_OF_A_PHOTO


def test_events_that_come_again_make_nothing_again(library: Library, caller: Caller) -> None:
    file = uploaded(library, caller, "photo.jpg", PHOTO)
    with metered() as receipt:
        arrive(library, file)
    assert receipt.calls == ["dynamodb.Query", "dynamodb.BatchGetItem"]
    assert attempts(library, file) == DONE


def test_text_has_no_renditions_and_no_attempt_at_them(library: Library, caller: Caller) -> None:
    file = uploaded(library, caller, "a.txt", b"words")
    assert file.renditions == {}
    assert attempts(library, file) == DONE[:1]


def test_what_cannot_be_drawn_is_ready_all_the_same_and_is_not_tried_for_ever(
    library: Library, caller: Caller
) -> None:
    content = (MEDIA / "plain.png").read_bytes()
    file = uploaded(library, caller, "cut.png", content[: len(content) // 2])
    assert (file.status, file.renditions) == (Status.READY, {})
    assert (file.metadata or {})["renditions_problem"] == "damaged"
    [job, _] = library.history.attempts(file)
    assert (job.outcome, job.code) == (Outcome.DONE, "damaged")
    arrive(library, file)
    assert len(library.history.attempts(file)) == 2


def test_a_linked_file_has_the_renditions_at_once(library: Library, caller: Caller) -> None:
    first = uploaded(library, caller, "photo.jpg", PHOTO)
    linked = library.uploads.begin(caller, a_request("again.jpg", PHOTO, link_duplicate=True))
    assert isinstance(linked, Linked)
    assert linked.file.renditions == first.renditions
    assert check_illustrated(library, linked.file).metadata == first.metadata


def test_all_files_on_the_same_content_get_them(library: Library, caller: Caller) -> None:
    first = waiting(library, caller)
    others = [library.uploads.begin(caller, a_request(f"{number}.jpg", PHOTO)).file for number in range(20)]
    arrive(library, first)
    for file in (first, *others):
        check_illustrated(library, file)


def test_more_files_than_a_transaction_takes_all_get_them(library: Library, caller: Caller) -> None:
    first = uploaded(library, caller, "photo.jpg", PHOTO)
    blob = blob_of(library, first)
    files = [first]
    for number in range(RECORDED_AT_ONCE + 5):
        linked = library.uploads.begin(caller, a_request(f"{number}.jpg", PHOTO, link_duplicate=True)).file
        bare, writes = library.files.changed(linked, renditions={})
        library.tables.commit(writes)
        files.append(bare)
    assert blob.illustrations is not None
    library.intake.workshop.catch_up(blob_of(library, first), files)
    for file in files:
        check_illustrated(library, file)


def test_a_file_renamed_meanwhile_keeps_its_name_and_gets_its_renditions(
    library: Library, caller: Caller
) -> None:
    file = waiting(library, caller)

    class Renaming(type(library.intake.workshop.studio)):  # type: ignore[misc] # the owner renames just now
        def album(self, *arguments: Any) -> Any:
            library.files.change(caller, file.id, {"filename": "renamed.jpg"}, None)
            return super().album(*arguments)

    studio = Renaming(**vars(library.intake.workshop.studio))
    intake = replace(library.intake, workshop=replace(library.intake.workshop, studio=studio))
    intake.arrived(Arrival(file.owner_id, file.sha256, file.size))
    assert check_illustrated(library, file).filename == "renamed.jpg"


def test_parallel_events_make_one_set(library: Library, caller: Caller) -> None:
    file = waiting(library, caller)

    def handle() -> None:
        try:
            arrive(library, file)
        except (BlobBusy, Unavailable):
            return  # the queue would bring it again

    threads = [threading.Thread(target=handle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    arrive(library, file)
    check_illustrated(library, file)
    assert attempts(library, file) == DONE


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
@pytest.mark.parametrize("at", range(1, len(CALLS_OF_A_PHOTO) + 1))
def test_a_worker_that_dies_at_any_call(
    at: int,
    after: bool,  # noqa: FBT001 - a parameter of the test
    settings: Settings,
    library: Library,
    caller: Caller,
    clock: FakeClock,
) -> None:
    file = waiting(library, caller)
    with pytest.raises(WorkerDied):
        arrive(build(settings, MortalClients(at, after=after), clock), file)
    clock.advance(LEASE + timedelta(seconds=1))
    arrive(library, file)
    check_illustrated(library, file)
    history = attempts(library, file)
    assert [work for work, _, outcome in history if outcome is Outcome.DONE] == [
        Work.EXTRACTION,
        Work.RENDITIONS,
    ]
    assert all(outcome in {Outcome.DONE, Outcome.INTERRUPTED} for *_, outcome in history)
    assert ready_entries(library, caller) == 1


def ready_entries(library: Library, caller: Caller) -> int:
    items = boto3.client("dynamodb").query(
        TableName=library.settings.activity_table,
        KeyConditionExpression="pk = :user",
        ExpressionAttributeValues={":user": {"S": f"user#{caller.user_id}"}},
    )["Items"]
    return sum(item["action"]["S"] == "file.ready" for item in items)


def test_while_one_worker_draws_another_leaves_the_event_in_the_queue(
    library: Library, caller: Caller, settings: Settings, clock: FakeClock
) -> None:
    file = waiting(library, caller)
    with pytest.raises(WorkerDied):
        arrive(build(settings, MortalClients(6, after=True), clock), file)
    with pytest.raises(BlobBusy):
        arrive(library, file)


def test_freed_content_goes_with_everything_that_was_made_of_it(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    file = uploaded(library, caller, "photo.jpg", PHOTO)
    kept = uploaded(library, new_caller(), "photo.jpg", PHOTO)
    library.bucket.put(
        f"{renditions_prefix(file.owner_id, file.sha256)}left-over", b"x", content_type="image/jpeg"
    )
    library.files.erase(caller, file.id, None)
    clock.advance(timedelta(hours=25))
    library.blobs.collect()
    assert in_the_bucket(library, file) == set()
    assert len(in_the_bucket(library, kept)) == 2


def test_a_file_erased_while_its_renditions_are_made_leaves_nothing_behind(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    file = waiting(library, caller)

    class Erasing(type(library.intake.workshop.studio)):  # type: ignore[misc] # the owner erases just now
        def album(self, *arguments: Any) -> Any:
            library.files.erase(caller, file.id, None)
            return super().album(*arguments)

    studio = Erasing(**vars(library.intake.workshop.studio))
    intake = replace(library.intake, workshop=replace(library.intake.workshop, studio=studio))
    intake.arrived(Arrival(file.owner_id, file.sha256, file.size))
    clock.advance(timedelta(hours=25))
    library.blobs.collect()
    assert in_the_bucket(library, file) == set()
    assert library.blobs.find(file.owner_id, file.sha256) is None


def test_reprocessing_examines_and_draws_again_and_discards_what_was_before(
    library: Library, caller: Caller
) -> None:
    file = uploaded(library, caller, "photo.jpg", PHOTO)
    old = f"{renditions_prefix(file.owner_id, file.sha256)}thumbnail-v0.jpg"
    library.bucket.put(old, b"older", content_type="image/jpeg")
    library.intake.arrived(Arrival(file.owner_id, file.sha256, file.size, again=True))
    now = check_illustrated(library, file)
    assert now.renditions == file.renditions
    assert now.metadata == file.metadata
    assert attempts(library, file) == [*DONE, *DONE]


def test_a_picture_that_is_examined_again_keeps_what_was_made_of_it_all_the_while(
    library: Library, caller: Caller
) -> None:
    before = check_illustrated(library, uploaded(library, caller, "photo.jpg", PHOTO))
    smaller = library.bucket.read_range(before.renditions["preview"].key, 0, 8 << 20)
    twin = uploaded(library, caller, "small.jpg", smaller)
    seen: list[tuple[bool, set[str]]] = []

    class Watching(type(library.intake.workshop.studio)):  # type: ignore[misc] # looks on while it works
        def album(self, *arguments: Any) -> Any:
            alike = library.similar.to(caller, twin.id, most=10, limit=5)
            now = library.files.get(caller, before.id)
            seen.append((now.metadata == before.metadata, {one.seen.file.id for one in alike}))
            return super().album(*arguments)

    studio = Watching(**vars(library.intake.workshop.studio))
    intake = replace(library.intake, workshop=replace(library.intake.workshop, studio=studio))
    intake.arrived(Arrival(before.owner_id, before.sha256, before.size, again=True))
    assert seen == [(True, {before.id})]


def test_reprocessing_can_make_a_failed_file_ready(library: Library, caller: Caller) -> None:
    file = uploaded(library, caller, "photo.jpg", PHOTO)
    broken, writes = library.files.changed(file, status=Status.FAILED, renditions={}, metadata=None)
    library.tables.commit(writes)
    library.intake.arrived(Arrival(file.owner_id, file.sha256, file.size, again=True))
    assert check_illustrated(library, broken).metadata == file.metadata


def test_renditions_of_an_older_workshop_are_made_again_when_an_event_comes(
    library: Library, caller: Caller
) -> None:
    file = uploaded(library, caller, "photo.jpg", PHOTO)
    blob = blob_of(library, file)
    assert blob.illustrations is not None
    older = replace(blob.illustrations, version=WORKSHOP_VERSION - 1)
    library.tables.commit(library.blobs.illustrated(blob, older))
    arrive(library, file)
    check_illustrated(library, file)
    assert attempts(library, file) == [*DONE, DONE[1]]


def test_a_fault_of_the_world_is_told_in_the_history(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    file = waiting(library, caller)

    class Failing(type(library.intake.workshop.studio)):  # type: ignore[misc] # the store is away
        def album(self, *_: Any) -> Any:
            raise TimeoutError

    studio = Failing(**vars(library.intake.workshop.studio))
    intake = replace(library.intake, workshop=replace(library.intake.workshop, studio=studio))
    with pytest.raises(TimeoutError):
        intake.arrived(Arrival(file.owner_id, file.sha256, file.size))
    job: Job = library.history.attempts(file)[0]
    assert (job.work, job.outcome, job.code) == (Work.RENDITIONS, Outcome.FAILED, "TimeoutError")
    clock.advance(LEASE + timedelta(seconds=1))
    arrive(library, file)
    assert attempts(library, file)[2:] == [(Work.RENDITIONS, 2, Outcome.DONE)]
