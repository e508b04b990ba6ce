"""Query strings and bodies, read in their declared forms; what will not do is refused field by field."""

from typing import Any
from urllib.parse import parse_qsl

from chalice.app import Request
from pydantic import BaseModel, ValidationError

from chalicelib.core.errors import Invalid, Malformed, UnsupportedType

FORM = "application/x-www-form-urlencoded"


class FromPage(BaseModel):
    """A body that a page's form may also send, as pages without scripts do."""


def json_body[Model: BaseModel](request: Request, model: type[Model]) -> Model:
    """Read the body as JSON of a declared form. Raises UnsupportedType, Malformed, Invalid."""
    content_type = _content_type(request)
    if content_type == FORM and issubclass(model, FromPage):
        raw = request.raw_body
        return validated(
            model, dict(parse_qsl(raw if isinstance(raw, str) else raw.decode("utf-8", "replace")))
        )
    if content_type != "application/json":
        raise UnsupportedType("Send the body as application/json.")
    try:
        return model.model_validate_json(request.raw_body)
    except ValidationError as error:
        raise _refusal(error) from error


def query[Model: BaseModel](request: Request, model: type[Model]) -> Model:
    """Read the query string in a declared form. Raises Invalid."""
    given: dict[str, Any] = {}
    parameters = request.query_params
    for name in parameters or ():
        values = parameters.getlist(name) if parameters else []
        given[name] = values[0] if len(values) == 1 else values
    return validated(model, given)


def validated[Model: BaseModel](model: type[Model], given: dict[str, Any]) -> Model:
    """Return the values in a declared form. Raises Invalid."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _refusal(error) from error


def _content_type(request: Request) -> str:
    return str(request.headers.get("content-type", "")).split(";")[0].strip().casefold()


def _refusal(error: ValidationError) -> Invalid | Malformed:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in problems):
        return Malformed("The body is not valid JSON.")
    fields = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in problems]
    return Invalid("Some fields have values that will not do; see errors.", errors=fields)
