from collections import Counter

import pytest

from chalicelib.aws.table import Update
from chalicelib.catalogue.counters import counted, tag_item
from chalicelib.catalogue.counters import counts_of as counts_of_owner
from chalicelib.catalogue.rules import tag_key
from chalicelib.core.caller import Caller, Role
from tests.catalogue.worlds import World
from tests.memory_tables import MemoryTables


def counts_of(world: World) -> dict[str, int]:
    total: Counter[str] = Counter()
    for entry in world.files.values():
        total.update(counted(entry))
    return {name: number for name, number in total.items() if number}


def tags_of(world: World) -> dict[str, int]:
    files = [entry for entry in world.files.values() if not entry.trashed]
    return dict(Counter(tag_key(tag) for entry in files for tag in entry.tags))


@pytest.mark.parametrize("seed", range(20))
def test_counts_are_what_counting_would_find(seed: int) -> None:
    world = World(seed)
    counters = world.catalogue.counters
    for _ in range(5):
        for _ in range(world.random.choice((1, 30, 150))):
            world.step()
        if world.random.random() < 0.5:
            counters.sweep()
        assert counters.counts(world.owner) == counts_of(world)
        tags, _ = counters.tags(world.owner, "", limit=100, after=None)
        assert {tag_key(tag.name): tag.files for tag in tags} == tags_of(world)
    assert isinstance(world.tables, MemoryTables)
    assert not [key for key in world.tables.items if key[0].startswith("change#")]


def test_the_sweep_counts_what_is_there_and_then_nothing(library_of_two: World) -> None:
    counters = library_of_two.catalogue.counters
    assert counters.sweep() == 2
    assert counters.sweep() == 0
    assert counters.counts(library_of_two.owner) == counts_of(library_of_two)


@pytest.fixture
def library_of_two() -> World:
    world = World(1)
    while len(world.files) < 2:
        world.change(None, world.new())
    return world


@pytest.mark.parametrize("seed", range(10))
def test_counting_anew_finds_what_is_kept_and_puts_right_what_is_not(seed: int) -> None:
    world = World(seed)
    for _ in range(100):
        world.step()
    recount = world.catalogue.recount()
    assert recount.differences(world.owner) == []
    world.tables.commit(
        [
            Update(world.table, counts_of_owner(world.owner), add={"files": 3, "type:image:bytes": -1}),
            Update(world.table, tag_item(world.owner, "beach"), {"name": "beach"}, add={"files": 2}),
        ]
    )
    differences = recount.differences(world.owner)
    assert {one.of: one.found - one.kept for one in differences} == {
        "files": -3,
        "type:image:bytes": 1,
        "tag:beach": -2,
    }
    recount.repair(world.owner, differences)
    assert recount.differences(world.owner) == []


def test_nothing_is_left_of_an_owner_whose_files_are_gone() -> None:
    world = World(3)
    for _ in range(60):
        world.step()
    ana = Caller(world.owner, Role.OPERATOR, "")
    world.catalogue.categories.add(ana, "Holidays")
    for entry in list(world.files.values()):
        world.change(entry, None)
    world.catalogue.forget(world.owner)
    assert isinstance(world.tables, MemoryTables)
    assert not [key for key in world.tables.items if not key[0].startswith("user#")]
