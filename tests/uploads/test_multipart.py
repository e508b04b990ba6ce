"""Uploads in parts against S3 as the embedded AWS has it: signed parts, S3's own list, composite checksums."""

import hashlib
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from chalicelib.aws.meter import metered
from chalicelib.blobs.models import HashDisputed, object_key
from chalicelib.core.caller import Caller
from chalicelib.files.models import FileNotFound, Status
from chalicelib.uploads.beginning import MULTIPART_LIFE, PATIENCE
from chalicelib.uploads.models import (
    Begun,
    Duplicate,
    Linked,
    NoSuchPart,
    NotMultipart,
    PartsDiffer,
    PartsMissing,
    Request,
    SignedPart,
    UploadClosed,
    UploadNotFound,
    UploadState,
    WantedPart,
)
from chalicelib.uploads.rules import MIN_PART, part_sizes
from chalicelib.wiring import Library
from tests.conftest import FakeClock, Messages, a_request, new_caller
from tests.libraries import arrive, stored

pytestmark = pytest.mark.usefixtures("nothing_due")

SIZE = 2 * MIN_PART + 5


def large(letter: bytes = b"a", size: int = SIZE) -> bytes:
    return letter * size


def split(content: bytes) -> list[bytes]:
    sizes = part_sizes(len(content))
    return [content[sum(sizes[:n]) : sum(sizes[: n + 1])] for n in range(len(sizes))]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def composite(content: bytes) -> str:
    return sha256(b"".join(hashlib.sha256(part).digest() for part in split(content)))


def announced(content: bytes, name: str = "a.txt", *, proof: bool = True, link: bool = False) -> Request:
    request = a_request(name, content, link_duplicate=link)
    return replace(request, composite=composite(content)) if proof else request


def begin(library: Library, caller: Caller, request: Request) -> Begun:
    outcome = library.uploads.begin(caller, request)
    assert isinstance(outcome, Begun)
    assert outcome.put is None
    return outcome


def send_parts(library: Library, caller: Caller, begun: Begun, content: bytes, *numbers: int) -> None:
    """Send some parts of a content, or all."""
    parts = split(content)
    wanted = [WantedPart(n, sha256(parts[n - 1])) for n in numbers or range(1, len(parts) + 1)]
    for signed in library.parts.sign(caller, begun.upload.id, wanted):
        assert put_part(signed, parts[signed.number - 1]).status_code == 200


def put_part(signed: SignedPart, content: bytes) -> requests.Response:
    return requests.put(signed.put.url, data=content, headers=signed.put.headers, timeout=30)


def brought_in(library: Library, caller: Caller, request: Request, content: bytes) -> Begun:
    begun = begin(library, caller, request)
    send_parts(library, caller, begun, content)
    library.parts.complete(caller, begun.upload.id)
    return begun


def open_at_s3(library: Library, caller: Caller) -> list[str]:
    page = library.parts.storage.list_open(f"originals/{caller.user_id}/", {}, limit=100)
    return [one.id for one in page.uploads]


def test_a_large_file_comes_in_parts_and_is_whole(
    library: Library, caller: Caller, messages: Messages
) -> None:
    content = large()
    begun = begin(library, caller, announced(content))
    assert begun.upload.part_size == MIN_PART
    send_parts(library, caller, begun, content)
    arrived = library.parts.progress(caller, begun.upload.id).parts
    assert [(part.number, part.size) for part in arrived] == [(1, MIN_PART), (2, MIN_PART), (3, 5)]
    library.parts.complete(caller, begun.upload.id)
    assert len(messages.take()) == 1  # S3's own event
    [file] = arrive(library, begun.file)
    assert library.uploads.get(caller, begun.upload.id).state is UploadState.COMPLETED
    assert stored(library, file) == content
    blob = library.blobs.find(caller.user_id, file.sha256)
    assert blob is not None
    assert blob.composite == composite(content)


def test_beginning_costs_two_calls_and_signing_one(library: Library, caller: Caller) -> None:
    content = large()
    with metered() as receipt:
        begun = begin(library, caller, announced(content))
    assert receipt.calls == ["dynamodb.BatchGetItem", "dynamodb.TransactWriteItems"]
    send_parts(library, caller, begun, content, 1)
    with metered() as receipt:
        library.parts.sign(caller, begun.upload.id, [WantedPart(2, "0" * 64), WantedPart(3, "0" * 64)])
    assert receipt.calls == ["dynamodb.GetItem"]


