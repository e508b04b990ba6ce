"""Bucket and tables are brought together again, whatever was left behind, and nothing that is wanted is touched."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.clients import Clients
from chalicelib.blobs.models import BlobState, object_key
from chalicelib.core.caller import Caller
from chalicelib.files.models import Status
from chalicelib.reconciliation.service import SETTLED_AGE, Reconciliation
from chalicelib.uploads.models import Begun, WantedPart
from chalicelib.wiring import Library
from tests.conftest import FakeClock, a_request
from tests.deaths import Died
from tests.libraries import arrive, put, stored, uploaded
from tests.uploads.test_multipart import announced, large, open_at_s3, sha256

pytestmark = pytest.mark.usefixtures("nothing_due")

CONTENT = b"nobody knows of this"


WALKS = ("objects", "parts", "contents")


def whole_round(reconciliation: Reconciliation, walks: tuple[str, ...] = WALKS) -> None:
    """Walk until every walk has come to its end."""
    for walk in walks:
        while True:
            reconciliation.step()
            if reconciliation.bookmarks.get(walk) is None:
                break


@pytest.fixture
def orphan(library: Library, caller: Caller) -> str:
    """Store bytes of which no table knows, and return their hash."""
    digest = sha256(CONTENT)
    library.bucket.put_new(object_key(caller.user_id, digest), CONTENT, sha256=digest)
    return digest


def test_an_object_without_a_blob_goes_after_the_grace_period(
    library: Library, caller: Caller, clock: FakeClock, orphan: str
) -> None:
    whole_round(library.reconciliation)
    blob = library.blobs.find(caller.user_id, orphan)
    assert blob is not None
    assert (blob.state, blob.refs) == (BlobState.FREED, 0)
    library.blobs.collect()
    assert library.bucket.size(blob.key) == len(CONTENT)
    clock.advance(library.blobs.grace)
    library.blobs.collect()
    assert library.bucket.size(blob.key) is None
    assert library.blobs.find(caller.user_id, orphan) is None


def test_content_that_is_uploaded_just_then_is_kept(
    library: Library, caller: Caller, clock: FakeClock, orphan: str
) -> None:
    whole_round(library.reconciliation)
    begun = library.uploads.begin(caller, a_request("a.txt", CONTENT))
    assert isinstance(begun, Begun)
    assert put(begun, CONTENT).status_code == 412
    arrive(library, begun.file)
    whole_round(library.reconciliation)
    clock.advance(2 * library.blobs.grace)
    library.blobs.collect()
    file = library.files.get(caller, begun.file.id)
    assert file.status is Status.READY
    assert stored(library, file) == CONTENT
    assert file.sha256 == orphan


def test_an_upload_that_began_between_look_and_write_keeps_its_blob(
    library: Library, caller: Caller, orphan: str
) -> None:
    library.uploads.begin(caller, a_request("a.txt", CONTENT))
    assert not library.blobs.adopt(caller.user_id, orphan, len(CONTENT))
    blob = library.blobs.find(caller.user_id, orphan)
    assert blob is not None
    assert blob.state is BlobState.EXPECTED


def test_parts_that_belong_to_no_open_upload_are_freed(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    clock.moment = datetime.now(UTC)
    wanted = library.uploads.begin(caller, announced(large()))
    assert isinstance(wanted, Begun)
    library.parts.sign(caller, wanted.upload.id, [WantedPart(1, "0" * 64)])
    [kept] = open_at_s3(library, caller)
    library.parts.storage.create(object_key(caller.user_id, wanted.file.sha256))
    library.parts.storage.create(object_key(caller.user_id, "0" * 64))
    whole_round(library.reconciliation)
    assert len(open_at_s3(library, caller)) == 3  # too young to judge
    clock.advance(SETTLED_AGE + timedelta(minutes=5))  # S3 tells the time by its own clock
    whole_round(library.reconciliation)
    assert open_at_s3(library, caller) == [kept]


def test_content_whose_object_is_gone_is_reported(
    library: Library, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    file = uploaded(library, caller, "a.txt", b"will be lost")
    library.bucket.delete(object_key(caller.user_id, file.sha256))
    whole_round(library.reconciliation)
    lost = [vars(record) for record in caplog.records if record.message == "content is missing"]
    assert file.sha256 in [record["sha256"] for record in lost]


def test_walks_go_on_where_they_were_and_start_again_at_the_end(library: Library, caller: Caller) -> None:
    for number in range(5):
        content = f"orphan {number}".encode()
        library.bucket.put_new(object_key(caller.user_id, sha256(content)), content, sha256=sha256(content))
    small = replace(library.reconciliation, page=2)
    before = small.bookmarks.put(
        "objects", {"key": object_key(caller.user_id, "")}
    )  # others' objects come before
    library.tables.commit([before])
    small.step()
    assert small.bookmarks.get("objects") is not None
    whole_round(small, ("objects",))
    assert small.bookmarks.get("objects") is None
    blobs = [library.blobs.find(caller.user_id, sha256(f"orphan {n}".encode())) for n in range(5)]
    assert all(blob is not None and blob.state is BlobState.FREED for blob in blobs)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_sweep_killed_while_it_removes_bytes_is_finished_by_the_next(
    library: Library, clients: Clients, caller: Caller, clock: FakeClock, *, after: bool
) -> None:
    file = uploaded(library, caller, "a.txt", b"to be removed")
    library.files.erase(caller, file.id, None)
    clock.advance(library.blobs.grace)

    class DyingBucket(Bucket):
        def delete(self, key: str) -> None:
            if after:
                super().delete(key)
            raise Died

    dying = replace(library.blobs, bucket=DyingBucket(lambda: clients.s3, library.settings.bucket_name))
    with pytest.raises(Died):
        dying.collect()
    library.blobs.collect()
    library.blobs.collect()
    assert library.blobs.find(caller.user_id, file.sha256) is None
    assert stored(library, file) is None


def test_a_file_that_takes_hold_while_the_sweep_comes_for_its_bytes_keeps_them(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    file = uploaded(library, caller, "a.txt", b"wanted again")
    library.files.erase(caller, file.id, None)
    clock.advance(library.blobs.grace)
    stale = library.blobs.find(caller.user_id, file.sha256)
    assert stale is not None
    library.uploads.begin(caller, a_request("b.txt", b"wanted again"))
    assert not library.blobs._remove(stale)
    assert stored(library, file) == b"wanted again"
