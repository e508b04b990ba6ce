"""A source as a URL on the loopback, for programs that read URLs: ffprobe and ffmpeg.

So they need no DNS, TLS, credentials or redirects, and whatever they read goes through the source's budget. When the
budget ends, the connection closes in the middle: the program sees a truncated file. What the store raises is kept in
`trouble` for the caller, for whom the program's own complaint would be the wrong explanation.
"""

import http.server
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import override

from chalicelib.extraction.errors import BudgetSpent
from chalicelib.extraction.source import BLOCK, RangedSource

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")
_SEND_BUFFER = 32 << 10
_IDLE_SECONDS = 10


@dataclass
class Served:
    """The address of a source while the proxy runs, the world's errors that ended reads, the slowest read's seconds."""

    url: str
    path: str
    source: RangedSource
    trouble: list[Exception] = field(default_factory=list)
    slowest: float = 0.0

    def read(self, first: int, count: int) -> bytes:
        """The bytes, or none when the budget is spent or the store fails."""
        asked = time.monotonic()
        try:
            return self.source.read(first, count)
        except BudgetSpent:
            return b""
        except Exception as trouble:  # noqa: BLE001 - kept for the caller, who raises it
            self.trouble.append(trouble)
            return b""
        finally:
            self.slowest = max(self.slowest, time.monotonic() - asked)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS

    def __init__(self, request: socket.socket, client: object, server: "_Server", *, served: Served) -> None:
        self._served = served
        super().__init__(request, client, server)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a request per seek is no news."""

    def do_GET(self) -> None:
        """Answer one range of the source; another path is not there, another method not known."""
        wanted = _RANGE.fullmatch(self.headers.get("Range") or "bytes=0-")
        size = self._served.source.size
        if self.path != self._served.path:
            self.send_error(HTTPStatus.NOT_FOUND)
        elif not wanted or int(wanted[1]) >= size:
            self.send_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        else:
            self._answer(int(wanted[1]), min(int(wanted[2] or size), size - 1))

    def _answer(self, first: int, last: int) -> None:
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Range", f"bytes {first}-{last}/{self._served.source.size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Connection", "close")
        self.end_headers()
        # without a small send buffer the kernel takes megabytes that the program never reads
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        while first <= last and (
            chunk := self._served.read(first, min(BLOCK - first % BLOCK, last - first + 1))
        ):
            try:
                self.connection.sendall(chunk)
            except (ConnectionError, TimeoutError):
                return  # the program has seen enough
            first += len(chunk)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: programs hang up in the middle of a request when they have seen enough."""


@contextmanager
def served(source: RangedSource) -> Iterator[Served]:
    """Serve the source under an unguessable path of 127.0.0.1 until the block ends."""
    path = f"/{secrets.token_urlsafe(24)}"
    at = Served("", path, source)
    server = _Server(("127.0.0.1", 0), partial(_Handler, served=at))
    at.url = f"http://127.0.0.1:{server.server_address[1]}{path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield at
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
