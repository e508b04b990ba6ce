"""The same change to many files, at once or in the background."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import Id, Tags
from chalicelib.api.finding import Filters
from chalicelib.api.models import Input, Output
from chalicelib.api.request import Call
from chalicelib.catalogue.categories import (
    CategoryUnknown,
)
from chalicelib.core.errors import Invalid
from chalicelib.files.models import Visibility
from chalicelib.organising.models import (
    Action,
    Edit,
    Job,
    JobEnded,
    JobNotFound,
    JobState,
    Outcome,
    Result,
)

route = Routes("Organising")


class FailureView(Output):
    """A file that could not be changed, and why: a stable code and a sentence."""

    id: str
    code: str
    detail: str


class BulkJobView(Output):
    """A change to many files: how far it has come. Of the files that failed, `failures` tells the first hundred."""

    id: str
    action: Action
    state: JobState
    total: int | None
    """How many files there were when it began; null for filters of which no counter knows it."""
    done: int
    unchanged: int
    failed: int
    failures: list[FailureView]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, job: Job) -> Self:
        """Render a job."""
        return cls.model_validate(vars(job) | {"action": job.edit.action})


class BulkAction(Input):
    """What to do to files: `tags` go with tag and untag, `category` (null for none) with categorise."""

    action: Literal["tag", "untag", "categorise", "visibility", "delete", "restore"]
    tags: Tags = []
    category: Id | None = None
    visibility: Annotated[Visibility | None, Field(examples=[None])] = None
    """Goes with the action of this name."""

    def edit(self) -> Edit:
        """Return the edit. Raises Invalid."""
        action = Action(self.action)
        if (action in {Action.TAG, Action.UNTAG}) is not bool(self.tags):
            raise _wrong("tags", "go with tag and untag, and with nothing else")
        if (action is Action.SHOW) is not (self.visibility is not None):
            raise _wrong("visibility", "goes with the action of this name, and with nothing else")
        return Edit(action, tuple(self.tags), self.category, visibility=self.visibility)


class Bulk(BulkAction):
    """The files and what to do to them."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class BulkJob(BulkAction):
    """What to do to all files that fit the filter; restore is for files in the trash, which no filter finds."""

    action: Literal["tag", "untag", "categorise", "visibility", "delete"]
    filter: Filters


class OutcomeView(Output):
    """What became of one file, and why it failed."""

    id: str
    result: Result
    code: str | None
    detail: str | None


class BulkDone(Output):
    """A result for each file, in the order of the ids."""

    items: list[OutcomeView]

    @classmethod
    def of(cls, outcomes: list[Outcome]) -> Self:
        """Render results."""
        return cls(items=[OutcomeView.model_validate(outcome) for outcome in outcomes])


@route(
    "POST /v1/files/bulk",
    who=Who.WRITER,
    live=True,
    returns=BulkDone,
    errors=(CategoryUnknown,),
    summary="Do the same to up to 100 files, with a result for each",
)
def edit_many(call: Call, body: Bulk) -> BulkDone:
    return BulkDone.of(call.library.organising.edit(call.caller, body.ids, body.edit()))


@route(
    "POST /v1/jobs",
    who=Who.WRITER,
    returns=BulkJobView,
    also={202: BulkJobView},
    errors=(CategoryUnknown,),
    summary="Do the same to all files that fit a filter; beyond a hundred in the background",
)
def edit_all(call: Call, body: BulkJob) -> Answer:
    return job_answer(call.library.organising.edit_all(call.caller, body.filter.criteria(), body.edit()))


@route(
    "DELETE /v1/trash",
    who=Who.WRITER,
    returns=BulkJobView,
    also={202: BulkJobView},
    summary="Erase all that is in one's trash; beyond a hundred files in the background",
)
def empty_trash(call: Call) -> Answer:
    return job_answer(call.library.organising.empty_trash(call.caller))


@route(
    "GET /v1/jobs/{job_id}",
    who=Who.WRITER,
    returns=BulkJobView,
    errors=(JobNotFound,),
    summary="Follow a job",
)
def read_job(call: Call, job_id: str) -> BulkJobView:
    return BulkJobView.of(call.library.organising.get(call.caller, job_id))


@route(
    "DELETE /v1/jobs/{job_id}",
    who=Who.WRITER,
    status=204,
    errors=(JobNotFound, JobEnded),
    summary="Stop a job; what is done stays done",
)
def cancel_job(call: Call, job_id: str) -> Answer:
    call.library.organising.cancel(call.caller, job_id)
    return Answer()


def _wrong(field: str, message: str) -> Invalid:
    errors = [{"field": field, "message": message}]
    return Invalid("Some fields have values that will not do; see errors.", errors=errors)


def job_answer(job: Job) -> Answer:
    """Return 200 for a job that has ended, 202 for one that goes on."""
    if job.state is not JobState.RUNNING:
        return Answer(BulkJobView.of(job))
    return Answer(BulkJobView.of(job), status=202, headers={"Location": f"/v1/jobs/{job.id}"})
