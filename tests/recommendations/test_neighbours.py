"""What is recommended in small libraries is what comparing a file with every other finds."""

import math
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from chalicelib.catalogue.lists import Lists
from chalicelib.catalogue.models import Entry
from chalicelib.catalogue.rules import ALL, Facet, facets, tag_key
from chalicelib.core.ids import moment_of
from chalicelib.recommendations.neighbours import AROUND, MAX_TAGS, lists_of, neighbours, rarity_in
from chalicelib.recommendations.rules import Candidate, Reasons, ranked
from tests.catalogue.worlds import EPOCH, OWNER, World, id_at

DAY = 86_400_000


def candidate(entry: Entry) -> Candidate:
    return Candidate(entry.file_id, frozenset(facets(entry)))


def recommended(world: World, about: Entry) -> list[tuple[str, Reasons]]:
    lists: Lists = world.catalogue.store.of(world.owner)
    rarity = rarity_in(lists, facets(about))
    found = neighbours(lists, candidate(about), lists_of(candidate(about), rarity.counts))
    return [(one.file_id, why) for one, why in ranked(candidate(about), found, rarity)]


@dataclass(frozen=True)
class Model:
    """Every file of a library, compared one by one."""

    files: list[Entry]

    def count(self, facet: Facet) -> int:
        return sum(facet in facets(file) for file in self.files)

    def points(self, facet: Facet) -> float:
        return math.log2(1 + len(self.files) / self.count(facet))

    def score(self, one: Entry, other: Entry) -> float:
        """Compare two files; of the tags, any of the rarest three must be in common for the others to count."""
        tags = [("tag", tag) for tag in sorted({*map(tag_key, one.tags)} & {*map(tag_key, other.tags)})]
        score = round(sum(map(self.points, tags)), 3)
        if one.category and one.category == other.category:
            score += round(self.points(("category", one.category)) / 2, 3)
        days = abs(moment_of(one.file_id) - moment_of(other.file_id)) / timedelta(days=1)
        score += round(2 / (1 + days), 3) if days <= 7 else 0
        return round(score, 3)

    def recommended(self, about: Entry) -> list[tuple[float, str]]:
        others = [file for file in self.files if file.file_id != about.file_id]
        scored = [(self.score(about, file), file.file_id) for file in others]
        return sorted(((score, file_id) for score, file_id in scored if score), reverse=True)


@pytest.mark.parametrize("seed", range(25))
def test_nothing_that_goes_with_a_file_is_missed(seed: int) -> None:
    world = World(seed)
    while len(world.files) < AROUND - 1 and world.clock < 200 * DAY:
        world.clock += world.random.choice((0, 60_000, DAY, 9 * DAY))
        world.step()
    world.catalogue.counters.folding.fold(OWNER)
    model = Model([file for file in world.files.values() if not file.trashed])
    for about in model.files:
        found = recommended(world, about)
        assert [(why.score, file_id) for file_id, why in found] == model.recommended(about)
        assert all(set(why.tags) <= {*map(tag_key, about.tags)} for _, why in found)


def entry(number: int, *tags: str, days: int = 0) -> Entry:
    file_id = id_at(days * DAY + number, number)
    return Entry(OWNER, file_id, f"{number}.jpg", 1, "image", "jpg", "ready", tags=tags)


def test_a_rare_tag_in_common_says_more_than_one_that_is_everywhere() -> None:
    world = World(0)
    about = entry(0, "sea", "lighthouse")
    others = [entry(number, "sea", days=30) for number in range(1, 20)]
    rare = entry(99, "lighthouse", days=60)
    for one in (about, *others, rare):
        world.change(None, one)
    world.catalogue.counters.folding.fold(OWNER)
    (best, why), *rest = recommended(world, about)
    assert (best, why.tags, why.seconds) == (rare.file_id, ("lighthouse",), None)
    assert {file_id for file_id, _ in rest} == {one.file_id for one in others}


def test_what_is_read_does_not_grow_with_the_library() -> None:
    """Of a tag on very many files the nearest are read, before and after."""
    world = World(0)
    files = [entry(number, "sea") for number in range(3 * AROUND)]
    for one in files:
        world.change(None, one)
    found = recommended(world, files[AROUND + 5])
    assert {file_id for file_id, _ in found} == {
        one.file_id for one in files[5 : 2 * AROUND + 6] if one != files[AROUND + 5]
    }
    assert moment_of(files[0].file_id) == EPOCH


def test_files_without_anything_to_see_are_not_recommended() -> None:
    world = World(0)
    about = entry(0, "sea")
    for one in (
        about,
        replace(entry(1, "sea"), status="rejected"),
        replace(entry(2, "sea"), status="pending"),
    ):
        world.change(None, one)
    assert recommended(world, about) == []


def test_only_the_rarest_tags_are_read_and_those_on_no_other_file_last() -> None:
    tags = [("tag", name) for name in "abcde"]
    counts = dict(zip(tags, (1, 500, 3, 2, 9), strict=True)) | {ALL: 1000}
    about = Candidate(id_at(0, 0), frozenset([*tags, ("category", "c1")]))
    assert lists_of(about, counts) == [tags[3], tags[2], tags[4], ("category", "c1"), ALL]
    theirs = replace(about, own=False)
    assert lists_of(theirs, counts) == [tags[0], tags[3], tags[2], ALL]
    assert len(lists_of(about, counts)) == MAX_TAGS + 2
