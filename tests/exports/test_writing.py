"""Content comes out whole, once and in order, however its writing is cut, overtaken or forgotten."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.core.caller import Caller
from chalicelib.exports.models import Export, ExportNotFound, ExportState, Piece, Wanted
from chalicelib.exports.service import Exports
from chalicelib.exports.writing import CLAIMS, LIFE, PATIENCE
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, Messages
from tests.deaths import Death, Died, DyingClients

NUMBERS = Wanted("numbers", "", "numbers.txt", "text/plain", 23)
PIECES = 23
EXPECTED = b"".join(b"%05d\n" % number for number in range(PIECES))
STEPS = 22
"""More than any of a whole export's steps changes things."""


def numbers(export: Export) -> Iterator[Piece]:
    """Yield six bytes a piece."""
    for number in range(int(export.position or 0), PIECES):
        yield Piece(b"%05d\n" % number, 1, str(number + 1) if number + 1 < PIECES else None)


def nothing(export: Export) -> Iterator[Piece]:
    assert export
    yield Piece(b"", 0, None)


def broken(export: Export) -> Iterator[Piece]:
    raise OSError(export.id)


def exports_of(library: Library, **makers: Callable[[Export], Iterator[Piece]]) -> Exports:
    """Return the exports with parts of 20 bytes, and eight pieces a step."""
    writing = replace(library.exports.writing, makers={"numbers": numbers, **makers}, part_size=20, pieces=8)
    return replace(library.exports, writing=writing)


@pytest.fixture
def exports(library: Library) -> Exports:
    return exports_of(library)


def to_the_end(exports: Exports, export: Export) -> Export:
    for _ in range(50):
        found = exports.advance(export.owner_id, export.id)
        if found is not None and found.state is not ExportState.RUNNING:
            return found
    raise AssertionError(found)


def content(exports: Exports, export: Export) -> bytes:
    return exports.writing.bucket.read_range(export.key, 0, export.size - 1)


def leftovers(exports: Exports, export: Export) -> list[str]:
    """Return what lies in an export's folder, with open uploads."""
    writing = exports.writing
    open_uploads = writing.storage.list_open(export.folder, {}, limit=100).uploads
    return [*writing.bucket.keys(export.folder), *(f"open {one.key}" for one in open_uploads)]


def test_content_is_written_a_step_at_a_time(exports: Exports, caller: Caller) -> None:
    export = exports.begin(caller, NUMBERS)
    progress = []
    while export.state is ExportState.RUNNING:
        found = exports.advance(caller.user_id, export.id)
        assert found is not None
        export = found
        progress.append(export.files)
    assert progress == [8, 16, 23]
    assert content(exports, export) == EXPECTED
    assert leftovers(exports, export) == [export.key]
    assert exports.get(caller, export.id) == export
    assert exports.advance(caller.user_id, export.id) == export


def test_nothing_makes_an_empty_object(library: Library, caller: Caller) -> None:
    exports = exports_of(library, nothing=nothing)
    export = to_the_end(exports, exports.begin(caller, replace(NUMBERS, kind="nothing")))
    assert (export.size, exports.writing.bucket.size(export.key)) == (0, 0)


def dying(settings: Settings, clients: Clients, clock: FakeClock, death: Death) -> Exports:
    return exports_of(build(settings, DyingClients(clients, death), clock))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_may_die_at_any_call(
    settings: Settings, clients: Clients, clock: FakeClock, exports: Exports, caller: Caller, when: str
) -> None:
    survived = 0
    for at in range(1, STEPS):
        export = exports.begin(caller, NUMBERS)
        try:
            to_the_end(dying(settings, clients, clock, Death(at, when == "after")), export)
        except Died:
            export = to_the_end(exports, export)
        else:
            survived += 1
        found = exports.get(caller, export.id)
        assert found.state is ExportState.FINISHED
        assert content(exports, found) == EXPECTED, at
        exports.remove(caller, export.id)
        exports.advance(caller.user_id, export.id)
        assert leftovers(exports, export) == []
    assert not exports.writing.listed.found(caller.user_id)
    assert exports.writing.listed.counters.counts(caller.user_id) == {}
    assert survived, "a whole export changes more things than this test lets die"


def test_two_workers_at_once_harm_nothing(exports: Exports, caller: Caller) -> None:
    """Another worker takes the export further in the middle of each of this one's steps."""
    export = exports.begin(caller, NUMBERS)
    turns = iter(range(0, 40, 3))

    def overtaken(export: Export) -> Iterator[Piece]:
        for piece in numbers(export):
            yield piece
            if export.files == next(turns, None):
                exports.advance(caller.user_id, export.id)

    slow = replace(exports, writing=replace(exports.writing, makers={"numbers": overtaken}))
    for _ in range(20):
        slow.advance(caller.user_id, export.id)
    found = to_the_end(exports, export)
    assert content(exports, found) == EXPECTED
    assert leftovers(exports, found) == [found.key]


