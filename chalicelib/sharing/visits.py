"""Share links as visitors use them: open, unlock, download.

A download is counted in one transaction with its entry in the activity log before the address is signed: the count
is conditional on the link as it was read, so parallel downloads never get more than the owner allowed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.accounts.passwords import Passwords
from chalicelib.accounts.service import Accounts
from chalicelib.audit.service import Audit
from chalicelib.aws.table import Tables, Write, overloaded
from chalicelib.core.caller import Origin
from chalicelib.core.clock import Clock
from chalicelib.files.models import Delivery, File
from chalicelib.files.rules import check_servable, is_shown_by_browsers
from chalicelib.files.service import Files
from chalicelib.limits.service import Limits
from chalicelib.renditions.service import Renditions
from chalicelib.sharing.models import Link, LinkChanged, LinkOfFile, LinkPasswordWrong, Shown, Unlocked
from chalicelib.sharing.rules import (
    blurred,
    check_downloadable,
    check_open,
    check_shown,
    check_unlocked,
    streams_freely,
    strips,
    token_hash,
    unknown_link,
    unlocked,
)
from chalicelib.sharing.store import LinkStore
from chalicelib.usage.tally import Use

DOWNLOAD_LIFE = timedelta(seconds=60)
SHOWN_LIFE = timedelta(hours=1)
"""How long a page may show or play what it was opened with."""
THUMBNAIL_LIFE = timedelta(minutes=5)
PICTURES = ("preview", "poster", "waveform", "thumbnail")
"""Renditions that are pictures of the whole, the best first."""
TRIES = 4
VISITOR = "visitor"
"""Who acts in the activity log when someone uses a link."""


@dataclass(frozen=True)
class Visits:
    """The use cases of those who have a link's token. Unknown, revoked and ended with its file all look the same."""

    tables: Tables
    store: LinkStore
    files: Files
    renditions: Renditions
    accounts: Accounts
    passwords: Passwords
    limits: Limits
    audit: Audit
    secret: Callable[[], bytes]
    """Signs the proofs that a password was given."""
    clock: Clock

    def open(self, token: str, key: str | None, origin: Origin) -> LinkOfFile:
        """Return what a link shows, and count the view.

        Raises LinkNotFound, LinkExpired, LinkUsedUp, LinkLocked.
        """
        opened = self._opened(token, key)
        try:
            self.tables.update(self.store.count(opened.link, "views", self.clock()))
        except LinkChanged:
            return self._opened(token, key)  # its terms have just changed: look again, and leave it uncounted
        self.tables.commit([self._visit("link.opened", opened.link, origin)])
        self.files.tally.note(opened.file.id, Use.VIEW)
        return opened

    def unlock(self, token: str, password: str, origin: Origin) -> Unlocked:
        """Return the proof that the link's password was given, good for an hour.

        Raises LinkNotFound, LinkExpired, LinkUsedUp, LinkPasswordWrong, RateExceeded.
        """
        link = self._live(token)
        visitor = f"{link.id} {origin.address}"
        self.limits.take("link-password", visitor)
        self.limits.take("link-password-all", link.id)
        if link.password_hash and not self.passwords.matches(password, link.password_hash):
            raise LinkPasswordWrong("That is not this link's password.")
        self.tables.commit([self.limits.forget("link-password", visitor)])
        return unlocked(self.secret(), link, self.clock())

    def download(self, token: str, key: str | None, origin: Origin, *, inline: bool) -> Delivery:
        """Count a download, then return the address of the bytes, good for 60 seconds.

        What cannot be had is not counted.
        Raises LinkNotFound, LinkExpired, LinkUsedUp, LinkLocked, LookingOnly, FileNotReady, MetadataStays.
        """
        for _ in range(TRIES):
            opened = self._opened(token, key)
            check_downloadable(opened.link)
            check_servable(opened.file)
            give = self.files.copies.deliver if strips(opened) else self.files.deliver
            delivery = give(opened.file, inline=inline, life=DOWNLOAD_LIFE)
            try:
                self._count_download(opened.link, origin)
            except LinkChanged:
                continue  # another download or the owner came first: the link as it is now decides
            self.files.tally.note(opened.file.id, Use.DOWNLOAD)
            return delivery
        raise overloaded()

    def thumbnail(self, token: str, key: str | None) -> Delivery:
        """Return the address of the thumbnail, good for five minutes; not counted.

        Raises LinkNotFound, LinkExpired, LinkUsedUp, LinkLocked, RenditionNotFound.
        """
        return self.renditions.address(self._opened(token, key).file, "thumbnail", THUMBNAIL_LIFE)

    def shown(self, visit: LinkOfFile) -> Shown | None:
        """Return what a page may show; no call.

        The original only where downloads are free and not counted: its address would be one. Else a picture of it.
        """
        file = visit.file
        picture = next((name for name in PICTURES if name in file.renditions), None)
        drawn = self.renditions.address(file, picture, SHOWN_LIFE).url if picture else None
        free = streams_freely(visit.link) and is_shown_by_browsers(file) and not strips(visit)
        if free and file.type == "video":
            return Shown("video", self._original(file), drawn)
        if free and file.type == "audio":
            return Shown("audio", self._original(file))
        if drawn:
            return Shown("image", drawn)
        return Shown("image", self._original(file)) if free else None

    def _original(self, file: File) -> str:
        return self.files.deliver(file, inline=True, life=SHOWN_LIFE).url

    def _count_download(self, link: Link, origin: Origin) -> None:
        counted = self.store.count(link, "downloads", self.clock())
        self.tables.commit([counted, self._visit("link.downloaded", link, origin)])

    def _opened(self, token: str, key: str | None) -> LinkOfFile:
        link = self._live(token)
        if link.password_hash is not None:
            check_unlocked(self.secret(), link, key, self.clock())
        files = self.files.get_many([link.file_id])
        return LinkOfFile(link, check_shown(files[0] if files else None))

    def _live(self, token: str) -> Link:
        """Return the link of a token unless it has ended, or its owner's account has."""
        link = self.store.get(token_hash(token))
        if link is None or not self.accounts.is_active(link.owner_id):
            raise unknown_link()
        check_open(link, self.clock())
        return link

    def _visit(self, action: str, link: Link, origin: Origin) -> Write:
        return self.audit.entry(
            action,
            owner=link.owner_id,
            actor=VISITOR,
            target=link.file_id,
            origin=blurred(origin),
            link=link.id,
        )
