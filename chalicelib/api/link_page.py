"""The page behind a share link, for people: self-contained, without scripts, light and dark.

It asks nothing of other sites, and its Content-Security-Policy lets it: the style is admitted by its hash, pictures
and media from the one address that was signed for this page, forms to this link only. Whatever comes from people
is escaped in one place, `_filled`.
"""

import base64
import functools
import hashlib
import html
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from chalicelib.core.errors import LibraryError
from chalicelib.files.models import File, Status
from chalicelib.sharing.models import Link, LinkOfFile, Shown

HERE = Path(__file__).parent
KIB = 1024
PREVIEWS = {
    "image": '<div class="preview"><img src="$url" alt="$filename"></div>',
    "video": '<div class="preview"><video src="$url" poster="$poster" controls playsinline preload="metadata">'
    "</video></div>",
    "audio": '<div class="preview"><audio src="$url" controls preload="metadata"></audio></div>',
}
TILE = '<div class="preview"><div class="tile $type" aria-hidden="true">$extension</div></div>'
ABOUT = '$preview<div class="body"><div>$label<h1>$filename</h1><ul class="facts">$facts</ul>$note</div>$action</div>'
LABEL = '<p class="label">$name</p>'
FACT = "<li>$fact</li>"
NOTE = "<p>$note</p>"
DOWNLOAD = '<a class="button" href="$token/download">Download</a>'
ICON = (
    '<svg class="sign" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"'
    ' stroke-linejoin="round" aria-hidden="true">$drawing</svg>'
)
LOCK = '<rect x="4" y="10.5" width="16" height="10" rx="2.5"/><path d="M7.5 10.5V7.5a4.5 4.5 0 0 1 9 0v3M12 14.5v2"/>'
BROKEN = '<path d="M9.5 14.5 14.5 9.5M8 11l-2.5 2.5a3.9 3.9 0 0 0 5.5 5.5L13 17M11 7l2-2a3.9 3.9 0 0 1 5.5 5.5L16 13"/>'
LOCKED = (
    '<div class="body">$icon<h1>This file has a password</h1><p>The one who sent you the link knows it.</p>'
    '<form method="post" action="$token/unlock"><label for="password">Password</label>'
    '<input id="password" name="password" type="password" autocomplete="off" required autofocus maxlength="256"$mark>'
    "$alarm<button>Open</button></form></div>"
)
WRONG = '<p class="alarm" role="alert" id="wrong">That is not this link\'s password.</p>'
REFUSED = '<div class="body">$icon<h1>$title</h1><p>$detail</p></div>'


@dataclass(frozen=True)
class Page:
    """A page, and the Content-Security-Policy that it is served under."""

    html: str
    policy: str


def of_file(token: str, found: LinkOfFile, shown: Shown | None) -> Page:
    """Return the page that shows a file, and what may be shown of it."""
    file, link = found.file, found.link
    ready = file.status is not Status.PROCESSING
    template = PREVIEWS[shown.kind] if shown else TILE
    preview = _filled(
        template,
        url=shown.url if shown else "",
        poster=shown.poster or "" if shown else "",
        filename=file.filename,
        type=file.type,
        extension=file.extension.upper()[:5],
    )
    content = Template(ABOUT).substitute(
        preview=preview,
        label=_filled(LABEL, name=link.name) if link.name else "",
        filename=html.escape(file.filename),
        facts="".join(_filled(FACT, fact=fact) for fact in facts(file, link)),
        note=_note(file, link),
        action=_filled(DOWNLOAD, token=token) if link.allow_download and ready else "",
    )
    return _page(file.filename, content, "wide" if shown else "", shown)


def locked(token: str, *, wrong: bool) -> Page:
    """Return the page that asks for the password; `wrong` says that the one just given was not it."""
    content = Template(LOCKED).substitute(
        icon=Template(ICON).substitute(drawing=LOCK),
        token=html.escape(token),
        mark=' aria-invalid="true" aria-describedby="wrong"' if wrong else "",
        alarm=WRONG if wrong else "",
    )
    return _page("This file has a password", content)


def refused(refusal: LibraryError) -> Page:
    """Return the page that says why there is nothing to see."""
    icon = Template(ICON).substitute(drawing=BROKEN)
    title, detail = html.escape(refusal.title), html.escape(refusal.detail)
    content = Template(REFUSED).substitute(icon=icon, title=title, detail=detail)
    return _page(refusal.title, content)


def facts(file: File, link: Link) -> list[str]:
    """Return the short facts under a file's name."""
    found = [file.type.capitalize(), size_text(file.size)]
    if link.allow_download and link.downloads_left is not None:
        found.append(f"{link.downloads_left} download{'s' if link.downloads_left != 1 else ''} left")
    if link.expires_at is not None:
        found.append(f"until {moment_text(link.expires_at)}")
    return found


def size_text(size: int) -> str:
    """Return a size as people read it: `812 bytes`, `1.4 MB`."""
    if size < KIB:
        return f"{size} byte{'s' if size != 1 else ''}"
    amount = float(size)
    for unit in ("KB", "MB", "GB", "TB"):
        amount /= KIB
        if amount < KIB or unit == "TB":
            break
    return f"{amount:.1f} {unit}"


def moment_text(moment: datetime) -> str:
    """Return a moment as people read it, in UTC."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"


def _note(file: File, link: Link) -> str:
    if file.status is Status.PROCESSING:
        return _filled(NOTE, note="This file has just arrived and is being checked. Come back in a minute.")
    return "" if link.allow_download else _filled(NOTE, note="This link is for looking only.")


def _filled(template: str, **values: str) -> str:
    """Return a template with values, every one escaped."""
    return Template(template).substitute({name: html.escape(value) for name, value in values.items()})


def _page(title: str, content: str, shape: str = "", shown: Shown | None = None) -> Page:
    text = Template((HERE / "link_page.html").read_text()).substitute(
        title=html.escape(title), style=_style(), shape=shape, content=content
    )
    address = urlsplit(shown.url) if shown else None
    source = f"{address.scheme}://{address.netloc}" if address else "'none'"
    policy = (
        f"default-src 'none'; style-src '{_style_hash()}'; img-src {source}; media-src {source}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return Page(text, policy)


@functools.cache
def _style() -> str:
    return (HERE / "link_page.css").read_text()


@functools.cache
def _style_hash() -> str:
    digest = hashlib.sha256(_style().encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
