"""The ways to answer a question, and what each should cost: read units, and a round trip worth six of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.catalogue.lists import (
    Bounds,
    Kind,
    List,
    Question,
    Read,
    Rows,
    Where,
    dictionary,
    facet_list,
    word_list,
)
from chalicelib.catalogue.models import Order
from chalicelib.catalogue.rules import UNLISTED, Facet
from chalicelib.catalogue.text import bucket, indexed_words, matches
from chalicelib.core.ids import moment_of

ROWS_PER_UNIT = 15
"""Rows of about 270 bytes in the 4 KB of a strongly consistent read unit."""
PAGE_ROWS = 4000
"""Rows in the 1 MB of a Query's page."""
CALL_COST = 6.0
MAX_COLLECTED = 20_000
"""The longest list that is read whole: to be sorted in memory, or to be joined there."""
MAX_JOINED = 800
"""Rows looked up in a word's list between two looks at the budget: eight calls, all at once."""
OWN_SHARE = 0.1
"""What a word is taken to have of the rows in its bucket."""
UNKNOWN = 1 << 20
NAMING = frozenset({"tag", "ext"})
"""Attributes whose words are indexed with the file, as far as there is room."""
MILLISECOND = timedelta(milliseconds=1)
RANGE_SHARE = 0.3
"""What a range of time or size is taken to leave, for nothing is known of it."""


@dataclass(frozen=True)
class Plan:
    """One way: a list to read, whole or until the page is full; `rate` is the share of its rows that should fit."""

    read: Read
    whole: bool
    cost: float
    rate: float
    rows: float = 0
    """About how many rows of the list will be read."""


@dataclass(frozen=True)
class _Estimate:
    question: Question
    counts: Mapping[Facet, int]
    words: Mapping[str, float]
    limit: int

    def share(self, facet: Facet) -> float:
        total = max(1, self.counts.get(self.question.base, UNKNOWN))
        return min(1.0, max(self.counts.get(facet, 0), 0.2) / total)

    @property
    def total(self) -> int:
        return max(1, self.counts.get(self.question.base, UNKNOWN))

    def files(self, word: str) -> float:
        """About how many files have a word."""
        return min(self.words.get(word, UNKNOWN), self.total)

    def word_share(self, word: str) -> float:
        """About which share of the files that are left has a word: those with a tag have the tag's words."""
        return 1.0 if self._is_named(word) else self.files(word) / self.total

    def _is_named(self, word: str) -> bool:
        named = [value for name, value in self.question.facets if name in NAMING]
        return any(matches(one, word) for value in named for one in indexed_words(value))

    def rows(self, of: List) -> float:
        if of.kind is Kind.FACET:
            return self.total * self.share(of.facet) if of.facet != self.question.base else self.total
        return self.files(of.word) / (1 if of.kind is Kind.DICTIONARY else OWN_SHARE)

    def rate(self, of: List, order: Order) -> tuple[float, float]:
        """Return the share of a list's rows that pass the filter, and that then fit in all."""
        question = self.question
        passing = math.prod(self.share(facet) for facet in question.facets if facet != of.facet)
        passing *= math.prod(
            RANGE_SHARE for other, bounds in question.ranges.items() if bounds and other != order
        )
        own = OWN_SHARE if of.kind is Kind.WORDS else 1.0
        others = [word for word in question.words if bucket(word) != of.facet[1] or of.kind is Kind.FACET]
        return passing * own, passing * own * math.prod(map(self.word_share, others))


def files_with(page: Rows, newest: str) -> float:
    """Return about how many files have a word, from the first page of its dictionary.

    The rows of a word are in the order of upload: those of the page's last word are taken to go on until now as they
    came so far. Imports in bursts mislead it, which makes a page dearer, not wrong.
    """
    run = [page.rows[-1].file_id] if page.rows else []
    for row in reversed(page.rows[:-1]):
        if row.file_id >= run[-1]:
            break
        run.append(row.file_id)
    if page.last is None or not run:
        return len(page.rows)
    first, last, now = moment_of(run[-1]), moment_of(run[0]), moment_of(newest)
    to_come = max(0.0, (now - last) / max(last - first, MILLISECOND))
    return len(page.rows) + len(run) * to_come


