"""What the tests of one machine's stand-ins share."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.local.embedded_aws.process import EmbeddedAws
from infra.local.gateway import Gateway
from infra.local.http_server import make_server
from tests.infra.local.small_app import app

Eventually = Callable[..., None]
Call = Callable[..., "Reply"]


class Reply(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def exchange(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, names)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Wait until a condition holds; fail with the reason at the deadline."""

    def wait(condition: Callable[[], object], reason: str, seconds: float = 20.0) -> None:
        pause = threading.Event()
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, reason
            pause.wait(0.02)

    return wait


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    return find_free_port()


@pytest.fixture
def another_free_port() -> int:
    """Another one."""
    return find_free_port()


def find_free_port() -> int:
    """Let the kernel choose; it gives each caller another for a good while."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS of the module's own."""
    with EmbeddedAws(Path(tmp_path_factory.mktemp("aws"))) as running:
        yield running


@contextmanager
def serving(gateway: Gateway) -> Iterator[int]:
    server: Any = make_server(gateway, "127.0.0.1", 0, threads=16)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.effective_port
    finally:
        with suppress(OSError):  # the loop, woken by a reply, may have closed all before the pull ends
            server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))
        thread.join(10)
        server.task_dispatcher.shutdown()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(Gateway(app, "eu-west-1")) as port:
        yield port


@pytest.fixture
def call(port: int) -> Call:
    return lambda *request, **more: exchange(port, *request, **more)


def assert_problem(reply: Reply, status: int, code: str) -> None:
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["access-control-allow-origin"] == "*"
    problem = reply.json
    assert (problem["status"], problem["code"], problem["type"]) == (
        status,
        code,
        f"urn:mediatheque:problem:{code}",
    )
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == reply.headers["x-request-id"]
