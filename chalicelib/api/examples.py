"""Examples for the description: made from the schemas, with words that people would use where a name is known."""

from typing import Any

from chalicelib.api.endpoint import Form

REF = "#/components/schemas/{model}"
PREFIX = REF.format(model="")
ID = "0190c5a7-5b5e-7a3c-9d0e-4f2b8c6d1e3a"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
MOMENT = "2026-05-04T09:30:00Z"
CURSOR = "Zm9sbG93IHRoaXMgdG8gdGhlIG5leHQgcGFnZQ"
WORDS: dict[str, Any] = {
    "email": "ana@example.org",
    "password": "correct horse battery",
    "new_password": "staple battery horse correct",
    "name": "Holidays",
    "filename": "Eiffel Tower.jpg",
    "extension": "jpg",
    "mime_type": "image/jpeg",
    "content_type": "image/jpeg",
    "size": 48213,
    "sha256": SHA256,
    "composite_sha256": None,
    "tags": ["paris", "tower"],
    "tag": "paris",
    "caption": "By the river",
    "content": "post-17",
    "content_id": "post-17",
    "category": ID,
    "move_to": None,
    "custom": {"album": 3},
    "metadata": {"width": 4032, "height": 3024},
    "facts": {"format": "JPEG"},
    "next_cursor": CURSOR,
    "total": 1,
    "url": "https://library.example.org/one-address",
    "headers": {"x-amz-checksum-sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="},
    "access_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiI...",
    "refresh_token": "rt_5tJxqYzW1",
    "token": "mZr0pF3yQ8",
    "key": "mdt_0190c5a7",
    "address": "203.0.113.7",
    "agent": "curl/8.14",
    "action": "file.changed",
    "actor": ID,
    "owner": ID,
    "target": ID,
    "request_id": "5d2f8c1e-2b7a-4c55-9a1b-0c7e5f3d9b10",
    "commit": "4f2b8c6",
    "version": 3,
    "part_size": 8388608,
    "part_count": 6,
    "max_downloads": 10,
    "expires_in": 3600,
    "message": "pong",
    "error": None,
    "errors": None,
    "problem": None,
    "trashed_at": None,
    "code": None,
    "details": {"filename": ["a.jpg", "b.jpg"]},
    "asset": "start.js",
    "page": "verify-email",
}
Schema = dict[str, Any]


class Examples:
    """Examples of the schemas of one description."""

    def __init__(self, schemas: Schema) -> None:
        self._schemas = schemas

    def media(self, model: type[Form]) -> Schema:
        """Return a media type's object: the model's schema, and an example of it."""
        name = model.__name__
        return {
            "schema": {"$ref": REF.format(model=name)},
            "example": self.value("", self._schemas[name]),
        }

    def value(self, name: str, schema: Schema) -> Any:
        """Return an example of what is called `name` and has this schema: a field's own `examples` go first."""
        if "examples" in schema:
            return schema["examples"][0]
        default = schema.get("default")
        schema = self._resolved(schema)
        if default and ("enum" in schema or isinstance(default, list)):
            return default
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        if name in WORDS and _fits(WORDS[name], self._kinds(schema)):
            return WORDS[name]
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            return self.value(name, next(one for one in options if one != {"type": "null"}))
        return self._typed(name, schema)

    def _typed(self, name: str, schema: Schema) -> Any:
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return [self.value(name.removesuffix("s"), schema["items"])] if schema.get("items") else []
        if kind == "string":
            return _text(name, schema)
        return {
            "integer": max(1, schema.get("minimum", 1)),
            "number": 1.5,
            "boolean": schema.get("default", True),
        }.get(str(kind))

    def _object(self, schema: Schema) -> Schema:
        fields = schema.get("properties", {})
        found = {name: self.value(name, value) for name, value in fields.items()}
        more = schema.get("additionalProperties")
        if isinstance(more, dict) and not fields:
            found["thumbnail"] = self.value("", more)
        return found

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].removeprefix(PREFIX)]
        return schema

    def _kinds(self, schema: Schema) -> set[str]:
        options = schema.get("anyOf") or schema.get("oneOf") or [schema]
        return {str(self._resolved(one).get("type")) for one in options}


def _fits(value: Any, kinds: set[str]) -> bool:
    names = {str: "string", int: "integer", dict: "object", list: "array", type(None): "null"}
    return names[type(value)] in kinds


def _text(name: str, schema: Schema) -> str:
    if schema.get("format") == "date-time":
        return MOMENT
    if name == "id" or name.endswith("_id") or schema.get("format") == "uuid" or name == "id":
        return ID
    if schema.get("format") == "binary":
        return "(bytes)"
    return str(schema.get("default") or "text")
