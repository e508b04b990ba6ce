"""Exports: many files as a table or as one archive, made in the background and fetched from storage."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import Id, Paging
from chalicelib.api.finding import ColumnName, Filters, SortName, sort_of
from chalicelib.api.models import Input, Output
from chalicelib.api.request import Call
from chalicelib.api.views import ProblemView
from chalicelib.catalogue.service import EVERYTHING
from chalicelib.core.caller import Scope
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.exports import archives
from chalicelib.exports.archives import Archive, Archiving
from chalicelib.exports.models import Export, ExportNotFound, ExportState
from chalicelib.exports.service import Exports
from chalicelib.exports.tables import Table, wanted
from chalicelib.files.export import COLUMNS
from chalicelib.files.models import FilenameInvalid, FileNotFound, PermissionMissing
from chalicelib.files.rules import normal_filename
from chalicelib.limits.models import RateExceeded

route = Routes("Exports")


class TableExport(Input):
    """Which files, in which order, and which columns; `bom` begins with a byte order mark, as Excel likes it."""

    format: Literal["csv"] = "csv"
    filter: Filters = Filters()
    sort: SortName = "-created_at"
    columns: Annotated[list[ColumnName], Field(min_length=1, max_length=len(COLUMNS))] = list(COLUMNS)
    bom: bool = False


class ArchiveExport(Input):
    """Which files go into one ZIP archive: `ids`, of any that one may download, or a filter over one's own.

    An archive holds at most 10,000 files and 40 GiB. `name` is what the archive is called, without ".zip".
    """

    ids: Annotated[list[Id], Field(min_length=1, max_length=200)] | None = None
    filter: Annotated[Filters | None, Field(examples=[None])] = None
    name: Annotated[str, Field(min_length=1, max_length=200)] = "files"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            msg = "Give either ids or a filter."
            raise ValueError(msg)
        return self


class ExportView(Output):
    """An export: how far it has come, and, while it is finished, an address to fetch it from.

    The address is good until `url_expires_at`, at most an hour; reading the export again gives a new one. The object
    itself is kept until `expires_at`, a week after it was finished. `expected` is about how many files it will have,
    where that is known, and `expected_size` about how many bytes. What has `failed` says why in `error`.
    """

    id: str
    kind: str
    filename: str
    state: ExportState
    files: int
    expected: int | None
    size: int
    expected_size: int | None
    error: ProblemView | None
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
    "POST /v1/exports/zip",
    who=Who.USER,
    scope=Scope.READ,
    status=202,
    returns=ExportView,
    errors=(RateExceeded, FileNotFound, PermissionMissing, FilenameInvalid),
    summary="Pack files into one ZIP archive; follow it at its Location",
)
def begin_archive(call: Call, body: ArchiveExport) -> Answer:
    exports, ids = call.library.exports, tuple(dict.fromkeys(body.ids)) if body.ids else None
    criteria = body.filter.criteria() if body.filter else EVERYTHING
    filename = normal_filename(f"{body.name}.zip")
    if ids:
        Archiving(call.library.files).check(call.caller, ids)
    expected = len(ids) if ids else call.library.files.catalogue.expected(call.caller.user_id, criteria)
    export = exports.begin(call.caller, archives.wanted(Archive(ids, criteria), filename, expected))
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
