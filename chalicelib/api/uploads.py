"""Uploads: a form for small files, signed addresses for all others."""

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from chalice.app import Blueprint
from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib.api.endpoint import Answer, Input, Output, Routes, Who
from chalicelib.api.fields import Caption, ContentId, Custom, Filename, Tags
from chalicelib.api.form import read_form
from chalicelib.api.request import Call, validated
from chalicelib.api.views import FileView
from chalicelib.blobs.models import BlobBusy
from chalicelib.files.models import FilenameInvalid
from chalicelib.uploads.models import (
    Begun,
    Duplicate,
    ExtensionNotAllowed,
    FileTooLarge,
    Linked,
    Request,
    Upload,
    UploadClosed,
    UploadNotFound,
    UploadState,
    UseUploads,
)

blueprint = Blueprint(__name__)
route = Routes(blueprint, "Uploads")

REFUSALS = (Duplicate, ExtensionNotAllowed, FileTooLarge, FilenameInvalid, BlobBusy)
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

    def request(self, filename: str, size: int, sha256: str) -> Request:
        """Return the request to upload this content under this description."""
        return Request(
            filename=filename,
            size=size,
            sha256=sha256,
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
    content_type: Annotated[
        str, Field(max_length=200, description="Taken as a hint only: the content decides")
    ] = ""


class UploadBegun(Output):
    """Where the bytes go: send `method` to `url` with exactly `headers`. S3 tells the library when they are there."""

    mode: Literal["single"] = "single"
    upload_id: str
    file_id: str
    method: Literal["PUT"] = "PUT"
    url: str
    headers: dict[str, str]
    expires_at: datetime


class UploadLinked(Output):
    """The content is here already: nothing to send."""

    mode: Literal["linked"] = "linked"
    file: FileView


class UploadView(Output):
    """An upload and what became of it."""

    id: str
    file_id: str
    state: UploadState
    size: int
    sha256: str
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, upload: Upload) -> Self:
        """Render an upload."""
        return cls.model_validate(upload)


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
    returns=UploadBegun,
    also={200: UploadLinked},
    errors=REFUSALS,
    summary="Begin an upload of any size",
)
def begin_upload(call: Call, body: BeginUpload) -> Answer:
    outcome = call.library.uploads.begin(call.caller, body.request(body.filename, body.size, body.sha256))
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
    return UploadView.of(call.library.uploads.get(call.caller, upload_id))


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


def _begun(begun: Begun) -> UploadBegun:
    values: dict[str, Any] = {"upload_id": begun.upload.id, "file_id": begun.file.id, **vars(begun.put)}
    return UploadBegun(**values, expires_at=begun.upload.expires_at)
