"""The life of an edit's job: begun, taken further, ended, and a month later removed.

Each of these is one transaction with the job's row, its place in the owner's list, the counts and the agenda.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from chalicelib.aws.agenda import Agenda, Due
from chalicelib.aws.queue import Queue
from chalicelib.aws.table import Tables, Write, until_not_overtaken
from chalicelib.core.clock import Clock
from chalicelib.core.job import Job as Message
from chalicelib.core.job import Kind
from chalicelib.jobs.models import Listed
from chalicelib.jobs.service import JobList
from chalicelib.organising.models import Job, JobChanged, JobState
from chalicelib.organising.store import EditJobStore

PATIENCE = timedelta(minutes=15)
"""How long a job may stand still before the sweep sends for it."""
KEPT = timedelta(days=30)
"""How long one can read of a job that has ended."""
COLLECTION = "jobs"


@dataclass(frozen=True)
class EditJobs:
    """Keeps the jobs of edits."""

    tables: Tables
    store: EditJobStore
    agenda: Agenda
    listed: JobList
    queue: Queue
    clock: Clock

    def get(self, job_id: str) -> Job | None:
        """Return a job, whoever owns it; one call."""
        return self.store.get(job_id)

    def begin(self, job: Job, also: Sequence[Write]) -> None:
        """Keep a new job, together with what else begins with it."""
        due = self.agenda.put(job.due_at, job.id)
        self.tables.commit([self.store.put_new(job), due, *self.listed.changes(None, listed_of(job)), *also])

    def save(self, after: Job, before: Job) -> Job:
        """Keep a job's next step, and return it. Raises JobChanged."""
        moment = self.clock()
        due_at = before.due_at if after.state is JobState.RUNNING else moment + KEPT
        return self._replace(replace(after, updated_at=moment, due_at=due_at), before)

    def send_for(self, job: Job, delay: int = 0) -> None:
        """Have a job taken further, after some seconds; one call."""
        self.queue.send(Message(Kind.ORGANISE, {"job_id": job.id}).to_text(), delay=delay)

    def remind(self) -> int:
        """Send for jobs that have stood still, and remove those that ended a month ago; safe to repeat.

        Returns how many were sent for.
        """
        return sum(map(self._remind, list(self.agenda.due(self.clock()))))

    def forget(self, owner_id: str) -> None:
        """Remove all jobs of an owner; safe to repeat."""
        for one in list(self.listed.all(owner_id)):
            if one.collection == COLLECTION:
                until_not_overtaken(partial(self._remove_now, one.id), JobChanged)

    def _remind(self, due: Due) -> bool:
        job = self.store.get(due.reference)
        if job is None or job.due_at != due.at:
            self.tables.commit([self.agenda.delete(due.at, due.reference)])
            return False
        running = job.state is JobState.RUNNING
        try:
            if running:
                self.send_for(job)
                self._replace(replace(job, due_at=self.clock() + PATIENCE), job)
            else:
                self._remove(job)
        except JobChanged:
            return False  # it goes on by itself
        return running

    def _replace(self, after: Job, before: Job) -> Job:
        after = replace(after, version=before.version + 1)
        writes = [self.store.put_if(after, before.version)]
        if after.due_at != before.due_at:
            writes.append(self.agenda.delete(before.due_at, before.id))
            writes.append(self.agenda.put(after.due_at, after.id))
        self.tables.commit([*writes, *self.listed.changes(listed_of(before), listed_of(after))])
        return after

    def _remove_now(self, job_id: str) -> None:
        job = self.store.get(job_id)
        if job is not None:
            self._remove(job)

    def _remove(self, job: Job) -> None:
        gone = [self.store.delete_if(job), self.agenda.delete(job.due_at, job.id)]
        self.tables.commit([*gone, *self.listed.changes(listed_of(job), None)])


def listed_of(job: Job) -> Listed:
    """Return what its owner's list tells of a job."""
    told = ("id", "owner_id", "created_at", "updated_at", "total", "done", "unchanged", "failed")
    facts = {name: getattr(job, name) for name in told}
    return Listed(kind=job.edit.action.value, state=job.state.value, collection=COLLECTION, **facts)
