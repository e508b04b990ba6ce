"""Files: read, change, download, trash."""

from datetime import datetime
from typing import Literal

from chalice.app import Blueprint

from chalicelib.api.endpoint import Answer, Input, Output, Routes, Who
from chalicelib.api.fields import Caption, ContentId, Custom, Filename, Id, Paging, Tags
from chalicelib.api.request import Call
from chalicelib.api.views import FilePage, FileView
from chalicelib.catalogue.categories import CategoryUnknown
from chalicelib.core.paging import CursorInvalid
from chalicelib.files.models import FileChanged, FilenameInvalid, FileNotFound, FileNotReady
from chalicelib.files.service import Delivery

blueprint = Blueprint(__name__)
route = Routes(blueprint, "Files")


class Change(Input):
    """What to change; fields that are left out stay as they are."""

    filename: Filename = ""
    caption: Caption | None = None
    content_id: ContentId | None = None
    category: Id | None = None
    tags: Tags = []
    custom: Custom = {}


class Removal(Input):
    """How to delete."""

    permanent: bool = False


class Download(Input):
    """How to deliver."""

    disposition: Literal["attachment", "inline"] = "attachment"
    redirect: bool = True


class DeliveryView(Output):
    """A signed address."""

    url: str
    expires_at: datetime


@route(
    "GET /v1/files/{file_id}", who=Who.USER, returns=FileView, errors=(FileNotFound,), summary="Read a file"
)
def read_file(call: Call, file_id: str) -> FileView:
    return FileView.of(call.library.files.get(call.caller, file_id))


@route(
    "PATCH /v1/files/{file_id}",
    who=Who.WRITER,
    returns=FileView,
    errors=(FileNotFound, FileChanged, FilenameInvalid, CategoryUnknown),
    summary="Rename a file or change its fields; If-Match guards against lost updates",
)
def change_file(call: Call, file_id: str, body: Change) -> FileView:
    changes = {name: tuple(value) if name == "tags" else value for name, value in body.given().items()}
    return FileView.of(call.library.files.change(call.caller, file_id, changes, call.expected_version))


@route(
    "DELETE /v1/files/{file_id}",
    who=Who.WRITER,
    status=204,
    errors=(FileNotFound, FileChanged),
    summary="Move a file to the trash, or erase it with permanent=true",
)
def delete_file(call: Call, file_id: str, query: Removal) -> Answer:
    remove = call.library.files.erase if query.permanent else call.library.files.throw_away
    remove(call.caller, file_id, call.expected_version)
    return Answer()


@route(
    "GET /v1/files/{file_id}/download",
    who=Who.USER,
    status=302,
    also={200: DeliveryView},
    errors=(FileNotFound, FileNotReady),
    summary="Get the signed address of the bytes: as a redirect, or as JSON with redirect=false",
)
def download_file(call: Call, file_id: str, query: Download) -> Answer:
    inline = query.disposition == "inline"
    return deliver(call.library.files.download(call.caller, file_id, inline=inline), redirect=query.redirect)


@route("GET /v1/trash", who=Who.USER, returns=FilePage, errors=(CursorInvalid,), summary="List the trash")
def list_trash(call: Call, query: Paging) -> FilePage:
    return FilePage.of(call.library.files.trash(call.caller, limit=query.limit, cursor=query.cursor))


@route(
    "POST /v1/files/{file_id}/restore",
    who=Who.WRITER,
    returns=FileView,
    errors=(FileNotFound,),
    summary="Bring a file back from the trash",
)
def restore_file(call: Call, file_id: str) -> FileView:
    return FileView.of(call.library.files.restore(call.caller, file_id))


def deliver(delivery: Delivery, *, redirect: bool) -> Answer:
    """Answer with a signed address: as a redirect, or in JSON."""
    if redirect:
        return Answer(headers={"Location": delivery.url})
    return Answer(DeliveryView.model_validate(delivery), status=200)