def plans(
    question: Question, counts: Mapping[Facet, int] | None, words: Mapping[str, float], *, limit: int
) -> list[Plan]:
    """Return every way to answer, the cheapest first; `words` are those not rare, and about how many files have them.

    Without counts nothing is known, and nothing needs to be.
    """
    guess = _Estimate(question, counts or {}, words, limit)
    listed = [facet for facet in question.facets if facet not in UNLISTED]
    lists = [facet_list(facet) for facet in listed or [question.base]]
    if listed and question.words:
        lists.append(facet_list(question.base))
    if question.order is Order.CREATED:
        lists += [word_list(word) for word in question.words]
    found = [_streamed(guess, one) for one in lists]
    found += [plan for one in lists for plan in _collected(guess, one)]
    found += [_whole(guess, dictionary(word), Order.NAME, Bounds()) for word in question.words]
    return sorted(_short_enough(guess, found), key=lambda plan: plan.cost)


def _short_enough(guess: _Estimate, found: list[Plan]) -> list[Plan]:
    """Leave out lists too long to be read whole, and those of too many candidates for the joins that follow."""

    def is_short(of: List) -> bool:
        others = [word for word in guess.question.words if of != dictionary(word)]
        joinable = guess.rows(of) <= MAX_JOINED or all(guess.files(word) <= MAX_COLLECTED for word in others)
        return guess.rows(of) <= MAX_COLLECTED and joinable

    return [plan for plan in found if not plan.whole or is_short(plan.read.list)]


def _streamed(guess: _Estimate, of: List) -> Plan:
    question = guess.question
    bounds = question.ranges.get(question.order, Bounds())
    passing, rate = guess.rate(of, question.order)
    simple = question.is_simple
    rows = min(guess.rows(of), (guess.limit + 1) / max(rate, 1e-9))
    read = Read(of, question.order, question.descending, bounds, where=_where(question, of, question.order))
    return Plan(read, False, _cost(guess, of, rows, rows * passing), 1.0 if simple else min(1.0, rate))


def _collected(guess: _Estimate, of: List) -> list[Plan]:
    """The list in another order than asked: of upload, or of size where a range of sizes shortens it."""
    if of.kind is not Kind.FACET:
        return []
    orders = [Order.CREATED, *([Order.SIZE] if guess.question.size else [])]
    ranges = guess.question.ranges
    return [_whole(guess, of, order, ranges[order]) for order in orders if order != guess.question.order]


def _whole(guess: _Estimate, of: List, order: Order, bounds: Bounds) -> Plan:
    rows = guess.rows(of) * (RANGE_SHARE if bounds else 1.0)
    passing, rate = guess.rate(of, order)
    read = Read(of, order, False, bounds, where=_where(guess.question, of, order))
    return Plan(read, True, _cost(guess, of, rows, rows * passing), rate, rows)


def _where(question: Question, of: List, order: Order) -> Where:
    """Return what is left to test in rows: everything but what the list and the range of keys settle."""
    here = of.kind is not Kind.FACET
    return Where(
        facets=tuple(facet for facet in question.facets if facet != of.facet),
        words=tuple(word for word in question.words if here and bucket(word) == of.facet[1]),
        created=question.created if order is not Order.CREATED else Bounds(),
        size=question.size if order is not Order.SIZE else Bounds(),
    )


def _cost(guess: _Estimate, of: List, rows: float, candidates: float) -> float:
    cost = rows / ROWS_PER_UNIT + CALL_COST * max(1.0, rows / PAGE_ROWS)
    for word in guess.question.words:
        if of.kind is Kind.FACET or bucket(word) != of.facet[1]:
            cost += _join_cost(guess.files(word), candidates)
            candidates *= guess.word_share(word)
    return cost


def _join_cost(files: float, candidates: float) -> float:
    """A word's rows are looked up for each candidate, or read whole where they are not too many."""
    looked_up = candidates + CALL_COST * math.ceil(candidates / 100)
    learned = files / ROWS_PER_UNIT + CALL_COST * max(1.0, files / PAGE_ROWS)
    return min(looked_up, learned) if files <= MAX_COLLECTED else looked_up


def rows_to_read(wanted: int, rate: float) -> int:
    """Return how many rows to look at so that `wanted` of them most likely fit."""
    if rate >= 1:
        return wanted
    expected = wanted / max(rate, 1e-6)
    return int(min(PAGE_ROWS, max(wanted, expected * 1.25 + 4 * math.sqrt(expected) + 10)))
