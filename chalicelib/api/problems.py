"""Refusals as RFC 9457 `application/problem+json`; `views.Problem` describes them."""

from typing import Any

from chalice.app import Response

from chalicelib.core.errors import LibraryError

CONTENT_TYPE = "application/problem+json"


def problem(error: LibraryError, request_id: str) -> Response:
    """Render a refusal."""
    body = problem_body(error, request_id)
    headers: dict[str, str | list[str]] = {"Content-Type": CONTENT_TYPE}
    if "retry_after" in error.evidence:
        headers["Retry-After"] = str(error.evidence["retry_after"])
    if error.status == 401:  # noqa: PLR2004 - RFC 9110 asks for the header with just this status
        headers["WWW-Authenticate"] = 'Bearer realm="mediatheque"'
    return Response(body, headers, error.status)


def problem_body(error: LibraryError, request_id: str) -> dict[str, Any]:
    """Return a refusal's JSON; evidence stands beside the standard fields and never replaces one."""
    return {
        **error.evidence,
        "type": f"urn:mediatheque:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
    }
