"""Uploads: a form for small files, signed addresses for all others."""

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from chalice.app import Blueprint
from pydantic import BeforeValidator, Field, RootModel, StringConstraints

from chalicelib.api.endpoint import Answer, Input, Output, Routes, Who
from chalicelib.api.fields import Caption, ContentId, Custom, Filename, Tags
from chalicelib.api.form import read_form
from chalicelib.api.request import Call, validated
from chalicelib.api.views import FileView
from chalicelib.blobs.models import BlobBusy, HashDisputed
from chalicelib.files.models import FilenameInvalid
from chalicelib.limits.models import RateExceeded
from chalicelib.uploads.models import (
    Begun,
    Duplicate,
    ExtensionNotAllowed,
    FileTooLarge,
    Linked,
    NoSuchPart,
    NotMultipart,
    PartsDiffer,
    PartsMissing,
    Progress,
    Request,
    UploadClosed,
    UploadNotFound,
    UploadState,
    UseUploads,
    WantedPart,
)
from chalicelib.uploads.rules import MAX_PARTS, part_sizes

blueprint = Blueprint(__name__)
route = Routes(blueprint, "Uploads")

REFUSALS = (
    RateExceeded,
    Duplicate,
    HashDisputed,
    ExtensionNotAllowed,
    FileTooLarge,
    FilenameInvalid,
    BlobBusy,
)
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", to_lower=True)]


def _json(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


def _words(value: object) -> object:
    return [word for word in value.split(",") if word.strip()] if isinstance(value, str) else value


class Description(Input):
    """What one says of a file when uploading it."""

    tags: Annotated[Tags, BeforeValidator(_words)] = []
    caption: Caption | None = None
    content_id: ContentId | None = None
    metadata: Annotated[Custom, BeforeValidator(_json)] = {}
    on_duplicate: Literal["reject", "link"] = "reject"

    def request(self, filename: str, size: int, sha256: str, composite: str | None = None) -> Request:
        """Return the request to upload this content under this description."""
        return Request(
            filename=filename,
            size=size,
            sha256=sha256,
            composite=composite,
            link_duplicate=self.on_duplicate == "link",
            caption=self.caption,
            content_id=self.content_id,
            tags=tuple(self.tags),
            custom=self.metadata,
        )


class FormUpload(Description):
    """The parts of the form; `tags` are separated by commas, `metadata` is JSON."""

    file: Annotated[bytes, Field(description="The file itself")]


class BeginUpload(Description):
    """What is to be uploaded. SHA-256 in hexadecimal: `sha256sum` prints it."""

    filename: Filename
    size: Annotated[int, Field(ge=1, le=5 << 40)]
    sha256: Sha256
    composite_sha256: Annotated[
        Sha256 | None,
        Field(
            description="Of a large file: SHA-256 over the SHA-256 digests of its parts, in hexadecimal. With it, "
            "content that is here already is linked without sending a byte"
        ),
    ] = None
    content_type: Annotated[
        str, Field(max_length=200, description="Taken as a hint only: the content decides")
    ] = ""

    def to_request(self) -> Request:
        """Return the request to upload this."""
        return self.request(self.filename, self.size, self.sha256, self.composite_sha256)


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


class UploadOpened(RootModel[UploadBegun | MultipartBegun]):
    """Where the bytes go: in one PUT, or in parts."""


class UploadLinked(Output):
    """The content is here already: nothing to send."""

    mode: Literal["linked"] = "linked"
    file: FileView


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

    number: Annotated[int, Field(ge=1, le=MAX_PARTS)]
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


@route(
    "POST /v1/files",
    who=Who.WRITER,
    status=201,
    returns=FileView,
    form=FormUpload,
    errors=(UseUploads, *REFUSALS),
    summary="Upload a small file in a form",
)
def upload_form(call: Call) -> Answer:
    call.library.limits.take("uploads", call.caller.user_id)
    form = read_form(call.request)
    description = validated(Description, form.fields)
    sha256 = hashlib.sha256(form.content).hexdigest()
    request = description.request(form.filename, len(form.content), sha256)
    file = call.library.uploads.receive(call.caller, request, form.content)
    return Answer(FileView.of(file), headers={"Location": f"/v1/files/{file.id}"})


@route(
    "POST /v1/uploads",
    who=Who.WRITER,
    status=201,
    returns=UploadOpened,
    also={200: UploadLinked},
    errors=REFUSALS,
    summary="Begin an upload of any size",
)
def begin_upload(call: Call, body: BeginUpload) -> Answer:
    call.library.limits.take("uploads", call.caller.user_id)
    outcome = call.library.uploads.begin(call.caller, body.to_request())
    if isinstance(outcome, Linked):
        return Answer(UploadLinked(file=FileView.of(outcome.file)), status=200)
    return Answer(_begun(outcome), headers={"Location": f"/v1/uploads/{outcome.upload.id}"})


@route(
    "GET /v1/uploads/{upload_id}",
    who=Who.WRITER,
    returns=UploadView,
    errors=(UploadNotFound,),
    summary="Read the state of an upload",
)
def read_upload(call: Call, upload_id: str) -> UploadView:
    return UploadView.of(call.library.parts.progress(call.caller, upload_id))


@route(
    "POST /v1/uploads/{upload_id}/parts",
    who=Who.WRITER,
    returns=SignedParts,
    errors=(UploadNotFound, UploadClosed, NotMultipart, NoSuchPart),
    summary="Get the signed addresses of parts",
)
def sign_parts(call: Call, upload_id: str, body: PartsAnnounced) -> SignedParts:
    wanted = [WantedPart(part.number, part.sha256) for part in body.parts]
    signed = call.library.parts.sign(call.caller, upload_id, wanted)
    views = [
        SignedPartView(number=part.number, size=part.size, expires_at=part.expires_at, **vars(part.put))
        for part in signed
    ]
    return SignedParts(parts=views)


@route(
    "POST /v1/uploads/{upload_id}/complete",
    who=Who.WRITER,
    returns=FileView,
    errors=(UploadNotFound, UploadClosed, NotMultipart, PartsMissing, PartsDiffer, HashDisputed),
    summary="Join the parts that have arrived; the file becomes ready by itself",
)
def complete_upload(call: Call, upload_id: str) -> FileView:
    return FileView.of(call.library.parts.complete(call.caller, upload_id))


@route(
    "DELETE /v1/uploads/{upload_id}",
    who=Who.WRITER,
    status=204,
    errors=(UploadNotFound, UploadClosed),
    summary="Give an upload up",
)
def abort_upload(call: Call, upload_id: str) -> Answer:
    call.library.uploads.abort(call.caller, upload_id)
    return Answer()


def _begun(begun: Begun) -> UploadOpened:
    ids = {"upload_id": begun.upload.id, "file_id": begun.file.id}
    expires_at, size = begun.upload.expires_at, begun.upload.part_size
    if begun.put is None:
        count = len(part_sizes(begun.file.size))
        return UploadOpened(
            MultipartBegun(**ids, part_size=size or 0, part_count=count, expires_at=expires_at)
        )
    return UploadOpened(UploadBegun(**ids, **vars(begun.put), expires_at=expires_at))
