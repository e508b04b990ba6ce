"""One machine's API Gateway: a WSGI application in front of the very Chalice app that Lambda runs.

Promises the REST API's behaviour where clients and code can tell: the proxy event, binary bodies, limits
(10 MB request, 6 MB Lambda payload each way, 10,240 bytes of headers, 29 s), preflights from the routes' CORS
settings, and its own errors as problem+json. Two deliberate kindnesses that REST APIs lack: HEAD is answered
from GET without a body, and a known path with another method says 405.

Chalice keeps the current request on the app object, which a threaded server would mix up between requests;
the app is given a class that keeps it per thread.
"""

import logging
import threading
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from wsgiref.types import StartResponse, WSGIEnvironment

from chalice.app import Chalice, CORSConfig, RouteEntry

from chalicelib.api.cors import ALLOW_ORIGIN
from infra.local import gateway_problems as problems
from infra.local.gateway_event import Event, Request, answer_of, payload_bytes, proxy_event
from infra.local.gateway_problems import Answer, GatewayProblem
from infra.local.gateway_routes import Match, RouteTable
from infra.local.lambda_context import LambdaContext

_log = logging.getLogger("gateway")
_MAX_CALLS = 1000  # Lambda's default concurrency per account; threads are made only as calls overlap


@dataclass(frozen=True)
class Limits:
    """API Gateway's and Lambda's quotas, in bytes and seconds."""

    head: int = 10_240
    body: int = 10 * 1024 * 1024
    payload: int = 6 * 1024 * 1024
    seconds: float = 29.0


class _PerThread:
    """An attribute whose value is each thread's own."""

    def __init__(self) -> None:
        self._values = threading.local()

    def __get__(self, instance: object, owner: type | None = None) -> object:
        return getattr(self._values, "value", None)

    def __set__(self, instance: object, value: object) -> None:
        self._values.value = value


def make_thread_safe(app: Chalice) -> None:
    """Give the app a class that keeps `current_request` and `lambda_context` per thread."""
    attributes = {"current_request": _PerThread(), "lambda_context": _PerThread()}
    app.__class__ = type("ThreadSafeChalice", (type(app),), attributes)


class Gateway:
    """Serves one Chalice app. Raises ValueError for an app that relies on API Gateway's authorizers."""

    def __init__(
        self, app: Chalice, region: str, limits: Limits | None = None, origin: str | None = None
    ) -> None:
        """Take an app; pages of `origin`, not of the app's CORS, may read what the gateway answers by itself."""
        _refuse_authorizers(app)
        make_thread_safe(app)
        self._app = app
        self._region = region
        self._limits = limits or Limits()
        self._routes = RouteTable(app.routes)
        self._origin: Mapping[str, str] = {ALLOW_ORIGIN: origin} if origin else {}
        self._cors = {**_headers_of(cors_of(app)), **self._origin}
        self._calls = ThreadPoolExecutor(_MAX_CALLS, thread_name_prefix="call")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; never raises."""
        request = Request.of(environ)
        request_id = str(uuid.uuid4())
        match = self._routes.match(request.path)
        try:
            answer = self._answer(request, match, request_id)
        except GatewayProblem as problem:
            answer = self.refuse(problem, request_id)
            # The route, not the path: paths of shared links hold secrets.
            _log.info("%s %s: %d %s", request.method, match and match.resource, problem.status, problem.code)
        headers = [
            *answer.headers,
            ("x-amzn-RequestId", request_id),
            ("Content-Length", str(len(answer.body))),
        ]
        start_response(answer.status_line, headers)
        return [] if request.method == "HEAD" else [answer.body]

    def refuse(self, problem: GatewayProblem, request_id: str | None = None) -> Answer:
        """Render a problem as the API's GatewayResponses do."""
        return problem.answer(request_id or str(uuid.uuid4()), self._cors)

    def _answer(self, request: Request, match: Match | None, request_id: str) -> Answer:
        self._refuse_oversize(request)
        if match is None:
            raise problems.not_found()
        methods = self._app.routes[match.resource]
        if request.method == "OPTIONS" and "OPTIONS" not in methods:
            return _preflight(methods, self._origin)
        method = "GET" if request.method == "HEAD" and "HEAD" not in methods else request.method
        if method not in methods:
            raise problems.method_not_allowed(allowed_methods(methods))
        event = proxy_event(request, match, method, request_id, self._app.api.binary_types)
        return answer_of(self._invoke(event), request, self._app.api.binary_types)

    def _refuse_oversize(self, request: Request) -> None:
        if request.head_bytes > self._limits.head:
            raise problems.headers_too_large()
        if len(request.body) > self._limits.body:
            raise problems.use_uploads()

    def _invoke(self, event: Event) -> object:
        if payload_bytes(event) > self._limits.payload:
            raise problems.use_uploads()
        context = LambdaContext("mediatheque-api", self._region, self._limits.seconds)
        call = self._calls.submit(self._app, event, context)
        try:
            fault = call.exception(timeout=self._limits.seconds)
        except TimeoutError:
            raise problems.gateway_timeout() from None
        if fault is not None:
            _log.error("The app raised.", exc_info=fault)
            raise problems.bad_gateway()
        return self._within_limits(call.result())

    def _within_limits(self, result: object) -> object:
        try:
            size = payload_bytes(result)
        except (TypeError, ValueError) as fault:
            _log.exception("The app returned what is no JSON.")
            raise problems.bad_gateway() from fault
        if size > self._limits.payload:
            _log.error(
                "The app returned %d bytes; Lambda answers with at most %d.", size, self._limits.payload
            )
            raise problems.bad_gateway()
        return result


def _refuse_authorizers(app: Chalice) -> None:
    for resource, methods in app.routes.items():
        if any(entry.authorizer or entry.api_key_required for entry in methods.values()):
            raise ValueError(f"{resource} relies on an authorizer of API Gateway, which nobody runs here.")


def cors_of(app: Chalice) -> CORSConfig | None:
    """Return the CORS settings for answers that belong to no route: the app's own, or those of its first route."""
    if isinstance(app.api.cors, CORSConfig):
        return app.api.cors
    entries = (entry for methods in app.routes.values() for entry in methods.values())
    return next((entry.cors for entry in entries if entry.cors), CORSConfig() if app.api.cors else None)


def _headers_of(cors: CORSConfig | None) -> Mapping[str, str]:
    return cors.get_access_control_headers() if cors else {}


def allowed_methods(methods: Mapping[str, RouteEntry], *, head: bool = True) -> list[str]:
    """Return what a path takes, in order; `head` says whether GET answers HEAD too, as it does here."""
    allowed = set(methods)
    if head and "GET" in methods:
        allowed.add("HEAD")
    if any(entry.cors for entry in methods.values()):
        allowed.add("OPTIONS")
    return sorted(allowed)


def _preflight(methods: Mapping[str, RouteEntry], origin: Mapping[str, str]) -> Answer:
    """Answer as the mock integration that Chalice generates for OPTIONS (chalice.deploy.swagger)."""
    with_cors = [method for method, entry in methods.items() if entry.cors]
    if not with_cors:
        raise problems.method_not_allowed(allowed_methods(methods))
    headers = {
        "Content-Type": "application/json",
        "Access-Control-Allow-Methods": ",".join([*with_cors, "OPTIONS"]),
        **_headers_of(methods[with_cors[-1]].cors),
        **origin,
    }
    return Answer(200, list(headers.items()), b"")
