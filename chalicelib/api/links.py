"""Share links, as their owners make and manage them."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import Paging
from chalicelib.api.models import Input, Output, Resource
from chalicelib.api.request import Call, base_url
from chalicelib.core.caller import Scope
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.files.models import FileNotFound, MetadataStays, PermissionMissing
from chalicelib.sharing.models import (
    FileNotShareable,
    LinkChanged,
    LinkNotFound,
    LinkOfFile,
    NewLink,
    Terms,
)

route = Routes("Sharing")

YEARS_10 = 10 * 365 * 86_400
Seconds = Annotated[int, Field(ge=1, le=YEARS_10, description="Seconds from now; without it, no end")]
Password = Annotated[str, Field(min_length=1, max_length=256)]
Downloads = Annotated[int, Field(ge=1, le=1_000_000)]
LinkName = Annotated[str, Field(min_length=1, max_length=100)]


class LinkTerms(Input):
    """What a link allows. `allow_download=false` makes it one for looking only.

    `strip_metadata=true` gives a copy without positions and other metadata instead of the original (JPEG, PNG, WebP;
    pixels are the same); it is made in the background, and until then a download answers 409 `file_not_ready`.
    """

    name: LinkName | None = None
    expires_in: Seconds | None = None
    password: Password | None = None
    max_downloads: Downloads | None = None
    allow_download: bool = True
    strip_metadata: bool = False


class LinkView(Resource):
    """A link as its owner sees it; `version` counts changes of the terms, not visits."""

    id: str
    file_id: str
    filename: str
    name: str | None
    created_at: datetime
    expires_at: datetime | None
    has_password: bool
    max_downloads: int | None
    allow_download: bool
    strip_metadata: bool
    views: int
    downloads: int
    last_used_at: datetime | None

    @classmethod
    def of(cls, found: LinkOfFile) -> Self:
        """Render a link."""
        return cls.model_validate(_values(found))


class LinkCreated(LinkView):
    """A new link. The token is told only now: only its hash is kept."""

    shown_once = True

    url: str
    token: str


class LinkPage(Output):
    """One page of links."""

    items: list[LinkView]
    next_cursor: str | None
    total: int | None

    @classmethod
    def of(cls, page: Page[LinkOfFile]) -> Self:
        """Render a page."""
        items = [LinkView.of(found) for found in page.items]
        return cls(items=items, next_cursor=page.next_cursor, total=page.total)


@route(
    "POST /v1/files/{file_id}/links",
    who=Who.WRITER,
    scope=Scope.SHARE,
    status=201,
    returns=LinkCreated,
    errors=(FileNotFound, PermissionMissing, FileNotShareable, MetadataStays),
    summary="Make a link through which anyone who has it sees the file",
)
def create_link(call: Call, file_id: str, body: LinkTerms) -> LinkCreated:
    made = call.library.links.create(call.caller, file_id, Terms(**body.model_dump()))
    return _created(made, base_url(call.request))


@route(
    "GET /v1/files/{file_id}/links",
    who=Who.USER,
    returns=LinkPage,
    errors=(FileNotFound, PermissionMissing, CursorInvalid),
    summary="List the links to a file, newest first",
)
def list_file_links(call: Call, file_id: str, query: Paging) -> LinkPage:
    return LinkPage.of(
        call.library.links.of_file(call.caller, file_id, limit=query.limit, cursor=query.cursor)
    )


@route(
    "GET /v1/links",
    who=Who.USER,
    returns=LinkPage,
    errors=(CursorInvalid,),
    summary="List all one's links, newest first",
)
def list_links(call: Call, query: Paging) -> LinkPage:
    return LinkPage.of(call.library.links.of_caller(call.caller, limit=query.limit, cursor=query.cursor))


@route(
    "PATCH /v1/links/{link_id}",
    who=Who.WRITER,
    scope=Scope.SHARE,
    returns=LinkView,
    errors=(LinkNotFound, LinkChanged, MetadataStays),
    summary="Change what a link allows; null takes an end, a password or a limit away",
)
def change_link(call: Call, link_id: str, body: LinkTerms) -> LinkView:
    return LinkView.of(call.library.links.change(call.caller, link_id, body.given(), call.expected_version))


@route(
    "DELETE /v1/links/{link_id}",
    who=Who.WRITER,
    scope=Scope.SHARE,
    status=204,
    errors=(LinkNotFound, LinkChanged),
    summary="Revoke a link at once",
)
def revoke_link(call: Call, link_id: str) -> Answer:
    call.library.links.revoke(call.caller, link_id, call.expected_version)
    return Answer()


def _created(made: NewLink, base: str) -> LinkCreated:
    values = _values(LinkOfFile(made.link, made.file))
    return LinkCreated(**values, token=made.token, url=f"{base}/s/{made.token}")


def _values(found: LinkOfFile) -> dict[str, object]:
    return {
        **vars(found.link),
        "filename": found.file.filename,
        "has_password": found.link.password_hash is not None,
    }
