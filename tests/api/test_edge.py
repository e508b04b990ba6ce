"""What a client meets at the edge: CORS, headers of security, limits of size and rate.

The same tests run against the local gateway here and, by `make rehearse`, against the deployed API Gateway.
"""

import json

import pytest

from chalicelib.api.cors import CORS
from chalicelib.api.security_headers import SECURITY_HEADERS
from tests.doors import Door

PAGE = "https://app.example.org"
ORIGIN = {"Origin": PAGE}
TOO_LARGE = 4_800_000
"""Bytes that Lambda's event of 6 MB does not hold, once they are base64."""
PAST_ANY_LIMIT = 40
"""Sign-ins of one account in a row."""


@pytest.fixture
def reader() -> str:
    """Return whom answers say that they may be read by; the suite's API lets pages of any origin."""
    return "*"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/ping", 405, "method_not_allowed"),
        ("GET", "/v1/files", 401, "unauthenticated"),
        ("GET", "/docs/secrets.txt", 404, "not_found"),
        ("GET", "/ping?x=1", 400, "malformed"),
    ],
)
def test_every_refusal_is_a_problem_that_pages_of_another_origin_can_read(
    anyone: Door, reader: str, method: str, path: str, status: int, code: str
) -> None:
    answer = anyone(method, path, headers=ORIGIN)
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == reader
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_an_answer_can_be_read_by_pages_of_another_origin_with_its_headers(anyone: Door, reader: str) -> None:
    answer = anyone("GET", "/version", headers=ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == reader
    assert set(answer.headers["Access-Control-Expose-Headers"].split(",")) == set(
        CORS.get_access_control_headers()["Access-Control-Expose-Headers"].split(",")
    )
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


@pytest.mark.parametrize("path", ["/v1/files", "/v1/files/{file_id}", "/v1/auth/login"])
def test_a_page_of_another_origin_may_ask_first(anyone: Door, reader: str, path: str) -> None:
    answer = anyone("OPTIONS", path, headers=ORIGIN | {"Access-Control-Request-Method": "POST"})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == reader
    allowed = answer.headers["Access-Control-Allow-Methods"]
    assert ("GET" if "file_id" in path else "POST") in allowed
    headers = answer.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "content-type", "if-match", "idempotency-key"} <= set(headers.split(","))
    assert answer.headers["Access-Control-Max-Age"] == "600"


def test_bodies_that_cannot_be_read_are_refused(anyone: Door) -> None:
    kind = {"Content-Type": "application/json"}
    anyone.refused("POST", "/v1/auth/login", 400, "malformed", data=b"{", headers=kind)
    anyone.refused("POST", "/v1/auth/login", 400, "malformed", data=b"\xff\xfe", headers=kind)
    anyone.refused("POST", "/v1/auth/login", 422, "invalid", data=b"[]", headers=kind)
    other = {"Content-Type": "text/xml"}
    anyone.refused("POST", "/v1/auth/login", 415, "unsupported_type", data=b"{}", headers=other)


def test_a_file_that_is_too_large_for_a_form_is_refused_with_the_way_to_do_it(ana: Door) -> None:
    files = {"file": ("large.pdf", b"%PDF-1.4" + b"x" * TOO_LARGE)}
    refusal = ana.refused("POST", "/v1/files", 413, "use_uploads", files=files)
    assert "POST /v1/uploads" in refusal["detail"]


def test_sign_ins_in_a_row_are_slowed_down_and_say_when_to_come_back(ana: Door, reader: str) -> None:
    body = json.dumps({"email": ana.email, "password": "not the password"})
    for _ in range(PAST_ANY_LIMIT):
        answer = ana("POST", "/v1/auth/login", data=body, headers={"Content-Type": "application/json"})
        if answer.status_code == 429:
            break
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_exceeded")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["RateLimit"]
    assert answer.headers["RateLimit-Policy"]
    assert answer.headers["Access-Control-Allow-Origin"] == reader