def test_s3_refuses_other_bytes_than_a_part_was_signed_for(library: Library, caller: Caller) -> None:
    content = large()
    begun = begin(library, caller, announced(content))
    [signed] = library.parts.sign(caller, begun.upload.id, [WantedPart(3, sha256(b"aaaaa"))])
    assert put_part(signed, b"aaaab").status_code == 400
    assert put_part(signed, b"aaaaaa").status_code == 403
    assert library.parts.progress(caller, begun.upload.id).parts == []


def test_completing_too_early_names_what_is_missing(library: Library, caller: Caller) -> None:
    content = large()
    begun = begin(library, caller, announced(content))
    with pytest.raises(PartsMissing):
        library.parts.complete(caller, begun.upload.id)
    send_parts(library, caller, begun, content, 1, 3)
    with pytest.raises(PartsMissing) as refusal:
        library.parts.complete(caller, begun.upload.id)
    assert refusal.value.evidence["missing"] == ["2"]


def test_parts_that_do_not_add_up_to_what_was_announced_are_refused(library: Library, caller: Caller) -> None:
    begun = begin(library, caller, announced(large()))
    send_parts(library, caller, begun, large(b"b"))
    with pytest.raises(PartsDiffer):
        library.parts.complete(caller, begun.upload.id)


def test_completing_again_changes_nothing(library: Library, caller: Caller, messages: Messages) -> None:
    content = large()
    begun = brought_in(library, caller, announced(content, proof=False), content)
    library.parts.complete(caller, begun.upload.id)  # S3 has forgotten its upload; the object is there
    assert messages.take()
    arrive(library, begun.file)
    settled = library.files.get(caller, begun.file.id)
    assert library.parts.complete(caller, begun.upload.id) == settled


def test_known_content_moves_no_byte(library: Library, caller: Caller) -> None:
    content = large()
    first = brought_in(library, caller, announced(content), content)
    arrive(library, first.file)
    with pytest.raises(Duplicate) as refusal:
        library.uploads.begin(caller, announced(content, "b.txt"))
    assert refusal.value.evidence["existing_file_id"] == first.file.id
    with metered() as receipt:
        outcome = library.uploads.begin(caller, announced(content, "b.txt", link=True))
    assert isinstance(outcome, Linked)
    assert receipt.calls == ["dynamodb.BatchGetItem", "dynamodb.TransactWriteItems"]


def test_a_claimed_hash_alone_links_nothing(library: Library, caller: Caller) -> None:
    honest, false = large(b"h"), large(b"f")
    liar = replace(announced(false, proof=False), sha256=sha256(honest))
    lie = brought_in(library, caller, liar, false)
    arrive(library, lie.file)
    upload = begin(library, caller, announced(honest, "b.txt", proof=False, link=True))
    send_parts(library, caller, upload, honest)
    with pytest.raises(HashDisputed):
        library.parts.complete(caller, upload.upload.id)
    with pytest.raises(FileNotFound):
        library.files.get(caller, upload.file.id)
    with pytest.raises(HashDisputed):
        library.uploads.begin(caller, announced(honest, "c.txt", link=True))
    assert open_at_s3(library, caller) == []


def test_sending_known_content_again_without_its_proof_ends_on_the_same_bytes(
    library: Library, caller: Caller
) -> None:
    content = large()
    first = brought_in(library, caller, announced(content), content)
    arrive(library, first.file)
    again = brought_in(library, caller, announced(content, "b.txt", proof=False, link=True), content)
    arrive(library, again.file)
    assert library.files.get(caller, again.file.id).status is library.files.get(caller, first.file.id).status
    assert open_at_s3(library, caller) == []


def test_of_two_uploads_of_one_content_the_first_finishes_both(library: Library, caller: Caller) -> None:
    content = large()
    one = begin(library, caller, announced(content, "one.txt"))
    other = begin(library, caller, announced(content, "other.txt"))
    send_parts(library, caller, other, content, 1)
    send_parts(library, caller, one, content)
    library.parts.complete(caller, one.upload.id)
    assert {file.id for file in arrive(library, one.file)} == {one.file.id, other.file.id}
    library.parts.complete(caller, other.upload.id)
    assert open_at_s3(library, caller) == []


