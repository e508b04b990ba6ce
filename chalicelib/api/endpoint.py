"""How a route is declared, and everything that happens around its view.

    @route("GET /v1/files/{file_id}", who=Who.USER, returns=FileView, summary="Read a file")
    def read_file(call: Call, file_id: str) -> FileView: ...

The declaration says who may call, what comes in (`body` and `query` are parameters of the view, typed with pydantic
models) and what goes out. Around the view: request id, authentication, validation, ETag, errors as problem+json,
one line of log with what the request cost. `ROUTES` is the list of all declarations; OpenAPI and the test that
walks all routes are made from it.
"""

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, ClassVar

from chalice.app import Blueprint, Request, Response
from pydantic import BaseModel, ConfigDict

from chalicelib.api import request as reading
from chalicelib.api import request_log
from chalicelib.api.admission import admit, guard
from chalicelib.api.cors import CORS, readers
from chalicelib.api.once import once
from chalicelib.api.problems import problem
from chalicelib.api.security_headers import SECURITY_HEADERS
from chalicelib.aws.failures import as_library_error
from chalicelib.aws.meter import metered
from chalicelib.core.caller import Origin, Role, Scope
from chalicelib.core.errors import LibraryError, Malformed, NotFound
from chalicelib.core.ids import is_id
from chalicelib.core.log import log
from chalicelib.limits.rules import headers as limit_headers
from chalicelib.limits.service import noted
from chalicelib.wiring import library

View = Callable[..., Any]
OK, NOT_MODIFIED = 200, 304


class Who(Enum):
    """Who may call a route, as the roles that may.

    ANYONE needs no token and none is looked at; PUBLIC needs none, but one that is sent tells who is calling.
    """

    ANYONE = None
    PUBLIC = frozenset[Role]()
    USER = frozenset(Role)
    WRITER = frozenset({Role.ADMIN, Role.OPERATOR})
    ADMIN = frozenset({Role.ADMIN})


class Input(BaseModel):
    """What comes in: unknown fields are refused, types are not bent."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent, whatever their value."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Output(BaseModel):
    """What goes out."""

    model_config = ConfigDict(from_attributes=True)

    shown_once: ClassVar[bool] = False
    """Whether it shows a secret, so that no Idempotency-Key may bring the answer back."""


class Resource(Output):
    """A single thing with a version, from which its ETag is made."""

    version: int


@dataclass(frozen=True)
class Answer:
    """A view's answer where a model alone does not say it all."""

    body: BaseModel | str | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """A declared route."""

    method: str
    path: str
    who: Who
    status: int
    summary: str
    tag: str
    returns: type[BaseModel] | None
    also: Mapping[int, type[BaseModel] | None]
    """Other successful statuses, and what they return."""
    content_type: str
    other_types: tuple[str, ...]
    """What else a successful answer may be: beside JSON a page, and then refusals are pages, too."""
    form: type[BaseModel] | None
    or_json: type[BaseModel] | None
    """What may be sent as JSON instead of the form."""
    errors: tuple[type[LibraryError], ...]
    scope: Scope | None
    """What an API key needs to call the route; None where only a session may."""
    live: bool
    """Whether a session's revocation is asked for beforehand, by one call."""
    view: View
    parameters: Mapping[str, Any]
    """The view's parameters and their types: path parameters, `body`, `query`."""

    @property
    def is_versioned(self) -> bool:
        """Whether it answers with a single thing that has an ETag."""
        return self.returns is not None and issubclass(self.returns, Resource)

    @property
    def is_open(self) -> bool:
        """Whether it answers with JSON of no declared form."""
        return self.returns is None and self.status == OK and self.content_type == "application/json"


ROUTES: list[Route] = []


