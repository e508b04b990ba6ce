import base64
import http.client

import pytest

from infra.local.gateway import Gateway, Limits
from tests.infra.local.conftest import Call, Reply, assert_problem, exchange, serving
from tests.infra.local.small_app import app, released


def test_the_largest_body_that_fits_into_an_event_passes(call: Call) -> None:
    sent = b"\xff" * 4_600_000
    body = call("POST", "/echo/1", sent, content_type="image/png").json["body"]
    assert base64.b64decode(body) == sent


@pytest.mark.parametrize(
    ("size", "kind"),
    [
        pytest.param(4_800_000, "image/png", id="over 6 MB once it is base64"),
        pytest.param(6_300_000, "text/plain", id="over 6 MB as text"),
        pytest.param(11_000_000, "image/png", id="over the 10 MB of API Gateway"),
    ],
)
def test_larger_bodies_are_refused_with_the_way_to_do_it(call: Call, size: int, kind: str) -> None:
    reply = call("POST", "/echo/1", b"x" * size, content_type=kind)
    assert_problem(reply, 413, "use_uploads")
    assert "POST /v1/uploads" in reply.json["detail"]


def test_a_body_beyond_what_is_read_at_all_is_refused_alike(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest("POST", "/echo/1")
        connection.putheader("Content-Length", str(5_000_000_000))
        connection.endheaders()
        response = connection.getresponse()
        assert_problem(Reply(response.status, response.headers, response.read()), 413, "use_uploads")
    finally:
        connection.close()


@pytest.mark.parametrize("size", [10_300, 300_000])
def test_headers_over_10_kb_are_refused(call: Call, size: int) -> None:
    assert_problem(call("GET", "/echo/1", x_long="x" * size), 431, "headers_too_large")


def test_what_is_no_http_is_malformed(call: Call) -> None:
    assert_problem(call("POST", "/echo/1", content_length="many"), 400, "malformed")


def test_unknown_transfer_codings_are_not_implemented(call: Call) -> None:
    assert_problem(call("POST", "/echo/1", transfer_encoding="gzip"), 501, "not_implemented")


def test_an_app_that_fails_outside_its_views_is_a_bad_gateway(call: Call) -> None:
    assert_problem(call("GET", "/raise"), 502, "bad_gateway")


def test_answers_up_to_6_mb_pass_and_larger_ones_are_a_bad_gateway(call: Call) -> None:
    assert len(call("GET", "/large/6200000").body) == 6_200_000
    assert_problem(call("GET", "/large/6300000"), 502, "bad_gateway")


def test_an_app_that_takes_too_long_is_a_gateway_timeout_and_others_are_served_meanwhile() -> None:
    released.clear()
    with serving(Gateway(app, "eu-west-1", Limits(seconds=0.3))) as port:
        try:
            assert_problem(exchange(port, "GET", "/hang"), 504, "gateway_timeout")
            assert exchange(port, "GET", "/echo/1").status == 200
        finally:
            released.set()
