import json
from typing import Any

import requests

from app import app
from chalicelib.api.cors import ALLOW_ORIGIN
from infra.package.gateway import definition

GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
ANY = "x-amazon-apigateway-any-method"
FIRST = {"Fn::Select": [0, {"Ref": "AllowedOrigins"}]}
ONE_OR_ANY = {"Fn::Join": ["", ["'", {"Fn::If": ["OneOrigin", FIRST, "*"]}, "'"]]}


def without_id(body: str) -> Any:
    problem = json.loads(body)
    assert problem.pop("request_id")
    return problem


def where_any_page_may_read(said: Any) -> Any:
    return "'*'" if said == ONE_OR_ANY else said


def test_every_preflight_and_405_names_the_one_origin_or_any() -> None:
    for path in definition(app)["paths"].values():
        for method in ("options", ANY):
            answered = path[method]["x-amazon-apigateway-integration"]["responses"]["default"]
            assert answered["responseParameters"][f"method.response.header.{ALLOW_ORIGIN}"] == ONE_OR_ANY


def test_an_unknown_address_is_refused_as_by_the_local_gateway(base_url: str) -> None:
    local = requests.get(f"{base_url}/nothing/here", timeout=5)
    deployed = definition(app)[GATEWAY_RESPONSES]["MISSING_AUTHENTICATION_TOKEN"]
    assert deployed["statusCode"] == str(local.status_code)
    assert without_id(deployed["responseTemplates"]["application/json"]) == without_id(local.text)
    for header in ("Content-Type", ALLOW_ORIGIN, "Access-Control-Expose-Headers"):
        said = deployed["responseParameters"][f"gatewayresponse.header.{header}"]
        assert where_any_page_may_read(said) == f"'{local.headers[header]}'"


def test_a_body_that_is_too_large_is_refused_as_by_the_local_gateway(base_url: str) -> None:
    local = requests.post(f"{base_url}/v1/files", data=b"x" * 10_500_000, timeout=30)
    deployed = definition(app)[GATEWAY_RESPONSES]["REQUEST_TOO_LARGE"]
    assert deployed["statusCode"] == str(local.status_code) == "413"
    assert without_id(deployed["responseTemplates"]["application/json"]) == without_id(local.text)


def test_every_address_names_its_methods_to_a_request_with_another(base_url: str) -> None:
    paths = definition(app)["paths"]
    assert set(paths) == set(app.routes)
    local = requests.put(f"{base_url}/version", timeout=5)
    integration = paths["/version"][ANY]["x-amazon-apigateway-integration"]
    deployed = integration["responses"]["default"]
    assert deployed["statusCode"] == str(local.status_code) == "405"
    assert deployed["responseParameters"]["method.response.header.Allow"] == "'GET, OPTIONS'"
    assert without_id(deployed["responseTemplates"]["application/json"])["code"] == local.json()["code"]
    assert set(integration["requestTemplates"].values()) == {'{"statusCode": 405}'}


def test_every_gateway_response_names_the_one_origin_or_any() -> None:
    for response in definition(app)[GATEWAY_RESPONSES].values():
        assert response["responseParameters"][f"gatewayresponse.header.{ALLOW_ORIGIN}"] == ONE_OR_ANY
        assert json.loads(response["responseTemplates"]["application/json"])["status"] == int(
            response["statusCode"]
        )
