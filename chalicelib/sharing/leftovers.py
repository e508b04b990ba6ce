"""Ends links and grants of files that were erased: they open nothing any more, and the sweep takes them away."""

from dataclasses import dataclass

from chalicelib.aws.agenda import Agenda
from chalicelib.aws.table import Tables
from chalicelib.core.clock import Clock
from chalicelib.sharing.grants import Grants
from chalicelib.sharing.store import LinkStore

PAGE = 100


@dataclass(frozen=True)
class Leftovers:
    """Takes away what was shared of erased files."""

    tables: Tables
    links: LinkStore
    grants: Grants
    erased: Agenda
    clock: Clock

    def clear(self) -> int:
        """Take away what is due, of at most 400 files a run; safe to repeat and to cut anywhere. Returns how many."""
        count = 0
        for due in list(self.erased.due(self.clock())):
            owner_id, file_id = due.reference.split("#")
            self.grants.forget_file(file_id)
            self._end_links(owner_id, file_id)
            self.tables.commit([self.erased.delete(due.at, due.reference)])
            count += 1
        return count

    def _end_links(self, owner_id: str, file_id: str) -> None:
        while rows := self.links.of_file(file_id, limit=PAGE, after=None).items:
            found = self.links.get_many([row["token_hash"] for row in rows])
            for row in rows:
                link = found.get(row["token_hash"])
                link_id = row["sk"].removeprefix("link#")
                ended = self.links.delete(link) if link else self.links.unlist(owner_id, file_id, link_id)
                self.tables.commit(ended)
