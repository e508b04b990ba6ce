"""Tags: listed, suggested, renamed, deleted."""

from typing import Annotated

from pydantic import Field

from chalicelib.api.bulk import BulkJobView, job_answer
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import Paging, Tag
from chalicelib.api.models import Input, Output
from chalicelib.api.request import Call
from chalicelib.core.paging import CursorInvalid
from chalicelib.organising.models import TagNotFound

route = Routes("Tags")


class TagView(Output):
    """A tag and on how many files it is."""

    name: str
    files: int


class TagPage(Output):
    """One page of tags in alphabetical order."""

    items: list[TagView]
    next_cursor: str | None


class TagQuery(Paging):
    """Which tags: those whose normal form begins with `prefix`."""

    prefix: Annotated[str, Field(max_length=64)] = ""


class TagName(Input):
    """A tag's new name."""

    name: Tag


@route(
    "GET /v1/tags",
    who=Who.USER,
    returns=TagPage,
    errors=(CursorInvalid,),
    summary="List one's tags with counts, or suggest those that begin with a text",
)
def list_tags(call: Call, query: TagQuery) -> TagPage:
    tags, more = call.library.files.catalogue.tags(
        call.caller.user_id, query.prefix, limit=query.limit, cursor=query.cursor
    )
    return TagPage(items=[TagView.model_validate(tag) for tag in tags], next_cursor=more)


@route(
    "PATCH /v1/tags/{tag}",
    who=Who.WRITER,
    returns=BulkJobView,
    also={202: BulkJobView},
    errors=(TagNotFound,),
    summary="Rename a tag on all files; where the new name exists, they become one",
)
def rename_tag(call: Call, tag: str, body: TagName) -> Answer:
    return job_answer(call.library.organising.rename_tag(call.caller, tag, body.name))


@route(
    "DELETE /v1/tags/{tag}",
    who=Who.WRITER,
    returns=BulkJobView,
    also={202: BulkJobView},
    errors=(TagNotFound,),
    summary="Take a tag off all files",
)
def delete_tag(call: Call, tag: str) -> Answer:
    return job_answer(call.library.organising.delete_tag(call.caller, tag))
