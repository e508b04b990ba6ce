"""File requests: as owners make and manage them, and as senders without an account use them."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints

from chalicelib.api import request_page
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import Filename, Paging, PersonName, Tags
from chalicelib.api.models import Input, Output, Resource
from chalicelib.api.request import Call, base_url, wants_page
from chalicelib.core.caller import Scope
from chalicelib.core.errors import LibraryError
from chalicelib.core.paging import CursorInvalid
from chalicelib.extraction.filetypes import EXTENSIONS, kind_of
from chalicelib.files.models import FilenameInvalid
from chalicelib.inbox.models import (
    Asked,
    FileRequest,
    NewRequest,
    NoRoom,
    NotAskedFor,
    Offer,
    ParcelMissing,
    ParcelNotFound,
    RequestChanged,
    RequestExpired,
    RequestFull,
    RequestNotFound,
)
from chalicelib.inbox.rules import bytes_left, files_left
from chalicelib.limits.models import RateExceeded
from chalicelib.uploads.models import ExtensionNotAllowed, FileTooLarge
from chalicelib.uploads.sizes import MAX_LIMIT

route = Routes("File requests")

YEAR = 365 * 86_400
MOST_BYTES = 1 << 40
PAGE = "text/html; charset=utf-8"
PRIVATE = {"Vary": "Accept", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}
ENDED = (RequestNotFound, RequestExpired)
Kind = Literal["image", "video", "audio", "document"]
KINDS: list[Kind] = ["image", "video", "audio", "document"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Message = Annotated[str, Field(max_length=1000, examples=["As many as you like!"])]
Seconds = Annotated[int, Field(ge=60, le=YEAR, description="Seconds from now")]
Files = Annotated[int, Field(ge=1, le=1000, examples=[100])]
Bytes = Annotated[int, Field(ge=1, le=MOST_BYTES, examples=[1 << 30])]
Types = Annotated[list[Kind], Field(min_length=1, max_length=4)]


class AskFiles(Input):
    """What is asked for, and how much of it at most."""

    name: Name
    message: Message | None = None
    expires_in: Seconds = 30 * 86_400
    max_files: Files = 100
    max_bytes: Bytes = 1 << 30
    types: Types = KINDS
    tags: Tags = []


class ChangeRequest(Input):
    """What to change; fields that are left out stay as they are."""

    name: Name = ""
    message: Message | None = None
    expires_in: Seconds = 30 * 86_400
    max_files: Files = 100
    max_bytes: Bytes = 1 << 30
    types: Types = KINDS
    tags: Tags = []


class FileRequestView(Resource):
    """A request as its owner sees it; `files` and `bytes` came in or are on their way."""

    id: str
    name: str
    message: str | None
    created_at: datetime
    expires_at: datetime
    max_files: int
    max_bytes: int
    types: list[Kind]
    tags: list[str]
    files: int
    bytes: int
    last_used_at: datetime | None


class FileRequestCreated(FileRequestView):
    """A new request. The token is told only now: only its hash is kept."""

    shown_once = True

    url: str
    token: str


class FileRequestPage(Output):
    """One page of requests, newest first."""

    items: list[FileRequestView]
    next_cursor: str | None


class AskedView(Output):
    """What is asked for, and nothing of who asks."""

    name: str
    message: str | None
    expires_at: datetime
    types: list[Kind]
    extensions: list[str]
    files_left: int
    bytes_left: int


class OfferFile(Input):
    """A file that someone wants to send; its bytes go straight to storage."""

    filename: Filename
    size: Annotated[int, Field(ge=1, le=MAX_LIMIT)]
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    sender: PersonName | None = None


class ExpectedView(Output):
    """Where the bytes go: send `PUT` with exactly these headers, then say so at `/sent`."""

    upload_id: str
    method: Literal["PUT"] = "PUT"
    url: str
    headers: dict[str, str]
    expires_at: datetime


@route(
    "POST /v1/file-requests",
    who=Who.WRITER,
    scope=Scope.SHARE,
    status=201,
    returns=FileRequestCreated,
    summary="Make a link through which people without an account send files into one's library",
)
def create_request(call: Call, body: AskFiles) -> FileRequestCreated:
    types, tags = tuple(dict.fromkeys(body.types)), tuple(body.tags)
    asked = Asked(**body.model_dump() | {"types": types, "tags": tags})
    return _created(call.library.inbox.create(call.caller, asked), base_url(call.request))


@route(
    "GET /v1/file-requests",
    who=Who.USER,
    returns=FileRequestPage,
    errors=(CursorInvalid,),
    summary="List one's file requests, newest first",
)
def list_requests(call: Call, query: Paging) -> FileRequestPage:
    page = call.library.inbox.of_caller(call.caller, limit=query.limit, cursor=query.cursor)
    items = [FileRequestView.model_validate(one) for one in page.items]
    return FileRequestPage(items=items, next_cursor=page.next_cursor)


@route(
    "GET /v1/file-requests/{file_request_id}",
    who=Who.USER,
    returns=FileRequestView,
    errors=(RequestNotFound,),
    summary="Read a file request, with how much came in",
)
def read_request(call: Call, file_request_id: str) -> FileRequestView:
    return FileRequestView.model_validate(call.library.inbox.get(call.caller, file_request_id))


@route(
    "PATCH /v1/file-requests/{file_request_id}",
    who=Who.WRITER,
    scope=Scope.SHARE,
    returns=FileRequestView,
    errors=(RequestNotFound, RequestChanged),
    summary="Change what is asked for",
)
def change_request(call: Call, file_request_id: str, body: ChangeRequest) -> FileRequestView:
    lists = {"types", "tags"}
    given = {name: tuple(value) if name in lists else value for name, value in body.given().items()}
    changed = call.library.inbox.change(call.caller, file_request_id, given, call.expected_version)
    return FileRequestView.model_validate(changed)


@route(
    "GET /r/{request_token}",
    who=Who.ANYONE,
    returns=AskedView,
    other_types=(PAGE,),
    errors=ENDED,
    summary="Look what is asked for: JSON, or a page to send files for those who accept text/html",
)
def open_request(call: Call, request_token: str) -> Answer:
    def show() -> Answer:
        request = call.library.senders.open(request_token)
        if not wants_page(call.request):
            return Answer(_asked(request), headers=PRIVATE)
        storage = urlsplit(call.library.bucket.presign_get("-", content_type="", disposition="", seconds=1))
        origin = f"{storage.scheme}://{storage.netloc}"
        return _page(request_page.of_request(request, _extensions(request), origin))

    return _for_whom(call, show)


@route(
    "POST /r/{request_token}/uploads",
    who=Who.ANYONE,
    status=201,
    returns=ExpectedView,
    errors=(
        *(*ENDED, RequestFull, NotAskedFor, NoRoom, RateExceeded),
        *(FilenameInvalid, ExtensionNotAllowed, FileTooLarge),
    ),
    summary="Offer a file to a request, and get the address to put its bytes to",
)
def offer_file(call: Call, request_token: str, body: OfferFile) -> Answer:
    expected = call.library.senders.offer(request_token, Offer(**body.model_dump()), call.origin)
    view = ExpectedView(upload_id=expected.parcel.id, expires_at=expected.expires_at, **vars(expected.put))
    return Answer(view, headers=PRIVATE)


@route(
    "POST /r/{request_token}/uploads/{parcel_id}/sent",
    who=Who.ANYONE,
    status=202,
    returns=None,
    errors=(ParcelNotFound, ParcelMissing),
    summary="Say that a file's bytes were put; it comes into the library in the background",
)
def file_sent(call: Call, request_token: str, parcel_id: str) -> Answer:
    call.library.senders.sent(request_token, parcel_id)
    return Answer(headers=PRIVATE)


@route(
    "DELETE /v1/file-requests/{file_request_id}",
    who=Who.WRITER,
    scope=Scope.SHARE,
    status=204,
    errors=(RequestNotFound, RequestChanged),
    summary="End a file request at once; what came in stays",
)
def end_request(call: Call, file_request_id: str) -> Answer:
    call.library.inbox.end(call.caller, file_request_id, call.expected_version)
    return Answer()


def _for_whom(call: Call, answer: Callable[[], Answer]) -> Answer:
    """Answer; a refusal becomes a page for those who look at it, and stays a problem for programs."""
    try:
        return answer()
    except LibraryError as refusal:
        if refusal.status >= LibraryError.status or not wants_page(call.request):
            raise
        return _page(request_page.refused(refusal), refusal.status)


def _page(page: request_page.Page, status: int | None = None) -> Answer:
    headers = PRIVATE | {"Content-Type": PAGE, "Content-Security-Policy": page.policy}
    return Answer(page.html, status, headers)


def _asked(request: FileRequest) -> AskedView:
    left = {"files_left": files_left(request), "bytes_left": bytes_left(request)}
    return AskedView.model_validate(vars(request) | left | {"extensions": _extensions(request)})


def _extensions(request: FileRequest) -> list[str]:
    return sorted(one for one in EXTENSIONS if kind_of(one) in request.types)


def _created(made: NewRequest, base: str) -> FileRequestCreated:
    url = f"{base}/r/{made.token}"
    return FileRequestCreated(**vars(FileRequestView.model_validate(made.request)), token=made.token, url=url)
