"""Renditions of files, what extraction found, and how it went."""

from datetime import datetime
from typing import Any

from chalice.app import Blueprint

from chalicelib.api.endpoint import Answer, Input, Output, Routes, Who
from chalicelib.api.files import DeliveryView, deliver
from chalicelib.api.request import Call
from chalicelib.api.views import FileView, RenditionView, renditions_of
from chalicelib.extraction.attempts import Outcome, Work
from chalicelib.files.models import FileNotFound
from chalicelib.renditions.service import NotExamined, RenditionNotFound

blueprint = Blueprint(__name__)
route = Routes(blueprint, "Renditions")


class Redirect(Input):
    """How to deliver."""

    redirect: bool = True


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
    who=Who.USER,
    returns=RenditionsView,
    errors=(FileNotFound,),
    summary="List what was made of a file: pictures, and the peaks of sound",
)
def list_renditions(call: Call, file_id: str) -> RenditionsView:
    return RenditionsView(renditions=renditions_of(call.library.files.get(call.caller, file_id)))


@route(
    "GET /v1/files/{file_id}/renditions/{name}",
    who=Who.USER,
    status=302,
    also={200: DeliveryView},
    errors=(FileNotFound, RenditionNotFound),
    summary="Get the signed address of a rendition: as a redirect, or as JSON with redirect=false",
)
def get_rendition(call: Call, file_id: str, name: str, query: Redirect) -> Answer:
    return deliver(call.library.renditions.deliver(call.caller, file_id, name), redirect=query.redirect)


@route(
    "GET /v1/files/{file_id}/thumbnail",
    who=Who.USER,
    status=302,
    also={200: DeliveryView},
    errors=(FileNotFound, RenditionNotFound),
    summary="Get the signed address of the thumbnail (at most 300 by 300 pixels)",
)
def get_thumbnail(call: Call, file_id: str, query: Redirect) -> Answer:
    return deliver(
        call.library.renditions.deliver(call.caller, file_id, "thumbnail"), redirect=query.redirect
    )


@route(
    "GET /v1/files/{file_id}/metadata",
    who=Who.USER,
    returns=MetadataView,
    errors=(FileNotFound,),
    summary="Read what extraction found, with the extractor's raw facts",
)
def read_metadata(call: Call, file_id: str) -> MetadataView:
    file = call.library.files.get(call.caller, file_id)
    raw = call.library.history.raw_facts(file)
    return MetadataView(
        metadata=file.metadata,
        extractor_version=raw.extractor_version if raw else None,
        facts=raw.facts if raw else None,
    )


@route(
    "GET /v1/files/{file_id}/jobs",
    who=Who.USER,
    returns=JobList,
    errors=(FileNotFound,),
    summary="Read the history of the work on a file: attempts, timings, bytes read, outcomes",
)
def list_jobs(call: Call, file_id: str) -> JobList:
    file = call.library.files.get(call.caller, file_id)
    jobs = call.library.history.attempts(file)
    return JobList(
        items=[JobView.model_validate(vars(job) | {"milliseconds": job.milliseconds}) for job in jobs]
    )


@route(
    "POST /v1/files/{file_id}/reprocess",
    who=Who.WRITER,
    status=202,
    returns=FileView,
    errors=(FileNotFound, NotExamined),
    summary="Examine a file's content again, and make its renditions anew, in the background",
)
def reprocess_file(call: Call, file_id: str) -> FileView:
    return FileView.of(call.library.renditions.reprocess(call.caller, file_id))
