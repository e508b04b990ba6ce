from collections import Counter

import pytest

from chalicelib.catalogue.counters import counted
from chalicelib.catalogue.rules import tag_key
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
        world.change(None, world._new())
    return world
