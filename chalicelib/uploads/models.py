"""What an upload is, and what can be wrong with it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.aws.bucket import PresignedPut
from chalicelib.aws.multipart import Part
from chalicelib.core.errors import Conflict, Invalid, NotFound, TooLarge, UnsupportedType
from chalicelib.files.models import File, Visibility


class UploadState(StrEnum):
    """open ── bytes arrived ──> completed; open ── by the owner ──> aborted; open ── too late ──> expired."""

    OPEN = "open"
    COMPLETED = "completed"
    ABORTED = "aborted"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Request:
    """What someone wants to upload."""

    filename: str
    size: int
    sha256: str
    content_type: str = ""
    """What the client declares, if anything; once it contradicts nothing, the content decides."""
    composite: str | None = None
    """Of a file that will come in parts: SHA-256 over the parts' SHA-256 digests, as hex, if the client knows it."""
    link_duplicate: bool = False
    caption: str | None = None
    content_id: str | None = None
    category: str | None = None
    visibility: Visibility = Visibility.PRIVATE
    tags: tuple[str, ...] = ()
    custom: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ids:
    """The ids of what one begin makes."""

    file: str
    upload: str


@dataclass(frozen=True)
class Upload:
    """An upload under way, or what became of it."""

    id: str
    file_id: str
    owner_id: str
    sha256: str
    size: int
    state: UploadState
    created_at: datetime
    expires_at: datetime
    due_at: datetime
    """When the sweep looks after it: well after the address has expired."""
    part_size: int | None = None
    """The size of the parts (the last may be smaller); None when the bytes come in one PUT."""
    composite: str | None = None
    """What the parts must add up to, once it is known."""
    multipart_id: str | None = None
    """S3's own upload, made when the first parts are asked for."""


@dataclass(frozen=True)
class Begun:
    """An upload that waits for its bytes: in one PUT, or (`put` is None) in parts."""

    upload: Upload
    file: File
    put: PresignedPut | None


@dataclass(frozen=True)
class WantedPart:
    """A part that a client is about to send: its number from 1, its SHA-256 as hex."""

    number: int
    sha256: str


@dataclass(frozen=True)
class SignedPart:
    """Where a part goes."""

    number: int
    size: int
    put: PresignedPut
    expires_at: datetime


@dataclass(frozen=True)
class Progress:
    """An upload and the parts of it that S3 has."""

    upload: Upload
    parts: list[Part]


@dataclass(frozen=True)
class Linked:
    """The bytes were here: the file is complete and none needs to move."""

    file: File


class UploadNotFound(NotFound):
    """There is no such upload of the caller's."""

    code = "upload_not_found"


class UploadClosed(Conflict):
    """The upload has ended."""

    code = "upload_closed"


class MultipartOpen(Conflict):
    """S3's upload for the parts exists already, or the upload has ended meanwhile."""


class NotMultipart(Conflict):
    """The upload's bytes come in one PUT."""

    code = "not_multipart"


class NoSuchPart(Invalid):
    """The upload has fewer parts than the number says."""

    code = "no_such_part"


class PartsMissing(Conflict):
    """S3 does not have all the parts yet; evidence names some that are `missing`."""

    code = "parts_missing"


class PartsDiffer(Conflict):
    """The parts that were sent are not those that were announced."""

    code = "parts_differ"


class Duplicate(Conflict):
    """The library holds this content already."""

    code = "duplicate"


class ExtensionNotAllowed(UnsupportedType):
    """Files with this extension are not taken."""

    code = "extension_not_allowed"


class ContentTypeContradicts(UnsupportedType):
    """The declared MIME type is one of programs, or of other things than files of this extension are."""

    code = "content_type_contradicts"


class FileTooLarge(TooLarge):
    """More bytes than files of this type may have."""

    code = "file_too_large"


class UseUploads(TooLarge):
    """More bytes than one request to the API can carry."""

    code = "use_uploads"
