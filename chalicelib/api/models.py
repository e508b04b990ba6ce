"""What the models of requests and answers have in common."""

from typing import Any, ClassVar, Self

from chalice.app import Request
from pydantic import BaseModel, ConfigDict

from chalicelib.api import reading


class Input(BaseModel):
    """What comes in: unknown fields are refused, types are not bent."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def from_query(cls, request: Request) -> Self:
        """Read the query string. Raises Invalid."""
        return reading.query(request, cls)

    @classmethod
    def from_body(cls, request: Request) -> Self:
        """Read the body. Raises UnsupportedType, Malformed, Invalid."""
        return reading.json_body(request, cls)

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent, whatever their value."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Output(BaseModel):
    """What goes out."""

    model_config = ConfigDict(from_attributes=True)

    shown_once: ClassVar[bool] = False
    """Whether it shows a secret, so that no Idempotency-Key may bring the answer back."""
    has_etag: ClassVar[bool] = False
    """Whether it is one thing with a `version`."""


class Resource(Output):
    """A single thing with a version, from which its ETag is made."""

    has_etag: ClassVar[bool] = True
    version: int
