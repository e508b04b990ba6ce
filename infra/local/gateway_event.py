"""A request as API Gateway's REST proxy event (payload version 1.0), and a function's answer back as HTTP.

Source: AWS, "Input format of a Lambda function for proxy integration" and "Binary media types for REST APIs".
"""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment

from waitress.task import hop_by_hop

from infra.local.gateway_problems import Answer, bad_gateway
from infra.local.gateway_routes import Match
from infra.local.lambda_context import ACCOUNT_ID

STAGE = "local"
# The server's own: the length is counted anew, the others belong to one connection (RFC 9110, 7.6.1).
_NOT_THE_APPS = hop_by_hop | {"content-length"}

type Event = dict[str, Any]  # a JSON object whose shape AWS fixes


@dataclass(frozen=True)
class Request:
    """A request as it came in; `headers` in order and case, one pair per line of the request."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    source_ip: str
    port: str

    @classmethod
    def of(cls, environ: WSGIEnvironment) -> "Request":
        """Read a WSGI request, body included; needs the server's `REQUEST_URI` and header lines."""
        path, _, query = environ["REQUEST_URI"].partition("?")
        return cls(
            method=environ["REQUEST_METHOD"],
            path=path if path.startswith("/") else environ["PATH_INFO"],  # a proxy sends the whole URL
            query=query,
            headers=environ["gateway.header_lines"],
            body=environ["wsgi.input"].read(),
            source_ip=environ["REMOTE_ADDR"],
            port=environ["SERVER_PORT"],
        )

    def header(self, name: str) -> str | None:
        """Return the last value of a header, as API Gateway picks it, or None."""
        values = [value for key, value in self.headers if key.lower() == name]
        return values[-1] if values else None

    @property
    def head_bytes(self) -> int:
        """The size that API Gateway limits to 10,240: request line and headers."""
        line = len(self.method) + len(self.path) + len(self.query) + 2
        return line + sum(len(name) + len(value) for name, value in self.headers)


def proxy_event(
    request: Request, match: Match, method: str, request_id: str, binary_types: list[str]
) -> Event:
    """Build the event; a body of a binary type is base64, any other is text (invalid UTF-8: replaced)."""
    headers = _many(_forwarded(request))
    query = parse_qs(request.query, keep_blank_values=True)
    is_binary = bool(request.body) and matches(request.header("content-type"), binary_types)
    return {
        "resource": match.resource,
        "path": request.path,
        "httpMethod": method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(match.parameters) or None,
        "stageVariables": None,
        "requestContext": _context(request, match, method, request_id),
        "body": _body(request.body, is_binary=is_binary),
        "isBase64Encoded": is_binary,
    }


def _body(body: bytes, *, is_binary: bool) -> str | None:
    if not body:
        return None
    return base64.b64encode(body).decode() if is_binary else body.decode("utf-8", "replace")


def _context(request: Request, match: Match, method: str, request_id: str) -> Event:
    now = time.time()
    return {
        "accountId": ACCOUNT_ID,
        "apiId": STAGE,
        "domainName": request.header("host") or "localhost",
        "extendedRequestId": request_id,
        "httpMethod": method,
        "identity": {"sourceIp": request.source_ip, "userAgent": request.header("user-agent")},
        "path": request.path,
        "protocol": "HTTP/1.1",
        "requestId": request_id,
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": match.resource,
        "resourcePath": match.resource,
        "stage": STAGE,
    }


def _forwarded(request: Request) -> list[tuple[str, str]]:
    """Add what API Gateway adds; a client's own X-Forwarded-For stays in front of the true peer."""
    claimed = request.header("x-forwarded-for")
    kept = [pair for pair in request.headers if not pair[0].lower().startswith("x-forwarded-")]
    return [
        *kept,
        ("X-Forwarded-For", f"{claimed}, {request.source_ip}" if claimed else request.source_ip),
        ("X-Forwarded-Port", request.port),
        ("X-Forwarded-Proto", "http"),
    ]


def _many(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Gather values by name; names that differ only in case are one header, under the first spelling."""
    spelling: dict[str, str] = {}
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(spelling.setdefault(name.lower(), name), []).append(value)
    return gathered


def _last(gathered: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in gathered.items()}


def matches(content_type: str | None, binary_types: list[str]) -> bool:
    """Say whether a media type, its parameters aside, is one of the API's binary types (`*` as wildcard)."""
    media_type = (content_type or "application/json").split(";")[0].strip().lower()
    return any(fnmatchcase(media_type, binary.lower()) for binary in binary_types)


def answer_of(result: object, request: Request, binary_types: list[str]) -> Answer:
    """Turn what the function returned into an answer, or raise `bad_gateway` as API Gateway does.

    A base64 body is decoded only when the *first* type of the request's Accept header is binary for this API.
    """
    if not isinstance(result, dict) or not isinstance(result.get("statusCode"), int):
        raise bad_gateway()
    try:
        decode = bool(result.get("isBase64Encoded")) and _accepts_binary(request, binary_types)
        text = result.get("body") or ""
        body = base64.b64decode(text, validate=True) if decode else text.encode()
        return Answer(result["statusCode"], _response_headers(result), body)
    except (AttributeError, TypeError, ValueError) as fault:
        raise bad_gateway() from fault


def _accepts_binary(request: Request, binary_types: list[str]) -> bool:
    accept = request.header("accept")
    return matches(accept.split(",")[0] if accept else None, binary_types)


def _response_headers(result: Event) -> list[tuple[str, str]]:
    """Merge both kinds of headers; a name in `multiValueHeaders` beats the same name in `headers`."""
    many = result.get("multiValueHeaders") or {}
    taken = {name.lower() for name in many}
    single = result.get("headers") or {}
    pairs = [(name, str(value)) for name, value in single.items() if name.lower() not in taken]
    pairs += [(name, str(value)) for name, values in many.items() for value in values]
    kept = [pair for pair in pairs if pair[0].lower() not in _NOT_THE_APPS]
    for name, value in kept:
        _refuse_unsendable(name + value)
    if not any(name.lower() == "content-type" for name, _ in kept):
        kept.append(("Content-Type", "application/json"))
    return kept


def _refuse_unsendable(text: str) -> None:
    text.encode("latin-1")
    if "\r" in text or "\n" in text:
        raise ValueError("A header holds a line break.")


def payload_bytes(payload: object) -> int:
    """Return the size of a payload as Lambda counts it: UTF-8 JSON. Raises TypeError when it is no JSON."""
    return len(
        json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    )
