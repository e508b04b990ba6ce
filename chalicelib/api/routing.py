"""Which view answers a request, and what happens around every view.

`app.py` lists the routes by the names of their views. A start registers a small handler for each; the module that
declares the view, with its models and services, is imported when one of its routes is first called, and when somebody
asks for every route: OpenAPI, and the tests that walk all of them.

Around a view: request id, errors as problem+json, one line of log with what the request cost. How a route is declared
and answered is `endpoint.py`'s.
"""

import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module

from chalice.app import Blueprint, Chalice, Response

from chalicelib.api import request as reading
from chalicelib.api import request_log
from chalicelib.api.cors import CORS, readers
from chalicelib.api.endpoint import DECLARED, Route
from chalicelib.api.problems import problem
from chalicelib.api.security_headers import SECURITY_HEADERS
from chalicelib.aws.failures import as_library_error
from chalicelib.aws.meter import metered
from chalicelib.core.log import log
from chalicelib.limits.rules import headers as limit_headers
from chalicelib.limits.standings import noted
from chalicelib.wiring import library

_views: dict[str, str] = {}
_importing = threading.RLock()  # on one machine, threads may make a module's first requests at once


class NotDeclared(Exception):
    """The table of routes and the declarations beside the views are not the same; the message says where."""


def register(app: Chalice, views: Mapping[str, str]) -> None:
    """Register a handler for each route: "GET /v1/files" and its view, as module.function of this package."""
    _views.update(views)
    doors = Blueprint(__name__)
    for endpoint, view in views.items():
        method, path = endpoint.split(" ")
        declare = doors.route(path, methods=[method], name=view, cors=CORS, content_types=["*/*"])
        declare(_handler(doors, endpoint))
    app.register_blueprint(doors)


def route_of(endpoint: str) -> Route:
    """Return a route as it is declared, importing its module if nobody has yet. Raises NotDeclared."""
    module, _, view = _views[endpoint].partition(".")
    with _importing:
        import_module(f"{__package__}.{module}")
    route = DECLARED.get(endpoint)
    if route is None or route.name != _views[endpoint]:
        raise NotDeclared(f'app.py says that {module}.{view} declares @route("{endpoint}"), but it does not.')
    return route


def every_route() -> list[Route]:
    """Return all routes in the order of the table; imports every view."""
    return [route_of(endpoint) for endpoint in _views]


def _handler(doors: Blueprint, endpoint: str) -> Callable[..., Response]:
    def handle(**path_parameters: str) -> Response:
        return _handle(doors, endpoint, path_parameters)

    return handle


def _handle(doors: Blueprint, endpoint: str, path_parameters: dict[str, str]) -> Response:
    """Answer one request: nothing that goes wrong leaves here as an exception."""
    started = time.perf_counter()
    request = doors.current_request
    origin = reading.origin(request)
    log.thread_safe_clear_keys()
    log.thread_safe_append_keys(request_id=origin.request_id)
    allowed: dict[str, str] = {}
    by_route = False
    with metered() as receipt, noted() as standings:
        try:
            settings = library().settings
            allowed, by_route = readers(settings.allowed_origins, request), settings.route_metrics
            response = route_of(endpoint).answer(request, origin, path_parameters)
        except Exception as error:  # noqa: BLE001 - the one place where every error becomes an answer
            refusal = as_library_error(error)
            if refusal.status >= request_log.FAILURE:
                log.exception("request failed", exc_info=error)
            response = problem(refusal, origin.request_id)
    response.headers |= {"X-Request-Id": origin.request_id, **allowed, **limit_headers(standings)}
    response.headers = {**SECURITY_HEADERS, **response.headers}
    request_log.write(endpoint, response.status_code, started, receipt, by_route=by_route)
    return response
