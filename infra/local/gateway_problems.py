"""What API Gateway itself answers when a request never reaches the app or the app fails.

The deployed API customises its GatewayResponses to the same bodies (RFC 9457 `application/problem+json`) and
gives them the CORS headers of the app, so that a browser can read them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from chalicelib.api.security_headers import SECURITY_HEADERS

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
MAX_FILE_IN_BODY = 4_500_000  # bytes: what is left of Lambda's 6 MB event after base64 and the form around it


@dataclass(frozen=True)
class Answer:
    """A response as it goes out."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def status_line(self) -> str:
        """The status with its standard phrase, as WSGI wants it."""
        return f"{self.status} {_PHRASES.get(self.status, 'Unknown')}"


@dataclass(eq=False)
class GatewayProblem(Exception):
    """A refusal by the gateway; `code` is stable, `evidence` joins the body."""

    status: int
    code: str
    title: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, str | int] = field(default_factory=dict)

    def answer(self, request_id: str, cors: Mapping[str, str]) -> Answer:
        """Render the problem with the request's id in body and header."""
        body = {
            "type": f"urn:mediatheque:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
            **self.evidence,
        }
        headers = {
            **SECURITY_HEADERS,
            "Content-Type": "application/problem+json",
            "X-Request-Id": request_id,
            **cors,
            **self.headers,
        }
        return Answer(self.status, list(headers.items()), json.dumps(body).encode())


def not_found() -> GatewayProblem:
    """No route has this path."""
    return GatewayProblem(404, "not_found", "Not found", "There is nothing at this address.")


def method_not_allowed(allowed: list[str]) -> GatewayProblem:
    """The path exists, with other methods."""
    methods = ", ".join(allowed)
    return GatewayProblem(
        405, "method_not_allowed", "Method not allowed", f"This address takes {methods}.", {"Allow": methods}
    )


def use_uploads() -> GatewayProblem:
    """The body does not fit into the app's function; large files go to S3."""
    detail = (
        "Bodies over 4.5 MB do not fit through this address. Ask for an upload with POST /v1/uploads"
        " and send the bytes to the URL that it answers with."
    )
    return GatewayProblem(413, "use_uploads", "Too large", detail, evidence={"limit": MAX_FILE_IN_BODY})


def malformed(detail: str) -> GatewayProblem:
    """The bytes are no HTTP request."""
    return GatewayProblem(400, "malformed", "The request could not be read", detail)


def headers_too_large() -> GatewayProblem:
    """Request line and headers exceed API Gateway's 10,240 bytes."""
    return GatewayProblem(
        431, "headers_too_large", "Headers too large", "Request line and headers exceed 10,240 bytes."
    )


def not_implemented(detail: str) -> GatewayProblem:
    """A transfer coding that the server does not speak."""
    return GatewayProblem(501, "not_implemented", "Not implemented", detail)


def throttled() -> GatewayProblem:
    """More requests than API Gateway lets through; only the deployed one counts them."""
    detail = "There are too many requests at the moment. Try again in a second."
    return GatewayProblem(429, "too_many_requests", "Too many requests", detail, {"Retry-After": "1"})


def bad_gateway() -> GatewayProblem:
    """The app raised, or answered something that API Gateway does not understand."""
    return GatewayProblem(502, "bad_gateway", "Bad gateway", "The service failed to answer properly.")


def gateway_timeout() -> GatewayProblem:
    """The app took longer than API Gateway waits."""
    return GatewayProblem(504, "gateway_timeout", "Gateway time-out", "The service took too long to answer.")
