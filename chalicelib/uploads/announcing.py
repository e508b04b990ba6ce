"""Sends the event of bytes that are in the bucket again, where S3's own was lost or came too early."""

from dataclasses import dataclass

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.queue import Queue
from chalicelib.blobs import arrivals
from chalicelib.blobs.models import object_key


@dataclass(frozen=True)
class Announcing:
    """The same news twice is no harm."""

    bucket: Bucket
    queue: Queue

    def announce(self, owner_id: str, sha256: str, size: int) -> None:
        """Send the event of bytes that are here."""
        self.queue.send(arrivals.message(arrivals.Arrival(owner_id, sha256, size)))

    def if_present(self, owner_id: str, sha256: str) -> bool:
        """Send the event if the bytes are here, and tell whether they are."""
        size = self.bucket.size(object_key(owner_id, sha256))
        if size is None:
            return False
        self.announce(owner_id, sha256, size)
        return True
