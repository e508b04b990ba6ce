"""`Idempotency-Key` on requests that create: the door's side of `chalicelib/idempotency`."""

import re
from collections.abc import Callable

from chalice.app import Request, Response

from chalicelib.api.request import Call
from chalicelib.idempotency.models import StoredAnswer

CREATED = frozenset({201, 202, 207})
BOUNDARY = re.compile(rb'boundary="?([^\s";,]+)')
REPLAYED = "Idempotency-Replayed"


def creates(method: str, status: int) -> bool:
    """Tell whether requests to a route create something."""
    return method == "POST" and status in CREATED


def once(call: Call, status: int, act: Callable[[], tuple[Response, bool]]) -> Response:
    """Answer a request; one that creates and carries an Idempotency-Key is carried out once.

    `act` also says whether its answer may be kept: not those that show a secret once.
    """
    key = call.request.headers.get("idempotency-key")
    if key is None or call.signed_in is None or not creates(call.request.method, status):
        return act()[0]
    answered: list[Response] = []

    def carry_out() -> tuple[StoredAnswer, bool]:
        response, may_be_kept = act()
        answered.append(response)
        headers = {name: str(value) for name, value in response.headers.items()}
        return StoredAnswer(response.status_code, headers, str(response.body)), may_be_kept

    answer = call.library.once.carry_out(call.caller.user_id, key, _fingerprint(call.request), carry_out)
    if answered:
        return answered[0]
    return Response(answer.body, {**answer.headers, REPLAYED: "true"}, answer.status)


def _fingerprint(request: Request) -> bytes:
    """Return what makes a request the same: route, parameters and body, but not a form's random boundary."""
    raw = request.raw_body
    body = raw.encode() if isinstance(raw, str) else raw
    content_type = str(request.headers.get("content-type", "")).encode()
    boundary = BOUNDARY.search(content_type)
    if content_type.startswith(b"multipart/") and boundary:
        body = body.replace(boundary[1], b"")
    context = request.context
    where = f"{request.method} {context.get('resourcePath')} {sorted((request.uri_params or {}).items())}"
    return where.encode() + b"\0" + body
