"""What others share with one: the same filters and orders as for one's own files.

The lists of the catalogue are their owner's, and a file may be shared with anyone, so nothing is listed a second time:
the grants are read and the files that they name are looked at as they are now (docs/decisions/0030). No row can be
stale, and a change of a file costs nothing for those it is shared with.
"""

import functools
import itertools
from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from chalicelib.aws.table import MAX_BATCH_KEYS, MAX_TRANSACTION_ITEMS, Item
from chalicelib.catalogue.lists import Question
from chalicelib.catalogue.matching import fits, position
from chalicelib.catalogue.models import Criteria, Order, Sort
from chalicelib.catalogue.service import EVERYTHING, NEWEST_FIRST, question_of
from chalicelib.core.caller import Caller
from chalicelib.core.paging import Cursors, Page
from chalicelib.core.parallel import at_once
from chalicelib.files.access import seen_by
from chalicelib.files.models import Permission, Seen
from chalicelib.files.rules import entry_of
from chalicelib.files.service import Files
from chalicelib.sharing.grant_store import GrantStore
from chalicelib.sharing.models import TooManyShared

ROUNDS = 10
"""Hundreds of grants that are looked at for one page: then it ends short and has a cursor."""
MOST_SORTED = 2_000
"""The most files that are put into another order than that of their creation."""


@dataclass(frozen=True)
class Received:
    """Lists what is shared with an account."""

    store: GrantStore
    files: Files
    active_among: Callable[[Collection[str]], AbstractSet[str]]
    """Which accounts are there and not disabled."""
    cursors: Cursors

    def find(
        self,
        caller: Caller,
        criteria: Criteria = EVERYTHING,
        sort: Sort = NEWEST_FIRST,
        *,
        owner_id: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Seen]:
        """Return a page of the files that others (or one owner) granted the caller and that are as the criteria say.

        By time: two calls, and two for each further hundred grants that are looked at, at most twenty; then the page
        ends short and has a cursor. By name or size: all grants are read. Raises TooManyShared, CursorInvalid.
        """
        question = question_of(criteria, sort)
        scope = f"{caller.user_id} shared by {owner_id} {question}"
        after = self.cursors.open(cursor, scope)["after"] if cursor else None
        asked = _Asked(caller, question, owner_id, limit, after)
        found, last = self._stream(asked) if question.order is Order.CREATED else self._sorted(asked)
        return Page(found, self.cursors.seal({"after": last}, scope) if last is not None else None)

    def _stream(self, asked: "_Asked") -> tuple[list[Seen], str | None]:
        found: list[Seen] = []
        after, size = asked.after, asked.limit if asked.is_everything else MAX_BATCH_KEYS
        for _ in range(ROUNDS):
            rows = self.store.of_user(
                asked.caller.user_id,
                limit=size,
                after=after,
                created=asked.question.created,
                newest_first=asked.question.descending,
            )
            found += self._seen(asked, rows.items)
            after, size = rows.next_key["sk"] if rows.next_key else None, MAX_BATCH_KEYS
            if len(found) > asked.limit or (len(found) == asked.limit and after is not None):
                return found[: asked.limit], found[asked.limit - 1].file.id
            if after is None:
                break
        return found, after

    def _sorted(self, asked: "_Asked") -> tuple[list[Seen], str | None]:
        question = asked.question
        rows = self.store.of_user(
            asked.caller.user_id, limit=MOST_SORTED + 1, after=None, created=question.created
        )
        if len(rows.items) > MOST_SORTED or rows.next_key:
            raise TooManyShared(
                f"More than {MOST_SORTED:,} files are shared with you, too many for this order. Ask for a shorter "
                "time with created_after and created_before, or for the order by created_at.",
                limit=MOST_SORTED,
            )
        keyed = {
            position(question.order, entry_of(one.file)): one for one in self._all_seen(asked, rows.items)
        }
        keys = sorted((key for key in keyed if asked.is_next(key)), reverse=question.descending)
        page = keys[: asked.limit]
        return [keyed[key] for key in page], page[-1] if len(keys) > asked.limit else None

    def _all_seen(self, asked: "_Asked", rows: Sequence[Item]) -> list[Seen]:
        parts = itertools.batched(rows, MAX_BATCH_KEYS)
        found = at_once(functools.partial(self._seen, asked), parts)
        return [one for part in found for one in part]

    def _seen(self, asked: "_Asked", rows: Sequence[Item]) -> list[Seen]:
        """Return the files of up to 100 grants that are there, fit, and whose owners are active."""
        granted = {row["sk"]: Permission(row["permission"]) for row in rows}
        files = self.files.get_many(list(granted))
        self._forget(asked.caller, set(granted) - {file.id for file in files})
        seen = [seen_by(asked.caller, file, granted[file.id]) for file in files]
        fitting = [one for one in seen if one.held and asked.admits(one)]
        active = self.active_among({one.file.owner_id for one in fitting})
        return [one for one in fitting if one.file.owner_id in active]

    def _forget(self, caller: Caller, file_ids: AbstractSet[str]) -> None:
        """Take grants whose files are gone off the list."""
        writes = [
            write for file_id in sorted(file_ids) for write in self.store.forget(file_id, caller.user_id)
        ]
        if writes:
            self.files.tables.commit(writes[: MAX_TRANSACTION_ITEMS // 2 * 2])


@dataclass(frozen=True)
class _Asked:
    caller: Caller
    question: Question
    owner_id: str | None
    limit: int
    after: str | None

    @property
    def is_everything(self) -> bool:
        question = self.question
        return not (question.facets or question.words or question.size or self.owner_id)

    def admits(self, one: Seen) -> bool:
        return self.owner_id in {None, one.file.owner_id} and fits(self.question, entry_of(one.file))

    def is_next(self, key: str) -> bool:
        if self.after is None:
            return True
        return key < self.after if self.question.descending else key > self.after
