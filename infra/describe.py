"""The description of the API as files: `python -m infra.describe` writes docs/openapi.json and docs/api.md.

A test compares them with what the app answers, so that a change of the interface shows in its review.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import app
from chalicelib import VERSION
from chalicelib.api.openapi import describe
from chalicelib.api.routing import every_route

DOCS = Path(__file__).parents[1] / "docs"
HEAD = """# The HTTP interface

Made by `make docs` from the routes' declarations, as is [openapi.json](openapi.json), which has the schemas,
examples and headers. A running library shows the same at `/docs`, and as a Postman collection at `/postman.json`.

"""
REFUSALS_OF_ALL = {"429", "431", "500", "502", "503", "504"}
NOTE = """Everywhere: 429 `too_many_requests`, 431 `headers_too_large`, 500 `internal_error`, 502 `bad_gateway`,
503 `unavailable`, 504 `gateway_timeout`.
"""


def texts() -> Mapping[Path, str]:
    """Return what the files hold."""
    assert app.app.routes  # noqa: S101 - importing the app says which routes there are
    document = describe(every_route(), VERSION)
    return {
        DOCS / "openapi.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n",
        DOCS / "api.md": HEAD
        + document["info"]["description"]
        + "\n\n"
        + NOTE
        + "".join(_sections(document)),
    }


def _sections(document: dict[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"\n## {tag['name']}\n\n{tag['description']}.\n"
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if operation["tags"] == [tag["name"]]:
                    yield _operation(f"{method.upper()} {path}", operation, document)


def _operation(title: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    lines = [f"\n### `{title}`\n", f"{operation['summary']}."]
    who = "For anyone." if "security" not in operation else operation["description"]
    lines.append(f"{who}\n")
    lines += [f"- {_parameter(one)}" for one in operation["parameters"]]
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        lines.append(f"- takes {kind}: {', '.join(_fields(_model(body, document)))}")
    lines += [f"- answers {line}" for line in _answers(operation["responses"], document)]
    return "\n".join(lines) + "\n"


def _parameter(one: dict[str, Any]) -> str:
    schema = one["schema"]
    limits = {
        "minimum": "from ",
        "maximum": "to ",
        "minLength": "characters from ",
        "maxLength": "characters to ",
        "default": "default ",
    }
    said = [f"{word}{schema[key]}" for key, word in limits.items() if schema.get(key) not in (None, "", [])]
    choices = " ".join(f"`{value}`" for value in schema.get("enum", []))
    about = "; ".join(part for part in (choices, ", ".join(said), one.get("description", "")) if part)
    return f"`{one['name']}` ({one['in']}){': ' if about else ''}{about}"


def _model(media: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    name = media["schema"]["$ref"].rpartition("/")[2]
    model: dict[str, Any] = document["components"]["schemas"][name]
    return model


def _fields(model: dict[str, Any]) -> Iterator[str]:
    required = set(model.get("required", []))
    for name in model.get("properties", {}):
        yield f"`{name}`" if name in required else f"`{name}`?"


def _answers(responses: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    refusals: list[str] = []
    for status, answer in responses.items():
        if "$ref" not in answer:
            media: list[dict[str, Any]] = list(answer.get("content", {}).values())
            model = media[0]["schema"].get("$ref", "") if media else ""
            shape = f" `{model.rpartition('/')[2]}`" if model else ""
            yield f"{status}{shape}: {answer['description'].rstrip('.')}"
        elif status not in REFUSALS_OF_ALL:
            shared = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            refusals.append(f"{status} {shared['description'].removeprefix('Codes: ')}")
    if refusals:
        yield "; ".join(refusals)


if __name__ == "__main__":
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(DOCS.parent)}: {len(text):,} characters")
