from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from chalicelib.core.caller import Caller
from chalicelib.core.errors import Unavailable
from chalicelib.core.ids import new_id
from chalicelib.core.job import Job
from chalicelib.files.models import File
from chalicelib.sharing.models import Terms
from chalicelib.usage.tally import EVERY, MOST_FILES, Tally, Use, counts_in, message
from chalicelib.wiring import Library
from tests.conftest import FakeClock, new_caller
from tests.libraries import uploaded
from tests.sharing.test_grants import person


class Outbox:
    """A queue that keeps what was sent, or is away."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        self.away = False

    def send(self, body: str) -> None:
        if self.away:
            raise Unavailable("The queue is away.")
        self.sent.append(Job.from_text(body).about)


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def tally(outbox: Outbox, clock: FakeClock) -> Tally:
    return Tally(outbox, clock, new_id)  # type: ignore[arg-type] # what it asks of a queue


def total(outbox: Outbox) -> Counter[str]:
    return sum((counts for about in outbox.sent for counts in counts_in(about).values()), Counter())


def test_the_first_use_is_passed_on_at_once_and_a_burst_is_one_message_more(
    tally: Tally, outbox: Outbox, clock: FakeClock
) -> None:
    for _ in range(100):
        tally.note("a", Use.DOWNLOAD)
    assert (len(outbox.sent), total(outbox)) == (1, {"downloads": 1})
    clock.advance(EVERY)
    tally.note("b", Use.VIEW)
    assert (len(outbox.sent), total(outbox)) == (2, {"downloads": 100, "views": 1})


def test_many_files_are_passed_on_before_their_time_in_messages_that_fit_a_transaction(
    tally: Tally, outbox: Outbox
) -> None:
    for number in range(200):
        tally.note(str(number), Use.VIEW)
    assert all(len(counts_in(about)) <= MOST_FILES for about in outbox.sent)
    assert total(outbox)["views"] > 200 - MOST_FILES


def test_a_queue_that_is_away_keeps_nobody_from_a_file_and_loses_no_count(
    tally: Tally, outbox: Outbox, clock: FakeClock
) -> None:
    outbox.away = True
    for _ in range(3):
        tally.note("a", Use.VIEW)
        clock.advance(EVERY)
    outbox.away = False
    tally.note("a", Use.VIEW)
    assert total(outbox) == {"views": 4}


def test_parallel_uses_are_all_counted(tally: Tally, outbox: Outbox, clock: FakeClock) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: tally.note(str(number % 30), Use.VIEW), range(400)))
    clock.advance(EVERY)
    for _ in range(3):
        tally.note("x", Use.VIEW)
        clock.advance(EVERY)
    assert total(outbox) == {"views": 403}


def settle(library: Library, file: File, views: int, downloads: int, batch: str | None = None) -> None:
    counts = {file.id: Counter(views=views, downloads=downloads)}
    library.popularity.settle(message(batch or new_id(), counts).about)


def most(library: Library, caller: Caller) -> list[tuple[str, int, int]]:
    page = library.popularity.most(caller, limit=100, cursor=None)
    return [(one.file.filename, one.uses.views, one.uses.downloads) for one in page.items]


def test_the_most_used_come_first_and_a_batch_that_comes_twice_counts_once(
    library: Library, caller: Caller
) -> None:
    a, b = (uploaded(library, caller, f"{name}.txt", name.encode()) for name in "ab")
    uploaded(library, caller, "never.txt", b"never")
    for _ in range(2):
        settle(library, a, 1, 1, batch=f"one-{a.id}")
    settle(library, b, 0, 9)
    assert most(library, caller) == [("b.txt", 0, 9), ("a.txt", 1, 1)]
    settle(library, a, 10, 0)
    assert most(library, caller) == [("a.txt", 11, 1), ("b.txt", 0, 9)]
    uses = library.popularity.of_file(caller, a.id)
    assert (uses.views, uses.downloads, uses.used) == (11, 1, True)


def test_parallel_batches_lose_no_count_and_leave_one_place_each(library: Library, caller: Caller) -> None:
    file = uploaded(library, caller, "a.txt", b"words")

    def brought_until_it_is_done(batch: str) -> None:  # as the queue brings a message that failed again
        while True:
            with suppress(Unavailable):
                return settle(library, file, 1, 2, batch)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(brought_until_it_is_done, [new_id() for _ in range(6)]))
    assert most(library, caller) == [("a.txt", 6, 12)]


def test_what_is_thrown_away_is_not_shown_and_what_is_erased_leaves_the_rankings(
    library: Library, caller: Caller
) -> None:
    a, b = (uploaded(library, caller, f"{name}.txt", name.encode()) for name in "ab")
    for file in (a, b):
        settle(library, file, 1_000_000, 0)
    library.files.throw_away(caller, a.id, None)
    assert most(library, caller) == [("b.txt", 1_000_000, 0)]
    library.files.erase(caller, b.id, None)
    settle(library, b, 1, 1)
    assert most(library, caller) == []
    assert library.popularity.store.get_many([b.id]) == {}
    library.popularity.forget(caller.user_id)
    assert library.popularity.store.get_many([a.id]) == {}
    found = library.popularity.most(new_caller(), of_all=True, limit=100, cursor=None).items
    assert not {a.id, b.id} & {one.file.id for one in found}


def test_admins_see_everybodys_most_used_in_pages(library: Library, caller: Caller) -> None:
    other = new_caller()
    files = [uploaded(library, one, "a.txt", b"words") for one in (caller, other)]
    for number, file in enumerate(files):
        settle(library, file, 0, 900_000_000 + number)
    admin = new_caller()
    first = library.popularity.most(admin, of_all=True, limit=1, cursor=None)
    rest = library.popularity.most(admin, of_all=True, limit=1, cursor=first.next_cursor)
    assert [one.file.id for one in first.items + rest.items] == [file.id for file in files[::-1]]
    for one in (caller, other):
        library.popularity.forget(one.user_id)


def test_downloads_views_and_opened_links_are_counted(library: Library) -> None:
    caller, _ = person(library)
    file = uploaded(library, caller, "a.txt", b"words")
    seen: list[tuple[str, Use]] = []

    class Noted:
        def note(self, file_id: str, use: Use) -> None:
            seen.append((file_id, use))

    object.__setattr__(library.files, "tally", Noted())  # the library is this test's own
    token = library.links.create(caller, file.id, Terms()).token
    library.files.download(caller, file.id, inline=False)
    library.files.download(caller, file.id, inline=True)
    library.visits.open(token, None, caller.origin)
    library.visits.download(token, None, caller.origin, inline=False)
    assert seen == [(file.id, use) for use in (Use.DOWNLOAD, Use.VIEW, Use.VIEW, Use.DOWNLOAD)]
