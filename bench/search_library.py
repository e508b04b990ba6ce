"""A library of any size in columns, and its lists as sorted arrays: what searching a million files costs, by counting.

Real rows of a million files would need tens of gigabytes; here a list is an array of ordinals, and what DynamoDB
would have looked at is counted by its published rules (4 KB a strongly consistent read unit, 1 MB a page). The rows
returned carry the same attributes as the store's, so the search above cannot tell the difference.
"""

import bisect
import itertools
import random
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chalicelib.catalogue.lists import Bounds, Kind, List, Read, Row, Rows
from chalicelib.catalogue.models import Order
from chalicelib.catalogue.rules import SEPARATOR, Facet, mark, size_text
from chalicelib.catalogue.store import key_range
from chalicelib.catalogue.text import bucket, matches
from chalicelib.core.ids import first_id_at

KINDS = {
    "image": (("jpg", "heic", "png", "webp"), (70, 15, 11, 4), 15.0),
    "video": (("mp4", "mov", "mkv"), (60, 35, 5), 17.8),
    "document": (("pdf", "docx", "xlsx", "txt"), (60, 20, 14, 6), 12.8),
    "audio": (("mp3", "wav"), (80, 20), 14.5),
}
CATEGORIES = ("people", "nature", "travel", "food", "screens", "work", "invoices", "scans", "music", "misc")
BEGINNING = 1_577_836_800_000
PAUSE, IN_A_BURST = 40_000_000, 400
"""Milliseconds between two bursts as a rule (half a day), and between the files of one."""
PAGE_BYTES = 1 << 20
UNIT = 4096
FRESH_SHARE = 0.9
"""How much of the library the counters knew when they were folded last."""


def zipf(count: int) -> list[float]:
    """Return the cumulative weights of ranks by Zipf's law."""
    return list(itertools.accumulate(1 / (rank + 1) for rank in range(count)))


@dataclass
class Meter:
    """What reading cost."""

    calls: int = 0
    rounds: int = 0
    units: float = 0.0
    looked_at: int = 0


@dataclass
class Library:
    """Files in columns: bursts in time, tags and words by Zipf's law, names as cameras and people give them."""

    count: int
    seed: int = 1
    names: list[str] = field(default_factory=list)
    sizes: array[int] = field(default_factory=lambda: array("q"))
    facets: list[tuple[Facet, ...]] = field(default_factory=list)
    words: list[tuple[str, ...]] = field(default_factory=list)
    moments: array[int] = field(default_factory=lambda: array("q"))
    """When each was uploaded, in milliseconds."""

    def __post_init__(self) -> None:
        numbers = random.Random(self.seed)
        self.tags = [f"tag{n}" for n in range(max(40, int(self.count**0.66)))]
        self.vocabulary = self._vocabulary(numbers)
        tag_weights, word_weights = zipf(len(self.tags)), zipf(len(self.vocabulary))
        self._interned: dict[tuple[Facet, ...], tuple[Facet, ...]] = {}

        def pick(values: Sequence[str], weights: Sequence[float]) -> str:
            return values[bisect.bisect(weights, numbers.random() * weights[-1])]

        number = 0
        while len(self.names) < self.count:  # a burst is an event, or an import
            burst = 1 + int(numbers.lognormvariate(2.6, 1.3))
            kind = numbers.choices(list(KINDS), (62, 8, 26, 4))[0]
            category = numbers.choice(CATEGORIES)
            event_tags = [pick(self.tags, tag_weights) for _ in range(numbers.choice((0, 1, 2, 2, 3)))]
            event_words = [pick(self.vocabulary, word_weights) for _ in range(2)]
            pause = int(numbers.expovariate(1 / PAUSE))
            for _ in range(min(burst, self.count - len(self.names))):
                number += 1
                self.moments.append((self.moments[-1] if self.moments else BEGINNING) + pause)
                pause = IN_A_BURST
                tags = {tag for tag in event_tags if numbers.random() < 0.85}
                tags |= {pick(self.tags, tag_weights)} if numbers.random() < 0.35 else set()
                own = [pick(self.vocabulary, word_weights) for _ in range(numbers.choice((0, 1, 2, 8)))]
                self._add(numbers, kind, category, tags, [*own, *event_words], number)

    def _add(
        self, numbers: random.Random, kind: str, category: str, tags: set[str], words: list[str], number: int
    ) -> None:
        extensions, weights, magnitude = KINDS[kind]
        extension = numbers.choices(extensions, weights)[0]
        facets = [("type", kind), ("ext", extension), ("category", category)]
        facets.append(("status", numbers.choices(("ready", "failed"), (988, 12))[0]))
        facets += [("tag", tag) for tag in sorted(tags)]
        camera = kind in {"image", "video"}
        name = f"img_{number % 10_000:04d}.{extension}" if camera else f"{words[0]}-{number}.{extension}"
        stem = ["img", f"{number % 10_000:04d}"] if camera else [words[0], str(number)]
        self.names.append(name)
        self.sizes.append(max(100, int(numbers.lognormvariate(magnitude, 1.2))))
        key = tuple(facets)
        self.facets.append(self._interned.setdefault(key, key))
        self.words.append(tuple(dict.fromkeys([*stem, extension, *tags, *words])))

    def file_id(self, number: int) -> str:
        """Return a file's id, which tells when it was uploaded."""
        digits = f"{self.moments[number]:012x}"
        return f"{digits[:8]}-{digits[8:]}-7000-8000-{number:012x}"

    @property
    def newest(self) -> str:
        """Return an id of now: a while after the last upload."""
        return first_id_at(datetime.fromtimestamp((self.moments[-1] + PAUSE) / 1000, UTC))

    @staticmethod
    def _vocabulary(numbers: random.Random) -> list[str]:
        syllables = ["".join(pair) for pair in itertools.product("bcdfghklmnprstvz", "aeiou")]
        found: dict[str, None] = {}
        while len(found) < 25_000:
            found["".join(numbers.choices(syllables, k=numbers.choice((2, 2, 3, 3, 4))))] = None
        return list(found)


