"""Copies without metadata, as others get them where a link or a file says so; made in the background.

A copy lies beside the content's renditions and goes with them; that it is there is asked of the bucket. Whoever wants
one that is not there yet has it made, so a message that is lost delays it until it is wanted again. The original is
never given in its place.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.queue import Queue
from chalicelib.aws.signing import Signer
from chalicelib.blobs.models import renditions_prefix
from chalicelib.core.clock import Clock
from chalicelib.files.models import Delivery, File, FileNotReady, MetadataStays, Status
from chalicelib.files.rules import check_servable, content_disposition

STRIPPED = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
"""Types that lose their metadata, and how a copy's key ends."""
EXTENSIONS = frozenset({"jpg", "jpeg", "png", "webp"})
MOST_BYTES = 64 << 20
"""A worker holds the picture and its copy in memory."""
_PREFIX = "bare-v1."


@dataclass(frozen=True)
class Copies:
    """Copies of content without metadata."""

    bucket: Bucket
    signer: Signer
    queue: Queue
    clock: Clock

    def ask(self, file: File) -> None:
        """Have a file's copy made. Raises MetadataStays where that cannot be."""
        check_strippable(file)
        self.queue.send(message(file.id))

    def deliver(self, file: File, *, inline: bool, life: timedelta) -> Delivery:
        """Return the signed address of the copy; one call. Raises FileNotReady while it is made, MetadataStays."""
        check_servable(file)
        if file.status is not Status.READY or file.mime_type not in STRIPPED:
            raise metadata_stays()
        key = copy_key(file)
        if self.bucket.size(key) is None:
            if self.bucket.size(failure_key(file)) is not None:
                raise metadata_stays()
            self.ask(file)
            raise FileNotReady("A copy without metadata is being made. Try again in a moment.", retry_after=2)
        disposition = content_disposition(file, inline=inline)
        url = self.signer.presign_get(
            key, content_type=file.mime_type, disposition=disposition, seconds=int(life.total_seconds())
        )
        return Delivery(url, self.clock() + life)


def check_strippable(file: File) -> None:
    """Raise MetadataStays where no copy without metadata can be made, as far as is known before it is tried."""
    if file.extension not in EXTENSIONS or file.size > MOST_BYTES or file.status is Status.FAILED:
        raise metadata_stays()


def metadata_stays() -> MetadataStays:
    """Return the one answer for what cannot be stripped."""
    return MetadataStays(
        f"Metadata is removed from sound JPEG, PNG and WebP pictures of at most {MOST_BYTES >> 20} MiB only.",
        types=sorted(STRIPPED),
    )


def copy_key(file: File) -> str:
    """Return where the copy of a file's content lies."""
    return f"{renditions_prefix(file.owner_id, file.sha256)}{_PREFIX}{STRIPPED[file.mime_type]}"


def failure_key(file: File) -> str:
    """Return where it is marked that no copy can be made."""
    return f"{renditions_prefix(file.owner_id, file.sha256)}{_PREFIX}failed"


def is_copy(key: str) -> bool:
    """Tell whether an object is a copy without metadata, or the mark that there is none."""
    return key.rpartition("/")[2].startswith(_PREFIX)


def message(file_id: str) -> str:
    """Return the message to the extraction's queue that asks for a copy; it holds no arrivals."""
    return json.dumps({"Records": [], "copies": [file_id]})


def asked_for(body: str) -> Iterator[str]:
    """Yield the ids of files whose copies a message asks for."""
    yield from json.loads(body).get("copies", [])
