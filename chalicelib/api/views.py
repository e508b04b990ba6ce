"""How files look to clients, and refusals: the forms that several resources share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from chalicelib.api.models import Output, Resource
from chalicelib.core.paging import Page
from chalicelib.files.access import OWN
from chalicelib.files.models import File, Permission, Seen, Status, Visibility


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """A refusal (RFC 9457); what else it carries is evidence."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] | None = None


class ProblemView(Output):
    """Why a file has failed or was rejected."""

    code: str
    message: str


class RenditionView(Output):
    """Something made of a file's content; `url` is a route of this API and needs the same token."""

    mime_type: str
    width: int | None
    height: int | None
    size: int
    url: str


class FileView(Resource):
    """A file."""

    id: str
    owner_id: str
    filename: str
    extension: str
    type: Literal["image", "video", "audio", "document"]
    mime_type: str
    size: int
    sha256: str
    tags: list[str]
    caption: str | None
    visibility: Visibility
    strip_metadata: bool
    status: Status
    error: ProblemView | None
    metadata: dict[str, Any] | None
    renditions: dict[str, RenditionView]
    custom: dict[str, Any]
    content_id: str | None
    category: str | None
    permissions: list[Permission]
    created_at: datetime
    updated_at: datetime
    trashed_at: datetime | None

    @classmethod
    def of(cls, file: File, held: Sequence[Permission] = OWN) -> Self:
        """Render a file for its owner, or for someone who holds less."""
        return cls.model_validate(vars(file) | {"permissions": held, "renditions": renditions_of(file)})


def renditions_of(file: File) -> dict[str, RenditionView]:
    """Render a file's renditions by name."""
    path = f"/v1/files/{file.id}/renditions"
    return {
        name: RenditionView.model_validate(vars(each) | {"url": f"{path}/{name}"})
        for name, each in file.renditions.items()
    }


class FilePage(Output):
    """One page of files."""

    items: list[FileView]
    next_cursor: str | None
    total: int | None

    @classmethod
    def of(cls, page: Page[File]) -> Self:
        """Render a page."""
        items = [FileView.of(file) for file in page.items]
        return cls(items=items, next_cursor=page.next_cursor, total=page.total)

    @classmethod
    def of_seen(cls, page: Page[Seen]) -> Self:
        """Render a page of files, each with what the caller may do with it."""
        items = [FileView.of(seen.file, seen.held) for seen in page.items]
        return cls(items=items, next_cursor=page.next_cursor, total=page.total)
