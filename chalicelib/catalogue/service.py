"""The catalogue: finds files, and describes the writes that keep lists and counts true."""

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.aws.table import Write
from chalicelib.catalogue.categories import Categories
from chalicelib.catalogue.counters import Counters, Statistics, Tag, is_counted, statistics
from chalicelib.catalogue.lists import TOP, Bounds, Question
from chalicelib.catalogue.looks import Looks
from chalicelib.catalogue.models import Criteria, Entry, NothingAsked, Sort
from chalicelib.catalogue.ranking import WINDOW_UNITS, Asked, Hit, ranked
from chalicelib.catalogue.recount import Recount
from chalicelib.catalogue.rules import (
    ALL,
    TRASH,
    Facet,
    content_facet,
    postings,
    size_text,
    tag_facet,
    tag_key,
)
from chalicelib.catalogue.search import Found, Search
from chalicelib.catalogue.spending import Limits
from chalicelib.catalogue.store import PostingStore
from chalicelib.catalogue.text import asked_words
from chalicelib.core.ids import first_id_at
from chalicelib.core.paging import Cursors

EVERYTHING = Criteria()
NEWEST_FIRST = Sort()
PAGE = Limits()


@dataclass(frozen=True)
class Ids:
    """One page of a list of files."""

    file_ids: list[str]
    next_cursor: str | None
    total: int | None = None


