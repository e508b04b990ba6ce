"""What comes in and goes out at the uploads' routes."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, RootModel, StringConstraints, WithJsonSchema

from chalicelib.api.fields import Caption, ContentId, Custom, Filename, Id, Tags
from chalicelib.api.models import Input, Output
from chalicelib.api.views import FileView, Problem
from chalicelib.files.models import Visibility
from chalicelib.uploads.models import Progress, Request, UploadState
from chalicelib.uploads.rules import MAX_PARTS, part_sizes

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", to_lower=True)]


def _json(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except RecursionError as error:
        msg = "is nested too deep"
        raise ValueError(msg) from error


def _words(value: object) -> object:
    return [word for word in value.split(",") if word.strip()] if isinstance(value, str) else value


class Description(Input):
    """What one says of a file when uploading it."""

    tags: Annotated[Tags, BeforeValidator(_words)] = []
    caption: Caption | None = None
    content_id: ContentId | None = None
    category: Id | None = None
    metadata: Annotated[Custom, BeforeValidator(_json)] = {}
    visibility: Literal["private", "public"] = "private"
    on_duplicate: Literal["reject", "link"] = "reject"

    def request(
        self, filename: str, size: int, sha256: str, composite: str | None = None, content_type: str = ""
    ) -> Request:
        """Return the request to upload this content under this description."""
        return Request(
            filename=filename,
            size=size,
            sha256=sha256,
            content_type=content_type,
            composite=composite,
            link_duplicate=self.on_duplicate == "link",
            caption=self.caption,
            content_id=self.content_id,
            category=self.category,
            visibility=Visibility(self.visibility),
            tags=tuple(self.tags),
            custom=self.metadata,
        )


class FormUpload(Description):
    """The parts of the form; `tags` are separated by commas, `metadata` is JSON."""

    file: Annotated[bytes, Field(description="The file itself")]
    tags: Annotated[Tags, WithJsonSchema({"type": "string", "example": "paris,tower"})] = []
    metadata: Annotated[
        Custom, WithJsonSchema({"type": "string", "contentMediaType": "application/json"})
    ] = {}


class BeginUpload(Description):
    """What is to be uploaded. SHA-256 in hexadecimal: `sha256sum` prints it."""

    filename: Filename
    size: Annotated[int, Field(strict=True, ge=1, le=5 << 40)]
    sha256: Sha256
    composite_sha256: Annotated[
        Sha256 | None,
        Field(
            description="Of a large file: SHA-256 over the SHA-256 digests of its parts, in hexadecimal. With it, "
            "content that is here already is linked without sending a byte"
        ),
    ] = None
    content_type: Annotated[
        str,
        Field(
            max_length=200,
            description="Refused when it contradicts the extension; beyond that the content decides",
        ),
    ] = ""

    def to_request(self) -> Request:
        """Return the request to upload this."""
        return self.request(self.filename, self.size, self.sha256, self.composite_sha256, self.content_type)


class UploadBegun(Output):
    """Where the bytes go: send `method` to `url` with exactly `headers`. S3 tells the library when they are there."""

    mode: Literal["single"] = "single"
    upload_id: str
    file_id: str
    method: Literal["PUT"] = "PUT"
    url: str
    headers: dict[str, str]
    expires_at: datetime


class MultipartBegun(Output):
    """The file goes in `part_count` parts of `part_size` bytes, the last with the rest: ask for their addresses."""

    mode: Literal["multipart"] = "multipart"
    upload_id: str
    file_id: str
    part_size: int
    part_count: int
    expires_at: datetime


class UploadLinked(Output):
    """The content is here already: nothing to send."""

    mode: Literal["linked"] = "linked"
    file: FileView


class UploadOpened(RootModel[UploadBegun | MultipartBegun | UploadLinked]):
    """Where the bytes go: in one PUT, or in parts, or nowhere as they are here."""


class Batch(Input):
    """Up to 100 uploads to begin; each is looked at for itself."""

    uploads: Annotated[
        list[Any],
        Field(min_length=1, max_length=100),
        WithJsonSchema({"type": "array", "items": BeginUpload.model_json_schema(), "maxItems": 100}),
    ]


class Result(Output):
    """What became of one upload of a batch: the status that it would have had alone, and its answer or its problem."""

    status: int
    upload: UploadOpened | None
    problem: Problem | None


class BatchResult(Output):
    """One result for each upload, in their order."""

    results: list[Result]


class PartView(Output):
    """A part that has arrived."""

    number: int
    size: int
    sha256: str


class UploadView(Output):
    """An upload and what became of it."""

    id: str
    file_id: str
    state: UploadState
    mode: Literal["single", "multipart"]
    size: int
    sha256: str
    composite_sha256: str | None
    part_size: int | None
    part_count: int | None
    parts: list[PartView]
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, progress: Progress) -> Self:
        """Render an upload with the parts that have arrived."""
        upload = progress.upload
        own: dict[str, Any] = {
            "mode": "multipart" if upload.part_size else "single",
            "composite_sha256": upload.composite,
            "part_count": len(part_sizes(upload.size)) if upload.part_size else None,
            "parts": progress.parts,
        }
        return cls.model_validate(vars(upload) | own)


class PartAnnounced(Input):
    """A part that is about to be sent."""

    number: Annotated[int, Field(strict=True, ge=1, le=MAX_PARTS)]
    sha256: Sha256


class PartsAnnounced(Input):
    """Up to 100 parts; sign no more at once than will be sent within the hour."""

    parts: Annotated[list[PartAnnounced], Field(min_length=1, max_length=100)]


class SignedPartView(Output):
    """Where a part goes: send `method` to `url` with exactly `headers`."""

    number: int
    size: int
    method: Literal["PUT"] = "PUT"
    url: str
    headers: dict[str, str]
    expires_at: datetime


class SignedParts(Output):
    """Where the parts go."""

    parts: list[SignedPartView]
