"""What a file request is, and what can be wrong with it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.aws.bucket import PresignedPut
from chalicelib.core.errors import Conflict, Gone, NotFound, PreconditionFailed, TooLarge, UnsupportedType


@dataclass(frozen=True)
class FileRequest:
    """A way into an owner's library for whoever has its token. Only the token's hash is kept."""

    id: str
    token_hash: str
    owner_id: str
    name: str
    created_at: datetime
    expires_at: datetime
    max_files: int
    max_bytes: int
    types: tuple[str, ...]
    message: str | None = None
    tags: tuple[str, ...] = ()
    """What files that come in are tagged with."""
    files: int = 0
    """Files that came in or are on their way."""
    bytes: int = 0
    """Their bytes."""
    last_used_at: datetime | None = None
    version: int = 1
    """Counts the owner's changes; what comes in is not among them."""


@dataclass(frozen=True)
class Asked:
    """What an owner may say of a request."""

    name: str
    message: str | None
    expires_in: int
    """In seconds."""
    max_files: int
    max_bytes: int
    types: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class NewRequest:
    """A request just made, with the token that nobody will be told again."""

    request: FileRequest
    token: str


@dataclass(frozen=True)
class Offer:
    """A file that someone wants to send."""

    filename: str
    size: int
    sha256: str
    sender: str | None


class ParcelState(StrEnum):
    """open ── its bytes came ──> received | refused; open ── they did not come in time ──> missed."""

    OPEN = "open"
    RECEIVED = "received"
    REFUSED = "refused"
    MISSED = "missed"


@dataclass(frozen=True)
class Parcel:
    """A file on its way in: under a key of its own, so that senders learn nothing of what the library holds."""

    id: str
    token_hash: str
    owner_id: str
    offer: Offer
    created_at: datetime
    due_at: datetime
    """When it is given up, unless its bytes are there."""
    state: ParcelState = ParcelState.OPEN

    @property
    def key(self) -> str:
        """Return where its bytes go."""
        return f"incoming/{self.id}"


@dataclass(frozen=True)
class Expected:
    """A parcel, and where its sender puts the bytes."""

    parcel: Parcel
    put: PresignedPut
    expires_at: datetime


class RequestNotFound(NotFound):
    """There is no such request, or its owner ended it: both look the same."""

    code = "request_not_found"


class RequestExpired(Gone):
    """The request's time is over."""

    code = "request_expired"


class RequestFull(Conflict):
    """As many files or bytes came in as the owner asked for; evidence tells what is left."""

    code = "request_full"


class RequestChanged(PreconditionFailed):
    """The request has changed since the version that is named."""


class NotAskedFor(UnsupportedType):
    """Files of this type were not asked for."""

    code = "not_asked_for"


class NoRoom(TooLarge):
    """The owner's library has no room for the file."""

    code = "no_room"


class ParcelNotFound(NotFound):
    """There is no such file on its way to the request."""

    code = "parcel_not_found"


class ParcelMissing(Conflict):
    """The file's bytes have not arrived."""

    code = "bytes_missing"