def test_an_event_finishes_no_upload_that_claims_the_hash_for_other_bytes(
    library: Library, caller: Caller
) -> None:
    honest, false = large(b"h"), large(b"f")
    lie = begin(library, caller, replace(announced(false, proof=False), sha256=sha256(honest)))
    truth = begin(library, caller, announced(honest, "b.txt", proof=False))
    send_parts(library, caller, lie, false)
    library.parts.complete(caller, lie.upload.id)
    assert [file.id for file in arrive(library, lie.file)] == [lie.file.id]
    assert library.files.get(caller, truth.file.id).status is Status.PENDING


def test_an_upload_given_up_frees_its_parts(library: Library, caller: Caller) -> None:
    content = large()
    begun = begin(library, caller, announced(content))
    send_parts(library, caller, begun, content, 1)
    assert len(open_at_s3(library, caller)) == 1
    library.uploads.abort(caller, begun.upload.id)
    assert open_at_s3(library, caller) == []
    with pytest.raises(UploadClosed):
        library.parts.sign(caller, begun.upload.id, [WantedPart(2, "0" * 64)])
    with pytest.raises(UploadClosed):
        library.parts.complete(caller, begun.upload.id)
    assert library.parts.progress(caller, begun.upload.id).parts == []


def test_the_sweep_ends_an_upload_in_parts_after_a_week(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    content = large()
    begun = begin(library, caller, announced(content, proof=False))
    send_parts(library, caller, begun, content, 1)
    clock.advance(MULTIPART_LIFE - timedelta(seconds=1))
    library.uploads.expire()
    assert library.uploads.get(caller, begun.upload.id).state is UploadState.OPEN
    clock.advance(PATIENCE + timedelta(seconds=1))
    library.uploads.expire()
    assert library.uploads.get(caller, begun.upload.id).state is UploadState.EXPIRED
    assert open_at_s3(library, caller) == []


def test_the_sweep_heals_the_lost_event_of_an_upload_in_parts(
    library: Library, caller: Caller, clock: FakeClock, messages: Messages
) -> None:
    content = large()
    begun = brought_in(library, caller, announced(content, proof=False), content)
    messages.take()
    clock.advance(MULTIPART_LIFE + PATIENCE)
    library.uploads.expire()
    assert [record for record in messages.take() if caller.user_id in record["body"]]
    assert library.uploads.get(caller, begun.upload.id).state is UploadState.OPEN


def test_parallel_requests_for_parts_share_one_upload_of_s3(library: Library, caller: Caller) -> None:
    content = large()
    begun = begin(library, caller, announced(content))
    threads = [
        threading.Thread(target=send_parts, args=(library, caller, begun, content, number))
        for number in (1, 2, 3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(open_at_s3(library, caller)) == 1
    assert len(library.parts.progress(caller, begun.upload.id).parts) == 3


def test_a_file_erased_while_its_parts_come_in_cannot_be_completed(library: Library, caller: Caller) -> None:
    content = large()
    begun = begin(library, caller, announced(content))
    send_parts(library, caller, begun, content)
    library.files.erase(caller, begun.file.id, None)
    with pytest.raises(UploadClosed):
        library.parts.complete(caller, begun.upload.id)
    assert library.bucket.size(object_key(caller.user_id, begun.file.sha256)) is None


def test_what_an_upload_has_not_is_refused(library: Library, caller: Caller) -> None:
    begun = begin(library, caller, announced(large()))
    with pytest.raises(NoSuchPart):
        library.parts.sign(caller, begun.upload.id, [WantedPart(4, "0" * 64)])
    small = library.uploads.begin(caller, a_request())
    assert isinstance(small, Begun)
    with pytest.raises(NotMultipart):
        library.parts.sign(caller, small.upload.id, [WantedPart(1, "0" * 64)])
    with pytest.raises(NotMultipart):
        library.parts.complete(caller, small.upload.id)
    with pytest.raises(UploadNotFound):
        library.parts.complete(new_caller(), begun.upload.id)
    with pytest.raises(UploadNotFound):
        library.parts.progress(new_caller(), begun.upload.id)


def test_one_hash_has_one_size(library: Library, caller: Caller) -> None:
    begin(library, caller, announced(large()))
    with pytest.raises(HashDisputed):
        library.uploads.begin(caller, replace(announced(large()), size=SIZE + 1))
