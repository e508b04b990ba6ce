import io
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chalice.app import Chalice, Response

from infra.local.banner import Banner
from infra.local.gateway import Gateway
from infra.local.settings import Settings, read_settings
from tests.infra.local.conftest import serving

ENVIRONMENT = {"PATH": os.environ["PATH"]}  # in which no admin can be made: it names no tables


@pytest.fixture
def settings(tmp_path: Path, free_port: int) -> Settings:
    return read_settings({"DATA_DIR": str(tmp_path), "PORT": str(free_port)})


@pytest.fixture(params=[200, 503])
def health(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """A port whose /health answers, and with what."""
    app = Chalice("health", configure_logs=False)

    @app.route("/health")
    def answer() -> Response:
        return Response({}, {}, request.param)

    with serving(Gateway(app, "eu-west-1")) as port:
        yield port, request.param


def shown(settings: Settings) -> str:
    terminal = io.StringIO()
    Banner(settings, terminal, silent_seconds=0.3, unhealthy_seconds=0.3).show(ENVIRONMENT)
    return terminal.getvalue()


def test_it_names_every_address_and_says_when_not_all_is_well(
    settings: Settings, health: tuple[int, int]
) -> None:
    port, status = health
    text = shown(replace(settings, port=port))
    for address in (
        f"http://127.0.0.1:{port}/docs",
        "http://127.0.0.1:4566",
        "/_ministack/ses/messages",
        "/logs/",
    ):
        assert address in text
    assert ("answers 503" in text) == (status == 503)


def test_an_api_that_stays_silent_is_said_to_be_silent(settings: Settings) -> None:
    assert "answers nothing yet" in shown(settings)


def test_an_admin_that_cannot_be_made_is_said_with_the_reason(settings: Settings) -> None:
    reason = r"The first admin could not be made:\n.*MEDIATHEQUE_MAIL_FROM is not set"
    assert re.search(reason, shown(settings), re.DOTALL)


def test_mail_is_shown_only_where_the_embedded_aws_keeps_it(settings: Settings) -> None:
    assert "Sent mail" not in shown(replace(settings, endpoint="http://127.0.0.1:1"))
