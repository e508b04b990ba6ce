"""The history of the work on some content: every attempt, what it cost, and how it ended.

An attempt is recorded when it begins, in the transaction that claims the content, and again when it ends, in the
transaction of its result. One that was begun and never ended was interrupted: its worker died, or the world failed it.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.aws.table import Write
from chalicelib.core.clock import Clock
from chalicelib.core.ids import NewId
from chalicelib.extraction.attempts import Job, Outcome, Spent, Work
from chalicelib.extraction.store import JobStore

PATIENCE = timedelta(seconds=150)
KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Jobs:
    """Records attempts, and tells of them."""

    store: JobStore
    clock: Clock
    new_id: NewId

    def begun(self, owner_id: str, sha256: str, work: Work, attempt: int) -> tuple[Job, Write]:
        """Return a new attempt, and the write that records it."""
        job = Job(self.new_id(), work, attempt, self.clock())
        return job, self._put(owner_id, sha256, job)

    def done(self, owner_id: str, sha256: str, job: Job, code: str | None, spent: Spent) -> Write:
        """Return the write that records the end of an attempt."""
        return self._put(owner_id, sha256, self._ended(job, Outcome.DONE, code, spent))

    def failed(self, owner_id: str, sha256: str, job: Job, fault: Exception) -> Write:
        """Return the write that records what kept an attempt from its end: the error's class, no more."""
        return self._put(owner_id, sha256, self._ended(job, Outcome.FAILED, type(fault).__name__, Spent()))

    def of(self, owner_id: str, sha256: str, limit: int) -> list[Job]:
        """Return the latest attempts on some content, newest first; one call."""
        return [self._seen_now(job) for job in self.store.latest(owner_id, sha256, limit)]

    def _put(self, owner_id: str, sha256: str, job: Job) -> Write:
        return self.store.put(owner_id, sha256, job, job.started_at + KEPT)

    def _ended(self, job: Job, outcome: Outcome, code: str | None, spent: Spent) -> Job:
        return replace(
            job,
            ended_at=self.clock(),
            outcome=outcome,
            code=code,
            bytes_read=spent.bytes_read,
            requests=spent.requests,
        )

    def _seen_now(self, job: Job) -> Job:
        lost = job.outcome is Outcome.RUNNING and job.started_at + PATIENCE < self.clock()
        return replace(job, outcome=Outcome.INTERRUPTED) if lost else job