@dataclass(frozen=True)
class Catalogue:
    """Finds files, and describes the postings and counts of a changed one."""

    store: PostingStore
    counters: Counters
    categories: Categories
    cursors: Cursors

    def changes(self, before: Entry | None, after: Entry | None) -> list[Write]:
        """Return the writes that turn postings and counts of `before` into those of `after`."""
        old, new = postings(before), postings(after)
        kept = {(posting.list_key, posting.key) for posting in new}
        gone = [posting for posting in old - new if (posting.list_key, posting.key) not in kept]
        writes = [self.store.delete(posting) for posting in gone]
        writes += [self.store.put(posting) for posting in new - old]
        return writes + self.counters.changes(before, after)

    def find(
        self,
        owner_id: str,
        criteria: Criteria = EVERYTHING,
        sort: Sort = NEWEST_FIRST,
        *,
        limit: int,
        cursor: str | None = None,
        base: Facet = ALL,
    ) -> Ids:
        """Return a page of an owner's files (or, with TRASH as base, of the trash); raises CursorInvalid.

        One call for one criterion; more with several, but never more than the search's limits: then the page is
        short and has a cursor.
        """
        question = question_of(criteria, sort, base)
        scope = f"{owner_id} {question}"
        after = self.cursors.open(cursor, scope)["after"] if cursor else None
        found = self._search(owner_id, question, limit=limit, after=after)
        more = self.cursors.seal({"after": found.last}, scope) if found.last is not None else None
        return Ids([match.row.file_id for match in found.matches], more, found.total)

    def walk(
        self, owner_id: str, criteria: Criteria, sort: Sort, *, limit: int, after: str | None
    ) -> tuple[list[str], str | None]:
        """Return the ids of a page, and the bare position to go on from: for services that keep it themselves."""
        found = self._search(owner_id, question_of(criteria, sort), limit=limit, after=after)
        return [match.row.file_id for match in found.matches], found.last

    def expected(self, owner_id: str, criteria: Criteria) -> int | None:
        """Return how many files fit, where a counter knows it, else None; three calls."""
        question = question_of(criteria, NEWEST_FIRST)
        facets = question.facets or (question.base,)
        if len(facets) > 1 or not is_counted(facets[0]) or replace(question, facets=()) != Question():
            return None
        self.counters.folding.fold(owner_id)
        return self.store.of(owner_id).counts(facets)[facets[0]]

    def best_first(
        self, owner_id: str, criteria: Criteria, title: str, *, limit: int, cursor: str | None
    ) -> tuple[list[Hit], str | None]:
        """Return a page of the files with all these words, best first, and the cursor to go on with.

        `title` are words that must stand in the name or the title. Raises NothingAsked, CursorInvalid.
        """
        phrase = f"{criteria.words} {title}".strip()
        question = question_of(replace(criteria, words=phrase), NEWEST_FIRST)
        if not question.words:
            raise NothingAsked("Say what to look for: q or title needs a letter or a digit.")
        scope = f"{owner_id} best {question} {title}"
        limits = Limits(units=WINDOW_UNITS)

        def find(asked: Question, number: int, after: str | None) -> Found:
            return self._search(owner_id, asked, limit=number, after=after, limits=limits)

        asked = Asked(question, phrase, asked_words(title))
        position = self.cursors.open(cursor, scope) if cursor else None
        hits, more = ranked(asked, find, limit=limit, position=position)
        return hits, self.cursors.seal(more, scope) if more else None

    def alike(self, owner_id: str, look: str, most: int) -> dict[str, int]:
        """Return an owner's pictures that look like one, and in how many bits they differ; sixteen calls at once."""
        return Looks(self.store.tables, self.store.table).near(owner_id, look, most)

    def recount(self) -> Recount:
        """Return what proves the counts right."""
        return Recount(self.store.tables, self.store.table, self.counters)

    def forget(self, owner_id: str) -> None:
        """Remove what is left of an owner whose files are gone: counts, tags, categories; safe to repeat."""
        self.counters.forget(owner_id)
        self.categories.forget(owner_id)

    def statistics(self, owner_id: str) -> Statistics:
        """Return the counts of an owner's files as of now; two calls, and one for every 90 changes since the sweep."""
        return statistics(self.counters.counts(owner_id))

    def library_statistics(self) -> tuple[Statistics, datetime | None]:
        """Return the counts of everybody's files, and the moment of which everything before is in them."""
        counts, as_of = self.counters.whole_library()
        found = statistics(counts)
        shared = {one.id: (one.files, one.bytes) for one in self.categories.for_everybody() if one.files}
        return replace(found, groups={**found.groups, "category": shared}), as_of

    def tags(
        self, owner_id: str, prefix: str, *, limit: int, cursor: str | None
    ) -> tuple[list[Tag], str | None]:
        """Return a page of tags that begin with a text, with exact counts; raises CursorInvalid."""
        scope = f"{owner_id} tags {tag_key(prefix)}"
        after = self.cursors.open(cursor, scope)["after"] if cursor else None
        tags, last = self.counters.tags(owner_id, prefix, limit=limit, after=after)
        return tags, self.cursors.seal({"after": last}, scope) if last is not None else None

    def trash(self, owner_id: str, *, limit: int, cursor: str | None) -> Ids:
        """Return a page of what an owner has thrown away, newest upload first, in one Query."""
        return self.find(owner_id, limit=limit, cursor=cursor, base=TRASH)

    def _search(
        self, owner_id: str, question: Question, *, limit: int, after: str | None, limits: Limits = PAGE
    ) -> Found:
        newest = first_id_at(self.categories.clock())
        lists = self.store.of(owner_id)
        return Search(lists, question, limit=limit, newest=newest, after=after, limits=limits).run()


def question_of(criteria: Criteria, sort: Sort, base: Facet = ALL) -> Question:
    """Return what is to be looked for in the lists."""
    values = {"type": criteria.type, "ext": criteria.extension, "status": criteria.status}
    values |= {"visibility": criteria.visibility, "category": criteria.category}
    facets = [(name, value) for name, value in values.items() if value]
    facets += [content_facet(criteria.content_id)] if criteria.content_id else []
    facets += [tag_facet(tag) for tag in criteria.tags]
    after, before = criteria.created_after, criteria.created_before
    low, high = criteria.min_size, criteria.max_size
    return Question(
        facets=tuple(sorted(set(facets))),
        words=asked_words(criteria.words),
        created=Bounds(first_id_at(after) if after else None, first_id_at(before) if before else None),
        size=Bounds(
            size_text(low) if low is not None else None, size_text(high) + TOP if high is not None else None
        ),
        order=sort.order,
        descending=sort.descending,
        base=base,
    )
