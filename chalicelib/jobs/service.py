"""One list of all background jobs of an owner, newest first, and counts of them by kind and state.

Whoever keeps jobs (edits of many files, exports) adds the writes of `changes` to each of their own transactions: the
list and the counts then never disagree with the jobs, and nothing is ever counted by reading.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.aws.table import Write
from chalicelib.catalogue.counters import Counters, job_label
from chalicelib.core.caller import Caller
from chalicelib.core.paging import Cursors, Page
from chalicelib.jobs.models import Listed
from chalicelib.jobs.store import JobListStore


@dataclass(frozen=True)
class JobList:
    """Lists and counts background jobs."""

    store: JobListStore
    counters: Counters
    cursors: Cursors

    def changes(self, before: Listed | None, after: Listed | None) -> list[Write]:
        """Return the writes that go with a job's change; None: not there (yet, or any more)."""
        writes: list[Write] = []
        if after is not None:
            writes.append(self.store.put(after))
        elif before is not None:
            writes.append(self.store.delete(before))
        counts = Counter([after.counted] if after else [])
        counts.subtract([before.counted] if before else [])
        changed = {job_label(name): number for name, number in counts.items() if number}
        owner = after or before
        return [*writes, self.counters.jobs(owner.owner_id, changed)] if owner and changed else writes

    def of_caller(
        self, caller: Caller, *, state: str | None, kind: str | None, limit: int, cursor: str | None
    ) -> Page[Listed]:
        """Return a page of the caller's jobs, newest first; one call. Raises CursorInvalid.

        With a state or a kind a page looks at a thousand jobs at most: then it may be short and have a cursor.
        """
        wanted = {name: value for name, value in (("state", state), ("kind", kind)) if value is not None}
        scope = f"{caller.user_id} jobs {sorted(wanted.items())}"
        after = self.cursors.open(cursor, scope)["after"] if cursor else None
        found, last = self.store.page(caller.user_id, wanted, limit=limit, after=after)
        return Page(found, self.cursors.seal({"after": last}, scope) if last else None)

    def all(self, owner_id: str) -> Iterator[Listed]:
        """Return all jobs of an owner: for what ends them with their owner."""
        return self.store.all(owner_id)

    def found(self, owner_id: str) -> Counter[str]:
        """Count an owner's jobs by reading them all, to prove the counters right: for a person at a terminal."""
        return Counter(job_label(job.counted) for job in self.store.all(owner_id))
