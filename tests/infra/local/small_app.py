"""A Chalice app that shows what its gateway hands it, and misbehaves on request."""

import base64
import threading
from typing import Any

from chalice.app import Chalice, CORSConfig, Request, Response

app = Chalice("small", configure_logs=False)
app.api.cors = CORSConfig(expose_headers=["ETag"], max_age=600)
app.api.binary_types = ["image/png", "multipart/form-data"]
released = threading.Event()  # what `/hang` waits for


def current_request() -> Request:
    request = app.current_request
    assert request is not None
    return request


def body() -> bytes:
    raw = current_request().raw_body
    assert isinstance(raw, bytes)
    return raw


@app.route("/echo/{value}", methods=["GET", "POST"], content_types=["*/*"])
def echo(value: str) -> dict[str, Any]:
    event = current_request().to_original_event()
    shown = {key: item for key, item in event.items() if key != "body"}
    return {"value": value, "event": shown, "body": base64.b64encode(body()).decode()}


@app.route("/own/{number}", methods=["POST"], content_types=["*/*"])
def own(number: str) -> dict[str, Any]:
    before = current_request()
    threading.Event().wait(0.005)  # other requests come in meanwhile
    after = current_request()
    same = before is after
    return {"path": number, "same": same, "body": body().decode(), "id": after.context["requestId"]}


@app.route("/picture")
def picture() -> Response:
    return Response(b"\x89PNG\xff\x00", {"Content-Type": "image/png"})


@app.route("/cookies")
def cookies() -> Response:
    return Response("ok", {"Content-Type": "text/plain", "Set-Cookie": ["a=1", "b=2"]}, 201)


@app.route("/plain", cors=False)
def plain() -> str:
    return "no browser"


@app.route("/raise")
def unreadable() -> Response:
    return Response(b"bytes of a type that is no binary type", {"Content-Type": "text/plain"})


@app.route("/large/{size}")
def large(size: str) -> Response:
    return Response("x" * int(size), {"Content-Type": "text/plain"})


@app.route("/context")
def context() -> dict[str, Any]:
    given = app.lambda_context
    names = ["function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id"]
    return {name: getattr(given, name) for name in names} | {"left": given.get_remaining_time_in_millis()}


@app.route("/hang")
def hang() -> str:
    released.wait(20)
    return "late"
