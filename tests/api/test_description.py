"""The description of the API: complete, consistent with itself, and the committed copy is today's.

`make contract` holds it against the running API.
"""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from chalicelib import VERSION
from chalicelib.api.openapi import describe
from chalicelib.api.openapi_answers import GATEWAY
from chalicelib.api.routing import every_route
from infra import describe as files
from infra.local import gateway_problems

DOCUMENT = describe(every_route(), VERSION)
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
URI = "urn:description"
REGISTRY: Registry[Any] = Registry().with_resource(URI, DRAFT202012.create_resource(DOCUMENT))


def absolute(schema: Any) -> Any:
    if isinstance(schema, list):
        return [absolute(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: URI + value if key == "$ref" and isinstance(value, str) else absolute(value)
        for key, value in schema.items()
    }


def media(value: Any) -> list[dict[str, Any]]:
    """Return every media type with a schema and an example in a part of the document."""
    if isinstance(value, list):
        return [found for one in value for found in media(one)]
    if not isinstance(value, dict):
        return []
    own = [value] if {"schema", "example"} <= set(value) else []
    return own + [found for one in value.values() for found in media(one)]


def test_every_reference_leads_somewhere_and_every_id_is_one_of_a_kind() -> None:
    for reference in re.findall(r"'\$ref': '#/([^']+)'", str(DOCUMENT)):
        place: Any = DOCUMENT
        for part in reference.split("/"):
            place = place[part]
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids)) == len(every_route())
    assert {tag for operation in OPERATIONS.values() for tag in operation["tags"]} == {
        tag["name"] for tag in DOCUMENT["tags"]
    }


def test_every_schema_is_one_and_every_example_fits_its_schema() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    examples = media(DOCUMENT)
    assert len(examples) > 100
    for one in examples:
        Draft202012Validator(absolute(one["schema"]), registry=REGISTRY).validate(one["example"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_takes_and_answers(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert any(int(status) < 400 for status in operation["responses"])
    assert {"500", "503"} <= set(operation["responses"])
    assert "security" not in operation or "401" in operation["responses"]
    for body in operation.get("requestBody", {}).get("content", {}).values():
        assert {"schema", "example"} <= set(body)


def test_what_the_gateway_refuses_is_described_as_it_answers() -> None:
    answers = (
        gateway_problems.use_uploads(),
        gateway_problems.throttled(),
        gateway_problems.headers_too_large(),
        gateway_problems.bad_gateway(),
        gateway_problems.gateway_timeout(),
    )
    assert {problem.status: (problem.code, problem.title) for problem in answers} == GATEWAY


def test_the_committed_description_is_todays() -> None:
    for path, text in files.texts().items():
        assert path.read_text(encoding="utf-8") == text, (
            f"{path.name} is old: run `make docs` and commit docs/"
        )
