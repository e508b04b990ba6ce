"""What each route answers, as OpenAPI: statuses, headers, bodies with examples, and the codes of every refusal."""

from collections.abc import Iterable
from typing import Any

from chalicelib.accounts.models import TokenInvalid
from chalicelib.api.admission import ScopeMissing
from chalicelib.api.endpoint import NOT_MODIFIED, Form, Route, Who
from chalicelib.api.examples import REF, Examples
from chalicelib.api.once import creates
from chalicelib.api.problems import CONTENT_TYPE
from chalicelib.api.views import Problem
from chalicelib.core.errors import (
    Forbidden,
    Invalid,
    LibraryError,
    Malformed,
    NotFound,
    PreconditionFailed,
    Unauthenticated,
    Unavailable,
    UnsupportedType,
)
from chalicelib.idempotency.models import (
    AlreadyDone,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    RequestInProgress,
)
from chalicelib.limits.models import RateExceeded

__all__ = ["GATEWAY", "HEADERS", "REF", "Answers"]

GATEWAY = {
    413: ("use_uploads", "Too large"),
    429: ("too_many_requests", "Too many requests"),
    431: ("headers_too_large", "Headers too large"),
    502: ("bad_gateway", "Bad gateway"),
    504: ("gateway_timeout", "Gateway time-out"),
}
"""What API Gateway itself refuses, whatever the route: code and title by status."""
HEADERS = {
    "X-Request-Id": {
        "description": "The request's id, in the logs too",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "The thing's version",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
    "Location": {"description": "Where it is", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds to wait",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit": {
        "description": "How many requests are left of which policy, and for how long",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {"description": "The policies and their quotas", "schema": {"type": "string"}},
    "WWW-Authenticate": {
        "description": "How to authenticate",
        "required": True,
        "schema": {"type": "string"},
    },
}
REDIRECTS = range(300, 400)
PAGE = "text/html; charset=utf-8"
Schema = dict[str, Any]


class Answers:
    """Describes answers; refusals that many routes have stand once, in `shared`."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples
        self.shared: Schema = {}

    def of(self, route: Route) -> Schema:
        """Return a route's answers by status."""
        bodies = {route.status: route.returns, **route.also}
        answers = {status: self._success(route, status, model) for status, model in bodies.items()}
        if route.is_versioned and route.method == "GET":
            answers[NOT_MODIFIED] = {
                "description": "Not modified",
                "headers": _headers("X-Request-Id", "ETag"),
            }
        kinds: dict[int, dict[str, str]] = {}
        for status, code, title in _refusals(route):
            kinds.setdefault(status, {})[code] = title
        refusals = {status: self._refusal(route, status, codes) for status, codes in kinds.items()}
        return {str(status): answer for status, answer in sorted((refusals | answers).items())}

    def _success(self, route: Route, status: int, model: type[Form] | None) -> Schema:
        names = ["X-Request-Id"]
        if model is route.returns and route.is_versioned:
            names.append("ETag")
        if status in {201, 202, *REDIRECTS}:
            names.append("Location")
        if RateExceeded in route.errors:
            names += ["RateLimit", "RateLimit-Policy"]
        description = (model.__doc__ or "").split("\n")[0] if model else "Done"
        answer: Schema = {"description": description, "headers": _headers(*names)}
        if model:
            kind = "application/json" if status in route.also else route.content_type
            answer["content"] = {kind: self.examples.media(model)}
        elif (route.returns is None and route.content_type != "application/json") or route.is_open:
            answer["content"] = {route.content_type: {"schema": {"type": "object"} if route.is_open else {}}}
        if status not in REDIRECTS:
            pages = {kind: {"schema": {"type": "string"}} for kind in route.other_types}
            answer.setdefault("content", {}).update(pages)
        return {name: value for name, value in answer.items() if value != {}}

    def _refusal(self, route: Route, status: int, codes: dict[str, str]) -> Schema:
        pages = route.content_type == "application/json" and PAGE in route.other_types
        key = "-".join([str(status), *sorted(codes), *(["page"] if pages else [])])
        if key not in self.shared:
            self.shared[key] = self._problem(status, codes, pages=pages)
        return {"$ref": f"#/components/responses/{key}"}

    @staticmethod
    def _problem(status: int, codes: dict[str, str], *, pages: bool) -> Schema:
        names = sorted(codes)
        more = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(status, [])
        narrowed = {"properties": {"status": {"const": status}, "code": {"enum": names}}}
        example = {
            "type": f"urn:mediatheque:problem:{names[0]}",
            "title": codes[names[0]],
            "status": status,
            "detail": "A sentence for people.",
            "code": names[0],
            "request_id": "5d2f8c1e-2b7a-4c55-9a1b-0c7e5f3d9b10",
        }
        schema = {"allOf": [{"$ref": REF.format(model=Problem.__name__)}, narrowed]}
        return {
            "description": f"Codes: {', '.join(f'`{name}`' for name in names)}",
            "headers": _headers("X-Request-Id", *more),
            "content": {
                CONTENT_TYPE: {"schema": schema, "example": example},
                **({PAGE: {"schema": {"type": "string"}}} if pages else {}),
            },
        }


def _headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _refusals(route: Route) -> Iterable[tuple[int, str, str]]:
    for error in _errors(route):
        yield error.status, error.code, error.title
    takes_body = "body" in route.parameters or route.form
    for status, (code, title) in GATEWAY.items():
        if status != 413 or takes_body:  # noqa: PLR2004 - Content Too Large
            yield status, code, title


def _errors(route: Route) -> Iterable[type[LibraryError]]:
    yield from (*route.errors, Unavailable, LibraryError)
    if "{" in route.path:
        yield NotFound
    if route.who is not Who.ANYONE:
        yield from (Unauthenticated, TokenInvalid, Forbidden, ScopeMissing)
        if creates(route.method, route.status):
            yield from (IdempotencyKeyInvalid, IdempotencyKeyReused, RequestInProgress, AlreadyDone)
    if "body" in route.parameters or route.form:
        yield from (Malformed, Invalid, UnsupportedType)
    if any(issubclass(error, PreconditionFailed) for error in route.errors):
        yield Malformed
    yield Invalid if "query" in route.parameters else Malformed
