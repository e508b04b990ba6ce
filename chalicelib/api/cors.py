"""Which pages may read the API's answers in a browser (CORS, Fetch standard).

Requests carry a token that pages must hold themselves, never a cookie, so an origin decides who may *read*, not who is
asking. `docs/decisions/0039-allowed-origins.md` says what the gateway answers by itself, which knows one value only.
"""

from collections.abc import Sequence

from chalice.app import CORSConfig, Request

from chalicelib.settings import ANY_ORIGIN

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
CORS = CORSConfig(
    allow_origin=ANY_ORIGIN,
    allow_headers=[
        "Content-Type",
        "Authorization",
        "If-Match",
        "If-None-Match",
        "Idempotency-Key",
        "X-Link-Key",
        "X-Request-Id",
    ],
    expose_headers=[
        "ETag",
        "Location",
        "X-Next-Cursor",
        "Retry-After",
        "X-Request-Id",
        "RateLimit",
        "RateLimit-Policy",
    ],
    max_age=600,
)
"""For all routes; whom they answer is the settings' to say."""


def fixed(origins: Sequence[str]) -> str:
    """Return what an answer says that is the same for every request: the one origin that there is, else any."""
    return origins[0] if len(origins) == 1 else ANY_ORIGIN


def readers(origins: Sequence[str], request: Request) -> dict[str, str]:
    """Return the headers that let a request's page read the answer, if it is one of these origins."""
    if len(origins) == 1:
        return {ALLOW_ORIGIN: origins[0]}
    asking = str(request.headers.get("origin", ""))
    return {ALLOW_ORIGIN: asking if asking in origins else origins[0], "Vary": "Origin"}
