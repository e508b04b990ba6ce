"""What a file is, and what can be wrong with it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.blobs.models import Rendition
from chalicelib.core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed


class Status(StrEnum):
    """Where a file is on its way; `rules.TRANSITIONS` says what may follow what."""

    PENDING = "pending"
    """Its bytes have not arrived."""
    PROCESSING = "processing"
    """Its bytes are here and are being examined."""
    READY = "ready"
    FAILED = "failed"
    """Its bytes are kept, but nothing could be read from them."""
    REJECTED = "rejected"
    """Its content is not what its name says, or is not taken; the bytes are removed."""


class Visibility(StrEnum):
    """Who sees a file without being asked in."""

    PRIVATE = "private"
    PUBLIC = "public"
    """Everyone, even without an account."""


class Permission(StrEnum):
    """What one may do with a file; an owner grants others the first three."""

    VIEW = "view"
    DOWNLOAD = "download"
    EDIT = "edit"
    DELETE = "delete"
    SHARE = "share"


@dataclass(frozen=True)
class Problem:
    """Why a file has failed or was rejected."""

    code: str
    message: str


@dataclass(frozen=True)
class File:
    """One file in a library. `type` and `mime_type` come from the content, once it has been examined."""

    id: str
    owner_id: str
    filename: str
    extension: str
    type: str
    mime_type: str
    size: int
    sha256: str
    status: Status
    created_at: datetime
    updated_at: datetime
    version: int = 1
    caption: str | None = None
    content_id: str | None = None
    category: str | None = None
    """The id of its category."""
    visibility: Visibility = Visibility.PRIVATE
    tags: tuple[str, ...] = ()
    custom: dict[str, Any] = field(default_factory=dict)
    error: Problem | None = None
    metadata: dict[str, Any] | None = None
    renditions: dict[str, Rendition] = field(default_factory=dict)
    trashed_at: datetime | None = None
    strip_metadata: bool = False
    """Whether those who were not granted a download get a copy without metadata, and are told none."""
    lists_text: bool = True
    """Whether it is found by the words in its text; not for moments in which a change needs a transaction's room."""


@dataclass(frozen=True)
class Delivery:
    """A signed address, good until it expires."""

    url: str
    expires_at: datetime


@dataclass(frozen=True)
class Seen:
    """A file as a caller may see it, and what they may do with it."""

    file: File
    held: tuple[Permission, ...]
    bare: bool = False
    """Whether they get it without metadata: neither in words nor in its bytes."""


class FileNotFound(NotFound):
    """There is no such file in the caller's library."""

    code = "file_not_found"


class PermissionMissing(Forbidden):
    """The caller may see the file, but not do this with it."""

    code = "permission_missing"


class FileChanged(PreconditionFailed):
    """The file has changed since the version that the request names."""


class FileNotReady(Conflict):
    """The file cannot be downloaded in its present state."""

    code = "file_not_ready"


class MetadataStays(Conflict):
    """No copy without metadata can be made of this content."""

    code = "metadata_stays"


class FilenameInvalid(Invalid):
    """A name that cannot be kept."""

    code = "filename_invalid"


class NotAPicture(Conflict):
    """An image that is ready is needed here."""

    code = "not_a_picture"
