"""One's background jobs, whatever they do: in one list."""

from datetime import datetime
from typing import Literal, Self

from chalicelib.api.endpoint import Routes, Who
from chalicelib.api.fields import Paging
from chalicelib.api.models import Output
from chalicelib.api.request import Call
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.jobs.models import Listed

route = Routes("Organising")
Edit = Literal["tag", "untag", "retag", "categorise", "detach", "visibility", "delete", "erase"]


class JobQuery(Paging):
    """Which jobs: in which state, of which kind. Kinds are actions on files, and `table` and `archive`, the exports."""

    status: Literal["running", "finished", "cancelled", "failed", "expired"] | None = None
    kind: Edit | Literal["table", "archive"] | None = None


class JobView(Output):
    """A background job: what it does and how far it has come; more is told at its `location`.

    `total` is about how many files there will be, where that is known. What has failed as a whole says why in `code`.
    """

    id: str
    kind: str
    state: str
    total: int | None
    done: int
    unchanged: int
    failed: int
    code: str | None
    created_at: datetime
    updated_at: datetime
    location: str

    @classmethod
    def of(cls, job: Listed) -> Self:
        """Render a job."""
        return cls.model_validate(vars(job) | {"location": f"/v1/{job.collection}/{job.id}"})


class JobPage(Output):
    """One page of jobs, newest first."""

    items: list[JobView]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Listed]) -> Self:
        """Render a page."""
        return cls(items=[JobView.of(job) for job in page.items], next_cursor=page.next_cursor)


@route(
    "GET /v1/jobs",
    who=Who.USER,
    returns=JobPage,
    errors=(CursorInvalid,),
    summary="List one's background jobs of the last month: edits of many files, exports, archives; newest first",
)
def list_background_jobs(call: Call, query: JobQuery) -> JobPage:
    jobs = call.library.job_list
    found = jobs.of_caller(
        call.caller, state=query.status, kind=query.kind, limit=query.limit, cursor=query.cursor
    )
    return JobPage.of(found)
