"""What a share link is, and what can be wrong with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chalicelib.core.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    Locked,
    NotFound,
    PreconditionFailed,
)
from chalicelib.files.models import File, Permission


@dataclass(frozen=True)
class Link:
    """A way to one file for whoever has its token. Only the token's hash is kept."""

    id: str
    token_hash: str
    file_id: str
    owner_id: str
    created_at: datetime
    name: str | None = None
    expires_at: datetime | None = None
    password_hash: str | None = None
    max_downloads: int | None = None
    allow_download: bool = True
    """Without it the link is for looking only: the original's bytes are never given."""
    strip_metadata: bool = False
    """Whether it gives a copy without metadata instead of the original."""
    views: int = 0
    downloads: int = 0
    last_used_at: datetime | None = None
    version: int = 1
    """Counts the owner's changes; views and downloads are not among them."""

    @property
    def downloads_left(self) -> int | None:
        """Return how many downloads are left; None when they are not limited."""
        return None if self.max_downloads is None else max(0, self.max_downloads - self.downloads)


@dataclass(frozen=True)
class Terms:
    """What an owner may say of a link; `password` in plain, as it came in."""

    name: str | None = None
    expires_in: int | None = None
    """In seconds; None for a link without end."""
    password: str | None = None
    max_downloads: int | None = None
    allow_download: bool = True
    strip_metadata: bool = False


@dataclass(frozen=True)
class NewLink:
    """A link just made, with the token that nobody will be told again."""

    link: Link
    file: File
    token: str


@dataclass(frozen=True)
class LinkOfFile:
    """A link with the file that it leads to."""

    link: Link
    file: File


@dataclass(frozen=True)
class Shown:
    """What a page shows of a file: a picture, or a film or sound to play; `poster` is a film's picture."""

    kind: Literal["image", "video", "audio"]
    url: str
    poster: str | None = None


@dataclass(frozen=True)
class Unlocked:
    """The proof that a link's password was given, good until it expires."""

    key: str
    expires_at: datetime


@dataclass(frozen=True)
class Grant:
    """What an owner lets another account do with a file."""

    file_id: str
    user_id: str
    email: str
    permission: Permission
    created_at: datetime


class GrantNotFound(NotFound):
    """The user has no grant on the file."""

    code = "grant_not_found"


class GranteeUnknown(Invalid):
    """No other account has this e-mail address."""

    code = "grantee_unknown"


class TooManyShared(Invalid):
    """More is shared than can be put into this order at once."""

    code = "too_many_shared"


class LinkNotFound(NotFound):
    """There is no such link, its owner revoked it, or its file is gone: all look the same."""

    code = "link_not_found"


class LinkChanged(PreconditionFailed):
    """The link has changed since the version that the request names."""


class LinkExpired(Gone):
    """The link's time is over."""

    code = "link_expired"


class LinkUsedUp(Gone):
    """All downloads that the owner allowed have been made."""

    code = "link_used_up"


class LinkLocked(Locked):
    """The link has a password."""

    code = "link_locked"


class LinkPasswordWrong(Locked):
    """That is not the link's password."""

    code = "link_password_wrong"


class LookingOnly(Forbidden):
    """The link is for looking; it gives no download."""

    code = "download_not_allowed"


class FileNotShareable(Conflict):
    """A file in the trash, or one that was refused, is not shared."""

    code = "file_not_shareable"
