"""Lists the files of all owners, newest first, without a Scan: for admins, and for what is done to a shared category.

Rows of two kinds of lists carry an attribute `p`, by which the global index `global_by_time` (p, sk) finds them
whoever the owner is; it follows within milliseconds:

| row of the list | p |
|---|---|
| of all files | the year of upload and one of four shards: a partition takes a thousand writes a second |
| of a category | the category's id |

Every filter on what rows carry applies. Words and other orders would need lists of their own: they are asked for in
one owner's lists.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_

from boto3.dynamodb.conditions import Attr, ConditionBase
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import Tables
from chalicelib.catalogue.lists import Question
from chalicelib.catalogue.rules import YEAR_SHARDS, mark, of_category, of_year
from chalicelib.core.clock import Clock
from chalicelib.core.ids import moment_of

INDEX = "global_by_time"
MAX_QUERIES = 3
LOOKED_AT = 500
"""How many pages of how many rows of each shard a request looks through for rare files; then its page is short."""
FIRST_YEAR = 2026


@dataclass(frozen=True)
class _Read:
    """Files of one partition, and the id down to which it was looked through (None: to its end)."""

    file_ids: list[str]
    reached: str | None


@dataclass(frozen=True)
class Everyone:
    """Reads the lists of all owners as one."""

    tables: Tables
    table: str
    clock: Clock

    def page(self, question: Question, before: str | None, limit: int) -> tuple[list[str], str | None]:
        """Return files that are as asked, without regard to words, and the id before which there may be more.

        At most twelve calls for each year that is looked through; four where every file fits.
        """
        found: list[str] = []
        end = _earlier(before, question.created.high)
        for partitions in self._partitions(question, end):
            reads = [self._read(one, question, end, limit) for one in partitions]
            # A shard that stopped early holds the others back: what lies beyond it may not be told yet.
            barrier = max((one.reached for one in reads if one.reached), default="")
            merged = heapq.merge(*(one.file_ids for one in reads), reverse=True)
            found += [file_id for file_id in merged if file_id >= barrier]
            if len(found) >= limit:
                return found[:limit], found[limit - 1]
            if barrier:
                return found, barrier
        return found, None

    def _partitions(self, question: Question, end: str | None) -> Iterator[list[str]]:
        category = next((value for name, value in question.facets if name == "category"), None)
        if category is not None:
            yield [of_category(category)]
            return
        newest = moment_of(end).year if end else self.clock().year
        oldest = moment_of(question.created.low).year if question.created.low else FIRST_YEAR
        for year in range(newest, max(oldest, FIRST_YEAR) - 1, -1):
            yield [of_year(year, shard) for shard in range(YEAR_SHARDS)]

    def _read(self, partition: str, question: Question, end: str | None, limit: int) -> _Read:
        where = _filter(question)
        found: list[str] = []
        for _ in range(MAX_QUERIES):
            rows = self.tables.query(
                self.table,
                _range(partition, question.created.low, end),
                index=INDEX,
                limit=LOOKED_AT if where else limit + 1,  # the one before may be read again
                forward=False,
                where=where,
            )
            found += [row["sk"] for row in rows.items if row["sk"] != end]
            if rows.next_key is None:
                return _Read(found, None)
            end = rows.next_key["sk"]
            if len(found) >= limit:
                break
        return _Read(found, end)


def _earlier(one: str | None, other: str | None) -> str | None:
    return min(one, other) if one and other else one or other


def _range(partition: str, low: str | None, end: str | None) -> ConditionBase:
    condition: ConditionBase = KeyCondition("p").eq(partition)
    if low and end:
        return condition & KeyCondition("sk").between(low, max(low, end))
    if low:
        return condition & KeyCondition("sk").gte(low)
    return condition & KeyCondition("sk").lte(end) if end else condition


def _filter(question: Question) -> ConditionBase | None:
    parts: list[ConditionBase] = [Attr("f").contains(mark(facet)) for facet in question.facets]
    parts += [Attr("z").gte(question.size.low)] if question.size.low is not None else []
    parts += [Attr("z").lte(question.size.high)] if question.size.high is not None else []
    return reduce(and_, parts) if parts else None
