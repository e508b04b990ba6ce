"""The OpenAPI 3.1 description, made from the declarations of the routes, so that it cannot differ from them."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.api.endpoint import Input, Resource, Route, Who
from chalicelib.api.once import creates
from chalicelib.api.problems import CONTENT_TYPE, Problem
from chalicelib.core.caller import Role
from chalicelib.core.errors import (
    Forbidden,
    Invalid,
    LibraryError,
    Malformed,
    Unauthenticated,
    Unavailable,
    UnsupportedType,
)
from chalicelib.idempotency.models import (
    AlreadyDone,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    RequestInProgress,
)

REF = "#/components/schemas/{model}"
PARAMETER = re.compile(r"\{(\w+)\}")
DESCRIPTION = (
    "A secure, serverless media library. Times are RFC 3339 in UTC, ids are UUIDv7, lists go on with `next_cursor`, "
    "errors are RFC 9457 problems with a stable `code`."
)
Schema = dict[str, Any]


def describe(routes: Iterable[Route], version: str) -> Schema:
    """Return the description of the routes as a JSON-able document."""
    routes = list(routes)
    models = {model for route in routes for model in _models(route)} | {Problem}
    ordered = sorted(models, key=lambda model: model.__name__)
    modes = [(model, "validation" if issubclass(model, Input) else "serialization") for model in ordered]
    _, schemas = models_json_schema(modes, ref_template=REF)  # type: ignore[arg-type]  # a literal per model
    paths: Schema = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mediatheque", "version": version, "description": DESCRIPTION},
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _models(route: Route) -> Iterable[type[BaseModel]]:
    body = route.parameters.get("body")
    yield from (model for model in (route.returns, route.form, route.or_json, body) if model)
    yield from route.also.values()


def _operation(route: Route) -> Schema:
    operation: Schema = {
        "operationId": route.view.__name__,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.who is not Who.ANYONE:
        public: list[Schema] = [{}] if route.who is Who.PUBLIC else []
        operation["security"] = [*public, {"bearer": []}]
        roles = sorted(route.who.value or Role)
        keys = f"API keys need the scope `{route.scope}`." if route.scope else "Not for API keys."
        operation["description"] = f"Roles: {', '.join(roles)}. {keys}"
    if route.form:
        content = {"multipart/form-data": _ref(route.form)}
        content |= {"application/json": _ref(route.or_json)} if route.or_json else {}
        operation["requestBody"] = {"required": True, "content": content}
    elif "body" in route.parameters:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": _ref(route.parameters["body"])},
        }
    return operation


def _parameters(route: Route) -> list[Schema]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in PARAMETER.findall(route.path)
    ]
    query = route.parameters.get("query")
    if query:
        schema = query.model_json_schema()
        for name, value in schema["properties"].items():
            required = name in schema.get("required", [])
            whole = _inlined(value, schema.get("$defs", {}))
            found.append({"name": name, "in": "query", "required": required, "schema": whole})
    if creates(route.method, route.status) and route.who is not Who.ANYONE:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
                "description": "Sent again with the same key within a day, the request makes nothing new",
            }
        )
    if route.returns and issubclass(route.returns, Resource):
        header = {"GET": "If-None-Match", "PATCH": "If-Match"}.get(route.method)
        found += (
            [{"name": header, "in": "header", "required": False, "schema": {"type": "string"}}]
            if header
            else []
        )
    return found


def _inlined(schema: Any, definitions: Schema) -> Any:
    """Return a parameter's schema with what it refers to written out: it stands outside the components."""
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    return {name: _inlined(value, definitions) for name, value in schema.items()}


def _responses(route: Route) -> Schema:
    responses: Schema = {str(route.status): _response(route.returns, route.content_type)}
    for status, model in route.also.items():
        responses[str(status)] = _response(model, "application/json")
    codes: dict[int, set[str]] = {}
    for error in _errors(route):
        codes.setdefault(error.status, set()).add(error.code)
    for status, names in sorted(codes.items()):
        listed = ", ".join(f"`{name}`" for name in sorted(names))
        responses[str(status)] = {"description": f"Codes: {listed}", "content": {CONTENT_TYPE: _ref(Problem)}}
    return responses


def _response(model: type[BaseModel] | None, content_type: str) -> Schema:
    description = (model.__doc__ or "").split("\n")[0] if model else "Done"
    content = {"content": {content_type: _ref(model)}} if model else {}
    return {"description": description, **content}


def _errors(route: Route) -> Iterable[type[LibraryError]]:
    yield from (*route.errors, Unavailable, LibraryError)
    if route.who is not Who.ANYONE:
        yield from (Unauthenticated, Forbidden)
        if creates(route.method, route.status):
            yield from (IdempotencyKeyInvalid, IdempotencyKeyReused, RequestInProgress, AlreadyDone)
    if "body" in route.parameters or route.form:
        yield from (Malformed, Invalid, UnsupportedType)
    if "query" in route.parameters:
        yield Invalid


def _ref(model: type[BaseModel]) -> Schema:
    return {"schema": {"$ref": REF.format(model=model.__name__)}}
