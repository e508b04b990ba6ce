"""What is behind a share link: for programs in JSON, for people as a page.

A link with a password is unlocked by a key that lasts an hour: a browser keeps it in a cookie that goes to this link
only, a program sends it as `X-Link-Key`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from chalicelib.api import link_page
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.files import DeliveryView, Download, deliver
from chalicelib.api.models import Input, Output
from chalicelib.api.reading import FromPage
from chalicelib.api.renditions import Redirect
from chalicelib.api.request import Call, base_url, wants_page
from chalicelib.core.errors import LibraryError
from chalicelib.files.models import FileNotReady, MetadataStays, Status
from chalicelib.limits.models import RateExceeded
from chalicelib.renditions.service import RenditionNotFound
from chalicelib.sharing.models import (
    LinkExpired,
    LinkLocked,
    LinkNotFound,
    LinkOfFile,
    LinkPasswordWrong,
    LinkUsedUp,
    LookingOnly,
)

route = Routes("Share links")

COOKIE = "link_key"
PAGE = "text/html; charset=utf-8"
SECONDS = 3600
ENDED = (LinkNotFound, LinkExpired, LinkUsedUp)
PRIVATE = {"Vary": "Accept, Cookie, X-Link-Key", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


class Hint(Input):
    """What the page tells itself after a form was sent; what messengers add to links does no harm."""

    model_config = ConfigDict(extra="ignore")
    password: Literal["", "wrong"] = ""


class Unlock(Input, FromPage):
    """The link's password; a page's form may send it, too."""

    password: Annotated[str, Field(min_length=1, max_length=256)]


class UnlockedView(Output):
    """Send `key` as `X-Link-Key` with requests to this link."""

    key: str
    expires_at: datetime


class SharedView(Output):
    """A file behind a link: what the file is, and nothing of its owner."""

    name: str | None
    filename: str
    extension: str
    type: Literal["image", "video", "audio", "document"]
    mime_type: str
    size: int
    status: Status
    allow_download: bool
    downloads_left: int | None
    expires_at: datetime | None
    thumbnail: str | None
    """Where there is a small picture of it."""


@route(
    "GET /s/{token}",
    who=Who.ANYONE,
    returns=SharedView,
    other_types=(PAGE,),
    errors=(*ENDED, LinkLocked),
    summary="Open a share link: JSON, or a page for those who accept text/html",
)
def open_link(call: Call, token: str, query: Hint) -> Answer:
    def show() -> Answer:
        found = call.library.visits.open(token, _key(call), call.origin)
        if not wants_page(call.request):
            return Answer(_view(call, token, found), headers=PRIVATE)
        return _page(link_page.of_file(token, found, call.library.visits.shown(found)))

    return _for_whom(call, token, show, wrong=bool(query.password))


@route(
    "POST /s/{token}/unlock",
    who=Who.ANYONE,
    returns=UnlockedView,
    also={303: None},
    other_types=(PAGE,),
    errors=(*ENDED, LinkPasswordWrong, RateExceeded),
    summary="Give a link's password; the key in the answer (and in a cookie) is good for an hour",
)
def unlock_link(call: Call, token: str, body: Unlock) -> Answer:
    def unlock() -> Answer:
        try:
            given = call.library.visits.unlock(token, body.password, call.origin)
        except LinkPasswordWrong:
            if wants_page(call.request):
                return _back_to(f"{token}?password=wrong")
            raise
        cookie = {"Set-Cookie": _cookie(call, given.key)}
        if wants_page(call.request):
            return _back_to(token, cookie)
        return Answer(UnlockedView.model_validate(given), headers=PRIVATE | cookie)

    return _for_whom(call, token, unlock)


@route(
    "GET /s/{token}/download",
    who=Who.ANYONE,
    status=302,
    also={200: DeliveryView},
    other_types=(PAGE,),
    errors=(*ENDED, LinkLocked, LookingOnly, FileNotReady, MetadataStays),
    summary="Download by a link: counted, then led to an address that is good for 60 seconds",
)
def download_by_link(call: Call, token: str, query: Download) -> Answer:
    def download() -> Answer:
        inline = query.disposition == "inline"
        delivery = call.library.visits.download(token, _key(call), call.origin, inline=inline)
        return deliver(delivery, redirect=query.redirect, headers=PRIVATE)

    return _for_whom(call, token, download)


@route(
    "GET /s/{token}/thumbnail",
    who=Who.ANYONE,
    status=302,
    also={200: DeliveryView},
    errors=(*ENDED, LinkLocked, RenditionNotFound),
    summary="Get the thumbnail behind a link (at most 300 by 300 pixels); not counted",
)
def thumbnail_by_link(call: Call, token: str, query: Redirect) -> Answer:
    delivery = call.library.visits.thumbnail(token, _key(call))
    return deliver(delivery, redirect=query.redirect, headers=PRIVATE)


def _for_whom(call: Call, token: str, answer: Callable[[], Answer], *, wrong: bool = False) -> Answer:
    """Answer; a refusal becomes a page for those who look at it, and stays a problem for programs."""
    try:
        return answer()
    except LibraryError as refusal:
        if refusal.status >= 500 or not wants_page(call.request):  # noqa: PLR2004 - ours, not the visitor's
            raise
        locked = isinstance(refusal, LinkLocked) and call.request.path.endswith("{token}")
        page = link_page.locked(token, wrong=wrong) if locked else link_page.refused(refusal)
        return _page(page, refusal)


def _page(page: link_page.Page, refusal: LibraryError | None = None) -> Answer:
    headers = PRIVATE | {"Content-Type": PAGE, "Content-Security-Policy": page.policy}
    if refusal is not None and "retry_after" in refusal.evidence:
        headers["Retry-After"] = str(refusal.evidence["retry_after"])
    return Answer(page.html, refusal.status if refusal else None, headers)


def _back_to(link: str, more: Mapping[str, str] = MappingProxyType({})) -> Answer:
    """Lead from /s/<token>/unlock to /s/<token>, wherever the API is mounted."""
    return Answer(None, 303, {"Location": f"../{link}", **PRIVATE, **more})


def _key(call: Call) -> str | None:
    header = call.request.headers.get("x-link-key")
    if header:
        return str(header)
    try:
        cookie = SimpleCookie(str(call.request.headers.get("cookie", ""))).get(COOKIE)
    except CookieError:
        return None
    return cookie.value if cookie else None


def _cookie(call: Call, key: str) -> str:
    """Return the cookie; without a Path it goes to what lies under this link only (RFC 6265, 5.1.4)."""
    secure = "; Secure" if call.request.headers.get("x-forwarded-proto") == "https" else ""
    return f"{COOKIE}={key}; Max-Age={SECONDS}; HttpOnly; SameSite=Lax{secure}"


def _view(call: Call, token: str, found: LinkOfFile) -> SharedView:
    names = ("name", "allow_download", "downloads_left", "expires_at")
    terms = {name: getattr(found.link, name) for name in names}
    drawn = "thumbnail" in found.file.renditions
    thumbnail = f"{base_url(call.request)}/s/{token}/thumbnail" if drawn else None
    return SharedView.model_validate(vars(found.file) | terms | {"thumbnail": thumbnail})
