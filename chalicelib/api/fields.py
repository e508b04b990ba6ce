"""Fields that a person sets on a file, as they come in."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

MAX_CUSTOM_BYTES = 8192


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(value)) > MAX_CUSTOM_BYTES:
        msg = f"may have at most {MAX_CUSTOM_BYTES} bytes as JSON"
        raise ValueError(msg)
    return value


def _once_each(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Filename = Annotated[str, Field(min_length=1, max_length=1024)]
Caption = Annotated[str, Field(max_length=2000)]
ContentId = Annotated[str, Field(min_length=1, max_length=200)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Tags = Annotated[list[Tag], Field(max_length=20), AfterValidator(_once_each)]
Custom = Annotated[dict[str, Any], AfterValidator(_small)]
