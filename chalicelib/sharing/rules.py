"""Rules of links: whether one still opens, what proves its password, and how little is kept of who came."""

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core.caller import Origin
from chalicelib.files.access import is_shown_to_others
from chalicelib.files.models import File, Status
from chalicelib.sharing.models import (
    FileNotShareable,
    Link,
    LinkChanged,
    LinkExpired,
    LinkLocked,
    LinkNotFound,
    LinkOfFile,
    LinkUsedUp,
    LookingOnly,
    Unlocked,
)

TOKEN_BYTES = 18  # 144 bits in 24 characters
UNLOCKED_FOR = timedelta(hours=1)
KEPT_BITS = {4: 24, 6: 48}
"""How much of an address is kept: the network of a provider's customer, not the customer's machine."""
SHAREABLE = frozenset({Status.PENDING, Status.PROCESSING, Status.READY, Status.FAILED})


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Return what is stored of a token: with 144 random bits, a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_open(link: Link, now: datetime) -> None:
    """Raise LinkExpired or LinkUsedUp when the link's owner meant it to have ended by now."""
    if link.expires_at is not None and link.expires_at <= now:
        raise LinkExpired("This link has expired. Ask the one who sent it for a new one.")
    if link.downloads_left == 0:
        raise LinkUsedUp(
            "This link has been used as often as it may be. Ask the one who sent it for a new one.",
            max_downloads=link.max_downloads,
        )


def check_version(link: Link, expected: int | None) -> None:
    """Raise LinkChanged when the caller expects another version than the link has."""
    if expected is not None and expected != link.version:
        raise LinkChanged(
            "The link has changed since you read it. Read it again and repeat.", version=link.version
        )


def check_downloadable(link: Link) -> None:
    """Raise LookingOnly when the link gives no download."""
    if not link.allow_download:
        raise LookingOnly("This link is for looking only.")


def check_shareable(file: File) -> None:
    """Raise FileNotShareable for a file that nobody else could be shown."""
    if file.trashed_at is not None or file.status not in SHAREABLE:
        raise FileNotShareable("A file in the trash, or one that was rejected, cannot be shared.")


def unknown_link() -> LinkNotFound:
    """Return the one answer for links that never were, were revoked, or ended with their file or owner."""
    return LinkNotFound("There is no such link. It may have been revoked.")


def check_shown(file: File | None) -> File:
    """Return the file behind a link; while it is gone, in the trash or not yet there, so is the link."""
    if file is None or not is_shown_to_others(file):
        raise unknown_link()
    return file


def strips(found: LinkOfFile) -> bool:
    """Tell whether visitors get a copy without metadata: the link says so, or the file does for everyone."""
    return found.link.strip_metadata or found.file.strip_metadata


def streams_freely(link: Link) -> bool:
    """Tell whether the original may be shown in the page: else its address would be an uncounted download."""
    return link.allow_download and link.max_downloads is None


def unlocked(secret: bytes, link: Link, now: datetime) -> Unlocked:
    """Return the proof that a link's password was given; another password makes it worthless."""
    until = now.replace(microsecond=0) + UNLOCKED_FOR
    return Unlocked(_key(secret, link, int(until.timestamp())), until)


def check_unlocked(secret: bytes, link: Link, key: str | None, now: datetime) -> None:
    """Raise LinkLocked unless the key proves that the link's password was given."""
    until = (key or "").partition(".")[0]
    known = until.isascii() and until.isdigit() and int(until) > now.timestamp()
    if not known or not hmac.compare_digest(_key(secret, link, int(until)).encode(), (key or "").encode()):
        raise LinkLocked("This link has a password. Send it to the link's /unlock.")


def blurred(origin: Origin) -> Origin:
    """Return where someone came from with the address cut to its network (IPv4 /24, IPv6 /48)."""
    try:
        address = ipaddress.ip_address(origin.address)
    except ValueError:
        return replace(origin, address="")
    network = ipaddress.ip_network((address, KEPT_BITS[address.version]), strict=False)
    return replace(origin, address=str(network))


def _key(secret: bytes, link: Link, until: int) -> str:
    message = f"{link.id} {until} {link.password_hash}".encode()
    return f"{until}.{hmac.new(secret, message, hashlib.sha256).hexdigest()}"
