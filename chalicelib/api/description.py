"""What the API can do: as OpenAPI, as a Postman collection, and as a page to try it out."""

import importlib.util
import json
from pathlib import Path

from chalicelib import VERSION
from chalicelib.api import openapi, postman
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.request import Call, base_url
from chalicelib.api.routing import every_route
from chalicelib.core.errors import NotFound

route = Routes("Service")

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


@route("GET /openapi.json", who=Who.ANYONE, summary="What it can do, as OpenAPI 3.1")
def openapi_json(call: Call) -> Answer:  # noqa: ARG001 - every view takes the call
    return Answer(json.dumps(openapi.describe(every_route(), VERSION)))


@route("GET /postman.json", who=Who.ANYONE, summary="What it can do, as a Postman collection that runs")
def postman_json(call: Call) -> Answer:
    return Answer(
        json.dumps(postman.collection(openapi.describe(every_route(), VERSION), base_url(call.request)))
    )


@route(
    "GET /docs", who=Who.ANYONE, content_type="text/html; charset=utf-8", summary="What it can do, to try out"
)
def docs(call: Call) -> Answer:  # noqa: ARG001 - every view takes the call
    return Answer((HERE / "docs.html").read_text(), headers={"Content-Security-Policy": PAGE_POLICY})


@route(
    "GET /docs/{asset}",
    who=Who.ANYONE,
    content_type="text/javascript",
    other_types=("text/css",),
    summary="The files of /docs",
)
def docs_asset(call: Call, asset: str) -> Answer:  # noqa: ARG001 - every view takes the call
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
