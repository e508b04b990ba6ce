"""Pictures that look alike: what reading a few rows finds is what comparing with every picture finds."""

import random
from dataclasses import replace

import pytest

from chalicelib.catalogue.looks import AROUND, BANDS, distance
from chalicelib.catalogue.models import Entry
from chalicelib.catalogue.rules import MAX_ROWS, postings
from tests.catalogue.worlds import OWNER, World, id_at
from tests.memory_tables import MemoryTables


def entry(number: int, look: str) -> Entry:
    return Entry(OWNER, id_at(number, number), f"{number}.jpg", 10, "image", "jpg", "ready", look=look)


def hexadecimal(bits: int) -> str:
    return f"{bits:016x}"


def flipped(look: str, bits: int, numbers: random.Random) -> str:
    changed = sum(1 << place for place in numbers.sample(range(64), bits))
    return hexadecimal(int(look, 16) ^ changed)


def pictures(world: World, count: int) -> list[Entry]:
    """Return pictures, half of them near another one, and put them into the library."""
    looks: list[str] = []
    for _ in range(count):
        new = hexadecimal(world.random.getrandbits(64))
        if looks and world.random.random() < 0.5:
            new = flipped(world.random.choice(looks), world.random.randrange(13), world.random)
        looks.append(new)
    made = [entry(number, look) for number, look in enumerate(looks)]
    for one in made:
        world.change(None, one)
    return made


def near(world: World, look: str, most: int) -> dict[str, int]:
    files = [file for file in world.files.values() if file.look and not file.trashed]
    far = {file.file_id: distance(look, file.look) for file in files}
    return {file_id: bits for file_id, bits in far.items() if bits <= most}


@pytest.mark.parametrize("seed", range(4))
def test_every_picture_within_seven_bits_is_found_and_none_beyond(seed: int) -> None:
    world = World(seed)
    made = pictures(world, 400)
    for one in world.random.sample(made, 15):
        assert world.catalogue.alike(OWNER, one.look, 7) == near(world, one.look, 7)
        found, all_near = world.catalogue.alike(OWNER, one.look, 16), near(world, one.look, 16)
        assert found.items() <= all_near.items()


def test_nearly_all_are_found_up_to_twelve_bits() -> None:
    world = World(3)
    made = pictures(world, 800)
    found = expected = 0
    for one in world.random.sample(made, 40):
        found += len(world.catalogue.alike(OWNER, one.look, 12))
        expected += len(near(world, one.look, 12))
    assert expected > 100
    assert found >= 0.98 * expected


def test_what_is_thrown_away_changed_or_gone_is_found_no_more() -> None:
    world = World(5)
    made = pictures(world, 60)
    for one in made[:45]:
        kind = world.random.randrange(4)
        after = {
            0: replace(one, trashed=True),
            1: replace(one, look=flipped(one.look, 5, world.random)),
            2: None,
            3: replace(one, filename="renamed.jpg", tags=("sea",)),
        }
        world.change(one, after[kind])
    for one in list(world.files.values())[::3]:
        world.change(one, replace(one, trashed=not one.trashed))
    for one in made:
        assert world.catalogue.alike(OWNER, one.look, 7) == near(world, one.look, 7)
    for file in list(world.files.values()):
        world.change(file, None)
    assert isinstance(world.tables, MemoryTables)
    assert {key for key in world.tables.items if "#look#" in key[0]} == set()


@pytest.mark.parametrize("size", [100, 2_000])
def test_the_cost_does_not_grow_with_the_library(size: int) -> None:
    world = World(1)
    made = pictures(world, size)
    tables = world.tables
    assert isinstance(tables, MemoryTables)
    tables.calls, tables.units, tables.looked_at = 0, 0.0, 0
    world.catalogue.alike(OWNER, made[size // 2].look, 16)
    assert tables.calls == 2 * BANDS
    assert tables.looked_at <= 2 * BANDS * AROUND
    assert tables.units <= 2 * BANDS * 5


def test_a_rename_writes_no_row_of_looks() -> None:
    before = entry(1, "0123456789abcdef")
    renamed = postings(replace(before, filename="b.jpg", tags=("sea",))) ^ postings(before)
    assert not any("#look#" in posting.list_key for posting in renamed)


def test_words_of_a_text_give_way_to_looks() -> None:
    words = " ".join(f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(200))
    full = replace(entry(1, "0123456789abcdef"), text=words, caption=words, tags=tuple(words.split()[:20]))
    assert len(postings(full)) <= MAX_ROWS
