"""How a route is declared, beside its view, and answered.

    @route("GET /v1/files/{file_id}", who=Who.USER, returns=FileView, summary="Read a file")
    def read_file(call: Call, file_id: str) -> FileView: ...

The declaration says who may call, what comes in (`body` and `query` are parameters of the view, typed with pydantic
models) and what goes out. Before the view: authentication, validation; after it: the ETag. `app.py`'s table says where
each route is declared (`routing.py`), `DECLARED` is what has been imported so far.
"""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chalice.app import Request, Response

from chalicelib.api.admission import admit, guard
from chalicelib.api.once import once
from chalicelib.api.request import Call, is_known
from chalicelib.core.caller import Origin, Role, Scope
from chalicelib.core.errors import LibraryError, Malformed, NotFound
from chalicelib.core.ids import is_id
from chalicelib.wiring import library

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic import BaseModel

type Form = BaseModel | DataclassInstance
"""What an answer looks like: a model, or a plain dataclass, for what should not wait for pydantic."""
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


@dataclass(frozen=True)
class Answer:
    """A view's answer where a model alone does not say it all."""

    body: Form | str | None = None
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
    returns: type[Form] | None
    also: Mapping[int, type[Form] | None]
    """Other successful statuses, and what they return."""
    content_type: str
    other_types: tuple[str, ...]
    """What else a successful answer may be: beside JSON a page, and then refusals are pages, too."""
    form: type[Form] | None
    or_json: type[Form] | None
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
    def endpoint(self) -> str:
        """Return method and path, as the declaration has them."""
        return f"{self.method} {self.path}"

    @property
    def name(self) -> str:
        """Return the view's module and name, as the table of routes has them."""
        return f"{self.view.__module__.rpartition('.')[2]}.{self.view.__name__}"

    @property
    def is_versioned(self) -> bool:
        """Whether it answers with a single thing that has an ETag."""
        return bool(getattr(self.returns, "has_etag", False))

    @property
    def is_open(self) -> bool:
        """Whether it answers with JSON of no declared form."""
        return self.returns is None and self.status == OK and self.content_type == "application/json"

    def answer(self, request: Request, origin: Origin, path_parameters: Mapping[str, str]) -> Response:
        """Answer one request. Raises what refuses it."""
        call = _admitted(self, Call(library(), origin, request))
        arguments: dict[str, Any] = {
            name: _path_parameter(name, value) for name, value in path_parameters.items()
        }
        if "query" in self.parameters:
            arguments["query"] = self.parameters["query"].from_query(request)
        elif request.query_params:
            raise Malformed("This route takes no query parameters.")
        if "body" in self.parameters:
            arguments["body"] = self.parameters["body"].from_body(request)

        def act() -> tuple[Response, bool]:
            with guard(call):
                result = self.view(call, **arguments)
            answer = result if isinstance(result, Answer) else Answer(result)
            return _render(self, request, answer), not getattr(answer.body, "shown_once", False)

        return once(call, self.status, act)


DECLARED: dict[str, Route] = {}
"""The routes of the modules that have been imported; `routing.every_route` imports all."""


class Routes:
    """Declares routes: an instance is the decorator.

    API keys need the scope that follows from method and `who`, unless `scope` names another one; what changes the
    account itself (any USER's write) is for sessions only, as is what `session_only` says. Writes honour a session's
    revocation in their transactions; what admins call, and `live` routes (writes without a transaction), ask first.
    """

    def __init__(self, tag: str) -> None:
        self._tag = tag

    def __call__(  # noqa: PLR0913 - a declaration has this many facts
        self,
        endpoint: str,
        *,
        who: Who,
        summary: str,
        status: int = 200,
        returns: type[Form] | None = None,
        also: Mapping[int, type[Form] | None] = MappingProxyType({}),
        content_type: str = "application/json",
        other_types: tuple[str, ...] = (),
        form: type[Form] | None = None,
        or_json: type[Form] | None = None,
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
            if endpoint in DECLARED:
                raise ValueError(
                    f"{endpoint} is declared twice: by {DECLARED[endpoint].name} and {view.__name__}."
                )
            DECLARED[endpoint] = Route(
                *said, form, or_json, errors, needed, live or who is Who.ADMIN, view, types
            )
            return view

        return declare


def _admitted(route: Route, call: Call) -> Call:
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
    if getattr(answer.body, "has_etag", False):
        etag = headers["ETag"] = f'"{getattr(answer.body, "version", "")}"'
        if route.method == "GET" and is_known(request, etag):
            return Response("", headers, NOT_MODIFIED)
    body = _text(answer.body)
    if body:
        headers.setdefault("Content-Type", route.content_type)
    return Response(body, headers, status)


def _text(body: Form | str | None) -> str:
    if body is None or isinstance(body, str):
        return body or ""
    return json.dumps(asdict(body)) if is_dataclass(body) else body.model_dump_json()
