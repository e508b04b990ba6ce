"""Renditions as the API serves them: by signed addresses, as the bytes themselves never pass through a function."""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.queue import Queue
from chalicelib.blobs import arrivals
from chalicelib.blobs.models import Rendition
from chalicelib.core.caller import Caller
from chalicelib.core.clock import Clock
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.files.models import File, Status
from chalicelib.files.service import Delivery, Files

ADDRESS_LIFE = timedelta(minutes=5)
EXAMINED = frozenset({Status.READY, Status.FAILED})


class RenditionNotFound(NotFound):
    """The file has no rendition of that name: it is not made yet, or its type has none."""

    code = "rendition_not_found"


class NotExamined(Conflict):
    """The file has not been examined a first time."""

    code = "file_not_examined"


@dataclass(frozen=True)
class Renditions:
    """The use cases of renditions. A file that is not the caller's looks as if it did not exist (FileNotFound)."""

    files: Files
    bucket: Bucket
    queue: Queue
    clock: Clock

    def of(self, caller: Caller, file_id: str) -> dict[str, Rendition]:
        """Return a file's renditions by name; one call."""
        return self.files.get(caller, file_id).renditions

    def deliver(self, caller: Caller, file_id: str, name: str) -> Delivery:
        """Return the signed address of a rendition, good for five minutes; one call. Raises RenditionNotFound."""
        rendition = self.files.get(caller, file_id).renditions.get(name)
        if rendition is None:
            raise RenditionNotFound(f'This file has no rendition "{name}".')
        url = self.bucket.presign_get(
            rendition.key,
            content_type=rendition.mime_type,
            disposition="inline",
            seconds=int(ADDRESS_LIFE.total_seconds()),
        )
        return Delivery(url, self.clock() + ADDRESS_LIFE)

    def reprocess(self, caller: Caller, file_id: str) -> File:
        """Have a file's content examined and illustrated again, in the background; two calls. Raises NotExamined."""
        file = self.files.get(caller, file_id)
        if file.status not in EXAMINED:
            raise NotExamined(
                f"This file is {file.status.value}; only what was examined can be examined again.",
                file_status=file.status.value,
            )
        arrival = arrivals.Arrival(file.owner_id, file.sha256, file.size, again=True)
        self.queue.send(arrivals.message(arrival))
        return file
