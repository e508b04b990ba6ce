"""Media attached to foreign things: a post, an event, a profile, under the name that another system gives them."""

from typing import Annotated

from pydantic import Field

from chalicelib.api.bulk import BulkDone, BulkJobView, job_answer
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import ContentId, Id
from chalicelib.api.finding import Listing
from chalicelib.api.models import Input
from chalicelib.api.reading import validated
from chalicelib.api.request import Call
from chalicelib.api.views import FilePage
from chalicelib.core.paging import CursorInvalid
from chalicelib.organising.models import Action, Edit

route = Routes("Contents")


class Content(Input):
    """A foreign thing's name."""

    content_id: ContentId


class Attachment(Input):
    """Which files to attach."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


@route(
    "GET /v1/contents/{content}/files",
    who=Who.USER,
    returns=FilePage,
    errors=(CursorInvalid,),
    summary="List the files attached to a foreign thing; all filters and orders apply",
)
def list_content(call: Call, content: str, query: Listing) -> FilePage:
    filters = query.model_copy(update={"content_id": _named(content)})
    found = call.library.files.find(
        call.caller, filters.criteria(), query.order, limit=query.limit, cursor=query.cursor
    )
    return FilePage.of(found)


@route(
    "POST /v1/contents/{content}/files",
    who=Who.WRITER,
    live=True,
    returns=BulkDone,
    summary="Attach up to 100 files to a foreign thing, with a result for each",
)
def attach_files(call: Call, content: str, body: Attachment) -> BulkDone:
    edit = Edit(Action.ATTACH, content_id=_named(content))
    return BulkDone.of(call.library.organising.edit(call.caller, body.ids, edit))


@route(
    "DELETE /v1/contents/{content}",
    who=Who.WRITER,
    returns=BulkJobView,
    also={202: BulkJobView},
    summary="Detach all files from a foreign thing; the files stay",
)
def detach_files(call: Call, content: str) -> Answer:
    return job_answer(call.library.organising.detach_all(call.caller, _named(content)))


def _named(content: str) -> str:
    return validated(Content, {"content_id": content}).content_id
