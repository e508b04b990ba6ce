"""Fields that a person sets on a file, as they come in."""

import json
import unicodedata
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from chalicelib.api.models import Input
from chalicelib.catalogue.rules import normal_tags, tag_key
from chalicelib.catalogue.text import asked_words
from chalicelib.core.ids import is_id
from chalicelib.files.rules import BIDI_MARKS

MAX_CUSTOM_BYTES = 8192
MAX_LEVELS = 30
MAX_SIZE = 1 << 47
"""Bytes: more than any file may have."""

MAX_WORDS = 32
"""Words to look for at once: each is a list to read."""


def _levels(value: object) -> int:
    """Return how deep lists and objects are nested, at most one more than may be."""
    levels, inner = 0, [value]
    while inner and levels <= MAX_LEVELS:
        below = [
            one.values() if isinstance(one, dict) else one for one in inner if isinstance(one, dict | list)
        ]
        levels, inner = levels + bool(below), [one for several in below for one in several]
    return levels


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if _levels(value) > MAX_LEVELS:
        msg = f"may be nested {MAX_LEVELS} levels deep at most"
        raise ValueError(msg)
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except ValueError as error:
        msg = "is no JSON that others can read: it has NaN, Infinity or half a character"
        raise ValueError(msg) from error
    if size > MAX_CUSTOM_BYTES:
        msg = f"may have at most {MAX_CUSTOM_BYTES} bytes as JSON"
        raise ValueError(msg)
    return value


def as_list(value: object) -> object:
    """Return a parameter that may come once or several times as a list."""
    return value if isinstance(value, list) else [value]


def plain(value: str) -> str:
    """Refuse what is no text on one line as it reads: controls, and marks that turn its direction."""
    if any(char in BIDI_MARKS or unicodedata.category(char) == "Cc" for char in value):
        msg = "has control characters or marks that turn its direction"
        raise ValueError(msg)
    return value


def _lines(value: str) -> str:
    if any(unicodedata.category(char) == "Cc" and char not in "\n\r\t" for char in value):
        msg = "has control characters"
        raise ValueError(msg)
    return value


def _normal_tag(tag: str) -> str:
    if not tag_key(tag):
        msg = "is empty in its normal form"
        raise ValueError(msg)
    return _nameable(tag)


def _nameable(text: str) -> str:
    """Refuse what no address can name: clients fold a path's segments of one or two dots (RFC 3986, 5.2.4)."""
    if tag_key(text) in {".", ".."}:
        msg = 'cannot be "." or "..", which no address can name'
        raise ValueError(msg)
    return text


def _an_id(value: str) -> str:
    if not is_id(value):
        msg = "is not an id"
        raise ValueError(msg)
    return value


def _a_moment(value: object) -> object:
    """Refuse numbers, which pydantic would take for seconds since 1970."""
    if not isinstance(value, str | datetime) or (isinstance(value, str) and "T" not in value.upper()):
        msg = "is no time like 2026-05-04T09:30:00Z (RFC 3339)"
        raise ValueError(msg)
    return value


def _a_number(value: object) -> object:
    """Refuse true and false, which pydantic would take for 1 and 0."""
    if isinstance(value, bool):
        msg = "is not a number"
        raise ValueError(msg)  # noqa: TRY004 - pydantic reports ValueErrors
    return value


def _few_words(text: str) -> str:
    if text.strip() and not asked_words(text):  # not "everything": a job would do it to all files
        msg = "needs a letter or a digit"
        raise ValueError(msg)
    if len(asked_words(text)) > MAX_WORDS:
        msg = f"may have at most {MAX_WORDS} words; two characters that stand together count as one in Chinese, say"
        raise ValueError(msg)
    return text


def _normal_tags(values: list[str]) -> list[str]:
    return list(normal_tags(tuple(values)))


PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(plain)
]
ID_SCHEMA = {
    "type": "string",
    "format": "uuid",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
}
Id = Annotated[str, AfterValidator(_an_id), WithJsonSchema(ID_SCHEMA)]
Moment = Annotated[AwareDatetime, BeforeValidator(_a_moment)]
Filename = Annotated[str, Field(min_length=1, max_length=1024)]
Caption = Annotated[str, Field(max_length=2000), AfterValidator(_lines)]
ContentId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_nameable)]
Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
    AfterValidator(plain),
    AfterValidator(_normal_tag),
]
Size = Annotated[int, Field(ge=0, le=MAX_SIZE), BeforeValidator(_a_number)]
Words = Annotated[str, Field(max_length=200), AfterValidator(_few_words)]
Tags = Annotated[list[Tag], Field(max_length=20), AfterValidator(_normal_tags)]
Custom = Annotated[dict[str, Any], AfterValidator(_small)]


class Paging(Input):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
