"""How often files were looked at and fetched, and which most: the jobs worker adds up what processes counted."""

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from chalicelib.aws.table import MAX_TRANSACTION_ITEMS, until_not_overtaken
from chalicelib.core.caller import Caller
from chalicelib.core.clock import Clock
from chalicelib.core.paging import Cursors, Page
from chalicelib.files.models import File, Permission
from chalicelib.files.service import Files
from chalicelib.popularity.store import CountedAlready, Overtaken, Uses, UseStore, ranked
from chalicelib.usage.tally import Use, counts_in

EVERYBODY = ""
FORGOTTEN_AT_ONCE = MAX_TRANSACTION_ITEMS // 3


@dataclass(frozen=True)
class Popular:
    """A file and its uses."""

    file: File
    uses: Uses


@dataclass(frozen=True)
class Popularity:
    """The use cases of counts."""

    store: UseStore
    files: Files
    cursors: Cursors
    clock: Clock

    def settle(self, about: dict[str, str]) -> None:
        """Add up the counts in a message; one that comes twice is counted once."""
        counts = counts_in(about)
        until_not_overtaken(lambda: self._settle(about["batch"], counts), Overtaken)

    def of_file(self, caller: Caller, file_id: str) -> Uses:
        """Return how often one of the caller's files was used; two calls. Raises FileNotFound, PermissionMissing."""
        file = self.files.seen(caller, file_id, Permission.SHARE).file
        return self.store.get_many([file.id]).get(file.id, Uses(file.id, file.owner_id))

    def most(self, caller: Caller, *, of_all: bool = False, limit: int, cursor: str | None) -> Page[Popular]:
        """Return a page of the caller's files (or, for admins, everybody's), the most used first; two calls.

        What is in the trash is left out: a page may be short and have a cursor.
        """
        owner_id = EVERYBODY if of_all else caller.user_id
        scope = f"{caller.user_id} popular {owner_id}"
        after = self.cursors.open(cursor, scope)["after"] if cursor else None
        rows = self.store.ranking(owner_id, limit=limit, after=after)
        uses = [ranked(row) for row in rows.items]
        files = {file.id: file for file in self.files.get_many([one.file_id for one in uses])}
        self._forget(one for one in uses if one.file_id not in files)
        more = self.cursors.seal({"after": rows.next_key["sk"]}, scope) if rows.next_key else None
        there = [Popular(files[one.file_id], one) for one in uses if one.file_id in files]
        return Page([one for one in there if one.file.trashed_at is None], more)

    def forget(self, owner_id: str) -> None:
        """Forget all uses of an owner's files, as the account is being erased; safe to repeat."""
        while rows := self.store.ranking(owner_id, limit=FORGOTTEN_AT_ONCE, after=None).items:
            self._forget(ranked(row) for row in rows)

    def _settle(self, batch: str, counts: dict[str, Counter[str]]) -> None:
        now, known = self.clock(), self.store.get_many(list(counts))
        writes = [self.store.counted(batch, now)]
        for file in self.files.get_many(list(counts)):  # what was erased meanwhile is counted no more
            before, more = known.get(file.id, Uses(file.id, file.owner_id)), counts[file.id]
            views, downloads = before.views + more[Use.VIEW], before.downloads + more[Use.DOWNLOAD]
            after = replace(before, views=views, downloads=downloads, last_used_at=now)
            writes += self.store.move(before, after)
        try:
            self.files.tables.commit(writes)
        except CountedAlready:
            return

    def _forget(self, uses: Iterable[Uses]) -> None:
        for some in itertools.batched(uses, FORGOTTEN_AT_ONCE):
            self.files.tables.commit([write for one in some for write in self.store.forget(one)])
