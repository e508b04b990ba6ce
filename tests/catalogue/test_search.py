"""Every question, in every order, page by page, also amid changes, answered as a plain model answers it."""

import os
import random
from collections.abc import Sequence

import pytest

from chalicelib.catalogue.lists import Question
from chalicelib.catalogue.models import Criteria, Sort
from chalicelib.catalogue.plans import Plan
from chalicelib.catalogue.rules import postings
from chalicelib.catalogue.search import Search
from chalicelib.catalogue.service import question_of
from chalicelib.catalogue.spending import Limits
from chalicelib.catalogue.store import OwnersLists
from chalicelib.core.ids import new_id
from chalicelib.wiring import Library
from tests.catalogue.worlds import World, fits, key_in
from tests.memory_tables import MemoryTables

ROUNDS = int(os.environ.get("SEARCH_ROUNDS", "60"))
SEED = int(os.environ.get("SEARCH_SEED", "0"))
QUESTIONS = 12


class WrongHints(OwnersLists):
    """An owner's lists whose counts are made up."""

    numbers = random.Random(7)

    def counts(self, facets: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        return {facet: self.numbers.choice((0, 1, 10, 1000, 10**6)) for facet in facets}


def page(world: World, question: Question, after: str | None) -> tuple[list[str], str | None, int | None]:
    """Read a page under random circumstances: of 1 to 20, small pages of DynamoDB, small limits, any plan."""
    numbers = world.random
    if isinstance(world.tables, MemoryTables):
        world.tables.page_bytes = numbers.choice((300, 900, 5000, 1 << 20))
    limits = Limits(
        numbers.choice((1, 3, 24)), 4000, numbers.choice((1, 3, 400)), numbers.choice((0, 2, 400))
    )
    any_plan = numbers.random() < 0.7

    def choose(found: Sequence[Plan]) -> Plan:
        return numbers.choice(found) if any_plan else found[0]

    limit = numbers.choice((1, 2, 5, 20))
    lists = WrongHints(world.tables, world.table, world.owner)
    found = Search(
        lists, question, limit=limit, newest=world.newest, after=after, limits=limits, choose=choose
    ).run()
    assert len(found.matches) <= limit
    assert found.last is None or found.last != after
    return [match.row.file_id for match in found.matches], found.last, found.total


def walk(world: World, criteria: Criteria, sort: Sort) -> None:
    """Read all pages of a library that holds still."""
    question = question_of(criteria, sort)
    fitting = [entry for entry in world.files.values() if fits(criteria, entry)]
    expected = sorted(fitting, key=lambda entry: key_in(sort, entry), reverse=sort.descending)
    found: list[str] = []
    after = None
    while True:
        ids, after, total = page(world, question, after)
        assert total in {None, len(expected)}
        found += ids
        if after is None:
            break
    assert found == [entry.file_id for entry in expected], (criteria, sort)


def walk_amid_changes(world: World, criteria: Criteria, sort: Sort) -> None:
    """Read all pages while files come, go and change: what fits throughout comes once, what never fits never."""
    question = question_of(criteria, sort)
    throughout = {i: key_in(sort, one) for i, one in world.files.items() if fits(criteria, one)}
    ever = set(throughout)
    found: list[tuple[str, str]] = []
    after = None
    while True:
        ids, after, _ = page(world, question, after)
        found += [(key_in(sort, world.files[file_id]), file_id) for file_id in ids]
        if after is None:
            break
        for _ in range(world.random.choice((0, 1, 4))):
            world.step()
            fitting = {i: key_in(sort, one) for i, one in world.files.items() if fits(criteria, one)}
            throughout = {i: key for i, key in throughout.items() if fitting.get(i) == key}
            ever |= set(fitting)
    ids = [file_id for _, file_id in found]
    assert found == sorted(found, reverse=sort.descending)
    assert len(set(found)) == len(found), "a file came twice"
    assert set(throughout) <= set(ids), "a file is missing"
    assert set(ids) <= ever, "a file that does not fit"


@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
def test_every_question_is_answered_as_a_plain_model_answers_it(seed: int) -> None:
    world = World(seed)
    for _ in range(world.random.choice((0, 5, 40, 150))):
        world.step()
    for _ in range(QUESTIONS):
        walk(world, *world.question())
        walk_amid_changes(world, *world.question())
    rows = {(one.list_key, one.key) for entry in world.files.values() for one in postings(entry)}
    assert isinstance(world.tables, MemoryTables)
    assert {key for key in world.tables.items if not key[0].startswith("change#")} == rows


@pytest.mark.parametrize("seed", range(3))
def test_the_embedded_aws_answers_as_the_double_does(seed: int, library: Library) -> None:
    world = World(seed, library.tables, library.settings.tags_table, new_id())
    for _ in range(40):
        world.step()
    for _ in range(QUESTIONS):
        walk(world, *world.question())
    for _ in range(QUESTIONS // 4):
        walk_amid_changes(world, *world.question())