class Routes:
    """Declares routes on a blueprint: an instance is the decorator.

    API keys need the scope that follows from method and `who`, unless `scope` names another one; what changes the
    account itself (any USER's write) is for sessions only, as is what `session_only` says. Writes honour a session's
    revocation in their transactions; what admins call, and `live` routes (writes without a transaction), ask first.
    """

    def __init__(self, blueprint: Blueprint, tag: str) -> None:
        self._blueprint = blueprint
        self._tag = tag

    def __call__(  # noqa: PLR0913 - a declaration has this many facts
        self,
        endpoint: str,
        *,
        who: Who,
        summary: str,
        status: int = 200,
        returns: type[BaseModel] | None = None,
        also: Mapping[int, type[BaseModel] | None] = MappingProxyType({}),
        content_type: str = "application/json",
        other_types: tuple[str, ...] = (),
        form: type[BaseModel] | None = None,
        or_json: type[BaseModel] | None = None,
        errors: tuple[type[LibraryError], ...] = (),
        scope: Scope | None = None,
        session_only: bool = False,
        live: bool = False,
    ) -> Callable[[View], View]:
        """Return the decorator of one view; `endpoint` is the method and the path."""
        method, path = endpoint.split(" ")
        needed = None if session_only else scope or _usual_scope(method, who)

        def declare(view: View) -> View:
            parameters = inspect.signature(view, eval_str=True).parameters
            types = {name: parameter.annotation for name, parameter in parameters.items() if name != "call"}
            said = (method, path, who, status, summary, self._tag, returns, also, content_type, other_types)
            self._register(Route(*said, form, or_json, errors, needed, live or who is Who.ADMIN, view, types))
            return view

        return declare

    def _register(self, route: Route) -> None:
        ROUTES.append(route)

        def handle(**path_parameters: str) -> Response:
            return _handle(route, self._blueprint, path_parameters)

        handle.__name__ = route.view.__name__
        register = self._blueprint.route(
            route.path, methods=[route.method], name=handle.__name__, cors=CORS, content_types=["*/*"]
        )
        register(handle)


def _handle(route: Route, blueprint: Blueprint, path_parameters: dict[str, str]) -> Response:
    """Answer one request: nothing that goes wrong leaves here as an exception."""
    started = time.perf_counter()
    request = blueprint.current_request
    origin = reading.origin(request)
    log.thread_safe_clear_keys()
    log.thread_safe_append_keys(request_id=origin.request_id)
    allowed: dict[str, str] = {}
    by_route = False
    with metered() as receipt, noted() as standings:
        try:
            settings = library().settings
            allowed, by_route = readers(settings.allowed_origins, request), settings.route_metrics
            response = _answer(route, request, origin, path_parameters)
        except Exception as error:  # noqa: BLE001 - the one place where every error becomes an answer
            refusal = as_library_error(error)
            if refusal.status >= request_log.FAILURE:
                log.exception("request failed", exc_info=error)
            response = problem(refusal, origin.request_id)
    response.headers |= {"X-Request-Id": origin.request_id, **allowed, **limit_headers(standings)}
    response.headers = {**SECURITY_HEADERS, **response.headers}
    named = f"{route.method} {route.path}"
    request_log.write(named, response.status_code, started, receipt, by_route=by_route)
    return response


def _answer(route: Route, request: Request, origin: Origin, path_parameters: dict[str, str]) -> Response:
    call = _admitted(route, reading.Call(library(), origin, request))
    arguments: dict[str, Any] = {
        name: _path_parameter(name, value) for name, value in path_parameters.items()
    }
    if "query" in route.parameters:
        arguments["query"] = reading.query(request, route.parameters["query"])
    elif request.query_params:
        raise Malformed("This route takes no query parameters.")
    if "body" in route.parameters:
        arguments["body"] = reading.json_body(request, route.parameters["body"])

    def act() -> tuple[Response, bool]:
        with guard(call):
            result = route.view(call, **arguments)
        answer = result if isinstance(result, Answer) else Answer(result)
        return _render(route, request, answer), not getattr(answer.body, "shown_once", False)

    return once(call, route.status, act)


def _admitted(route: Route, call: reading.Call) -> reading.Call:
    if route.who is Who.PUBLIC:
        known = "authorization" in call.request.headers
        return admit(call, frozenset(Role), route.scope, live=False) if known else call
    return call if route.who.value is None else admit(call, route.who.value, route.scope, live=route.live)


def _usual_scope(method: str, who: Who) -> Scope | None:
    if who is Who.ADMIN:
        return Scope.ADMIN
    if method == "GET":
        return Scope.READ
    return Scope.WRITE if who is Who.WRITER else None


def _path_parameter(name: str, value: str) -> str:
    if name.endswith("_id") and not is_id(value):
        raise NotFound("There is no such thing: ids look like 0190c5a7-5b5e-7a3c-9d0e-4f2b8c6d1e3a.")
    return value


def _render(route: Route, request: Request, answer: Answer) -> Response:
    status = answer.status or route.status
    headers: dict[str, str | list[str]] = {**answer.headers}
    if isinstance(answer.body, Resource):
        etag = headers["ETag"] = f'"{answer.body.version}"'
        if route.method == "GET" and reading.is_known(request, etag):
            return Response("", headers, NOT_MODIFIED)
    body = answer.body.model_dump_json() if isinstance(answer.body, BaseModel) else answer.body or ""
    if body:
        headers.setdefault("Content-Type", route.content_type)
    return Response(body, headers, status)
