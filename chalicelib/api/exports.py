"""Exports: any number of files as a table, made in the background and fetched from storage."""

from datetime import datetime
from typing import Annotated, Literal, Self

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.api.endpoint import Answer, Input, Output, Routes, Who
from chalicelib.api.fields import Paging
from chalicelib.api.finding import ColumnName, Filters, SortName, sort_of
from chalicelib.api.request import Call
from chalicelib.core.caller import Scope
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.exports.models import Export, ExportNotFound, ExportState
from chalicelib.exports.service import Exports
from chalicelib.exports.tables import Table, wanted
from chalicelib.files.export import COLUMNS
from chalicelib.limits.models import RateExceeded

blueprint = Blueprint(__name__)
route = Routes(blueprint, "Exports")


class TableExport(Input):
    """Which files, in which order, and which columns; `bom` begins with a byte order mark, as Excel likes it."""

    format: Literal["csv"] = "csv"
    filter: Filters = Filters()
    sort: SortName = "-created_at"
    columns: Annotated[list[ColumnName], Field(min_length=1, max_length=len(COLUMNS))] = list(COLUMNS)
    bom: bool = False


class ExportView(Output):
    """An export: how far it has come, and, while it is finished, an address to fetch it from.

    The address is good until `url_expires_at`, at most an hour; reading the export again gives a new one. The object
    itself is kept until `expires_at`, a week after it was finished. `expected` is about how many files it will have,
    where that is known.
    """

    id: str
    kind: str
    filename: str
    state: ExportState
    files: int
    expected: int | None
    size: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    url: str | None
    url_expires_at: datetime | None

    @classmethod
    def of(cls, exports: Exports, export: Export) -> Self:
        """Render an export."""
        link = exports.link(export)
        signed = {"url": link and link.url, "url_expires_at": link and link.expires_at}
        return cls.model_validate(vars(export.wanted) | vars(export) | signed)


class ExportPage(Output):
    """One page of exports, newest first."""

    items: list[ExportView]
    next_cursor: str | None

    @classmethod
    def of(cls, exports: Exports, page: Page[Export]) -> Self:
        """Render a page."""
        return cls(items=[ExportView.of(exports, one) for one in page.items], next_cursor=page.next_cursor)


@route(
    "POST /v1/exports",
    who=Who.USER,
    scope=Scope.READ,
    status=202,
    returns=ExportView,
    errors=(RateExceeded,),
    summary="Export all files that fit a filter as a table, however many; follow it at its Location",
)
def begin_export(call: Call, body: TableExport) -> Answer:
    exports, criteria, sort = call.library.exports, body.filter.criteria(), sort_of(body.sort)
    table = Table(criteria, tuple(body.columns), sort.order, sort.descending, body.bom)
    expected = call.library.files.catalogue.expected(call.caller.user_id, criteria)
    export = exports.begin(call.caller, wanted(table, expected))
    return Answer(ExportView.of(exports, export), headers={"Location": f"/v1/exports/{export.id}"})


@route(
    "GET /v1/exports",
    who=Who.USER,
    returns=ExportPage,
    errors=(CursorInvalid,),
    summary="List one's exports of the last month",
)
def list_exports(call: Call, query: Paging) -> ExportPage:
    exports = call.library.exports
    return ExportPage.of(exports, exports.of_caller(call.caller, limit=query.limit, cursor=query.cursor))


@route(
    "GET /v1/exports/{export_id}",
    who=Who.USER,
    returns=ExportView,
    errors=(ExportNotFound,),
    summary="Follow an export, and get an address to fetch it from",
)
def read_export(call: Call, export_id: str) -> ExportView:
    exports = call.library.exports
    return ExportView.of(exports, exports.get(call.caller, export_id))


@route(
    "DELETE /v1/exports/{export_id}",
    who=Who.USER,
    scope=Scope.READ,
    status=204,
    errors=(ExportNotFound,),
    summary="Stop an export if it is running, and remove it",
)
def remove_export(call: Call, export_id: str) -> Answer:
    call.library.exports.remove(call.caller, export_id)
    return Answer()
