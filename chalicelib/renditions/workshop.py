"""The workshop has renditions made of content and records them, exactly once in effect.

    1. claim     one transaction: a lease on the blob, and an attempt in its history; the intake's last one may do it
    2. make      the original is read, the renditions are put under keys that name their content and version: a second
                 worker would write the same under the same names
    3. record    one transaction: what was made on the blob, the same on its files, the attempt's end

Nothing refers to an object before it is there, and what no record names is removed with the blob's prefix.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.aws.bucket import Bucket, ObjectMissing
from chalicelib.aws.table import MAX_BATCH_KEYS, Tables, Write, overloaded
from chalicelib.blobs.models import (
    Blob,
    BlobChanged,
    BlobState,
    Illustrations,
    Rendition,
    renditions_prefix,
)
from chalicelib.blobs.service import Blobs
from chalicelib.extraction.attempts import Job, Spent, Work
from chalicelib.extraction.jobs import Jobs
from chalicelib.extraction.models import Facts
from chalicelib.extraction.source import RangedSource
from chalicelib.files.copies import is_copy
from chalicelib.files.models import File, FileChanged
from chalicelib.files.service import Files
from chalicelib.renditions.rules import WORKSHOP_VERSION, illustrated, is_due, is_own, rendition_key, shows
from chalicelib.renditions.studio import Album, Studio

RECORDED_AT_ONCE = 4
"""Files a transaction takes beside the blob and the attempt: each may move in all lists of looks, 18 items."""
TRIES = 4
READ_AT_ONCE = 8 << 20
"""Originals up to here come in one request: the round trip costs more than the bytes."""


@dataclass(frozen=True)
class Workshop:
    """Makes and records the renditions of blobs."""

    tables: Tables
    blobs: Blobs
    files: Files
    bucket: Bucket
    jobs: Jobs
    studio: Studio

    def catch_up(self, blob: Blob, files: Sequence[File], *, again: bool = False) -> None:
        """Make the renditions of a blob if they are due, and see that each of its files has them.

        Raises BlobBusy while another worker is at it, and the world's errors.
        """
        if is_due(blob, again=again):
            self.make(*self._claimed(blob), files)
        elif blob.illustrations:
            self._hand_out(blob, files)

    def make(self, blob: Blob, job: Job, files: Sequence[File]) -> None:
        """Make the renditions of a blob that this worker has claimed, and record them and the attempt's end."""
        source = self._source(blob)
        try:
            album = self.studio.album(source, Facts.model_validate(blob.facts))
        except ObjectMissing:  # removed meanwhile, and all that points to it
            album = Album(problem="content_missing")
        except Exception as fault:
            self.tables.commit([self.jobs.failed(blob.owner_id, blob.sha256, job, fault)])
            raise
        illustrations = self._stored(blob, album)
        ending = self.jobs.done(
            blob.owner_id, blob.sha256, job, album.problem, Spent(source.bytes_read, source.requests)
        )
        self._record(blob, illustrations, files, ending)
        if blob.illustrations:
            self._discard_others(blob, illustrations)

    def _claimed(self, blob: Blob) -> tuple[Blob, Job]:
        job, record = self.jobs.begun(blob.owner_id, blob.sha256, Work.RENDITIONS, blob.attempts + 1)
        try:
            self.tables.commit([*self.blobs.claim(blob), record])
        except BlobChanged as error:
            raise overloaded() from error  # another event or the owner came first; the queue brings it back
        return replace(blob, version=blob.version + 1, attempts=blob.attempts + 1), job

    def _source(self, blob: Blob) -> RangedSource:
        def fetch(first: int, last: int) -> bytes:
            return self.bucket.read_range(blob.key, first, last)

        return RangedSource(fetch, blob.size, read_ahead=blob.size <= READ_AT_ONCE)

    def _stored(self, blob: Blob, album: Album) -> Illustrations:
        renditions = {}
        for name, made in album.renditions.items():
            key = rendition_key(blob, name, made.mime_type)
            self.bucket.put(key, made.content, content_type=made.mime_type)
            renditions[name] = Rendition(key, made.mime_type, len(made.content), made.width, made.height)
        return Illustrations(
            WORKSHOP_VERSION, renditions, album.placeholder, album.perceptual_hash, album.problem
        )

    def _record(self, blob: Blob, illustrations: Illustrations, files: Sequence[File], ending: Write) -> None:
        """Record on the blob and its files, whatever changes meanwhile; a blob being removed keeps nothing."""
        current: Blob | None = blob
        for _ in range(TRIES):
            if current is None or current.state is BlobState.DELETING:
                return
            try:
                now, later = files[:RECORDED_AT_ONCE], files[RECORDED_AT_ONCE:]
                changes = self._changes(now, illustrations)
                self.tables.commit([*self.blobs.illustrated(current, illustrations), ending, *changes])
            except (BlobChanged, FileChanged):
                current, files = self._read(blob.owner_id, blob.sha256)
            else:
                self._hand_out(replace(blob, illustrations=illustrations), later)
                return
        raise overloaded()

    def _hand_out(self, blob: Blob, files: Sequence[File]) -> None:
        """Give files of an illustrated blob what they lack of it: they were too many, or a worker died."""
        if blob.illustrations is None:
            return
        for _ in range(TRIES):
            try:
                for some in itertools.batched(files, RECORDED_AT_ONCE):
                    if changes := self._changes(some, blob.illustrations):
                        self.tables.commit(changes)
            except FileChanged:
                _, files = self._read(blob.owner_id, blob.sha256)
            else:
                return
        raise overloaded()

    def _changes(self, files: Sequence[File], illustrations: Illustrations) -> list[Write]:
        writes: list[Write] = []
        for file in files:
            if shows(file) and (changes := illustrated(file, illustrations)):
                writes += self.files.changed(file, **changes)[1]
        return writes

    def _read(self, owner_id: str, sha256: str) -> tuple[Blob | None, list[File]]:
        blob = self.blobs.find(owner_id, sha256)
        ids = [member.file_id for member in blob.members] if blob else []
        batches = (ids[start : start + MAX_BATCH_KEYS] for start in range(0, len(ids), MAX_BATCH_KEYS))
        return blob, [file for batch in batches for file in self.files.get_many(batch)]

    def _discard_others(self, blob: Blob, illustrations: Illustrations) -> None:
        kept = {rendition.key for rendition in illustrations.renditions.values()}
        for key in self.bucket.keys(renditions_prefix(blob.owner_id, blob.sha256)):
            if key not in kept and not is_own(key) and not is_copy(key):
                self.bucket.delete(key)
