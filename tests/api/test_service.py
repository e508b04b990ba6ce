import re

import pytest
import requests

from chalicelib.api.endpoint import ROUTES
from tests.doors import Door


def test_it_is_there(anyone: Door) -> None:
    assert anyone.get("/ping") == {"message": "pong"}


def test_it_says_which_code_runs(anyone: Door) -> None:
    assert anyone.get("/version") == {"name": "mediatheque", "version": "0.1.0", "commit": "test"}


def test_it_says_of_each_dependency_whether_it_answers(anyone: Door) -> None:
    health = anyone.get("/health")
    assert health["ok"] is True
    assert {row["name"] for row in health["dependencies"]} == {"tables", "bucket", "queue", "secrets"}


def test_every_answer_has_a_request_id(anyone: Door) -> None:
    given = anyone("GET", "/ping", headers={"X-Request-Id": "my-id.1"})
    assert given.headers["X-Request-Id"] == "my-id.1"
    made = anyone("GET", "/ping", headers={"X-Request-Id": "not fit\tfor a log"})
    assert re.fullmatch(r"[0-9a-f-]{36}", made.headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/ping", 405, "method_not_allowed"),
        ("GET", "/v1/files", 401, "unauthenticated"),
        ("GET", "/docs/secrets.txt", 404, "not_found"),
    ],
)
def test_every_refusal_is_a_problem_that_pages_of_any_origin_can_read(
    anyone: Door, method: str, path: str, status: int, code: str
) -> None:
    answer = anyone(method, path, headers={"Origin": "https://app.example.org"})
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert problem["code"] == code
    assert problem["request_id"] == answer.headers["X-Request-Id"]


def test_a_page_of_another_origin_may_ask_first(anyone: Door) -> None:
    answer = anyone("OPTIONS", "/v1/files", headers={"Access-Control-Request-Method": "POST"})
    assert answer.status_code == 200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()


def test_bodies_that_cannot_be_read_are_refused(anyone: Door) -> None:
    json = {"Content-Type": "application/json"}
    anyone.refused("POST", "/v1/auth/login", 400, "malformed", data=b"{", headers=json)
    anyone.refused("POST", "/v1/auth/login", 400, "malformed", data=b"\xff\xfe", headers=json)
    anyone.refused("POST", "/v1/auth/login", 422, "invalid", data=b"[]", headers=json)
    anyone.refused(
        "POST", "/v1/auth/login", 415, "unsupported_type", data=b"{}", headers={"Content-Type": "text/xml"}
    )


def test_parameters_that_a_route_does_not_take_are_refused(anyone: Door) -> None:
    anyone.refused("GET", "/ping?x=1", 400, "malformed")


def test_the_description_names_every_route_and_every_reference_in_it_leads_somewhere(anyone: Door) -> None:
    document = anyone.get("/openapi.json")
    assert document["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    references = set(re.findall(r"#/components/schemas/([\w-]+)", str(document)))
    assert references <= set(document["components"]["schemas"])
    assert "$defs" not in str(document)
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))


def test_the_documentation_page_brings_all_it_needs(anyone: Door) -> None:
    page = anyone("GET", "/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        asset = requests.get(f"{anyone.base_url}/{address}", timeout=10)
        assert asset.status_code == 200
        assert asset.text


def test_the_answers_are_not_cached_and_not_guessed_at(anyone: Door) -> None:
    headers = anyone("GET", "/version").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
