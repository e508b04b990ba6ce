"""Uploads: a form for small files, signed addresses for all others."""

import hashlib
from typing import Any

from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.form import read_form
from chalicelib.api.problems import problem_body
from chalicelib.api.reading import validated
from chalicelib.api.request import Call
from chalicelib.api.upload_forms import (
    Batch,
    BatchResult,
    BeginUpload,
    Description,
    FormUpload,
    MultipartBegun,
    PartsAnnounced,
    Result,
    SignedParts,
    SignedPartView,
    UploadBegun,
    UploadLinked,
    UploadOpened,
    UploadView,
)
from chalicelib.api.views import FileView, Problem
from chalicelib.aws.failures import as_library_error
from chalicelib.blobs.models import BlobBusy, HashDisputed
from chalicelib.catalogue.categories import CategoryUnknown
from chalicelib.core.errors import LibraryError
from chalicelib.core.log import log
from chalicelib.files.models import FilenameInvalid
from chalicelib.limits.models import RateExceeded
from chalicelib.quotas.models import QuotaExceeded
from chalicelib.uploads.models import (
    Begun,
    ContentTypeContradicts,
    Duplicate,
    ExtensionNotAllowed,
    FileTooLarge,
    Linked,
    NoSuchPart,
    NotMultipart,
    PartsDiffer,
    PartsMissing,
    UploadClosed,
    UploadNotFound,
    UseUploads,
    WantedPart,
)
from chalicelib.uploads.rules import part_sizes

route = Routes("Uploads")

REFUSALS = (
    RateExceeded,
    Duplicate,
    HashDisputed,
    ExtensionNotAllowed,
    ContentTypeContradicts,
    FileTooLarge,
    FilenameInvalid,
    QuotaExceeded,
    BlobBusy,
    CategoryUnknown,
)


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
    request = description.request(form.filename, len(form.content), sha256, content_type=form.content_type)
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
    outcome = call.library.uploads.begin(call.caller, body.to_request())
    if isinstance(outcome, Linked):
        return Answer(_opened(outcome), status=200)
    return Answer(_opened(outcome), headers={"Location": f"/v1/uploads/{outcome.upload.id}"})


@route(
    "POST /v1/uploads/batch",
    who=Who.WRITER,
    live=True,
    status=207,
    returns=BatchResult,
    summary="Begin up to 100 uploads; each has its own result",
)
def begin_uploads(call: Call, body: Batch) -> BatchResult:
    return BatchResult(results=[_result(call, one) for one in body.uploads])


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
    live=True,
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
    live=True,
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


def _result(call: Call, given: Any) -> Result:
    """Begin one upload of a batch; whatever is wrong with it stays in its own result."""
    try:
        outcome = call.library.uploads.begin(call.caller, validated(BeginUpload, given).to_request())
    except Exception as error:  # noqa: BLE001 - one bad item harms no other
        refusal = as_library_error(error)
        if refusal.status >= LibraryError.status:
            log.exception("an upload of a batch could not be begun", exc_info=error)
        problem = Problem.model_validate(problem_body(refusal, call.origin.request_id))
        return Result(status=refusal.status, upload=None, problem=problem)
    status = 200 if isinstance(outcome, Linked) else 201
    return Result(status=status, upload=_opened(outcome), problem=None)


def _opened(begun: Begun | Linked) -> UploadOpened:
    if isinstance(begun, Linked):
        return UploadOpened(UploadLinked(file=FileView.of(begun.file)))
    ids = {"upload_id": begun.upload.id, "file_id": begun.file.id}
    expires_at, size = begun.upload.expires_at, begun.upload.part_size
    if begun.put is None:
        count = len(part_sizes(begun.file.size))
        return UploadOpened(
            MultipartBegun(**ids, part_size=size or 0, part_count=count, expires_at=expires_at)
        )
    return UploadOpened(UploadBegun(**ids, **vars(begun.put), expires_at=expires_at))
