from datetime import timedelta

import pytest

from chalicelib.audit.models import Entry, Wanted
from chalicelib.audit.service import Audit
from chalicelib.audit.store import LOOKED_AT
from chalicelib.aws.meter import metered
from chalicelib.core.caller import Origin
from chalicelib.core.clock import now
from chalicelib.core.ids import new_id
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.wiring import Library

ORIGIN = Origin("203.0.113.7", "pytest", "request-1")
ALL = Wanted()


@pytest.fixture
def audit(library: Library) -> Audit:
    return library.audit


@pytest.fixture
def owner() -> str:
    return new_id()


def record(library: Library, owner: str, *actions: str, target: str = "thing") -> None:
    for action in actions:
        entry = library.audit.entry(
            action, owner=owner, actor=owner, target=target, origin=ORIGIN, why="test"
        )
        library.tables.commit([entry])


def actions(page: Page[Entry]) -> list[str]:
    return [entry.action for entry in page.items]


def test_an_entry_tells_who_did_what_to_what_when_from_where(library: Library, owner: str) -> None:
    record(library, owner, "file.renamed", target="file-1")
    (entry,) = library.audit.of_library(owner, ALL, limit=10, cursor=None).items
    assert (entry.owner, entry.actor, entry.action, entry.target) == (owner, owner, "file.renamed", "file-1")
    assert (entry.address, entry.agent, entry.request_id) == ("203.0.113.7", "pytest", "request-1")
    assert (entry.at, entry.details) == (library.files.clock(), {"why": "test"})


def test_a_library_is_listed_newest_first_page_by_page(library: Library, audit: Audit, owner: str) -> None:
    record(library, owner, *(f"step.{number}" for number in range(7)))
    seen, cursor, calls = [], None, 0
    while True:
        with metered() as receipt:
            page = audit.of_library(owner, ALL, limit=3, cursor=cursor)
        calls += receipt.calls.count("dynamodb.Query")
        seen += actions(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"step.{number}" for number in range(6, -1, -1)]
    assert calls == 3


def test_a_list_is_filtered_by_action_and_time(library: Library, audit: Audit, owner: str) -> None:
    record(library, owner, "file.renamed", "file.trashed", "session.started")
    assert actions(audit.of_library(owner, Wanted("file."), limit=10, cursor=None)) == [
        "file.trashed",
        "file.renamed",
    ]
    assert actions(audit.of_library(owner, Wanted("file.renamed"), limit=10, cursor=None)) == ["file.renamed"]
    minute = timedelta(minutes=1)
    assert audit.of_library(owner, Wanted(since=now() + minute), limit=10, cursor=None).items == []
    assert audit.of_library(owner, Wanted(until=now() - minute), limit=10, cursor=None).items == []
    assert len(audit.of_library(owner, Wanted(since=now() - minute), limit=10, cursor=None).items) == 3


def test_a_rare_action_is_found_behind_many_others(library: Library, audit: Audit, owner: str) -> None:
    record(library, owner, "rare.one")
    for _ in range(3):
        library.tables.commit(
            [
                audit.entry("common", owner=owner, actor=owner, target="x", origin=ORIGIN)
                for _ in range(LOOKED_AT // 3)
            ]
        )
    page = audit.of_library(owner, Wanted("rare."), limit=1, cursor=None)
    assert actions(page) == ["rare.one"]


def test_a_thing_is_listed_with_what_happened_to_it(library: Library, audit: Audit, owner: str) -> None:
    target = new_id()
    record(library, owner, "file.renamed", "file.trashed", target=target)
    record(library, owner, "file.renamed", target=new_id())
    assert actions(audit.of_target(target, ALL, limit=10, cursor=None)) == ["file.trashed", "file.renamed"]


def test_everything_is_listed_across_libraries_without_gap_or_repetition(
    library: Library, audit: Audit
) -> None:
    mark = f"mark-{new_id()}."
    for number in range(23):
        record(library, new_id(), f"{mark}{number}")
    seen: list[str] = []
    cursor = None
    while True:
        page = audit.of_all(Wanted(mark), limit=5, cursor=cursor)
        seen += actions(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"{mark}{number}" for number in range(22, -1, -1)]


def test_a_cursor_is_good_for_its_own_list_only(library: Library, audit: Audit, owner: str) -> None:
    record(library, owner, "a", "b", "c")
    cursor = audit.of_library(owner, ALL, limit=1, cursor=None).next_cursor
    assert cursor
    with pytest.raises(CursorInvalid):
        audit.of_library(new_id(), ALL, limit=1, cursor=cursor)
    with pytest.raises(CursorInvalid):
        audit.of_library(owner, Wanted("file."), limit=1, cursor=cursor)
    with pytest.raises(CursorInvalid):
        audit.of_all(ALL, limit=1, cursor=cursor)
