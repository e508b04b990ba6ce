"""The page behind a file request, for people: choose files, see them go, no account.

Self-contained, light and dark. Its Content-Security-Policy admits its own style and script by their hashes, and
connections to this API and to the one address that bytes are put to. Whatever comes from people is escaped in
`_filled`, and in the script never anything but text.
"""

import base64
import functools
import hashlib
import html
from dataclasses import dataclass
from pathlib import Path
from string import Template

from chalicelib.api.link_page import moment_text, size_text
from chalicelib.core.errors import LibraryError
from chalicelib.inbox.models import FileRequest
from chalicelib.inbox.rules import bytes_left, files_left

HERE = Path(__file__).parent
NAMES = {"image": "pictures", "video": "films", "audio": "sound", "document": "documents"}
FORM = """<h1>$name</h1>
$message<ul class="facts">$facts</ul>
<label for="sender">Your name, if you like</label>
<input id="sender" maxlength="100" autocomplete="name">
<div class="drop" id="drop"><p>Drop files here, or</p>
<label for="chosen">Choose files</label><input id="chosen" type="file" multiple accept="$accept"></div>
<ul class="files" id="files"></ul>
<p class="status" id="status" role="status" aria-live="polite"></p>
<noscript><p class="alarm">This page needs JavaScript to send files.</p></noscript>"""
MESSAGE = '<p class="message">$message</p>'
FULL = "<h1>$name</h1><p>All files that were asked for have come in. Thank you!</p>"
REFUSED = "<h1>$title</h1><p>$detail</p>"


@dataclass(frozen=True)
class Page:
    """A page, and the Content-Security-Policy that it is served under."""

    html: str
    policy: str


def of_request(request: FileRequest, extensions: list[str], storage: str) -> Page:
    """Return the page that takes files; bytes go to the origin `storage`."""
    if files_left(request) == 0 or bytes_left(request) == 0:
        return _page(request.name, _filled(FULL, name=request.name), "", "'none'")
    message = _filled(MESSAGE, message=request.message) if request.message else ""
    content = Template(FORM).substitute(
        name=html.escape(request.name),
        message=message,
        facts="".join(_filled("<li>$fact</li>", fact=fact) for fact in facts(request)),
        accept=",".join(f".{extension}" for extension in extensions),
    )
    return _page(request.name, content, _script(), f"'self' {storage}")


def refused(refusal: LibraryError) -> Page:
    """Return the page that says why nothing can be sent."""
    content = _filled(REFUSED, title=refusal.title, detail=refusal.detail)
    return _page(refusal.title, content, "", "'none'")


def facts(request: FileRequest) -> list[str]:
    """Return what may be sent, in short."""
    left = files_left(request)
    kinds = ", ".join(NAMES[one] for one in request.types)
    return [
        f"{kinds[:1].upper()}{kinds[1:]}",
        f"{left} more file{'s' if left != 1 else ''}",
        f"{size_text(bytes_left(request))} in all",
        f"until {moment_text(request.expires_at)}",
    ]


def _filled(template: str, **values: str) -> str:
    return Template(template).substitute({name: html.escape(value) for name, value in values.items()})


def _page(title: str, content: str, script: str, connections: str) -> Page:
    text = Template((HERE / "request_page.html").read_text()).substitute(
        title=html.escape(title),
        style=_style(),
        shape="",
        content=content,
        script=f"<script>{script}</script>" if script else "",
    )
    scripts = f"'{_hash(script)}'" if script else "'none'"
    policy = (
        f"default-src 'none'; style-src '{_hash(_style())}'; script-src {scripts}; connect-src {connections}; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    return Page(text, policy)


@functools.cache
def _style() -> str:
    return (HERE / "link_page.css").read_text() + (HERE / "request_page.css").read_text()


@functools.cache
def _script() -> str:
    return (HERE / "request_page.js").read_text()


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
