"""Ranged reading: equal to slicing, cheap when sequential, never over its budget."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.extraction.errors import BudgetSpent, ShortFetch
from chalicelib.extraction.source import BLOCK, MOST_BLOCKS_PER_FETCH, RangedSource, opened
from tests.extraction.sources import Sparse, source_of

CONTENT = bytes(i * 31 % 251 for i in range(5 * BLOCK + 1234))
reads = st.lists(st.tuples(st.integers(0, len(CONTENT) + BLOCK), st.integers(0, 2 * BLOCK)), max_size=12)


@given(reads)
def test_reads_equal_slices(asked: list[tuple[int, int]]) -> None:
    source = source_of(CONTENT)
    for first, count in asked:
        assert source.read(first, count) == CONTENT[first : first + count]


@given(reads, st.integers(0, 4 * BLOCK), st.integers(0, 6))
def test_no_reading_costs_more_than_its_budget(
    asked: list[tuple[int, int]], most: int, requests: int
) -> None:
    fetched = []

    def fetch(first: int, last: int) -> bytes:
        fetched.append(last - first + 1)
        return CONTENT[first : last + 1]

    source = RangedSource(fetch, len(CONTENT), max_bytes=most, max_requests=requests)
    for first, count in asked:
        try:
            assert source.read(first, count) == CONTENT[first : first + count]
        except BudgetSpent:
            assert source.spent
    assert sum(fetched) == source.bytes_read <= most
    assert len(fetched) == source.requests <= requests


@given(st.lists(st.tuples(st.integers(0, len(CONTENT) + 10), st.integers(0, 4000)), max_size=20))
def test_the_file_view_reads_and_seeks_like_a_file_of_bytes(steps: list[tuple[int, int]]) -> None:
    view, real = opened(source_of(CONTENT)), io.BytesIO(CONTENT)
    for at, count in steps:
        assert view.seek(at) == real.seek(at)
        assert view.read(count) == real.read(count)
        assert view.tell() == real.tell()
    assert view.seek(-10, io.SEEK_END) == real.seek(-10, io.SEEK_END)
    assert view.read() == real.read()


def test_seeking_before_the_start_is_refused_as_files_do() -> None:
    with pytest.raises(OSError, match="before the start"):
        opened(source_of(CONTENT)).seek(-1)


def test_sequential_reading_grows_its_fetches() -> None:
    source = Sparse(64 << 20, ()).source()
    for at in range(0, 16 << 20, BLOCK):
        source.read(at, BLOCK)
    assert source.requests <= (16 << 20) // (MOST_BLOCKS_PER_FETCH * BLOCK) + 6


def test_a_budget_is_lowered_and_never_raised_by_a_restriction() -> None:
    source = Sparse(64 << 20, ()).source()
    source.restrict(2 * BLOCK, 2)
    source.restrict(1 << 30, 100)
    source.read(0, BLOCK)
    source.read(9 * BLOCK, BLOCK)
    with pytest.raises(BudgetSpent):
        source.read(20 * BLOCK, BLOCK)


def test_reading_may_be_told_to_fetch_much_at_once() -> None:
    source = Sparse(64 << 20, ()).source()
    source.expect(growth=8, first_blocks=MOST_BLOCKS_PER_FETCH)
    source.read(0, 6 << 20)
    assert source.requests == 6


def test_jumping_fetches_no_more_than_it_needs() -> None:
    source = Sparse(1 << 40, ()).source()
    for at in range(0, 1 << 40, 1 << 37):
        source.read(at + 5, 100)
    assert source.bytes_read == source.requests * BLOCK


def test_nothing_is_fetched_twice_while_it_is_remembered() -> None:
    source = source_of(CONTENT)
    source.read(3 * BLOCK, BLOCK)
    source.read(0, len(CONTENT))
    assert source.bytes_read == len(CONTENT)


def test_threads_share_one_source() -> None:
    source = source_of(CONTENT)
    with ThreadPoolExecutor(8) as pool:
        asked = [(i * 997 % len(CONTENT), 5000) for i in range(200)]
        answers = list(pool.map(lambda ask: source.read(*ask), asked))
    assert answers == [CONTENT[first : first + count] for first, count in asked]


@pytest.mark.parametrize("answer", [b"", b"too short", bytes(BLOCK + 1)])
def test_an_answer_of_another_length_is_no_answer(answer: bytes) -> None:
    with pytest.raises(ShortFetch) as short:
        RangedSource(lambda _first, _last: answer, BLOCK).read(0, 10)
    assert (short.value.wanted, short.value.got) == (BLOCK, len(answer))


def test_what_fetch_raises_passes_through() -> None:
    def fetch(_first: int, _last: int) -> bytes:
        raise TimeoutError("the store is slow")

    with pytest.raises(TimeoutError, match="the store is slow"):
        opened(RangedSource(fetch, 10)).read()