def test_a_part_that_a_late_worker_has_overwritten_is_noticed(exports: Exports, caller: Caller) -> None:
    begun = exports.begin(caller, NUMBERS)
    export = exports.advance(caller.user_id, begun.id)
    assert export is not None
    exports.writing.storage.put_part(export.key, str(export.multipart_id), 1, b"something else\n")
    found = to_the_end(exports, export)
    assert (found.beginnings, found.files) == (2, PIECES)
    assert content(exports, found) == EXPECTED
    assert leftovers(exports, found) == [found.key]


def test_what_storage_has_forgotten_is_written_anew(exports: Exports, caller: Caller) -> None:
    begun = exports.begin(caller, NUMBERS)
    exports.advance(caller.user_id, begun.id)
    exports.writing.clear(begun.folder)
    found = to_the_end(exports, begun)
    assert found.beginnings == 2
    assert content(exports, found) == EXPECTED


def test_an_export_that_cannot_be_made_fails_and_leaves_nothing(library: Library, caller: Caller) -> None:
    exports = exports_of(library, broken=broken)
    export = exports.begin(caller, replace(NUMBERS, kind="broken"))
    for _ in range(CLAIMS):
        with pytest.raises(OSError, match=export.id):
            exports.advance(caller.user_id, export.id)
    assert to_the_end(exports, export).state is ExportState.FAILED
    assert leftovers(exports, export) == []
    assert exports.link(exports.get(caller, export.id)) is None


def waiting(library: Library) -> str:
    """Take what waits in the queue of jobs."""
    return " ".join(record["body"] for record in Messages(library.settings.jobs_queue_url).take())


def test_an_export_whose_message_was_lost_is_sent_for_again(
    library: Library, exports: Exports, caller: Caller, clock: FakeClock
) -> None:
    export = exports.begin(caller, NUMBERS)
    waiting(library)
    exports.remind()
    assert export.id not in waiting(library)
    for _ in range(2):
        clock.advance(PATIENCE + timedelta(seconds=1))
        exports.remind()
        assert export.id in waiting(library)
    assert content(exports, to_the_end(exports, export)) == EXPECTED


def test_a_finished_export_expires_and_its_object_goes(
    library: Library, exports: Exports, caller: Caller, clock: FakeClock
) -> None:
    export = to_the_end(exports, exports.begin(caller, NUMBERS))
    clock.advance(LIFE - timedelta(minutes=10))
    link = exports.link(export)
    assert link is not None
    assert link.expires_at == export.expires_at
    assert exports.advance(caller.user_id, export.id) == export
    clock.advance(timedelta(minutes=11))
    assert exports.link(export) is None
    waiting(library)
    exports.remind()
    assert export.id in waiting(library)
    assert to_the_end(exports, export).state is ExportState.EXPIRED
    assert leftovers(exports, export) == []
    exports.remind()
    assert export.id not in waiting(library)


def test_a_removed_export_is_gone_at_once_and_its_objects_follow(
    library: Library, exports: Exports, caller: Caller, clock: FakeClock
) -> None:
    export = exports.begin(caller, NUMBERS)
    exports.advance(caller.user_id, export.id)
    assert leftovers(exports, export)
    waiting(library)
    exports.remove(caller, export.id)
    with pytest.raises(ExportNotFound):
        exports.get(caller, export.id)
    assert export.id in waiting(library)
    clock.advance(timedelta(seconds=1))
    exports.remind()
    assert export.id in waiting(library)  # should the first message have been lost
    assert exports.advance(caller.user_id, export.id) is None
    assert leftovers(exports, export) == []
    exports.remind()
    assert export.id not in waiting(library)


def test_a_worker_whose_export_is_removed_meanwhile_leaves_nothing(exports: Exports, caller: Caller) -> None:
    export = exports.begin(caller, NUMBERS)

    def removed(export: Export) -> Iterator[Piece]:
        exports.remove(caller, export.id)
        exports.advance(caller.user_id, export.id)
        yield Piece(b"too late", 1, "1")

    slow = replace(exports, writing=replace(exports.writing, makers={"numbers": removed}))
    assert slow.advance(caller.user_id, export.id) is None
    assert leftovers(exports, export) == []


def test_all_exports_of_an_owner_are_forgotten(exports: Exports, caller: Caller) -> None:
    done = to_the_end(exports, exports.begin(caller, NUMBERS))
    running = exports.begin(caller, NUMBERS)
    exports.advance(caller.user_id, running.id)
    exports.writing.forget(caller.user_id)
    assert exports.of_caller(caller, limit=10, cursor=None).items == []
    assert leftovers(exports, done) + leftovers(exports, running) == []
