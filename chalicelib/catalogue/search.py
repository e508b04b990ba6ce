"""Answers a question from posting lists in as few reads as its shape allows.

    sniff     the first rows of each asked word, in the order of words: a rare word is then known whole;
              with filters, what the counters know in the same round
    memory    where a word is rare, its rows are the candidates: everything else is a test of them
    stream    else read the list that promises the page soonest, in the asked order, filtering on what rows carry
    range     where few files are within the range of time or size, they are the candidates
    collect   or read a short list whole, from both its ends at once, and sort it
    leap      a stream that finds nothing asks the other lists where they go on, and jumps there (a zigzag join)

Counts only choose the plan. Whatever they say, a page is right: keys are unique and the same in every list, so a
cursor (the key of the last file returned, or looked at) means the same to every plan. A page that used up its budget
is short and says where to go on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.catalogue.lists import Kind, Lists, Question, Read, Row, Rows, Where, dictionary, facet_list
from chalicelib.catalogue.models import Order
from chalicelib.catalogue.plans import (
    MAX_COLLECTED,
    MAX_JOINED,
    PAGE_ROWS,
    ROWS_PER_UNIT,
    UNKNOWN,
    Plan,
    files_with,
    plans,
    rows_to_read,
)
from chalicelib.catalogue.rules import UNLISTED, Facet
from chalicelib.catalogue.spending import JOINED_AT_ONCE, Limits, Spending

MISLED = 1.5
"""How many times longer than it should be a list is read before another way is taken."""
SHORT_RANGE = 3
"""How many times more rows than of a word are read to find that a range is short."""
LEAP_AGAIN = 4
FILTERED = 4
"""How many times more rows may be looked at than are to be joined, where most do not pass the filter."""
ONE_PAGE = Limits()
Choose = Callable[[Sequence[Plan]], Plan]


@dataclass(frozen=True)
class Match:
    """A file that fits, with the rows of the asked words where they were read."""

    row: Row
    words: dict[str, Row] = field(default_factory=dict)

    def fields(self, word: str) -> str:
        """Return the letters of the fields in which a word was found."""
        return self.words[word].fields(word) if word in self.words else ""


@dataclass(frozen=True)
class Found:
    """A page: what fits in order, the key to go on after (None: nothing follows), and how many fit in all, if known."""

    matches: list[Match]
    last: str | None = None
    total: int | None = None


class Search:
    """One question, answered once; `newest` is an id of now, by which it judges how often a word comes."""

    def __init__(
        self,
        lists: Lists,
        question: Question,
        *,
        limit: int,
        newest: str,
        after: str | None = None,
        limits: Limits = ONE_PAGE,
        choose: Choose = lambda found: found[0],
    ) -> None:
        self._spending = Spending(lists, limits)
        self._question, self._limit, self._after = question, limit, after
        self._limits, self._choose, self._newest = limits, choose, newest
        self._rare: dict[str, dict[str, Row]] = {}
        self._frequent: dict[str, float] = {}
        self._first: dict[str, Rows] = {}
        self._counted: dict[Facet, int] | None = None

    def run(self) -> Found:
        """Answer the question."""
        self._sniff()
        if self._rare:
            rarest = min(self._rare, key=lambda word: len(self._rare[word]))
            return self._sorted(self._rare[rarest].values())
        few = self._short_range()
        if few is not None:
            return self._sorted(few)
        ranked = plans(self._question, self._counts(), self._frequent, limit=self._limit)
        plan = self._choose(ranked)
        others = [other for other in ranked if other.whole and other != plan]
        if plan.whole:
            rows = self._whole(plan)
            if rows is not None:
                return self._sorted(rows)
            plan, others = next(other for other in ranked if not other.whole), []  # the counts misled
        return self._stream(plan, next(iter(others), None))

    def _sniff(self) -> None:
        words = self._question.words
        reads = [Read(dictionary(word), Order.NAME, False, limit=self._limits.sniffed) for word in words]
        if words and self._question.facets:  # in the same round: most words that are asked for are not rare
            pages, self._counted = self._spending.read_and_count(reads, self._counted_facets)
        else:
            pages = self._spending.read(reads)
        for word, page in zip(words, pages, strict=True):
            if page.last is None:
                self._rare[word] = {row.file_id: row for row in page.rows}
            else:
                self._first[word], self._frequent[word] = page, files_with(page, self._newest)

    def _short_range(self) -> list[Row] | None:
        """Return all rows within the range of time or size if there are few; None when there is none, or many.

        How much a range leaves is in no counter, and where it leaves little, no other list is as short.
        """
        question = self._question
        ranges = {order: bounds for order, bounds in question.ranges.items() if bounds}
        if not ranges or question.is_simple or question.order in ranges:
            return None
        order, bounds = ranges.popitem()
        listed = [facet for facet in question.facets if facet not in UNLISTED]
        of = facet_list(listed[0] if listed else question.base)
        [page] = self._spending.read(
            [Read(of, order, False, bounds, limit=SHORT_RANGE * self._limits.sniffed)]
        )
        return page.rows if page.last is None else None

    def _counts(self) -> dict[Facet, int] | None:
        question = self._question
        if question.is_simple or (question.words and not question.facets and len(question.words) == 1):
            return None
        if self._counted is not None:
            return self._counted
        return self._spending.counts(self._counted_facets)

    @property
    def _counted_facets(self) -> list[Facet]:
        return [self._question.base, *self._question.facets]

    def _whole(self, plan: Plan) -> Iterable[Row] | None:
        """Return every fitting row of a list, each file once; None when the budget ends first."""
        rows: dict[str, Row] = {}
        looked_at, where = 0, plan.read.where
        known = self._first.get(plan.read.list.word) if plan.read.list.kind is Kind.DICTIONARY else None
        for pages, all_read in self._spending.from_both_ends(plan.read, plan.rows, known):
            rows |= {row.file_id: row for page in pages for row in page.rows if where.admits(row)}
            looked_at += sum(page.looked_at for page in pages)
            if looked_at > MISLED * MAX_COLLECTED:
                return None
            if all_read:
                too_many = len(rows) > MAX_JOINED and not all(map(self._learned, self._to_join(plan)))
                return None if too_many else rows.values()
            if self._spending.is_over:
                return None
        return None

    def _sorted(self, rows: Iterable[Row]) -> Found:
        """Answer from rows that hold every candidate."""
        question = self._question
        where = Where(question.facets, created=question.created, size=question.size)
        matches = self._joined([row for row in rows if where.admits(row)])
        matches.sort(key=self._position, reverse=question.descending)
        rest = [match for match in matches if self._is_after(self._position(match))]
        page = rest[: self._limit]
        more = len(rest) > self._limit
        return Found(page, self._position(page[-1]) if more else None, len(matches))

    def _is_after(self, key: str) -> bool:
        if self._after is None:
            return True
        return key < self._after if self._question.descending else key > self._after

    def _position(self, match: Match) -> str:
        return match.row.position(self._question.order)

    def _joined(self, rows: list[Row]) -> list[Match]:
        """Keep the candidates for which every word holds, asking the words' lists for what is not known yet."""
        matches = [Match(row) for row in rows]
        for word in sorted(self._question.words, key=lambda word: self._frequent.get(word, 0)):
            known = self._rows_of(word, [match.row for match in matches])
            matches = [
                replace(match, words={**match.words, word: known[match.row.file_id]})
                for match in matches
                if match.row.file_id in known
            ]
        return matches

    def _rows_of(self, word: str, rows: list[Row]) -> dict[str, Row]:
        if word in self._rare:
            return self._rare[word]
        known = {row.file_id: row for row in rows if row.fields(word)}
        unknown = [row.file_id for row in rows if row.file_id not in known]
        if not unknown:
            return known
        if len(unknown) > self._frequent[word] / ROWS_PER_UNIT and self._learned(word):
            return self._rare[word]
        return known | {row.file_id: row for row in self._spending.rows_of(word, unknown) if row.fields(word)}

    def _learned(self, word: str) -> bool:
        """Read all rows of a word, unless they are many; tell whether they are known now."""
        if word in self._rare or self._frequent[word] > MAX_COLLECTED:
            return word in self._rare
        rows: dict[str, Row] = {}
        read, expected = Read(dictionary(word), Order.NAME, False), self._frequent[word]
        for pages, all_read in self._spending.from_both_ends(read, expected, self._first[word]):
            rows |= {row.file_id: row for page in pages for row in page.rows}
            if all_read:
                self._rare[word], self._frequent[word] = rows, 0
            elif self._spending.is_over or len(rows) > MISLED * MAX_COLLECTED:
                self._frequent[word] = UNKNOWN  # it comes far more often than it seemed to
                break
        return word in self._rare

    def _stream(self, plan: Plan, other: Plan | None) -> Found:
        """Read a list in the asked order until the page is full, the list ends or the budget is spent.

        When that has cost more than `other` should, and the page is not full, it was the worse choice.
        """
        found: list[Match] = []
        rate, looked_at, leap_at = plan.rate, 0, self._limits.leap_after
        position, spent, passed = self._after, self._spending.cost, 0
        while True:
            limit = rows_to_read(self._limit + 1 - len(found), rate)
            limit = min(limit, int(self._room(plan) * min(FILTERED, (looked_at + 1) / (passed + 1))))
            [page] = self._spending.read([replace(plan.read, after=position, limit=limit)])
            fitting = self._joined(page.rows)
            found += fitting
            looked_at, passed = looked_at + page.looked_at, passed + len(page.rows)
            position = page.last
            if len(found) >= self._limit or position is None or self._spending.is_over:
                return self._page(found, position)
            if other is not None and self._spending.cost - spent > other.cost:
                rows, other = self._whole(other), None
                if rows is not None:
                    return self._sorted(rows)
            rate = (len(found) + 0.5) / (looked_at + 1)
            if not fitting and looked_at >= leap_at:
                farther = self._leap(plan, position)
                if farther is None:
                    return self._page(found, None)
                leap_at = LEAP_AGAIN * looked_at if farther == position else leap_at
                position = farther

    def _to_join(self, plan: Plan) -> set[str]:
        """Return the words that are neither in the list nor known whole: for each, a hundred rows are a call."""
        own = plan.read.where.words if plan.read.list.kind is not Kind.DICTIONARY else (plan.read.list.word,)
        return set(self._question.words) - set(own) - set(self._rare)

    def _room(self, plan: Plan) -> int:
        """Return how many rows the next read may look at, so that their joins stay within the budget."""
        joins = len(self._to_join(plan))
        calls = max(1, self._limits.calls - self._spending.calls - 1)
        return min(MAX_JOINED, JOINED_AT_ONCE * max(1, calls // joins)) if joins else PAGE_ROWS

    def _leap(self, plan: Plan, position: str) -> str | None:
        """Return the position before which no list's next file lies; None when one of the lists has ended."""
        others = [facet for facet in self._question.facets if facet not in UNLISTED]
        others = [facet for facet in others if facet_list(facet) != plan.read.list]
        reads = [
            Read(facet_list(one), plan.read.order, plan.read.descending, plan.read.bounds, position, 1)
            for one in others
        ]
        pages = self._spending.read(reads)
        if any(not page.rows for page in pages):
            return None
        nexts = [page.rows[0].position(plan.read.order) for page in pages]
        if plan.read.descending:
            return min([position, *(f"{key}\0" for key in nexts)])
        return max([position, *(f"{key[:-1]}{chr(ord(key[-1]) - 1)}" for key in nexts)])

    def _page(self, found: list[Match], position: str | None) -> Found:
        page = found[: self._limit]
        if len(found) > self._limit:
            return Found(page, self._position(page[-1]))
        total = len(page) if position is None and self._after is None else None
        return Found(page, position, total)
