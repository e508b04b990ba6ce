"""Nobody ever holds more than their quota, and room comes back the moment that content is let go."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.core.caller import Caller
from chalicelib.quotas.models import QuotaExceeded, Standing
from chalicelib.settings import Settings
from chalicelib.uploads.beginning import ADDRESS_LIFE, PATIENCE
from chalicelib.uploads.models import Begun, Linked
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, a_request, new_caller
from tests.libraries import arrive, send, uploaded

pytestmark = pytest.mark.usefixtures("nothing_due")

LIMIT = 100


@pytest.fixture
def library(settings: Settings, clients: Clients, clock: FakeClock) -> Library:
    """Return a library where everyone may hold a hundred bytes."""
    return build(replace(settings, quota_bytes=LIMIT), clients, clock)


def begin(library: Library, caller: Caller, size: int, letter: bytes = b"a", **more: object) -> Begun:
    outcome = library.uploads.begin(caller, a_request(f"{letter.decode()}.txt", letter * size, **more))
    assert isinstance(outcome, Begun)
    return outcome


def used(library: Library, caller: Caller) -> int:
    return library.blobs.quotas.standing(caller.user_id).used


def test_bytes_count_from_the_begin_of_their_upload(library: Library, caller: Caller) -> None:
    assert library.blobs.quotas.standing(caller.user_id) == Standing(0, LIMIT)
    begun = begin(library, caller, 60)
    assert used(library, caller) == 60
    send(begun, b"a" * 60)
    arrive(library, begun.file)
    assert used(library, caller) == 60
    with pytest.raises(QuotaExceeded) as refusal:
        begin(library, caller, 41, b"b")
    assert refusal.value.evidence == {"limit": LIMIT, "used": 60, "size": 41}
    begin(library, caller, 40, b"b")
    assert used(library, caller) == LIMIT
    begin(library, new_caller(), LIMIT)


def test_a_file_larger_than_the_quota_is_refused_at_once(library: Library, caller: Caller) -> None:
    with pytest.raises(QuotaExceeded):
        begin(library, caller, LIMIT + 1)
    assert library.files.newest_first(caller, limit=10, cursor=None).items == []


def test_the_same_content_counts_once(library: Library, caller: Caller) -> None:
    uploaded(library, caller, "a.txt", b"a" * 80)
    linked = library.uploads.begin(caller, a_request("b.txt", b"a" * 80, link_duplicate=True))
    assert isinstance(linked, Linked)
    assert used(library, caller) == 80
    library.files.erase(caller, linked.file.id, None)
    assert used(library, caller) == 80


def test_what_is_given_up_expired_rejected_or_erased_makes_room(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    library.uploads.abort(caller, begin(library, caller, 70).upload.id)
    assert used(library, caller) == 0
    begin(library, caller, 71, b"b")
    clock.advance(ADDRESS_LIFE + PATIENCE)
    library.uploads.expire()
    assert used(library, caller) == 0
    uploaded(library, caller, "c.png", b"not a picture, but words".ljust(72, b"."))
    assert used(library, caller) == 0
    file = uploaded(library, caller, "d.txt", b"d" * 73)
    assert used(library, caller) == 73
    library.files.erase(caller, file.id, None)
    assert used(library, caller) == 0


def test_content_that_is_wanted_again_before_its_bytes_went_is_charged_again(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    first = uploaded(library, caller, "a.txt", b"a" * 80)
    library.files.erase(caller, first.id, None)
    outcome = library.uploads.begin(caller, a_request("b.txt", b"a" * 80))
    assert isinstance(outcome, Linked)
    assert used(library, caller) == 80
    library.files.erase(caller, outcome.file.id, None)
    begin(library, caller, LIMIT, b"b")
    with pytest.raises(QuotaExceeded):
        library.uploads.begin(caller, a_request("c.txt", b"a" * 80))
    clock.advance(timedelta(days=2))
    library.blobs.collect()
    assert used(library, caller) == LIMIT


def test_parallel_uploads_never_exceed_it(library: Library, caller: Caller) -> None:
    outcomes: list[str] = []

    def one(number: int) -> None:
        try:
            begin(library, caller, 7, bytes([97 + number]))
            outcomes.append("begun")
        except QuotaExceeded:
            outcomes.append("refused")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("begun"), outcomes.count("refused")) == (14, 10)
    assert used(library, caller) == 98


def test_another_limit_counts_from_its_first_moment(library: Library, caller: Caller) -> None:
    begin(library, caller, 90)
    roomier = replace(library.blobs, quotas=replace(library.blobs.quotas, limit=lambda: 1000))
    library.tables.commit(roomier.quotas.charge(caller.user_id, 910))
    assert used(library, caller) == 1000
