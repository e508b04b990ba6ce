"""Words that stand together where they were asked for so come before the same words apart, in any field."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.catalogue.models import Criteria
from chalicelib.catalogue.text import asked_words
from tests.catalogue.worlds import World

IN_FIELDS = [
    ("filename", "White Sea Shell.pdf", 10),
    ("title", "A white sea shell", 3),
    ("caption", "see the white, sea: shell!", 3),
    ("custom", "old white sea shell", 2),
    ("text", "one white sea shellfish", 1),
]


def score(question: str, **fields: Any) -> int:
    """Return the points of the one file in a library."""
    world = World(1)
    world.change(None, replace(world.new(), **{"caption": "", "tags": (), "filename": "zz.pdf", **fields}))
    [hit], _ = world.catalogue.best_first(world.owner, Criteria(words=question), "", limit=5, cursor=None)
    return hit.score


@pytest.mark.parametrize(("field", "text", "points"), IN_FIELDS)
def test_a_phrase_counts_in_the_field_where_it_stands(field: str, text: str, points: int) -> None:
    apart = text.replace("hite", "hite and").replace(".pdf", " x.pdf")
    assert score("white sea shell", **{field: text}) - score("white sea shell", **{field: apart}) == points
    assert score("sea white shell", **{field: text}) == score("sea white shell", **{field: apart})


def test_a_tag_is_a_phrase_and_two_tags_are_none() -> None:
    assert score("new york", tags=("New York",)) - score("new york", tags=("New", "York")) == 3
    assert score("york new", tags=("New York",)) == score("new york", tags=("New", "York"))


@pytest.mark.parametrize(
    ("question", "caption", "is_phrase"),
    [
        ("sea she", "white sea shell", True),  # the last word may go on
        ("sea shell", "white seas shell", False),  # the others may not
        ("the sea by the", "over the sea by the sea", True),
        ("by the sea", "the sea, by the sea", True),
        ("img 1234", "see IMG_1234", True),
        ("京旅", "東京旅行", False),  # a pair is one word
        ("東京旅行", "春の東京旅行です", True),
        ("東京行", "東京旅行 京行", False),
        ("été à la", "un ETE A LA mer", True),
    ],
)
def test_phrases_in_a_caption(question: str, caption: str, is_phrase: bool) -> None:  # noqa: FBT001 - a table's column
    of_words = 3 * len(asked_words(question))
    assert score(question, caption=caption) - of_words == 3 * is_phrase
