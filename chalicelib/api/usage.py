"""How often files are looked at and fetched."""

from datetime import datetime
from typing import Self

from chalicelib.api.endpoint import Routes, Who
from chalicelib.api.fields import Paging
from chalicelib.api.models import Output
from chalicelib.api.request import Call
from chalicelib.api.views import FileView
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.files.models import FileNotFound, PermissionMissing
from chalicelib.popularity.service import Popular

route = Routes("Usage")


class UsageView(Output):
    """How often a file's bytes were asked for: to look at them (inline, or a link was opened), or to have them."""

    views: int
    downloads: int
    last_used_at: datetime | None


class PopularView(Output):
    """A file and how often it was used."""

    file: FileView
    usage: UsageView


class PopularPage(Output):
    """One page of files, the most used first."""

    items: list[PopularView]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Popular]) -> Self:
        """Render a page."""
        items = [
            PopularView(file=FileView.of(one.file), usage=UsageView.model_validate(one.uses))
            for one in page.items
        ]
        return cls(items=items, next_cursor=page.next_cursor)


@route(
    "GET /v1/files/{file_id}/usage",
    who=Who.USER,
    returns=UsageView,
    errors=(FileNotFound, PermissionMissing),
    summary="Read how often a file of one's own was looked at and downloaded; up to a minute old",
)
def read_usage(call: Call, file_id: str) -> UsageView:
    return UsageView.model_validate(call.library.popularity.of_file(call.caller, file_id))


@route(
    "GET /v1/files/popular",
    who=Who.USER,
    returns=PopularPage,
    errors=(CursorInvalid,),
    summary="List one's files that were looked at or downloaded, the most used first",
)
def list_popular(call: Call, query: Paging) -> PopularPage:
    found = call.library.popularity.most(call.caller, limit=query.limit, cursor=query.cursor)
    return PopularPage.of(found)


@route(
    "GET /v1/admin/files/popular",
    who=Who.ADMIN,
    returns=PopularPage,
    errors=(CursorInvalid,),
    summary="List everybody's files that were looked at or downloaded, the most used first",
)
def list_popular_of_all(call: Call, query: Paging) -> PopularPage:
    found = call.library.popularity.most(call.caller, of_all=True, limit=query.limit, cursor=query.cursor)
    return PopularPage.of(found)
