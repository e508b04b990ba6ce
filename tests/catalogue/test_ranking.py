"""Best first: every match once, the best of each window before the others, also amid changes."""

import pytest

from chalicelib.catalogue.lists import Question
from chalicelib.catalogue.models import Criteria, Sort
from chalicelib.catalogue.ranking import Asked, Hit, ranked
from chalicelib.catalogue.rules import words_of
from chalicelib.catalogue.search import Found, Search
from chalicelib.catalogue.service import question_of
from chalicelib.catalogue.text import asked_words, matches
from chalicelib.core.paging import Position
from tests.catalogue.worlds import World, fits

FIELDS = {"n": "filename", "g": "tags", "c": "caption", "u": "custom", "t": "title", "x": "text"}


def asking(world: World) -> tuple[Criteria, Asked]:
    while True:
        criteria, _ = world.question()
        question = question_of(criteria, Sort())
        if question.words:
            return criteria, Asked(question, criteria.words, window=world.random.choice((1, 3, 10, 400)))


def page(world: World, asked: Asked, position: Position | None) -> tuple[list[Hit], Position | None]:
    lists = world.catalogue.store.of(world.owner)

    def find(question: Question, number: int, after: str | None) -> Found:
        return Search(lists, question, limit=number, newest=world.newest, after=after).run()

    return ranked(asked, find, limit=world.random.choice((1, 4, 20)), position=position)


@pytest.mark.parametrize("seed", range(40))
def test_every_match_comes_once_and_the_best_of_each_window_first(seed: int) -> None:
    world = World(seed)
    for _ in range(world.random.choice((5, 60, 150))):
        world.step()
    for _ in range(8):
        criteria, asked = asking(world)
        newest = sorted((i for i, one in world.files.items() if fits(criteria, one)), reverse=True)
        hits: list[Hit] = []
        position = None
        while True:
            found, position = page(world, asked, position)
            hits += found
            if position is None:
                break
        windows = [newest[at : at + asked.window] for at in range(0, len(newest), asked.window)]
        for window in windows:
            of_window, hits = hits[: len(window)], hits[len(window) :]
            assert sorted(hit.file_id for hit in of_window) == sorted(window)
            assert of_window == sorted(of_window, key=lambda hit: hit.rank, reverse=True)
            for hit in of_window:
                words = words_of(world.files[hit.file_id])
                letters = {
                    letter
                    for asked_word in asked_words(criteria.words)
                    for word in words
                    if matches(word, asked_word)
                    for letter in words[word]
                }
                assert set(hit.matched) == {FIELDS[letter] for letter in letters}
        assert hits == []


@pytest.mark.parametrize("seed", range(40))
def test_what_does_not_change_comes_once_while_the_rest_does(seed: int) -> None:
    world = World(seed)
    for _ in range(100):
        world.step()
    for _ in range(8):
        criteria, asked = asking(world)
        before = {i: one for i, one in world.files.items() if fits(criteria, one)}
        seen: list[str] = []
        position = None
        while True:
            found, position = page(world, asked, position)
            seen += [hit.file_id for hit in found]
            if position is None:
                break
            for _ in range(world.random.choice((0, 2))):
                world.step()
        for file_id in (i for i, one in before.items() if world.files.get(i) == one):
            assert seen.count(file_id) == 1
