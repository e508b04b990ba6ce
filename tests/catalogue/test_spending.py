"""A list that is read from both its ends comes whole, in half the rounds."""

import math

import pytest

from chalicelib.catalogue.lists import Read, dictionary
from chalicelib.catalogue.models import Order
from chalicelib.catalogue.spending import A_PAGE, Limits, Spending
from tests.catalogue.worlds import World
from tests.memory_tables import MemoryTables

MANY = 10 * A_PAGE


@pytest.fixture(scope="module")
def world() -> World:
    world = World(11)
    for _ in range(150):
        world.change(None, world.new())
    return world


@pytest.mark.parametrize("page_bytes", [200, 1000, 3000, 9000, 1 << 20])
@pytest.mark.parametrize("expected", [0, MANY])
@pytest.mark.parametrize("sniffed", [0, 1, 7])
def test_all_rows_come_whatever_was_expected_and_wherever_the_ends_meet(
    world: World, page_bytes: int, expected: int, sniffed: int
) -> None:
    assert isinstance(world.tables, MemoryTables)
    world.tables.page_bytes = 1 << 20
    lists, read = world.catalogue.store.of(world.owner), Read(dictionary("bea"), Order.NAME, False)
    rows = {row.key for row in lists.read([read])[0].rows}
    assert len(rows) > 20
    world.tables.page_bytes = page_bytes
    known = lists.read([Read(dictionary("bea"), Order.NAME, False, limit=sniffed)])[0] if sniffed else None
    spending = Spending(lists, Limits())
    rounds = list(spending.from_both_ends(read, expected, known))
    assert {row.key for pages, _ in rounds for page in pages for row in page.rows} == rows
    assert [last for _, last in rounds] == [False] * (len(rounds) - 1) + [True]

    assert len(rounds) - bool(known) <= math.ceil(spending.calls / 2) + 1


def test_a_word_without_rows_is_read_once(world: World) -> None:
    lists = world.catalogue.store.of(world.owner)
    spending = Spending(lists, Limits())
    rounds = list(spending.from_both_ends(Read(dictionary("zzz"), Order.NAME, False), 0))
    assert [(len(pages), last) for pages, last in rounds] == [(1, True)]
