"""Files of all owners, for admins."""

from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import Id
from chalicelib.api.files import Change, Removal
from chalicelib.api.finding import Listing
from chalicelib.api.request import Call
from chalicelib.api.views import FilePage, FileView
from chalicelib.catalogue.categories import CategoryUnknown
from chalicelib.core.paging import CursorInvalid
from chalicelib.files.administration import OwnerNeeded
from chalicelib.files.models import FileChanged, FilenameInvalid, FileNotFound

route = Routes("Administration")


class AnybodysListing(Listing):
    """Which files, whose, in which order. Without an owner: all filters but `q`, newest first."""

    owner: Id | None = None


@route(
    "GET /v1/admin/files",
    who=Who.ADMIN,
    returns=FilePage,
    errors=(CursorInvalid, OwnerNeeded),
    summary="List files of all owners, newest first, or of one; within one owner's, words and all orders combine too",
)
def list_anybodys_files(call: Call, query: AnybodysListing) -> FilePage:
    return FilePage.of(
        call.library.file_administration.page(
            query.owner, query.criteria(), query.order, limit=query.limit, cursor=query.cursor
        )
    )


@route(
    "GET /v1/admin/files/{file_id}",
    who=Who.ADMIN,
    returns=FileView,
    errors=(FileNotFound,),
    summary="Read anybody's file",
)
def read_anybodys_file(call: Call, file_id: str) -> FileView:
    return FileView.of(call.library.file_administration.get(file_id))


@route(
    "PATCH /v1/admin/files/{file_id}",
    who=Who.ADMIN,
    returns=FileView,
    errors=(FileNotFound, FileChanged, FilenameInvalid, CategoryUnknown),
    summary="Change anybody's file; the owner's activity log tells who did, before and after",
)
def change_anybodys_file(call: Call, file_id: str, body: Change) -> FileView:
    changes = {name: tuple(value) if name == "tags" else value for name, value in body.given().items()}
    administration = call.library.file_administration
    return FileView.of(administration.change(call.caller, file_id, changes, call.expected_version))


@route(
    "DELETE /v1/admin/files/{file_id}",
    who=Who.ADMIN,
    status=204,
    errors=(FileNotFound, FileChanged),
    summary="Move anybody's file to its owner's trash, or erase it with permanent=true",
)
def delete_anybodys_file(call: Call, file_id: str, query: Removal) -> Answer:
    administration = call.library.file_administration
    remove = administration.erase if query.permanent else administration.throw_away
    remove(call.caller, file_id, call.expected_version)
    return Answer()
