"""What the library knows of some content."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Conflict, LibraryError, Unavailable


class BlobState(StrEnum):
    """Where a blob is in its life; `rules.TRANSITIONS` says what may follow what."""

    EXPECTED = "expected"
    """An upload has begun; whether the bytes have arrived is not known."""
    EXAMINED = "examined"
    """The bytes are here and `facts` says what they are."""
    FREED = "freed"
    """No file points to the bytes any more; they go after a grace period."""
    DELETING = "deleting"
    """The bytes are being removed; nobody may point to them."""


@dataclass(frozen=True)
class Member:
    """A file that points to a blob, and the upload that brings it, if it waits for one."""

    file_id: str
    upload_id: str | None = None
    upload_due: datetime | None = None
    proof: str | None = None
    """For content that comes in parts, the composite checksum that its bytes must have ("" until it is known).
    None: S3 checks the whole hash."""


@dataclass(frozen=True)
class Rendition:
    """Something made of content, as an object in the bucket; sides in pixels, None for what is no picture."""

    key: str
    mime_type: str
    size: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Illustrations:
    """What one version of the workshop made of some content; `problem` is a stable code where it made nothing."""

    version: int
    renditions: dict[str, Rendition]
    placeholder: str | None = None
    perceptual_hash: str | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Blob:
    """Some content in one owner's library."""

    owner_id: str
    sha256: str
    size: int
    state: BlobState
    refs: int
    version: int
    facts: dict[str, Any] | None = None
    illustrations: Illustrations | None = None
    attempts: int = 0
    """How often workers have begun with it since one has finished."""
    lease_until: datetime | None = None
    composite: str | None = None
    """The composite checksum (hex) that S3 verified, for content that came in parts; its `sha256` is then only what
    the one who sent it said."""
    free_at: datetime | None = None
    """When the bytes of a freed blob may go."""
    members: tuple[Member, ...] = field(default=())

    @property
    def key(self) -> str:
        """Return the object's key in the bucket: its content address."""
        return object_key(self.owner_id, self.sha256)


def object_key(owner_id: str, sha256: str) -> str:
    """Return where content of an owner lies in the bucket."""
    return f"originals/{owner_id}/{sha256}"


def renditions_prefix(owner_id: str, sha256: str) -> str:
    """Return where all that was made of the content lies; S3 tells of nothing that is put here."""
    return f"renditions/{owner_id}/{sha256}/"


class BlobChanged(LibraryError):
    """Another change of the same blob came first: read it again."""


def address_of(key: str) -> tuple[str, str]:
    """Return the owner and the hash under which an object's blob is kept."""
    _, owner_id, sha256 = key.split("/", 2)
    return owner_id, sha256


class HashDisputed(Conflict):
    """The library has this hash with other bytes: one of the two claims is wrong."""

    code = "hash_disputed"


class BlobBusy(Unavailable):
    """The content is just being removed, or examined by another worker."""

    code = "content_busy"
