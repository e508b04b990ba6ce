"""What is shared with one is filtered, ordered and paged as a plain model says, and as the owner's own list is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.aws.meter import metered
from chalicelib.aws.table import Rows
from chalicelib.catalogue.lists import Bounds
from chalicelib.catalogue.models import Criteria, Order, Sort
from chalicelib.core.caller import Caller
from chalicelib.core.ids import new_id
from chalicelib.files.models import File, Permission, Status, Visibility
from chalicelib.files.rules import entry_of
from chalicelib.sharing import received
from chalicelib.sharing.models import Grant, TooManyShared
from chalicelib.wiring import Library
from tests.catalogue.worlds import World, fits, key_in
from tests.conftest import FakeClock
from tests.sharing.test_grants import person


def a_file(library: Library, world: World, owner: str) -> File:
    """Put a random file into an owner's library, its bytes being of no matter here."""
    entry = world.new()
    now = library.files.clock()
    file = File(
        id=entry.file_id,
        owner_id=owner,
        filename=entry.filename,
        extension=entry.extension,
        type=entry.type,
        mime_type="application/octet-stream",
        size=entry.size,
        sha256="0" * 64,
        status=Status(entry.status),
        created_at=now,
        updated_at=now,
        caption=entry.caption,
        content_id=entry.content_id,
        category=entry.category,
        visibility=Visibility(entry.visibility),
        tags=entry.tags,
    )
    library.tables.commit(library.files.admit(file))
    return file


def share(library: Library, files: list[File], user_id: str) -> None:
    """Grant files as `Grants.give` does, many at once."""
    store = library.grants.store
    for at in range(0, len(files), 40):
        grants = [
            Grant(file.id, user_id, "x@example.org", Permission.VIEW, file.created_at)
            for file in files[at : at + 40]
        ]
        library.tables.commit([write for grant in grants for write in store.put(grant)])


def everything(
    library: Library, caller: Caller, criteria: Criteria, sort: Sort, owner: str | None, limit: int
) -> list[str]:
    """Read all pages."""
    found: list[str] = []
    cursor = None
    while True:
        page = library.received.find(caller, criteria, sort, owner_id=owner, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        found += [seen.file.id for seen in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("seed", range(4))
def test_filters_orders_and_pages_are_those_of_a_plain_model(library: Library, seed: int) -> None:
    ben, _ = person(library)
    owners = [person(library)[0].user_id for _ in range(2)]
    world = World(seed)
    files = [a_file(library, world, owners[n % 2]) for n in range(45)]
    granted = files[:35]
    share(library, granted, ben.user_id)
    changed = replace(granted[3], caption="beach 12", tags=("beach",), filename="zz bead.txt")
    library.files.edit(
        Caller(changed.owner_id, ben.role, ""),
        granted[3],
        {"caption": changed.caption, "tags": changed.tags, "filename": f"zz bead.{changed.extension}"},
    )
    now = [entry_of(file) for file in library.files.get_many([file.id for file in granted])]
    for _ in range(25):
        criteria, sort = world.question()
        owner = world.random.choice([None, None, *owners])
        fitting = [one for one in now if fits(criteria, one) and owner in {None, one.owner_id}]
        expected = sorted(fitting, key=lambda one: key_in(sort, one), reverse=sort.descending)
        found = everything(library, ben, criteria, sort, owner, world.random.choice((1, 5, 20)))
        assert found == [one.file_id for one in expected], (criteria, sort, owner)


def test_a_rare_filter_ends_its_page_short_and_its_cost_is_bounded(library: Library) -> None:
    ben, _ = person(library)
    ana = person(library)[0].user_id
    gone = [
        Grant(new_id(), ben.user_id, "x@example.org", Permission.VIEW, library.files.clock())
        for _ in range(5)
    ]
    world = World(7)
    files = [a_file(library, world, ana) for _ in range(3)]
    share(library, files, ben.user_id)
    library.tables.commit([write for grant in gone for write in library.grants.store.put(grant)])
    library.received.find(ben, limit=20)  # takes those whose files are gone off the list
    with metered() as receipt:
        page = library.received.find(ben, limit=20)
    assert len(page.items) == 3
    assert len(receipt.calls) == 2
    with metered() as receipt:
        library.received.find(ben, Criteria(type="video"), Sort(Order.NAME), limit=20)
    assert len(receipt.calls) == 2


class Shelf:
    """Many grants and files, for which nothing has to be written."""

    def __init__(self, file: File, number: int) -> None:
        self.files = {one: replace(file, id=one) for one in sorted(new_id() for _ in range(number))}
        self.reads = 0

    def of_user(self, _: str, *, limit: int, after: str | None, created: Bounds, newest_first: bool) -> Rows:
        self.reads += 1
        assert newest_first
        ids = [one for one in reversed(self.files) if (after is None or one < after) and one in created]
        rows = [{"sk": one, "permission": "view"} for one in ids[:limit]]
        return Rows(rows, {"sk": ids[limit - 1]} if len(ids) > limit else None, len(rows))

    def get_many(self, file_ids: list[str]) -> list[File]:
        self.reads += 1
        return [self.files[one] for one in file_ids]


def test_a_page_by_time_looks_at_a_thousand_grants_at_most(library: Library) -> None:
    ben, _ = person(library)
    shelf = Shelf(a_file(library, World(11), person(library)[0].user_id), 1100)
    view = replace(library.received, store=shelf, files=shelf)  # type: ignore[arg-type] # what it reads of both
    sound = Criteria(type="audio")
    page = view.find(ben, sound, limit=20)
    assert (page.items, shelf.reads) == ([], 2 * received.ROUNDS)
    rest = view.find(ben, sound, limit=20, cursor=page.next_cursor)
    assert (rest.items, rest.next_cursor) == ([], None)


def test_too_many_for_another_order_are_refused_with_the_way_out(library: Library, clock: FakeClock) -> None:
    ben, _ = person(library)
    store, view = library.grants.store, Permission.VIEW
    listed = [
        store.put(Grant(new_id(), ben.user_id, "", view, clock()))[1] for _ in range(received.MOST_SORTED + 1)
    ]
    for at in range(0, len(listed), 99):
        library.tables.commit(listed[at : at + 99])
    nothing = Criteria(created_after=clock() + timedelta(days=1))
    for order in (Order.NAME, Order.SIZE):
        with pytest.raises(TooManyShared):
            library.received.find(ben, sort=Sort(order), limit=20)
        assert library.received.find(ben, nothing, Sort(order), limit=20).items == []
