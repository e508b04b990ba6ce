"""The catalogue: lists of file ids, and the writes that keep them true."""

from dataclasses import dataclass

from chalicelib.aws.table import Write
from chalicelib.catalogue.models import Entry
from chalicelib.catalogue.rules import postings
from chalicelib.catalogue.store import PostingStore
from chalicelib.core.paging import Cursors


@dataclass(frozen=True)
class Ids:
    """One page of a list of files."""

    file_ids: list[str]
    next_cursor: str | None


@dataclass(frozen=True)
class Catalogue:
    """Lists files, and describes the postings of a changed one."""

    store: PostingStore
    cursors: Cursors

    def changes(self, before: Entry | None, after: Entry | None) -> list[Write]:
        """Return the writes that turn the postings of `before` into those of `after`, one a list at most."""
        old, new = postings(before), postings(after)
        kept_keys = {posting.list_key for posting in new}
        gone = [posting for posting in old - new if posting.list_key not in kept_keys]
        return [self.store.delete(posting) for posting in gone] + [
            self.store.put(posting) for posting in new - old
        ]

    def newest_first(self, list_key: str, *, limit: int, cursor: str | None) -> Ids:
        """Return a page of a list in one Query. Raises CursorInvalid."""
        after = self.cursors.open(cursor, list_key)["after"] if cursor else None
        rows = self.store.newest_first(list_key, limit=limit, after=after)
        more = self.cursors.seal({"after": rows.next_key["sk"]}, list_key) if rows.next_key else None
        return Ids([row["sk"] for row in rows.items], more)
