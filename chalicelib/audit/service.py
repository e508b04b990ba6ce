"""Entries of the activity log, written in the same transaction as the change they tell of.

Entries are never changed, and only `store.py` knows where they stand. Details name what changed, never a secret.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from chalicelib.audit.models import Entry, Found, Wanted
from chalicelib.audit.store import AuditStore
from chalicelib.aws.table import Write
from chalicelib.core.caller import Origin
from chalicelib.core.clock import Clock
from chalicelib.core.ids import NewId, first_id_at, moment_of
from chalicelib.core.paging import Cursors, Page

Read = Callable[[Wanted, str, int], Found]


@dataclass(frozen=True)
class Audit:
    """Makes the writes that record actions."""

    store: AuditStore
    clock: Clock
    new_id: NewId
    cursors: Cursors

    def entry(
        self, action: str, *, owner: str, actor: str, target: str, origin: Origin, **details: object
    ) -> Write:
        """Return the write that records `action` (such as `file.renamed`) on `target` in the owner's library."""
        where = (origin.address, origin.agent, origin.request_id)
        return self.store.put(
            Entry(self.new_id(), owner, action, actor, target, self.clock(), *where, details)
        )

    def late_entry(
        self, entry_id: str, action: str, *, owner: str, actor: str, target: str, origin: Origin, reason: str
    ) -> Write:
        """Return the write that records what happened at the moment of an id, however often it is repeated."""
        where = (origin.address, origin.agent, origin.request_id)
        moment = moment_of(entry_id)
        return self.store.put(
            Entry(entry_id, owner, action, actor, target, moment, *where, {"reason": reason})
        )

    def of_library(self, owner: str, wanted: Wanted, *, limit: int, cursor: str | None) -> Page[Entry]:
        """Return a page of what happened in one person's library, newest first. Raises CursorInvalid."""
        return self._page(f"user:{owner}", partial(self.store.of_library, owner), wanted, limit, cursor)

    def of_target(self, target: str, wanted: Wanted, *, limit: int, cursor: str | None) -> Page[Entry]:
        """Return a page of what happened to one thing, newest first. Raises CursorInvalid."""
        return self._page(f"target:{target}", partial(self.store.of_target, target), wanted, limit, cursor)

    def of_all(self, wanted: Wanted, *, limit: int, cursor: str | None) -> Page[Entry]:
        """Return a page of what happened anywhere, newest first. Raises CursorInvalid."""
        return self._page("all", self.store.of_all, wanted, limit, cursor)

    def _page(self, name: str, read: Read, wanted: Wanted, limit: int, cursor: str | None) -> Page[Entry]:
        scope = f"activity:{name}:{wanted}"
        before = self.cursors.open(cursor, scope)["before"] if cursor else self._end(wanted)
        found = read(wanted, before, limit)
        more = self.cursors.seal({"before": found.reached}, scope) if found.reached else None
        return Page(found.entries, more)

    def _end(self, wanted: Wanted) -> str:
        newest = self.new_id()  # greater than every id so far
        return min(newest, first_id_at(wanted.until)) if wanted.until else newest
