"""Files: read, change, download, trash."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import Caption, ContentId, Custom, Filename, Id, Paging, Tags
from chalicelib.api.models import Input, Output
from chalicelib.api.request import Call
from chalicelib.api.views import FilePage, FileView
from chalicelib.catalogue.categories import CategoryUnknown
from chalicelib.core.paging import CursorInvalid
from chalicelib.files.access import permissions
from chalicelib.files.models import (
    Delivery,
    FileChanged,
    FilenameInvalid,
    FileNotFound,
    FileNotReady,
    MetadataStays,
    Permission,
    PermissionMissing,
    Visibility,
)

route = Routes("Files")

PUBLIC_SECONDS = 60
PUBLIC_REDIRECT_SECONDS = 30
"""Half the life of the address that it leads to, which therefore still holds when it is taken from a cache."""


class Change(Input):
    """What to change; fields that are left out stay as they are.

    `strip_metadata=true` gives everyone who was not granted a download a copy without positions and other metadata
    (JPEG, PNG, WebP; pixels are the same), and shows them no `metadata`. It is made in the background; until then their
    downloads answer 409 `file_not_ready`.
    """

    filename: Filename = ""
    caption: Caption | None = None
    content_id: ContentId | None = None
    category: Id | None = None
    visibility: Visibility = Visibility.PRIVATE
    strip_metadata: bool = False
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
    "GET /v1/files/{file_id}",
    who=Who.PUBLIC,
    returns=FileView,
    errors=(FileNotFound,),
    summary="Read a file: one's own, one shared with one, or a public one (without a token, cacheable for a minute)",
)
def read_file(call: Call, file_id: str) -> Answer:
    seen = call.library.files.seen(call.signed_in, file_id)
    return Answer(FileView.of(seen.file, seen.held), headers=cached(call, PUBLIC_SECONDS))


@route(
    "PATCH /v1/files/{file_id}",
    who=Who.WRITER,
    returns=FileView,
    errors=(FileNotFound, PermissionMissing, FileChanged, FilenameInvalid, CategoryUnknown, MetadataStays),
    summary="Rename a file or change its fields; If-Match guards against lost updates",
)
def change_file(call: Call, file_id: str, body: Change) -> FileView:
    changes = {name: tuple(value) if name == "tags" else value for name, value in body.given().items()}
    file = call.library.files.change(call.caller, file_id, changes, call.expected_version)
    return FileView.of(file, permissions(file, call.caller, Permission.EDIT))


@route(
    "DELETE /v1/files/{file_id}",
    who=Who.WRITER,
    status=204,
    errors=(FileNotFound, PermissionMissing, FileChanged),
    summary="Move a file to the trash, or erase it with permanent=true",
)
def delete_file(call: Call, file_id: str, query: Removal) -> Answer:
    remove = call.library.files.erase if query.permanent else call.library.files.throw_away
    remove(call.caller, file_id, call.expected_version)
    return Answer()


@route(
    "GET /v1/files/{file_id}/download",
    who=Who.PUBLIC,
    status=302,
    also={200: DeliveryView},
    errors=(FileNotFound, PermissionMissing, FileNotReady, MetadataStays),
    summary="Get the signed address of the bytes: as a redirect, or as JSON with redirect=false",
)
def download_file(call: Call, file_id: str, query: Download) -> Answer:
    inline = query.disposition == "inline"
    delivery = call.library.files.download(call.signed_in, file_id, inline=inline)
    return deliver(delivery, redirect=query.redirect, headers=cached(call, PUBLIC_REDIRECT_SECONDS))


@route("GET /v1/trash", who=Who.USER, returns=FilePage, errors=(CursorInvalid,), summary="List the trash")
def list_trash(call: Call, query: Paging) -> FilePage:
    return FilePage.of(call.library.files.trash(call.caller, limit=query.limit, cursor=query.cursor))


@route(
    "POST /v1/files/{file_id}/restore",
    who=Who.WRITER,
    returns=FileView,
    errors=(FileNotFound, PermissionMissing, FileChanged),
    summary="Bring a file back from the trash",
)
def restore_file(call: Call, file_id: str) -> FileView:
    return FileView.of(call.library.files.restore(call.caller, file_id))


def deliver(
    delivery: Delivery, *, redirect: bool, headers: Mapping[str, str] = MappingProxyType({})
) -> Answer:
    """Answer with a signed address: as a redirect, or in JSON."""
    if redirect:
        return Answer(headers={**headers, "Location": delivery.url})
    return Answer(DeliveryView.model_validate(delivery), status=200, headers=headers)


def cached(call: Call, seconds: int) -> dict[str, str]:
    """Return the header fields under which a public file's answer may be kept by those who sent no token."""
    if call.signed_in is not None:
        return {"Vary": "Authorization"}
    return {"Vary": "Authorization", "Cache-Control": f"public, max-age={seconds}"}
