"""The service itself: is it there, which version, is it well, what can it do."""

import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path

from chalice.app import Blueprint

from chalicelib import VERSION
from chalicelib.api import openapi, postman
from chalicelib.api.endpoint import ROUTES, Answer, Output, Routes, Who
from chalicelib.api.request import Call, base_url
from chalicelib.core.errors import NotFound
from chalicelib.core.log import log

blueprint = Blueprint(__name__)
route = Routes(blueprint, "Service")

HERE = Path(__file__).parent
ASSETS = {
    "swagger_bundle.js": "text/javascript",
    "swagger_style.css": "text/css",
    "start.js": "text/javascript",
}
PAGE_POLICY = "; ".join(  # noqa: FLY002 - a line each is easier to read
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
    )
)
DAY = "public, max-age=86400"


class Pong(Output):
    """The service is there."""

    message: str = "pong"


class Version(Output):
    """Which code is running."""

    name: str
    version: str
    commit: str


class Dependency(Output):
    """One thing that the service needs, and whether it answers."""

    name: str
    ok: bool
    milliseconds: float


class Health(Output):
    """Whether everything that the service needs answers."""

    ok: bool
    dependencies: list[Dependency]


@route("GET /ping", who=Who.ANYONE, returns=Pong, summary="Is it there")
def ping(call: Call) -> Pong:  # noqa: ARG001 - every view gets the call
    return Pong()


@route("GET /version", who=Who.ANYONE, returns=Version, summary="Which version")
def version(call: Call) -> Version:
    return Version(name="mediatheque", version=VERSION, commit=call.library.settings.commit)


@route("GET /health", who=Who.ANYONE, returns=Health, also={503: Health}, summary="Is it well")
def health(call: Call) -> Answer:
    rows = [_check(name, ask) for name, ask in call.library.dependencies().items()]
    ok = all(row.ok for row in rows)
    return Answer(Health(ok=ok, dependencies=rows), status=200 if ok else 503)


@route("GET /openapi.json", who=Who.ANYONE, summary="What it can do, as OpenAPI 3.1")
def openapi_json(call: Call) -> Answer:  # noqa: ARG001 - as above
    return Answer(json.dumps(openapi.describe(ROUTES, VERSION)))


@route("GET /postman.json", who=Who.ANYONE, summary="What it can do, as a Postman collection that runs")
def postman_json(call: Call) -> Answer:
    return Answer(json.dumps(postman.collection(openapi.describe(ROUTES, VERSION), base_url(call.request))))


@route(
    "GET /docs", who=Who.ANYONE, content_type="text/html; charset=utf-8", summary="What it can do, to try out"
)
def docs(call: Call) -> Answer:  # noqa: ARG001 - as above
    return Answer((HERE / "docs.html").read_text(), headers={"Content-Security-Policy": PAGE_POLICY})


@route(
    "GET /docs/{asset}",
    who=Who.ANYONE,
    content_type="text/javascript",
    other_types=("text/css",),
    summary="The files of /docs",
)
def docs_asset(call: Call, asset: str) -> Answer:  # noqa: ARG001 - as above
    if asset not in ASSETS:
        raise NotFound("There is no such file.")
    path = HERE / "docs.js" if asset == "start.js" else _swagger() / asset
    return Answer(path.read_text(), headers={"Content-Type": ASSETS[asset], "Cache-Control": DAY})


def _swagger() -> Path:
    """Return the folder of Swagger UI's files; importing its package would read 9 MB."""
    found = importlib.util.find_spec("offapi")
    if found is None or found.origin is None:
        raise NotFound("Swagger UI is not installed here.")
    return Path(found.origin).parent


def _check(name: str, ask: Callable[[], object]) -> Dependency:
    started = time.perf_counter()
    try:
        ask()
    except Exception:  # noqa: BLE001 - whatever it is, the dependency is not well
        log.exception("dependency does not answer", extra={"dependency": name})
        ok = False
    else:
        ok = True
    return Dependency(name=name, ok=ok, milliseconds=round((time.perf_counter() - started) * 1000, 1))
