"""What a page spends: every read of a question goes through here, and is counted against the page's budget."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chalicelib.catalogue.lists import Lists, Read, Row, Rows
from chalicelib.catalogue.plans import CALL_COST, ROWS_PER_UNIT
from chalicelib.catalogue.rules import Facet

JOINED_AT_ONCE = 100
A_PAGE = 2000
"""Rows that one Query of a list of words surely reads."""


@dataclass(frozen=True)
class Limits:
    """How far a page may go: reads and read units before it ends short, rows sniffed, rows before a leap."""

    calls: int = 24
    units: int = 4000
    sniffed: int = 400
    leap_after: int = 400


class Spending:
    """An owner's lists, and what reading them has cost so far."""

    def __init__(self, lists: Lists, limits: Limits) -> None:
        self._lists, self._limits = lists, limits
        self.calls, self._units = 0, 0.0

    @property
    def cost(self) -> float:
        """Return what was spent, in units with a round trip worth six of them."""
        return self._units + CALL_COST * self.calls

    @property
    def is_over(self) -> bool:
        """Tell whether the budget is spent."""
        return self.calls >= self._limits.calls or self._units >= self._limits.units

    def read(self, reads: Sequence[Read]) -> list[Rows]:
        """Answer some reads in one round."""
        return self._counted(self._lists.read(reads)) if reads else []

    def counts(self, facets: Sequence[Facet]) -> dict[Facet, int]:
        """Return about how many files have each attribute."""
        self.calls += 1
        return self._lists.counts(facets)

    def read_and_count(
        self, reads: Sequence[Read], facets: Sequence[Facet]
    ) -> tuple[list[Rows], dict[Facet, int]]:
        """Answer some reads and `counts` in one round."""
        pages, counts = self._lists.read_and_count(reads, facets)
        self.calls += 1
        return self._counted(pages), counts

    def rows_of(self, word: str, file_ids: Sequence[str]) -> list[Row]:
        """Return the rows of these files in the list of a word's bucket."""
        self.calls += math.ceil(len(file_ids) / JOINED_AT_ONCE)
        self._units += len(file_ids)
        return self._lists.rows_of(word, file_ids)

    def from_both_ends(
        self, read: Read, expected: float, known: Rows | None = None
    ) -> Iterator[tuple[list[Rows], bool]]:
        """Read a list from both its ends at once; yield the pages of each round, and whether that was all.

        `known` is its first page if that was read; `expected`, about how many rows follow: with few, the first round
        reads from the front only, for that may be all. A row may come twice where the two ends meet.
        """
        ahead, behind = known.last if known else None, None
        if known:
            yield [known], False
        alone = expected <= A_PAGE
        while True:
            back = [] if alone else [replace(read, descending=True, after=behind)]
            pages = self.read([replace(read, after=ahead), *back])
            ahead, behind = pages[0].last, pages[-1].last
            met = ahead is None or behind is None or (not alone and behind <= ahead)
            yield pages, met
            if met:
                return
            alone, behind = False, None if alone else behind

    def _counted(self, pages: list[Rows]) -> list[Rows]:
        self.calls += len(pages)
        self._units += sum(max(1.0, page.looked_at / ROWS_PER_UNIT) for page in pages)
        return pages
