"""One key, one effect, one answer: repeated, in parallel, and across a crash."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.core.caller import Caller
from chalicelib.core.errors import Invalid
from chalicelib.core.ids import is_id, new_id
from chalicelib.idempotency.models import (
    AlreadyDone,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    RequestInProgress,
    StoredAnswer,
)
from chalicelib.idempotency.service import KEPT, LEASE, MAX_KEPT_BYTES
from chalicelib.uploads.models import Begun
from chalicelib.wiring import Library
from tests.conftest import FakeClock, a_request, new_caller
from tests.deaths import Died
from tests.libraries import arrive, send, uploaded

Act = Callable[[], tuple[StoredAnswer, bool]]


def answering(body: str = "made", *, kept: bool = True) -> Act:
    return lambda: (StoredAnswer(201, {"Location": "/there"}, body), kept)


def never() -> tuple[StoredAnswer, bool]:
    raise AssertionError("carried out again")


def test_a_key_is_answered_as_it_was_first(library: Library, caller: Caller) -> None:
    first = library.once.carry_out(caller.user_id, "k", b"request", answering())
    assert library.once.carry_out(caller.user_id, "k", b"request", never) == first
    other = library.once.carry_out(new_caller().user_id, "k", b"request", answering("other"))
    assert other.body == "other"


def test_a_key_stands_for_one_request(library: Library, caller: Caller) -> None:
    library.once.carry_out(caller.user_id, "k", b"request", answering())
    with pytest.raises(IdempotencyKeyReused):
        library.once.carry_out(caller.user_id, "k", b"another", never)


@pytest.mark.parametrize("key", ["", "with space", "ü", "x" * 256, "line\nbreak"])
def test_a_key_that_will_not_do_is_refused(library: Library, caller: Caller, key: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        library.once.carry_out(caller.user_id, key, b"request", never)


def test_a_refusal_leaves_the_key_free(library: Library, caller: Caller) -> None:
    def refuse() -> tuple[StoredAnswer, bool]:
        raise Invalid("no")

    with pytest.raises(Invalid):
        library.once.carry_out(caller.user_id, "k", b"request", refuse)
    assert library.once.carry_out(caller.user_id, "k", b"another", answering()).body == "made"


def test_a_key_is_forgotten_after_a_day(library: Library, caller: Caller, clock: FakeClock) -> None:
    library.once.carry_out(caller.user_id, "k", b"request", answering("old"))
    clock.advance(KEPT)
    assert library.once.carry_out(caller.user_id, "k", b"another", answering("new")).body == "new"
    assert library.once.carry_out(caller.user_id, "k", b"another", never).body == "new"


@pytest.mark.parametrize(
    "act", [answering(kept=False), answering("x" * (MAX_KEPT_BYTES + 1))], ids=["a secret", "too large"]
)
def test_what_is_not_kept_is_not_carried_out_again_either(library: Library, caller: Caller, act: Act) -> None:
    library.once.carry_out(caller.user_id, "k", b"request", act)
    with pytest.raises(AlreadyDone):
        library.once.carry_out(caller.user_id, "k", b"request", never)


def test_of_parallel_requests_one_is_carried_out(library: Library, caller: Caller) -> None:
    started, carry_on = threading.Event(), threading.Event()
    outcomes: list[str] = []

    def slowly() -> tuple[StoredAnswer, bool]:
        started.set()
        assert carry_on.wait(10)
        return answering()()

    first = threading.Thread(target=library.once.carry_out, args=(caller.user_id, "k", b"request", slowly))
    first.start()
    assert started.wait(10)
    for _ in range(3):
        with pytest.raises(RequestInProgress) as refusal:
            library.once.carry_out(caller.user_id, "k", b"request", never)
        outcomes.append(refusal.value.code)
    carry_on.set()
    first.join()
    assert library.once.carry_out(caller.user_id, "k", b"request", never).body == "made"
    assert len(outcomes) == 3


def begin(library: Library, caller: Caller, *, die: bool = False, **more: object) -> Begun | None:
    """Begin an upload under a key as the door does; die after it was begun, before the answer is kept."""
    begun: list[Begun] = []

    def act() -> tuple[StoredAnswer, bool]:
        outcome = library.uploads.begin(caller, a_request("a.txt", b"content", **more))
        if die:
            raise Died
        assert isinstance(outcome, Begun)
        begun.append(outcome)
        return StoredAnswer(201, {}, outcome.upload.id), True

    library.once.carry_out(caller.user_id, "k", b"begin", act)
    return begun[0] if begun else None


def test_an_upload_begun_by_a_process_that_died_is_found_and_not_begun_again(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    with pytest.raises(Died):
        begin(library, caller, die=True)
    [pending] = library.files.newest_first(caller, limit=10, cursor=None).items
    with pytest.raises(RequestInProgress):
        begin(library, caller)
    clock.advance(LEASE)
    again = begin(library, caller)
    assert again is not None
    assert again.file == pending
    send(again, b"content")
    arrive(library, again.file)
    assert len(library.files.newest_first(caller, limit=10, cursor=None).items) == 1
    assert begin(library, caller) is None  # answered from what was kept


def test_a_link_made_by_a_process_that_died_is_found_and_not_made_again(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    uploaded(library, caller, "first.txt", b"content")
    request = a_request("second.txt", b"content", link_duplicate=True)
    linked = []

    def die() -> tuple[StoredAnswer, bool]:
        linked.append(library.uploads.begin(caller, request))
        raise Died

    def again() -> tuple[StoredAnswer, bool]:
        linked.append(library.uploads.begin(caller, request))
        return answering()()

    with pytest.raises(Died):
        library.once.carry_out(caller.user_id, "k", b"link", die)
    clock.advance(LEASE)
    library.once.carry_out(caller.user_id, "k", b"link", again)
    assert linked[0].file.id == linked[1].file.id
    assert len(library.files.newest_first(caller, limit=10, cursor=None).items) == 2


def test_ids_of_a_request_carried_out_again_are_the_same_and_others_are_not(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    made: list[list[str]] = []

    def act() -> tuple[StoredAnswer, bool]:
        made.append([library.uploads.new_id() for _ in range(5)])
        raise Died

    for key in ("k", "k", "other"):
        with pytest.raises(Died):
            library.once.carry_out(caller.user_id, key, b"request", act)
        clock.advance(LEASE + timedelta(seconds=1))
    assert made[0] == made[1]
    assert len({*made[0], *made[2], library.uploads.new_id(), new_id()}) == 12
    assert all(is_id(id_) for id_ in made[0])
