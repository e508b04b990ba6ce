import zlib
from collections import Counter
from datetime import timedelta

import pytest

from chalicelib.aws.table import Update
from chalicelib.catalogue.counters import counted
from chalicelib.catalogue.folding import LIBRARY, SHARDS, SWEPT, Change, tag_item
from chalicelib.catalogue.folding import counts_of as counts_of_owner
from chalicelib.catalogue.rules import tag_key
from chalicelib.core.caller import Caller, Role
from chalicelib.core.clock import now
from tests.catalogue.worlds import World
from tests.memory_tables import MemoryTables

OTHER = "0190c5a7-5b5e-7a3c-9d0e-4f2b8c6d1e3b"


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
            counters.folding.sweep(now())
        assert counters.counts(world.owner) == counts_of(world)
        tags, _ = counters.tags(world.owner, "", limit=100, after=None)
        assert {tag_key(tag.name): tag.files for tag in tags} == tags_of(world)
        top = counters.top_tags(world.owner, 3)
        assert [tag.files for tag in top] == sorted(tags_of(world).values(), reverse=True)[:3]
    assert isinstance(world.tables, MemoryTables)
    assert not [key for key in world.tables.items if key[0] == changes_of(world.owner)]


def changes_of(owner_id: str) -> str:
    return f"change#{zlib.crc32(owner_id.encode()) % SHARDS}"


@pytest.mark.parametrize("seed", range(10))
def test_the_librarys_counts_are_the_sum_of_all_owners_whoever_added_them_up(seed: int) -> None:
    one = World(seed)
    other = World(seed + 100, tables=one.tables, owner=OTHER)
    counters, recount = one.catalogue.counters, one.catalogue.recount()
    for _ in range(4):
        for world in (one, other):
            for _ in range(world.random.choice((1, 40, 120))):
                world.step()
            if world.random.random() < 0.5:
                world.catalogue.counters.counts(world.owner)
        moment = now()
        counters.folding.sweep(moment)
        counts, as_of = counters.whole_library()
        summed = Counter(counts_of(one)) + Counter(counts_of(other))
        assert counts == {name: n for name, n in summed.items() if not name.startswith("category:")}
        assert as_of is not None
        assert abs(as_of - moment) < timedelta(milliseconds=1)
        assert counters.in_categories(["c1", "c2"]) == {
            name: (summed[f"category:{name}"], summed[f"category:{name}:bytes"])
            for name in ("c1", "c2")
            if f"category:{name}" in summed
        }
        assert recount.library_differences([one.owner, other.owner]) == []
    for world in (one, other):
        for entry in list(world.files.values()):
            world.change(entry, None)
        world.catalogue.forget(world.owner)
    assert counters.whole_library()[0] == {}
    assert isinstance(one.tables, MemoryTables)
    kept = {key for key in one.tables.items if not key[0].startswith("user#")}
    assert kept == {("library#counts", "counts"), ("library#counts", "sweep")}


def test_a_whole_library_that_is_not_the_sum_of_its_owners_is_put_right() -> None:
    world = World(7)
    for _ in range(60):
        world.step()
    recount = world.catalogue.recount()
    lost = Change(Counter({"files": 2, "category:c1": 1}), {"beach": {"name": "Beach", "files": -1}})
    world.catalogue.counters.folding.adjust(LIBRARY, lost)
    differences = recount.library_differences([world.owner])
    assert {one.of: one.found - one.kept for one in differences} == {
        "files": -2,
        "category:c1": -1,
        "tag:beach": 1,
    }
    recount.repair(LIBRARY, differences)
    assert recount.library_differences([world.owner]) == []


def test_a_sweep_that_could_not_add_up_everything_does_not_say_so(library_of_two: World) -> None:
    counters = library_of_two.catalogue.counters
    for _ in range(SWEPT):
        library_of_two.tables.commit([counters.folding.change(library_of_two.owner, {"files": 0})])
    counters.folding.sweep(now())
    assert counters.whole_library()[1] is None
    counters.folding.sweep(now())
    assert counters.whole_library()[1] is not None


def test_the_sweep_counts_what_is_there_and_then_nothing(library_of_two: World) -> None:
    counters = library_of_two.catalogue.counters
    assert counters.folding.sweep(now()) == 2
    assert counters.folding.sweep(now()) == 0
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
    assert recount.differences(world.owner, {}) == []
    world.tables.commit(
        [
            Update(world.table, counts_of_owner(world.owner), add={"files": 3, "type:image:bytes": -1}),
            Update(world.table, tag_item(world.owner, "beach"), {"name": "beach"}, add={"files": 2}),
        ]
    )
    differences = recount.differences(world.owner, {})
    assert {one.of: one.found - one.kept for one in differences} == {
        "files": -3,
        "type:image:bytes": 1,
        "tag:beach": -2,
    }
    recount.repair(world.owner, differences)
    assert recount.differences(world.owner, {}) == []


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
    kept = {key for key in world.tables.items if not key[0].startswith("user#")}
    assert {pk for pk, _ in kept} == {"change#library"}  # what the library's counts still have to be told
