"""What no worker could do in five tries, for admins."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.endpoint import Routes, Who
from chalicelib.api.models import Input, Output
from chalicelib.api.request import Call

route = Routes("Administration")
Lane = Literal["extraction", "media", "jobs"]


class Failed(Input):
    """Which of them."""

    status: Literal["failed"] = "failed"
    lane: Lane | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class Redrive(Input):
    """Which are sent again."""

    lane: Lane | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class FailedJob(Output):
    """A message that failed five times."""

    id: str
    lane: Lane
    body: str
    received: int
    sent_at: datetime


class FailedJobs(Output):
    """Some of them, in no order."""

    items: list[FailedJob]


class Redriven(Output):
    """How many were sent again."""

    redriven: int


@route(
    "GET /v1/admin/jobs",
    who=Who.ADMIN,
    returns=FailedJobs,
    summary="Look at jobs that failed five times; each is hidden from the next look for ten seconds",
)
def list_failed_jobs(call: Call, query: Failed) -> FailedJobs:
    letters = call.library.dead_letters.look(query.lane, query.limit)
    items = [vars(letter) | {"sent_at": datetime.fromtimestamp(letter.sent_at, UTC)} for letter in letters]
    return FailedJobs(items=[FailedJob.model_validate(item) for item in items])


@route(
    "POST /v1/admin/jobs/redrive",
    who=Who.ADMIN,
    returns=Redriven,
    summary="Send failed jobs to their queues again",
)
def redrive_jobs(call: Call, body: Redrive) -> Redriven:
    return Redriven(redriven=call.library.dead_letters.send_again(call.caller, body.lane, body.limit))
