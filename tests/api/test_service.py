import re

import requests

from chalicelib.api.routing import every_route
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


def test_parameters_that_a_route_does_not_take_are_refused(anyone: Door) -> None:
    anyone.refused("GET", "/ping?x=1", 400, "malformed")


def test_the_description_names_every_route_and_every_reference_in_it_leads_somewhere(anyone: Door) -> None:
    document = anyone.get("/openapi.json")
    assert document["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in every_route()}
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
