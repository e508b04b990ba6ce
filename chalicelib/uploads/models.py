"""What an upload is, and what can be wrong with it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.aws.bucket import PresignedPut
from chalicelib.core.errors import Conflict, NotFound, TooLarge, UnsupportedType
from chalicelib.files.models import File


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
    link_duplicate: bool = False
    caption: str | None = None
    content_id: str | None = None
    tags: tuple[str, ...] = ()
    custom: dict[str, Any] = field(default_factory=dict)


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


@dataclass(frozen=True)
class Begun:
    """An upload that waits for its bytes."""

    upload: Upload
    file: File
    put: PresignedPut


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


class Duplicate(Conflict):
    """The library holds this content already."""

    code = "duplicate"


class ExtensionNotAllowed(UnsupportedType):
    """Files with this extension are not taken."""

    code = "extension_not_allowed"


class FileTooLarge(TooLarge):
    """More bytes than files of this type may have."""

    code = "file_too_large"


class UseUploads(TooLarge):
    """More bytes than one request to the API can carry."""

    code = "use_uploads"
