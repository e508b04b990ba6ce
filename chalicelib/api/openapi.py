"""The OpenAPI 3.1 description, made from the declarations of the routes, so that it cannot differ from them.

Answers are described in `openapi_answers.py`, examples are made in `examples.py`.
"""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic.json_schema import models_json_schema

from chalicelib.api.endpoint import Form, Route, Who
from chalicelib.api.examples import Examples
from chalicelib.api.fields import ID_SCHEMA
from chalicelib.api.models import Input
from chalicelib.api.once import creates
from chalicelib.api.openapi_answers import HEADERS, REF, Answers
from chalicelib.api.views import Problem
from chalicelib.core.caller import Role
from chalicelib.core.errors import PreconditionFailed
from chalicelib.sharing.models import LinkLocked

PARAMETER = re.compile(r"\{(\w+)\}")
DESCRIPTION = (
    "A secure, serverless media library. Times are RFC 3339 in UTC, ids are UUIDv7, lists go on with `next_cursor`, "
    "errors are RFC 9457 problems with a stable `code`. Every answer has an `X-Request-Id`: the request's own, where "
    "it sent a fit one (1 to 64 letters, digits, dots, dashes and underscores)."
)
SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token from `POST /v1/auth/login`, or an API key from `POST /v1/me/api-keys`",
    }
}
TAGS = {
    "Service": "The service itself",
    "Accounts": "Opening accounts, signing in, sessions, API keys",
    "Uploads": "How bytes come in",
    "Files": "Listing, finding, reading, changing, downloading",
    "Renditions": "Pictures of files, and what was found in them",
    "Tags": "Tags",
    "Categories": "Categories and counts",
    "Organising": "The same change to many files",
    "Contents": "Files attached to foreign things",
    "Sharing": "Links and grants, as owners make them",
    "Share links": "What is behind a link",
    "File requests": "Files sent by people without an account: as owners ask for them, and as senders send them",
    "Exports": "Lists of files as tables, made in the background",
    "Activity": "What happened, and who did it",
    "Administration": "For admins",
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[0-9]{1,15}")$'},
    "description": "The ETag that the thing must still have",
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "ETags: with one of them the answer is 304",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "Sent again with the same key within a day, the request makes nothing new",
}
LINK_KEY = {
    "name": "X-Link-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 512},
    "description": "What unlocking the link answered, where it has a password",
}
Schema = dict[str, Any]


def describe(routes: Iterable[Route], version: str) -> Schema:
    """Return the description of the routes as a JSON-able document."""
    routes = list(routes)
    schemas = _schemas(routes)
    answers = Answers(Examples(schemas))
    paths: Schema = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, answers)
    used = dict.fromkeys(route.tag for route in routes)
    ordered = [tag for tag in TAGS if tag in used] + [tag for tag in used if tag not in TAGS]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mediatheque", "version": version, "description": DESCRIPTION},
        "servers": [{"url": "."}],
        "tags": [{"name": tag, "description": TAGS.get(tag, tag)} for tag in ordered],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": dict(sorted(answers.shared.items())),
            "headers": HEADERS,
            "securitySchemes": SECURITY,
        },
    }


def _schemas(routes: list[Route]) -> Schema:
    models = {model for route in routes for model in _models(route)} | {Problem}
    ordered = sorted(models, key=lambda model: model.__name__)
    modes = [
        (_described(model), "validation" if issubclass(model, Input) else "serialization")
        for model in ordered
    ]
    _, schemas = models_json_schema(modes, ref_template=REF)  # type: ignore[arg-type]  # a literal per model
    found: Schema = schemas["$defs"]
    return found


def _described(model: type[Form]) -> type[Form]:
    if issubclass(model, BaseModel):
        return model
    config = ConfigDict(json_schema_extra={"description": model.__doc__})
    return pydantic_dataclass(frozen=True, config=config)(model)


def _models(route: Route) -> Iterable[type[Form]]:
    body = route.parameters.get("body")
    yield from (model for model in (route.returns, route.form, route.or_json, body) if model)
    yield from (model for model in route.also.values() if model)


def _operation(route: Route, answers: Answers) -> Schema:
    operation: Schema = {
        "operationId": route.view.__name__,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route, answers.examples),
        "responses": answers.of(route),
    }
    if route.who is not Who.ANYONE:
        public: list[Schema] = [{}] if route.who is Who.PUBLIC else []
        operation["security"] = [*public, {"bearer": []}]
        roles = sorted(route.who.value or Role)
        keys = f"API keys need the scope `{route.scope}`." if route.scope else "Not for API keys."
        operation["description"] = f"Roles: {', '.join(roles)}. {keys}"
    bodies = _bodies(route)
    if bodies:
        content = {kind: answers.examples.media(model) for kind, model in bodies.items()}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _bodies(route: Route) -> dict[str, type[Form]]:
    """Return what may be sent, by its type."""
    if route.form:
        more = {"application/json": route.or_json} if route.or_json else {}
        return {"multipart/form-data": route.form, **more}
    return {"application/json": route.parameters["body"]} if "body" in route.parameters else {}


def _parameters(route: Route, examples: Examples) -> list[Schema]:
    found = [_path_parameter(name, route, examples) for name in PARAMETER.findall(route.path)]
    query = route.parameters.get("query")
    if query:
        schema = query.model_json_schema()
        for name, value in schema["properties"].items():
            required = name in schema.get("required", [])
            whole = _never_null(_inlined(value, schema.get("$defs", {})))
            found.append({"name": name, "in": "query", "required": required, "schema": whole})
    return found + list(_header_parameters(route))


def _path_parameter(name: str, route: Route, examples: Examples) -> Schema:
    annotation = route.parameters.get(name, str)
    schema = ID_SCHEMA if name.endswith("_id") else {"minLength": 1} | TypeAdapter(annotation).json_schema()
    example = examples.value(name, schema)
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _header_parameters(route: Route) -> Iterable[Schema]:
    if creates(route.method, route.status) and route.who is not Who.ANYONE:
        yield IDEMPOTENCY_KEY
    if any(issubclass(error, PreconditionFailed) for error in route.errors):
        yield IF_MATCH
    if route.is_versioned and route.method == "GET":
        yield IF_NONE_MATCH
    if LinkLocked in route.errors:
        yield LINK_KEY


def _inlined(schema: Any, definitions: Schema) -> Any:
    """Return a parameter's schema with what it refers to written out: it stands outside the components."""
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    return {name: _inlined(value, definitions) for name, value in schema.items()}


def _never_null(schema: Schema) -> Schema:
    """Return a parameter's schema without null, which a query string cannot say."""
    kinds: list[Schema] = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    rest: Schema = {name: value for name, value in schema.items() if name != "anyOf" and value is not None}
    if len(kinds) == 1:
        return rest | kinds[0]
    return rest | ({"anyOf": kinds} if kinds else {})
