"""Files: list, read, change, download, trash."""

from datetime import datetime
from typing import Annotated, Literal

from chalice.app import Blueprint
from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints

from chalicelib.api.endpoint import Answer, Input, Output, Routes, Who
from chalicelib.api.fields import MAX_SIZE, Caption, ContentId, Custom, Filename, Tag, Tags, as_list
from chalicelib.api.request import Call
from chalicelib.api.views import FilePage, FileView
from chalicelib.catalogue.models import Criteria, Order, Sort
from chalicelib.core.paging import CursorInvalid
from chalicelib.files.models import FileChanged, FilenameInvalid, FileNotFound, FileNotReady, Status
from chalicelib.files.service import Delivery

blueprint = Blueprint(__name__)
route = Routes(blueprint, "Files")


class Paging(Input):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=2048)] | None = None


class Filters(Input):
    """What files must be like. Times: from `created_after` on, and before `created_before`; sizes in bytes."""

    type: Literal["image", "video", "audio", "document"] | None = None
    tag: Annotated[list[Tag], Field(max_length=20), BeforeValidator(as_list)] = []
    ext: Annotated[str, StringConstraints(to_lower=True, max_length=16)] | None = None
    status: Status | None = None
    content_id: ContentId | None = None
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    min_size: Annotated[int, Field(ge=0, le=MAX_SIZE)] | None = None
    max_size: Annotated[int, Field(ge=0, le=MAX_SIZE)] | None = None
    q: Annotated[str, Field(max_length=200)] = ""

    def criteria(self) -> Criteria:
        """Return them in the catalogue's terms."""
        return Criteria(
            type=self.type,
            extension=self.ext,
            status=self.status.value if self.status else None,
            content_id=self.content_id,
            tags=tuple(self.tag),
            created_after=self.created_after,
            created_before=self.created_before,
            min_size=self.min_size,
            max_size=self.max_size,
            words=self.q,
        )


class Listing(Filters, Paging):
    """Which files, in which order."""

    sort: Literal["created_at", "-created_at", "filename", "-filename", "size", "-size"] = "-created_at"

    @property
    def order(self) -> Sort:
        """Return the order in the catalogue's terms."""
        return Sort(Order(self.sort.removeprefix("-")), self.sort.startswith("-"))


class Change(Input):
    """What to change; fields that are left out stay as they are."""

    filename: Filename = ""
    caption: Caption | None = None
    content_id: ContentId | None = None
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
    "GET /v1/files",
    who=Who.USER,
    returns=FilePage,
    errors=(CursorInvalid,),
    summary="List one's files: filters combine freely, with each other, with words, with any order",
)
def list_files(call: Call, query: Listing) -> FilePage:
    found = call.library.files.find(
        call.caller, query.criteria(), query.order, limit=query.limit, cursor=query.cursor
    )
    return FilePage.of(found)


@route(
    "GET /v1/files/{file_id}", who=Who.USER, returns=FileView, errors=(FileNotFound,), summary="Read a file"
)
def read_file(call: Call, file_id: str) -> FileView:
    return FileView.of(call.library.files.get(call.caller, file_id))


@route(
    "PATCH /v1/files/{file_id}",
    who=Who.WRITER,
    returns=FileView,
    errors=(FileNotFound, FileChanged, FilenameInvalid),
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
    return _deliver(call.library.files.download(call.caller, file_id, inline=inline), redirect=query.redirect)


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


def _deliver(delivery: Delivery, *, redirect: bool) -> Answer:
    if redirect:
        return Answer(headers={"Location": delivery.url})
    return Answer(DeliveryView.model_validate(delivery), status=200)
