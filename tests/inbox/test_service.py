"""Parcels come in once and whole, whoever dies on the way; what does not come gives its place back."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests

from chalicelib.aws.clients import Clients
from chalicelib.core.caller import Caller, Origin
from chalicelib.inbox.models import (
    Asked,
    Expected,
    NewRequest,
    Offer,
    ParcelState,
    RequestFull,
    RequestNotFound,
)
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, Messages
from tests.deaths import Death, Died, DyingClients
from tests.libraries import arrive, uploaded
from tests.sharing.test_grants import person

WORDS = b"words that someone sends"
ORIGIN = Origin("203.0.113.9")
STEPS = 14


def asked(**terms: object) -> Asked:
    terms = {"max_files": 5, "max_bytes": 1000, "types": ("document",), "tags": ("sent",)} | terms
    return Asked("Papers", None, 86_400, **terms)  # type: ignore[arg-type] # a test's own words


def offer(content: bytes = WORDS) -> Offer:
    return Offer("a.txt", len(content), hashlib.sha256(content).hexdigest(), "Eva")


def sent(library: Library, made: NewRequest, content: bytes = WORDS) -> Expected:
    expected = library.senders.offer(made.token, offer(content), ORIGIN)
    assert requests.put(expected.put.url, data=content, headers=expected.put.headers, timeout=10).ok
    return expected


def received(library: Library, expected: Expected) -> ParcelState | None:
    return library.inbox.receive(expected.parcel.token_hash, expected.parcel.id)


@pytest.fixture
def owner(library: Library) -> Caller:
    return person(library)[0]


@pytest.fixture
def made(library: Library, owner: Caller) -> NewRequest:
    return library.inbox.create(owner, asked())


def test_a_parcel_becomes_a_file_once_however_often_it_is_sent_for(
    library: Library, owner: Caller, made: NewRequest
) -> None:
    expected = sent(library, made)
    for _ in range(2):
        assert received(library, expected) is ParcelState.RECEIVED
    [file] = library.files.find(owner, limit=10).items
    assert (file.filename, file.tags, file.custom) == ("a.txt", ("sent",), {"sender": "Eva"})
    arrive(library, file)
    assert library.files.get(owner, file.id).metadata
    assert library.bucket.size(expected.parcel.key) is None


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_may_die_at_any_call(
    settings: Settings, clients: Clients, clock: FakeClock, library: Library, when: str
) -> None:
    survived = False
    for at in range(1, STEPS):
        owner = person(library)[0]
        expected = sent(library, library.inbox.create(owner, asked()))
        mortal = DyingClients(clients, Death(at, when == "after"))
        try:
            received(build(settings, mortal, clock), expected)
        except Died:
            received(library, expected)
        else:
            survived = True
        [file] = library.files.find(owner, limit=10).items
        arrive(library, file)
        assert library.files.get(owner, file.id).metadata, at
        assert library.blobs.quotas.standing(owner.user_id).used == len(WORDS)
    assert survived


def test_content_that_the_library_has_is_linked_and_not_charged(
    library: Library, owner: Caller, made: NewRequest
) -> None:
    before = uploaded(library, owner, "mine.txt", WORDS)
    assert received(library, sent(library, made)) is ParcelState.RECEIVED
    names = {file.filename for file in library.files.find(owner, limit=10).items}
    assert names == {"mine.txt", "a.txt"}
    assert library.blobs.quotas.standing(owner.user_id).used == before.size


def test_parallel_senders_get_no_more_places_than_there_are(library: Library, owner: Caller) -> None:
    made = library.inbox.create(owner, asked(max_files=2))

    def attempt(_: int) -> bool:
        try:
            library.senders.offer(made.token, offer(), ORIGIN)
        except (RequestFull, RequestNotFound):
            return False
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(attempt, range(5))) == 2
    request = library.senders.open(made.token)
    assert (request.files, request.bytes) == (2, 2 * len(WORDS))


def test_what_does_not_come_in_time_gives_its_place_back(
    library: Library, owner: Caller, clock: FakeClock, outputs: dict[str, str]
) -> None:
    made = library.inbox.create(owner, asked(max_files=1))
    missed = library.senders.offer(made.token, offer(), ORIGIN)
    assert received(library, missed) is ParcelState.OPEN
    clock.advance(timedelta(hours=2))
    queue = Messages(outputs["JobsQueueUrl"])
    queue.take()
    library.inbox.remind()
    assert missed.parcel.id in str(queue.take())
    for _ in range(2):
        assert received(library, missed) is ParcelState.MISSED
    assert library.senders.open(made.token).files == 0
    clock.advance(timedelta(hours=2))
    library.inbox.remind()
    assert missed.parcel.id not in str(queue.take())
    assert not [due for due in library.inbox.agenda.due(clock()) if missed.parcel.id in due.reference]
    assert received(library, sent(library, made)) is ParcelState.RECEIVED


def test_what_came_without_a_word_comes_in_all_the_same(
    library: Library, owner: Caller, made: NewRequest, clock: FakeClock
) -> None:
    expected = sent(library, made)
    clock.advance(timedelta(hours=2))
    assert received(library, expected) is ParcelState.RECEIVED
    assert len(library.files.find(owner, limit=10).items) == 1


@pytest.mark.parametrize("ending", ["end", "forget", "full"])
def test_what_cannot_come_in_is_removed(
    library: Library, owner: Caller, made: NewRequest, ending: str
) -> None:
    expected = sent(library, made)
    if ending == "end":
        library.inbox.end(owner, made.request.id, None)
    elif ending == "forget":
        library.inbox.forget(owner.user_id)
    else:
        charge = library.blobs.quotas.charge(owner.user_id, library.settings.quota_bytes)
        library.tables.commit(charge)
    assert received(library, expected) in {ParcelState.REFUSED, None}
    assert library.files.find(owner, limit=10).items == []
    assert library.bucket.size(expected.parcel.key) is None
