"""What the search reads: rows of one list in one order, from a position on.

The search decides what to read; whoever has the lists (the store, or a model that counts) answers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from chalicelib.catalogue.models import Order
from chalicelib.catalogue.rules import FURTHER, SEPARATOR, Facet, mark
from chalicelib.catalogue.text import bucket, matches

TOP = "\U0010ffff"
_FIELDS = re.compile("[a-z][0-9.]*")


@dataclass(frozen=True)
class Bounds:
    """A range of keys, both ends included; None is open."""

    low: str | None = None
    high: str | None = None

    def __contains__(self, key: str) -> bool:
        return (self.low is None or key >= self.low) and (self.high is None or key <= self.high)

    def __bool__(self) -> bool:
        return self.low is not None or self.high is not None


class Kind(StrEnum):
    """Which kind of list: by an attribute, by words in the order of upload, by words in the order of words."""

    FACET = "facet"
    WORDS = "words"
    DICTIONARY = "dictionary"


@dataclass(frozen=True)
class List:
    """A list of an owner's: the facet's value, or the word (prefix) that is looked for."""

    kind: Kind
    facet: Facet
    word: str = ""


@dataclass(frozen=True)
class Where:
    """What rows must be like beside being in the list."""

    facets: tuple[Facet, ...] = ()
    words: tuple[str, ...] = ()
    """Words whose bucket this list is."""
    created: Bounds = Bounds()
    size: Bounds = Bounds()

    def admits(self, row: "Row") -> bool:
        """Tell whether a row fits."""
        fits = all(mark(facet) in row.facets for facet in self.facets)
        fits = fits and all(row.fields(word) for word in self.words)
        return fits and row.file_id in self.created and row.by_size in self.size


@dataclass(frozen=True)
class Read:
    """One read: rows of a list in an order, after a position (a key of that order), at most `limit` looked at."""

    list: List
    order: Order
    descending: bool = True
    bounds: Bounds = Bounds()
    after: str | None = None
    limit: int | None = None
    where: Where = Where()


@dataclass(frozen=True)
class Row:
    """A file in a list. `key` is its raw key in the order of upload; `words` what a list of words holds of it."""

    key: str
    by_name: str
    by_size: str
    facets: str
    words: str = ""

    @property
    def file_id(self) -> str:
        """Return the file's id."""
        return self.key.split(FURTHER)[0]

    def position(self, order: Order) -> str:
        """Return the file's key in an order."""
        return {Order.CREATED: self.file_id, Order.NAME: self.by_name, Order.SIZE: self.by_size}[order]

    def fields(self, asked: str) -> str:
        """Return the letters of the fields in which an asked word was found; empty: in none that this row knows."""
        pairs = [pair.split("/") for pair in self.words.split()]
        told = {sign for word, where in pairs if matches(word, asked) for sign in where}
        return "".join(sorted(filter(str.isalpha, told)))

    def places(self, asked: str) -> list[tuple[str, dict[str, list[int]]]]:
        """Return the words that answer an asked one: by the letters of their fields, the places where they stand."""
        pairs = [pair.split("/") for pair in self.words.split()]
        return [(word, _where(told)) for word, told in pairs if matches(word, asked)]

    @property
    def name(self) -> str:
        """Return the name in the form in which it is ordered."""
        return self.by_name.split(SEPARATOR)[0]


def _where(told: str) -> dict[str, list[int]]:
    """Read `n0c3.17`: at place 0 of the field n, at 3 and 17 of c."""
    return {
        field[0]: [int(place) for place in field[1:].split(".") if place] for field in _FIELDS.findall(told)
    }


@dataclass(frozen=True)
class Rows:
    """The fitting rows of one read, how many were looked at, and the last key looked at (None: the list has ended)."""

    rows: list[Row]
    looked_at: int
    last: str | None = None


class Lists(Protocol):
    """An owner's lists."""

    def read(self, reads: Sequence[Read]) -> list[Rows]:
        """Answer some reads at once."""

    def read_and_count(
        self, reads: Sequence[Read], facets: Sequence[Facet]
    ) -> tuple[list[Rows], dict[Facet, int]]:
        """Answer some reads and `counts`, all at once."""

    def rows_of(self, word: str, file_ids: Sequence[str]) -> list[Row]:
        """Return the rows of these files, however many, in the list of a word's bucket, where there are any."""

    def counts(self, facets: Sequence[Facet]) -> dict[Facet, int]:
        """Return about how many files have each attribute; a hint, however old."""


@dataclass(frozen=True)
class Question:
    """What is looked for in one owner's lists."""

    facets: tuple[Facet, ...] = ()
    words: tuple[str, ...] = ()
    created: Bounds = Bounds()
    size: Bounds = Bounds()
    order: Order = Order.CREATED
    descending: bool = True
    base: Facet = field(default=("all", ""))

    @property
    def is_simple(self) -> bool:
        """Tell whether one list answers it as it stands."""
        ranges = [order for order, bounds in self.ranges.items() if bounds]
        parts = len(self.facets) + len(ranges)
        return not self.words and (parts == 0 or (parts == 1 and ranges in ([], [self.order])))

    @property
    def ranges(self) -> dict[Order, Bounds]:
        """Return the bounds that are ranges of keys in an order."""
        return {Order.CREATED: self.created, Order.SIZE: self.size}


def facet_list(facet: Facet) -> List:
    """Return the list of the files with an attribute."""
    return List(Kind.FACET, facet)


def word_list(word: str) -> List:
    """Return the list of a word's bucket, in the order of upload."""
    return List(Kind.WORDS, ("w", bucket(word)), word)


def dictionary(word: str) -> List:
    """Return the rows whose words begin with a word, in the order of words."""
    return List(Kind.DICTIONARY, ("w", bucket(word)), word)
