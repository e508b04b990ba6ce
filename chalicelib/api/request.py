"""What a view gets to see of a request, and how it is read from API Gateway's event; forms are `reading.py`'s."""

import re
from dataclasses import dataclass

from chalice.app import Request

from chalicelib.core.caller import Caller, Origin
from chalicelib.core.errors import Malformed, Unauthenticated
from chalicelib.wiring import Library

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
ETAG = re.compile(r'(?:W/)?"(\d{1,15})"', re.ASCII)
BEARER = "bearer "


@dataclass(frozen=True)
class Call:
    """One request to one route."""

    library: Library
    origin: Origin
    request: Request
    signed_in: Caller | None = None

    @property
    def caller(self) -> Caller:
        """Return who is asking. Routes for anyone do not ask this."""
        if self.signed_in is None:
            raise Unauthenticated("Send an access token in the Authorization header.")
        return self.signed_in

    @property
    def expected_version(self) -> int | None:
        """Return the version that `If-Match` names; None when the header is absent or `*`."""
        header = str(self.request.headers.get("if-match", "*")).strip()
        if header == "*":
            return None
        match = ETAG.fullmatch(header)
        if match is None:
            raise Malformed('If-Match takes one ETag as it was given, such as "3".')
        return int(match[1])


def is_known(request: Request, etag: str) -> bool:
    """Tell whether `If-None-Match` names this ETag (RFC 9110, 13.1.2: compared weakly, as proxies weaken them)."""
    header = str(request.headers.get("if-none-match", ""))
    return header.strip() == "*" or etag in {one.strip().removeprefix("W/") for one in header.split(",")}


def request_id(request: Request) -> str:
    """Return the client's X-Request-Id if it is a fit one, else the gateway's."""
    given = str(request.headers.get("x-request-id", ""))
    return given if REQUEST_ID.fullmatch(given) else str(request.context.get("requestId", ""))


def origin(request: Request) -> Origin:
    """Return where a request comes from; the agent is cut to 200 characters."""
    identity = request.context.get("identity", {})
    agent = str(request.headers.get("user-agent", ""))[:200]
    return Origin(str(identity.get("sourceIp") or ""), agent, request_id(request))


def bearer_token(request: Request) -> str | None:
    """Return the token in the Authorization header, or None when there is no such header."""
    header = str(request.headers.get("authorization", ""))
    if not header:
        return None
    if header[: len(BEARER)].casefold() != BEARER:
        raise Unauthenticated("The Authorization header must read: Bearer <access token>.")
    return header[len(BEARER) :].strip()


def wants_page(request: Request) -> bool:
    """Tell whether a browser asks for something to look at, rather than a program for JSON."""
    accept = str(request.headers.get("accept", ""))
    return "text/html" in accept.split("application/json", maxsplit=1)[0]


def base_url(request: Request) -> str:
    """Return where the client reaches the API: scheme, host and stage, as the gateway tells them."""
    context = request.context
    path = [part for part in str(context.get("path", "")).split("/") if part]
    stage = path[: len(path) - len([part for part in request.path.split("/") if part])]
    scheme = request.headers.get("x-forwarded-proto", "https")
    return "/".join([f"{scheme}://{context.get('domainName', '')}", *stage])
