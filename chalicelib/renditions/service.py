"""Renditions as the API serves them: by signed addresses, as the bytes themselves never pass through a function."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.queue import Queue
from chalicelib.blobs import arrivals
from chalicelib.blobs.models import Rendition
from chalicelib.core.caller import Caller
from chalicelib.core.clock import Clock
from chalicelib.core.errors import Conflict, NotFound, UnsupportedType
from chalicelib.extraction.sniff import WINDOW, sniff
from chalicelib.files.models import Delivery, File, Permission, Status
from chalicelib.files.rules import PUBLIC_LIFE, UNKNOWN_TYPE, check_version
from chalicelib.files.service import Files
from chalicelib.renditions import wishes
from chalicelib.renditions.rules import is_picture, miniature_key, own_thumbnail
from chalicelib.renditions.wishes import Wish

ADDRESS_LIFE = timedelta(minutes=5)
EXAMINED = frozenset({Status.READY, Status.FAILED})


class RenditionNotFound(NotFound):
    """The file has no rendition of that name: it is not made yet, or its type has none."""

    code = "rendition_not_found"


class NoThumbnail(Conflict):
    """The other file has no thumbnail to copy."""

    code = "no_thumbnail"


class NotAPicture(UnsupportedType):
    """A miniature is made of a picture."""

    code = "not_a_picture"


class NotExamined(Conflict):
    """The file has not been examined a first time."""

    code = "file_not_examined"


@dataclass(frozen=True)
class Renditions:
    """The use cases of renditions. What the caller may not see looks as if it did not exist (FileNotFound)."""

    files: Files
    bucket: Bucket
    queue: Queue
    clock: Clock

    def of(self, caller: Caller, file_id: str) -> dict[str, Rendition]:
        """Return a file's renditions by name; one call."""
        return self.files.seen(caller, file_id).file.renditions

    def deliver(self, caller: Caller | None, file_id: str, name: str) -> Delivery:
        """Return the signed address of a rendition, good for five minutes (one without a token); one call.

        Raises RenditionNotFound.
        """
        file = self.files.seen(caller, file_id).file
        return self.address(file, name, PUBLIC_LIFE if caller is None else ADDRESS_LIFE)

    def address(self, file: File, name: str, life: timedelta) -> Delivery:
        """Return the signed address of a rendition for whoever may see the file; no call. Raises RenditionNotFound."""
        rendition = file.renditions.get(name)
        if rendition is None:
            raise RenditionNotFound(f'This file has no rendition "{name}".')
        url = self.files.signer.presign_get(
            rendition.key,
            content_type=rendition.mime_type,
            disposition="inline",
            seconds=int(life.total_seconds()),
        )
        return Delivery(url, self.clock() + life)

    def reprocess(self, caller: Caller, file_id: str) -> File:
        """Have a file's content examined and illustrated again, in the background; three calls. Raises NotExamined."""
        file = self._examined(caller, file_id)
        self.files.tables.commit([self.files.entry("file.reprocess_asked", caller, file)])
        arrival = arrivals.Arrival(file.owner_id, file.sha256, file.size, again=True)
        self.queue.send(arrivals.message(arrival))
        return file

    def take_thumbnail_of(self, caller: Caller, file_id: str, other_id: str, expected: int | None) -> File:
        """Give a file the thumbnail of another of the caller's files; four calls.

        Raises NoThumbnail, FileChanged.
        """
        file = self._examined(caller, file_id, expected)
        other = self.files.get(caller, other_id).renditions.get("thumbnail")
        if other is None:
            raise NoThumbnail("That file has no thumbnail.")
        digest = hashlib.sha256(other.key.encode()).hexdigest()
        own = replace(other, key=miniature_key(file, digest, other.mime_type))
        self.bucket.copy(other.key, own.key)
        return self._changed(caller, file, file.renditions | {"thumbnail": own})

    def receive_thumbnail(self, caller: Caller, file_id: str, content: bytes, expected: int | None) -> File:
        """Put a picture aside that becomes the file's thumbnail in the background; four calls. Raises NotAPicture."""
        file = self._examined(caller, file_id, expected)
        if not is_picture(sniff(content[:WINDOW])):
            raise NotAPicture("Send a picture: JPEG, PNG, WebP, GIF, TIFF, HEIC, AVIF or BMP.")
        digest = hashlib.sha256(content).hexdigest()
        wish = Wish(file.id, miniature_key(file, digest, None), len(content), digest)
        self.files.tables.commit([self.files.entry("file.thumbnail_sent", caller, file, sha256=digest)])
        self.bucket.put(wish.key, content, content_type=UNKNOWN_TYPE)
        self.queue.send(wishes.message(wish))
        return file

    def drop_thumbnail(self, caller: Caller, file_id: str, expected: int | None) -> None:
        """Go back to the thumbnail that the content has of itself, if another was chosen; four calls."""
        file = self.files.seen(caller, file_id, Permission.EDIT).file
        check_version(file, expected)
        own = own_thumbnail(file)
        if own is None:
            return
        blob = self.files.blobs.find(file.owner_id, file.sha256)
        made = blob.illustrations.renditions if blob and blob.illustrations else {}
        others = {name: each for name, each in file.renditions.items() if name != "thumbnail"}
        self._changed(caller, file, others | {name: made[name] for name in made if name == "thumbnail"})
        self.bucket.delete(own.key)

    def _examined(self, caller: Caller, file_id: str, expected: int | None = None) -> File:
        file = self.files.seen(caller, file_id, Permission.EDIT).file
        check_version(file, expected)
        if file.status not in EXAMINED:
            raise NotExamined(
                f"This file is {file.status.value}; it has to be examined first.",
                file_status=file.status.value,
            )
        return file

    def _changed(self, caller: Caller, file: File, renditions: dict[str, Rendition]) -> File:
        after, writes = self.files.changed(file, renditions=renditions)
        self.files.tables.commit([*writes, self.files.entry("file.thumbnail_changed", caller, file)])
        return after
