"""Three walks, a page of each a sweep, over and over:

    objects    an object of which no blob knows becomes a freed blob: its grace period starts, and the sweep removes it
    parts      a multipart upload of S3's to which no open upload belongs is aborted
    contents   an examined blob that files point to and whose object is gone is reported: only people can help

Each step is one conditional write or harmless when repeated, and the position is kept after it, so that walks may be
cut anywhere and run twice. The first walk never deletes: between its look and its write an upload may have begun,
and then the blob is there and the write refused.
"""

import itertools
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.aws.bucket import Bucket, StoredObject
from chalicelib.aws.multipart import MultipartBucket, OpenMultipart
from chalicelib.aws.table import MAX_BATCH_KEYS
from chalicelib.blobs.models import Blob, BlobState, address_of
from chalicelib.blobs.service import Blobs
from chalicelib.core.clock import Clock
from chalicelib.core.log import log
from chalicelib.reconciliation.store import Bookmarks
from chalicelib.uploads.models import UploadState
from chalicelib.uploads.service import Uploads

PREFIX = "originals/"
PAGE = 500
BLOB_PAGE = 2000
"""Rows looked at for blobs at once; about one in five is one."""
SETTLED_AGE = timedelta(hours=1)
"""S3's uploads younger than this may be about to be recorded."""


@dataclass(frozen=True)
class Found:
    """What one round has put right, and what it can only report."""

    orphans: int
    leftovers: int
    missing: int


@dataclass(frozen=True)
class Reconciliation:
    """Compares bucket and tables."""

    bookmarks: Bookmarks
    blobs: Blobs
    uploads: Uploads
    bucket: Bucket
    storage: MultipartBucket
    clock: Clock
    page: int = PAGE
    """Objects, and S3's uploads, looked at in one step."""

    def step(self) -> Found:
        """Go on with every walk by one page."""
        return Found(self._objects(), self._parts(), self._contents())

    def _objects(self) -> int:
        after = self.bookmarks.get("objects")
        page = self.bucket.list_objects(PREFIX, after["key"] if after else None, limit=self.page)
        orphans = [one for batch in itertools.batched(page, MAX_BATCH_KEYS) for one in self._unknown(batch)]
        adopted = sum(self.blobs.adopt(*address_of(one.key), one.size) for one in orphans)
        self._go_on("objects", {"key": page[-1].key} if len(page) == self.page else None)
        return adopted

    def _unknown(self, objects: tuple[StoredObject, ...]) -> list[StoredObject]:
        known = self.blobs.which_exist([address_of(one.key) for one in objects])
        return [one for one in objects if address_of(one.key) not in known]

    def _parts(self) -> int:
        page = self.storage.list_open(PREFIX, self.bookmarks.get("parts") or {}, limit=self.page)
        leftovers = [one for one in page.uploads if self._is_left_over(one)]
        for one in leftovers:
            self.storage.abort(one.key, one.id)
        self._go_on("parts", page.next)
        return len(leftovers)

    def _is_left_over(self, one: OpenMultipart) -> bool:
        if one.begun_at > self.clock() - SETTLED_AGE:
            return False
        blob = self.blobs.find(*address_of(one.key))
        waiting = [member.upload_id for member in blob.members if member.upload_id] if blob else []
        uploads = [self.uploads.find(upload_id) for upload_id in waiting]
        return not any(
            upload.multipart_id == one.id for upload in uploads if upload and upload.state is UploadState.OPEN
        )

    def _contents(self) -> int:
        page = self.blobs.walk(self.bookmarks.get("contents"), limit=BLOB_PAGE)
        missing = [blob for blob in page.blobs if self._is_missing(blob)]
        for blob in missing:
            log.error("content is missing", extra={"owner_id": blob.owner_id, "sha256": blob.sha256})
        self._go_on("contents", page.next)
        return len(missing)

    def _is_missing(self, blob: Blob) -> bool:
        if blob.state is not BlobState.EXAMINED or self.bucket.size(blob.key) is not None:
            return False
        again = self.blobs.find(blob.owner_id, blob.sha256)  # it may have been freed and removed meanwhile
        return again is not None and again.state is BlobState.EXAMINED

    def _go_on(self, walk: str, after: dict[str, str] | None) -> None:
        self.blobs.tables.commit([self.bookmarks.put(walk, after)])
