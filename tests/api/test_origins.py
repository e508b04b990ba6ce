"""A library that lets pages of some origins in only."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import app
from chalicelib.api.cors import fixed
from chalicelib.settings import Settings, SettingsInvalid, origins_of
from infra.local.gateway import Gateway
from infra.local.http_server import make_server
from tests.conftest import REGION
from tests.doors import Door
from tests.roles import Roles, environment

APP, OTHER, STRANGER = "https://app.example.org", "https://other.example.org", "https://stranger.example.org"
ALLOWED = "Access-Control-Allow-Origin"
VARIABLE = "MEDIATHEQUE_ALLOWED_ORIGINS"


@contextmanager
def open_to(roles: Roles, origins: str) -> Iterator[Door]:
    """Serve the API as `make run` does where MEDIATHEQUE_ALLOWED_ORIGINS says so."""
    with environment({VARIABLE: origins}):
        roles.enter("Api")
    gateway = Gateway(app.app, REGION, origin=fixed(origins_of(origins)))
    server = make_server(gateway, "127.0.0.1", 0, threads=2)
    threading.Thread(target=server.run, daemon=True).start()
    assert server.socket is not None
    try:
        yield Door(f"http://127.0.0.1:{server.socket.getsockname()[1]}")
    finally:
        server.close()
        roles.enter("Api")


@pytest.mark.parametrize("page", [APP, STRANGER])
def test_with_one_origin_every_answer_names_it_and_no_other_page_can_read_any(
    roles: Roles, page: str
) -> None:
    asked = {"Origin": page, "Access-Control-Request-Method": "GET"}
    with open_to(roles, APP) as door:
        for method, path in [
            ("GET", "/version"),
            ("GET", "/v1/me"),
            ("OPTIONS", "/v1/me"),
            ("GET", "/nowhere"),
        ]:
            answer = door(method, path, headers=asked)
            assert (answer.headers[ALLOWED], answer.headers.get("Vary")) == (APP, None), path


@pytest.mark.parametrize(("page", "named"), [(APP, APP), (OTHER, OTHER), (STRANGER, APP), (None, APP)])
def test_with_several_origins_an_answer_names_the_page_that_asks_if_it_is_one_of_them(
    roles: Roles, page: str | None, named: str
) -> None:
    asked = {"Origin": page} if page else {}
    with open_to(roles, f"{APP}, {OTHER}") as door:
        for path in ("/version", "/v1/me"):
            answer = door("GET", path, headers=asked)
            assert (answer.headers[ALLOWED], answer.headers["Vary"]) == (named, "Origin"), path


def test_with_several_origins_what_the_gateway_answers_by_itself_can_be_read_by_all(roles: Roles) -> None:
    asked = {"Origin": OTHER, "Access-Control-Request-Method": "GET"}
    with open_to(roles, f"{APP},{OTHER}") as door:
        for method, path in [("OPTIONS", "/v1/me"), ("GET", "/nowhere"), ("PATCH", "/version")]:
            assert door(method, path, headers=asked).headers[ALLOWED] == "*", path


@pytest.mark.parametrize(
    "origins", ["", "app.example.org", f"{APP}/", f"{APP}/here", "https://*.example.org"]
)
def test_what_no_browser_sends_as_an_origin_is_refused(settings: Settings, origins: str) -> None:
    assert settings.allowed_origins
    with pytest.raises(SettingsInvalid, match="MEDIATHEQUE_ALLOWED_ORIGINS takes origins"):
        Settings.from_environment({**os.environ, VARIABLE: origins})


def test_any_origin_among_others_is_any(settings: Settings) -> None:
    assert settings.allowed_origins == ("*",)
    assert Settings.from_environment({**os.environ, VARIABLE: f"{APP},*"}).allowed_origins == ("*",)
