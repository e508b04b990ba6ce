"""The cost of a page follows the page, not the library: the real search asks lists that count as DynamoDB bills.

`python -m bench.search` does the same with a million files.
"""

import random
from collections.abc import Callable

import pytest

from bench.search import ONE_FACET, Shapes, measure, spread
from bench.search_library import CountedLists, Library, Meter
from chalicelib.catalogue.lists import Question

SIZES = (100, 10_000)
SAMPLES = 40
FACETS = ("type+tag", "tag+tag", "category+extension+tag", "type+tag, by name")
WORDS = ("word+tag", "word+type")
Ask = Callable[[int, str], list[Meter]]


@pytest.fixture(scope="module")
def ask() -> Ask:
    """Return a function that asks a library of a size some questions of a shape."""
    lists = {size: CountedLists(Library(size)) for size in SIZES}
    shapes: dict[int, dict[str, Callable[[], Question]]] = {
        size: Shapes(one.library, random.Random(7)).all() for size, one in lists.items()
    }
    return lambda size, shape: measure(lists[size], shapes[size][shape], SAMPLES)[0]


@pytest.mark.parametrize("shape", ["no filter", *ONE_FACET])
def test_a_page_of_one_facet_is_one_query_of_the_same_units_whatever_the_size(ask: Ask, shape: str) -> None:
    small, large = (ask(size, shape) for size in SIZES)
    assert {meter.calls for meter in small + large} == {1}
    few, many = (spread([meter.units for meter in meters])[0] for meters in (small, large))
    assert abs(many - few) <= 0.1 * many


@pytest.mark.parametrize("size", SIZES)
def test_two_or_three_facets_take_two_calls_as_a_rule(ask: Ask, size: int) -> None:
    median, late, _ = spread([meter.calls for shape in FACETS for meter in ask(size, shape)])
    assert (median <= 2, late <= 4) == (True, True)


@pytest.mark.parametrize("size", SIZES)
def test_words_with_facets_take_five_calls_in_three_rounds_as_a_rule(ask: Ask, size: int) -> None:
    meters = [meter for shape in WORDS for meter in ask(size, shape)]
    assert spread([meter.calls for meter in meters])[0] <= 5
    assert spread([meter.rounds for meter in meters])[0] <= 3