class CountedLists:
    """The lists of a library, read as `OwnersLists` reads them, and counted."""

    def __init__(self, library: Library) -> None:
        self.library, self.meter = library, Meter()
        self._postings: dict[Facet, array[int]] = {("all", ""): array("I", range(library.count))}
        self._words: dict[str, array[int]] = {}
        for number in range(library.count):
            self._post(number)
        self._of_bucket: dict[str, list[str]] = {}
        for word in sorted(self._words):
            self._of_bucket.setdefault(bucket(word), []).append(word)
        self._orders = {
            Order.NAME: self._sorted_by(lambda number: library.names[number]),
            Order.SIZE: self._sorted_by(lambda number: library.sizes[number]),
        }
        self._ranks = {order: self._ranks_of(numbers) for order, numbers in self._orders.items()}
        self._sorted: dict[tuple[Facet, Order], list[int]] = {}

    def _post(self, number: int) -> None:
        words = self.library.words[number]
        for facet in [
            *self.library.facets[number],
            *(("w", one) for one in {bucket(word) for word in words}),
        ]:
            self._postings.setdefault(facet, array("I")).append(number)
        for word in words:
            self._words.setdefault(word, array("I")).append(number)

    def _sorted_by(self, key: Callable[[int], str | int]) -> array[int]:
        return array("I", sorted(range(self.library.count), key=key))

    @staticmethod
    def _ranks_of(numbers: array[int]) -> array[int]:
        ranks = array("I", bytes(4 * len(numbers)))
        for rank, number in enumerate(numbers):
            ranks[number] = rank
        return ranks

    def row(self, number: int, of: List) -> Row:
        """Return a file as a list holds it."""
        library = self.library
        file_id = library.file_id(number)
        words = ""
        if of.kind is not Kind.FACET:
            own = [word for word in library.words[number] if bucket(word) == of.facet[1]]
            words = " " + "".join(f"{word}/n " for word in own)
        facets = "".join(mark(facet) for facet in library.facets[number])
        name = f"{library.names[number]}{SEPARATOR}{file_id}"
        return Row(file_id, name, size_text(library.sizes[number]) + file_id, facets, words)

    def key(self, number: int, order: Order) -> str:
        """Return a file's key in an order."""
        return self.row(number, List(Kind.FACET, ("all", ""))).position(order)

    def read(self, reads: Sequence[Read]) -> list[Rows]:
        """Answer some reads in one round."""
        self.meter.rounds += 1
        return [
            self._dictionary(one) if one.list.kind is Kind.DICTIONARY else self._list(one) for one in reads
        ]

    def read_and_count(
        self, reads: Sequence[Read], facets: Sequence[Facet]
    ) -> tuple[list[Rows], dict[Facet, int]]:
        """Answer reads and counts in one round."""
        rounds = self.meter.rounds
        answer = self.read(reads), self.counts(facets)
        self.meter.rounds = rounds + 1
        return answer

    def rows_of(self, word: str, file_ids: Sequence[str]) -> list[Row]:
        """Return the rows of some files in the list of a word's bucket: a BatchGet for each hundred, at once."""
        of = List(Kind.WORDS, ("w", bucket(word)), word)
        rows = [self.row(int(file_id[-12:], 16), of) for file_id in file_ids]
        self.meter.rounds += 1
        for some in itertools.batched(file_ids, 100):
            self._count(len(some), len(some) * UNIT, rounds=0)
        return [row for row in rows if row.words.strip()]

    def counts(self, facets: Sequence[Facet]) -> dict[Facet, int]:
        """Return what the counters knew some time ago: a BatchGet."""
        self._count(len(facets), 2 * UNIT, rounds=1)
        return {facet: int(FRESH_SHARE * len(self._postings.get(facet, ()))) for facet in facets}

    def _list(self, read: Read) -> Rows:
        numbers = self._in_order(read.list.facet, read.order)
        bounds = key_range(read)
        low = 0 if bounds.low is None else self._place(numbers, bounds.low, read.order)
        high = len(numbers) if bounds.high is None else self._place(numbers, bounds.high + "\0", read.order)
        places = range(high - 1, low - 1, -1) if read.descending else range(low, high)
        return self._cut((numbers[place] for place in places), read)

    def _dictionary(self, read: Read) -> Rows:
        asked = read.list.word
        words = [word for word in self._of_bucket.get(bucket(asked), ()) if matches(word, asked)]
        bounds = key_range(read)
        numbers = (
            (word, number)
            for word in words
            for number in self._words[word]
            if f"{word}{SEPARATOR}{self.library.file_id(number)}" in Bounds(bounds.low, bounds.high)
        )
        keys: list[str] = []

        def watched() -> Iterator[int]:
            for word, number in numbers:
                keys.append(f"{word}{SEPARATOR}{self.library.file_id(number)}")
                yield number

        page = self._cut(watched(), read)
        return Rows(page.rows, page.looked_at, keys[page.looked_at - 1] if page.last is not None else None)

    def _cut(self, numbers: Iterable[int], read: Read) -> Rows:
        rows: list[Row] = []
        looked_at, size, last = 0, 0, None
        for number in numbers:
            row = self.row(number, read.list)
            looked_at += 1
            size += 100 + 3 * len(row.by_name) + len(row.facets) + len(row.words)
            rows += [row] if read.where.admits(row) else []
            if looked_at == read.limit or size >= PAGE_BYTES:
                last = row.position(read.order)
                break
        self._count(looked_at, max(size, 1), rounds=0)
        return Rows(rows, looked_at, last)

    def _in_order(self, facet: Facet, order: Order) -> Sequence[int]:
        numbers = self._postings.get(facet, array("I"))
        if order is Order.CREATED:
            return numbers
        if facet == ("all", ""):
            return self._orders[order]
        key = facet, order
        if key not in self._sorted:
            self._sorted[key] = sorted(numbers, key=self._ranks[order].__getitem__)
        return self._sorted[key]

    def _place(self, numbers: Sequence[int], key: str, order: Order) -> int:
        return bisect.bisect_left(numbers, key, key=lambda number: self.key(number, order))

    def _count(self, looked_at: int, size: int, *, rounds: int) -> None:
        self.meter.calls += 1
        self.meter.rounds += rounds
        self.meter.looked_at += looked_at
        self.meter.units += -(-size // UNIT)
