"""The same change to many files: up to a hundred at once with a result each, any number as a background job.

A job walks through all files that fit, newest first, a page a step; its position is kept after each step, and each
edit may be made twice, so a step that is cut off or comes twice changes nothing but the figures. Each file changes in
a transaction of its own, with its postings, counts and audit entry. Files that come after a job over a filter began are
left alone; a job that ends a tag, or what is attached to a foreign thing, looks again until none is left, a few times.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from chalicelib.audit.service import Audit
from chalicelib.aws.table import Write
from chalicelib.catalogue.categories import Category
from chalicelib.catalogue.folding import LIBRARY
from chalicelib.catalogue.models import Criteria, Sort
from chalicelib.catalogue.rules import tag_key
from chalicelib.catalogue.service import NEWEST_FIRST
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.clock import Clock
from chalicelib.core.errors import LibraryError
from chalicelib.core.ids import NewId
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.files.models import File, FileChanged, FileNotFound
from chalicelib.files.service import Files
from chalicelib.organising.jobs import PATIENCE, EditJobs
from chalicelib.organising.models import (
    MOST_FAILURES,
    Action,
    Edit,
    Job,
    JobChanged,
    JobEnded,
    JobNotFound,
    JobState,
    Outcome,
    Result,
    TagNotFound,
)
from chalicelib.organising.rules import changes, was_in_trash

STEP = 100
TRIES = 3
LOOKS = 5
"""How often a job looks again."""
ANOTHER_WALK_SECONDS = 30
"""Longer than any request that puts a file into a category may run."""


class PageOf(Protocol):
    """Returns a page of files."""

    def __call__(
        self, owner_id: str | None, criteria: Criteria, sort: Sort, *, limit: int, cursor: str | None
    ) -> Page[File]:
        """Return the page after a cursor."""


@dataclass(frozen=True)
class Organising:
    """The use cases of changing many files."""

    jobs: EditJobs
    files: Files
    audit: Audit
    clock: Clock
    new_id: NewId
    page_of: PageOf
    """Returns a page of an owner's files, or (None) of everybody's."""
    step: int = STEP
    """How many files a step edits."""

    def edit(self, caller: Caller, file_ids: Sequence[str], edit: Edit) -> list[Outcome]:
        """Make one change to up to 100 files; a file that fails harms no other. Raises CategoryUnknown."""
        self._check(caller, edit)
        ids = list(dict.fromkeys(file_ids))
        found = {file.id: file for file in self.files.get_many(ids) if file.owner_id == caller.user_id}
        return [self._edit_one(caller, file_id, found.get(file_id), edit) for file_id in ids]

    def edit_all(self, caller: Caller, criteria: Criteria, edit: Edit) -> Job:
        """Make one change to all files that fit: the first hundred now, the rest in the background.

        Raises CategoryUnknown.
        """
        self._check(caller, edit)
        return self._start(caller, criteria, edit, [])

    def rename_tag(self, caller: Caller, tag: str, name: str) -> Job:
        """Replace a tag by another on all files; where a file has both, they become one. Raises TagNotFound."""
        self._check_tag(caller, tag)
        looks = LOOKS if tag_key(tag) != tag_key(name) else 0
        return self._start(caller, Criteria(tags=(tag,)), Edit(Action.RETAG, (tag, name)), [], looks=looks)

    def delete_tag(self, caller: Caller, tag: str) -> Job:
        """Take a tag off all files. Raises TagNotFound."""
        self._check_tag(caller, tag)
        return self._start(caller, Criteria(tags=(tag,)), Edit(Action.UNTAG, (tag,)), [], looks=LOOKS)

    def detach_all(self, caller: Caller, content_id: str) -> Job:
        """Attach all files of a foreign thing to it no more; the files stay."""
        edit = Edit(Action.DETACH, content_id=content_id)
        return self._start(caller, Criteria(content_id=content_id), edit, [], looks=LOOKS)

    def empty_trash(self, caller: Caller) -> Job:
        """Erase all that is in the trash by now; what is restored, or thrown away, meanwhile stays."""
        return self._start(caller, Criteria(), Edit(Action.ERASE), [])

    def delete_category(self, caller: Caller, category: Category, move_to: str | None) -> Job:
        """End a category; its files go to another one, or to none. Raises CategoryUnknown, CategoryChanged.

        Of one that admins have made for everybody, the files of all owners go: twice, so that none is missed that was
        put into it at the same time.
        """
        edit = Edit(Action.CATEGORISE, category=move_to)
        if move_to is not None:
            owner = LIBRARY if category.shared else caller.user_id
            self.files.catalogue.categories.check(owner, move_to)
        removal = self.files.catalogue.categories.removal(caller, category, move_to)
        return self._start(caller, Criteria(category=category.id), edit, removal, everyone=category.shared)

    def get(self, caller: Caller, job_id: str) -> Job:
        """Return one of the caller's jobs. Raises JobNotFound."""
        job = self.jobs.get(job_id)
        if job is None or job.owner_id != caller.user_id:
            raise JobNotFound("There is no such job.")
        return job

    def cancel(self, caller: Caller, job_id: str) -> None:
        """Stop a job after its present step; what is done stays done. Raises JobNotFound, JobEnded."""
        for _ in range(TRIES):
            job = self.get(caller, job_id)
            if job.state is not JobState.RUNNING:
                raise JobEnded(f"This job is {job.state.value}.")
            try:
                self.jobs.save(replace(job, state=JobState.CANCELLED), job)
            except JobChanged:
                continue
            return
        raise JobEnded("This job is just being finished.")

    def advance(self, job_id: str) -> Job | None:
        """Take a job one step further and, if it is not finished, send for the next; safe to repeat."""
        job = self.jobs.get(job_id)
        if job is None or job.state is not JobState.RUNNING:
            return job
        try:
            after = self._step(job)
        except JobChanged:
            return None  # another worker goes on with it, or the owner has cancelled it
        if after.state is JobState.RUNNING:
            self.jobs.send_for(after, ANOTHER_WALK_SECONDS if after.walks < job.walks else 0)
        return after

    def _start(
        self,
        caller: Caller,
        criteria: Criteria,
        edit: Edit,
        also: Sequence[Write],
        *,
        everyone: bool = False,
        looks: int = 0,
    ) -> Job:
        now = self.clock()
        total = None if everyone else self._expected(caller, criteria, edit)
        job = Job(
            self.new_id(), caller.user_id, criteria, edit, now, now, now + PATIENCE, total=total, looks=looks
        )
        job = replace(job, everyone=True, walks=2) if everyone else job
        entry = self.audit.entry(
            "job.started",
            owner=caller.user_id,
            actor=caller.user_id,
            target=job.id,
            origin=caller.origin,
            edit=edit.action.value,
            tags=list(edit.tags),
            category=edit.category,
            visibility=edit.visibility,
        )
        self.jobs.begin(job, [*also, entry])
        return self.advance(job.id) or self.get(caller, job.id)

    def _expected(self, caller: Caller, criteria: Criteria, edit: Edit) -> int | None:
        if edit.action is Action.ERASE:
            return self.files.catalogue.statistics(caller.user_id).trashed_files
        return self.files.catalogue.expected(caller.user_id, criteria)

    def _step(self, job: Job) -> Job:
        caller = Caller(job.owner_id, Role.OPERATOR, "", Origin(agent=f"job {job.id}"))
        page = self._page(caller, job)
        outcomes = [self._edit_one(caller, file.id, file, job.edit) for file in page.items]
        results = Counter(one.result for one in outcomes)
        failures = [one for one in outcomes if one.result is Result.FAILED]
        looks = page.next_cursor is None and self._is_any_left(caller, job, failures)
        walks = job.walks - (page.next_cursor is None and not looks)
        after = replace(
            job,
            walks=walks,
            looks=job.looks - looks,
            done=job.done + results[Result.DONE],
            unchanged=job.unchanged + results[Result.UNCHANGED],
            failed=job.failed + results[Result.FAILED],
            failures=(*job.failures, *failures)[:MOST_FAILURES],
            cursor=page.next_cursor,
            state=JobState.RUNNING if walks else JobState.FINISHED,
        )
        return self.jobs.save(after, job)

    def _is_any_left(self, caller: Caller, job: Job, failures: Sequence[Outcome]) -> bool:
        """Tell whether files came, while a job ran, for which it should go through all once more."""
        if not job.looks:
            return False
        failed = {one.id for one in (*job.failures, *failures)}
        return any(file.id not in failed for file in self._page_after(caller, job, None).items)

    def _page(self, caller: Caller, job: Job) -> Page[File]:
        try:
            return self._page_after(caller, job, job.cursor)
        except CursorInvalid:  # the key that signs cursors was rotated: begin again, which harms nothing
            return self._page_after(caller, job, None)

    def _page_after(self, caller: Caller, job: Job, cursor: str | None) -> Page[File]:
        if job.edit.action is Action.ERASE:
            page = self.files.trash(caller, limit=self.step, cursor=cursor)
            return replace(page, items=[one for one in page.items if was_in_trash(one, job.created_at)])
        owner = None if job.everyone else caller.user_id
        return self.page_of(owner, job.criteria, NEWEST_FIRST, limit=self.step, cursor=cursor)

    def _check(self, caller: Caller, edit: Edit) -> None:
        if edit.category is not None:
            self.files.catalogue.categories.check(caller.user_id, edit.category)

    def _check_tag(self, caller: Caller, tag: str) -> None:
        if not self.files.find(caller, Criteria(tags=(tag,)), limit=1).items:
            raise TagNotFound(f'None of your files has the tag "{tag_key(tag)}".')

    def _edit_one(self, caller: Caller, file_id: str, file: File | None, edit: Edit) -> Outcome:
        """Edit a file as it was read, or, where it has just been changed, as it is now."""
        try:
            for _ in range(TRIES):
                try:
                    return Outcome(file_id, self._apply(caller, file, edit))
                except FileChanged:
                    file = next(iter(self.files.get_many([file_id])), None)
            raise FileChanged("The file is just being changed by others. Try again.")
        except LibraryError as error:
            return Outcome(file_id, Result.FAILED, error.code, error.detail)

    def _erase(self, caller: Caller, file_id: str) -> Result:
        def read() -> File:
            found = self.files.get_many([file_id])
            if not found or found[0].trashed_at is None:
                raise FileNotFound("The file is in the trash no more.")
            return found[0]

        try:
            self.files.erase_read(caller, read, None)
        except FileNotFound:
            return Result.UNCHANGED
        return Result.DONE

    def _apply(self, caller: Caller, file: File | None, edit: Edit) -> Result:
        if file is None:
            raise FileNotFound("There is no such file.")
        if edit.action is Action.ERASE:
            return self._erase(caller, file.id)
        if edit.action in {Action.DELETE, Action.RESTORE}:
            wanted = edit.action is Action.DELETE
            if (file.trashed_at is not None) is wanted:
                return Result.UNCHANGED
            self.files.move(caller, file, to_trash=wanted)
            return Result.DONE
        return Result.UNCHANGED if self.files.edit(caller, file, changes(edit, file)) == file else Result.DONE
