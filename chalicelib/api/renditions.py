"""Renditions of files, what extraction found, and how it went."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.files import (
    PUBLIC_REDIRECT_SECONDS,
    PUBLIC_SECONDS,
    DeliveryView,
    cached,
    deliver,
)
from chalicelib.api.form import read_form
from chalicelib.api.models import Input, Output
from chalicelib.api.reading import json_body
from chalicelib.api.request import Call
from chalicelib.api.views import FileView, RenditionView, renditions_of
from chalicelib.extraction.attempts import Outcome, Work
from chalicelib.files.access import permissions
from chalicelib.files.models import File, FileChanged, FileNotFound, Permission, PermissionMissing
from chalicelib.renditions.service import NotAPicture, NotExamined, NoThumbnail, RenditionNotFound
from chalicelib.uploads.models import UseUploads

route = Routes("Renditions")


class Redirect(Input):
    """How to deliver."""

    redirect: bool = True


class OtherFile(Input):
    """Another of one's files, whose thumbnail is taken over."""

    file_id: Annotated[str, Field(min_length=36, max_length=36)]


class Miniature(Input):
    """A picture of at most 4.5 MB, as a part of a form."""

    file: Annotated[bytes, Field(description="The picture itself")]


class RenditionsView(Output):
    """A file's renditions by name."""

    renditions: dict[str, RenditionView]


class MetadataView(Output):
    """What extraction found: `metadata` as files show it, `facts` as the extractor left it."""

    metadata: dict[str, Any] | None
    extractor_version: int | None
    facts: dict[str, Any] | None


class JobView(Output):
    """One attempt to read a file's content, or to make something of it."""

    id: str
    work: Work
    attempt: int
    outcome: Outcome
    code: str | None
    started_at: datetime
    ended_at: datetime | None
    milliseconds: int | None
    bytes_read: int
    requests: int


class JobList(Output):
    """The latest attempts, newest first."""

    items: list[JobView]


@route(
    "GET /v1/files/{file_id}/renditions",
    who=Who.PUBLIC,
    returns=RenditionsView,
    errors=(FileNotFound,),
    summary="List what was made of a file: pictures, and the peaks of sound",
)
def list_renditions(call: Call, file_id: str) -> Answer:
    seen = call.library.files.seen(call.signed_in, file_id)
    return Answer(RenditionsView(renditions=renditions_of(seen.file)), headers=cached(call, PUBLIC_SECONDS))


@route(
    "GET /v1/files/{file_id}/renditions/{name}",
    who=Who.PUBLIC,
    status=302,
    also={200: DeliveryView},
    errors=(FileNotFound, RenditionNotFound),
    summary="Get the signed address of a rendition: as a redirect, or as JSON with redirect=false",
)
def get_rendition(call: Call, file_id: str, name: str, query: Redirect) -> Answer:
    return _deliver(call, file_id, name, redirect=query.redirect)


@route(
    "GET /v1/files/{file_id}/thumbnail",
    who=Who.PUBLIC,
    status=302,
    also={200: DeliveryView},
    errors=(FileNotFound, RenditionNotFound),
    summary="Get the signed address of the thumbnail (at most 300 by 300 pixels)",
)
def get_thumbnail(call: Call, file_id: str, query: Redirect) -> Answer:
    return _deliver(call, file_id, "thumbnail", redirect=query.redirect)


@route(
    "PUT /v1/files/{file_id}/thumbnail",
    who=Who.WRITER,
    live=True,
    returns=FileView,
    also={202: FileView},
    form=Miniature,
    or_json=OtherFile,
    errors=(FileNotFound, PermissionMissing, FileChanged, NotExamined, NoThumbnail, NotAPicture, UseUploads),
    summary="Choose a thumbnail: that of another file at once (200), or a picture in a form (202, drawn in a moment)",
)
def put_thumbnail(call: Call, file_id: str) -> Answer:
    renditions = call.library.renditions
    if str(call.request.headers.get("content-type", "")).startswith("multipart/"):
        content = read_form(call.request).content
        file = renditions.receive_thumbnail(call.caller, file_id, content, call.expected_version)
        return Answer(_edited(call, file), status=202)
    other = json_body(call.request, OtherFile)
    file = renditions.take_thumbnail_of(call.caller, file_id, other.file_id, call.expected_version)
    return Answer(_edited(call, file))


@route(
    "DELETE /v1/files/{file_id}/thumbnail",
    who=Who.WRITER,
    status=204,
    errors=(FileNotFound, PermissionMissing, FileChanged),
    summary="Go back to the thumbnail that the content has of itself",
)
def delete_thumbnail(call: Call, file_id: str) -> Answer:
    call.library.renditions.drop_thumbnail(call.caller, file_id, call.expected_version)
    return Answer()


@route(
    "GET /v1/files/{file_id}/metadata",
    who=Who.PUBLIC,
    returns=MetadataView,
    errors=(FileNotFound,),
    summary="Read what extraction found, with the extractor's raw facts",
)
def read_metadata(call: Call, file_id: str) -> Answer:
    seen = call.library.files.seen(call.signed_in, file_id)
    file, raw = seen.file, None if seen.bare else call.library.history.raw_facts(seen.file)
    found = MetadataView(
        metadata=file.metadata,
        extractor_version=raw.extractor_version if raw else None,
        facts=raw.facts if raw else None,
    )
    return Answer(found, headers=cached(call, PUBLIC_SECONDS))


@route(
    "GET /v1/files/{file_id}/jobs",
    who=Who.USER,
    returns=JobList,
    errors=(FileNotFound,),
    summary="Read the history of the work on a file: attempts, timings, bytes read, outcomes",
)
def list_jobs(call: Call, file_id: str) -> JobList:
    file = call.library.files.seen(call.caller, file_id).file
    jobs = call.library.history.attempts(file)
    return JobList(
        items=[JobView.model_validate(vars(job) | {"milliseconds": job.milliseconds}) for job in jobs]
    )


@route(
    "POST /v1/files/{file_id}/reprocess",
    who=Who.WRITER,
    status=202,
    returns=FileView,
    errors=(FileNotFound, PermissionMissing, NotExamined),
    summary="Examine a file's content again, and make its renditions anew, in the background",
)
def reprocess_file(call: Call, file_id: str) -> FileView:
    file = call.library.renditions.reprocess(call.caller, file_id)
    return _edited(call, file)


def _edited(call: Call, file: File) -> FileView:
    return FileView.of(file, permissions(file, call.caller, Permission.EDIT))


def _deliver(call: Call, file_id: str, name: str, *, redirect: bool) -> Answer:
    delivery = call.library.renditions.deliver(call.signed_in, file_id, name)
    return deliver(delivery, redirect=redirect, headers=cached(call, PUBLIC_REDIRECT_SECONDS))
