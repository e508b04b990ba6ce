"""Writes an export's content into the parts of a multipart upload, so that it may be cut at any point.

A step claims the export (its version goes up, so whoever had it before can save no more), reads pieces from its maker
and keeps, with each part, the position up to which pieces are in it. What is too little for a part when the step ends
waits in an object of its own. So a step that is cut off is repeated from the last position, and its content is neither
lost nor doubled. At the end S3's list must show just the parts that were kept; where a late worker has overwritten one,
or S3 has forgotten the upload, the export begins again.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.aws.agenda import Agenda
from chalicelib.aws.bucket import Bucket, ObjectMissing
from chalicelib.aws.multipart import KeyTaken, MultipartBucket, MultipartGone, Part
from chalicelib.aws.table import Tables, Write
from chalicelib.core.clock import Clock
from chalicelib.core.log import log
from chalicelib.exports.models import (
    Export,
    ExportChanged,
    ExportState,
    Maker,
    Piece,
    Unmakeable,
    Wanted,
    folder_of,
)
from chalicelib.exports.store import ExportStore
from chalicelib.files.models import Problem
from chalicelib.jobs.models import Listed
from chalicelib.jobs.service import JobList

PART_SIZE = 5 << 20
"""The least that S3 takes as a part that is not the last."""
PIECES = 200
"""Pieces written in one step: of a table 20,000 rows, some ten seconds' work."""
PATIENCE = timedelta(minutes=15)
"""How long an export may stand still before the sweep sends for it: as long as a function runs."""
LIFE = timedelta(days=7)
"""How long a finished object can be fetched."""
KEPT = timedelta(days=30)
"""How long one can read of an export that has failed or expired."""
CLAIMS = 8
"""Claims without progress after which an export has failed."""
BEGINNINGS = 4
UNWRITTEN = Problem(
    "not_written", "It could not be written, though that was tried several times. Begin it again."
)
PAGE = 1000
COLLECTION = "exports"


class _Lost(Exception):
    """What was written is not there any more."""


@dataclass(frozen=True)
class Writing:
    """Takes exports further."""

    tables: Tables
    store: ExportStore
    agenda: Agenda
    listed: JobList
    bucket: Bucket
    storage: MultipartBucket
    makers: Mapping[str, Maker]
    clock: Clock
    part_size: int = PART_SIZE
    pieces: int = PIECES

    def step(self, export: Export) -> Export:
        """Take a running export a step further. Raises ExportChanged when another worker has it, or it is gone."""
        if export.claims >= CLAIMS or export.beginnings > BEGINNINGS:
            return self._failed(export, UNWRITTEN)
        export = self._claimed(export)
        try:
            if not export.written:
                export = self._write(export)
            return self._finished(export) if export.written else export
        except (_Lost, MultipartGone, ObjectMissing):
            log.warning("export begins again", extra={"export_id": export.id})
            return self._begun_again(export)
        except Unmakeable as refusal:
            return self._failed(export, refusal.problem)

    def reference(self, export: Export) -> str:
        """Return the export's name in the agenda."""
        return f"{export.owner_id}/{export.id}"

    def save(self, after: Export, before: Export) -> Export:
        """Keep the next version of an export, and when the sweep looks after it. Raises ExportChanged."""
        after = replace(after, version=before.version + 1, updated_at=self.clock())
        writes: list[Write] = [self.store.put_if(after, before.version)]
        if after.due_at != before.due_at:
            writes.append(self.agenda.delete(before.due_at, self.reference(before)))
            writes.append(self.agenda.put(after.due_at, self.reference(after)))
        self.tables.commit([*writes, *self.listed.changes(listed_of(before), listed_of(after))])
        return after

    def begun(self, export: Export) -> list[Write]:
        """Return the writes of a new export."""
        due = self.agenda.put(export.due_at, self.reference(export))
        return [self.store.put_new(export), due, *self.listed.changes(None, listed_of(export))]

    def removal(self, export: Export, again_at: datetime | None = None) -> list[Write]:
        """Return the writes that remove an export as it was read; the sweep looks after what it leaves at a time."""
        reference = self.reference(export)
        due = [self.agenda.delete(export.due_at, reference)] if export.due_at != again_at else []
        again = [self.agenda.put(again_at, reference)] if again_at is not None else []
        gone = self.listed.changes(listed_of(export), None)
        return [self.store.delete_if(export), *due, *again, *gone]

    def overdue(self, export: Export) -> Export | None:
        """End a finished export whose time has come; remove one that ended a month ago (None)."""
        self.clear(export.folder)
        if export.state is ExportState.FINISHED:
            return self._ended(replace(export, state=ExportState.EXPIRED), export)
        self.tables.commit(self.removal(export))
        return None

    def forget(self, owner_id: str) -> None:
        """Remove all exports of an owner's; safe to repeat."""
        for export in list(self.store.all(owner_id)):
            self.tables.commit(self.removal(export))
        self.clear(folder_of(owner_id))

    def clear(self, folder: str, but: str | None = None) -> None:
        """Remove all objects and open uploads in a folder, but for one object; safe to repeat."""
        for one in self.storage.list_open(folder, {}, limit=PAGE).uploads:
            self.storage.abort(one.key, one.id)
        for key in self.bucket.keys(folder):
            if key != but:
                self.bucket.delete(key)

    def _claimed(self, export: Export) -> Export:
        claim = replace(export, claims=export.claims + 1)
        if export.multipart_id is not None:
            return self.save(claim, export)
        claim = replace(claim, multipart_id=self.storage.create(export.key))
        try:
            return self.save(claim, export)
        except ExportChanged:
            self.storage.abort(export.key, str(claim.multipart_id))
            raise

    def _write(self, export: Export) -> Export:
        content = bytearray(self._tail_of(export))
        kept = reached = export
        memory = b""
        for piece in itertools.islice(self.makers[export.wanted.kind](export), self.pieces):
            content += piece.content
            reached = replace(
                reached,
                position=piece.position,
                files=reached.files + piece.files,
                size=reached.size + len(piece.content),
                written=piece.position is None,
                wanted=_better_known(reached.wanted, piece),
            )
            memory = piece.memory
            if len(content) >= self.part_size or reached.written:
                kept = reached = self._with_part(kept, reached, bytes(content), memory)
                content.clear()
        return kept if reached is kept else self._with_tail(kept, reached, bytes(content), memory)

    def _with_part(self, kept: Export, reached: Export, content: bytes, memory: bytes) -> Export:
        number, upload = len(kept.parts) + 1, str(kept.multipart_id)
        part = self.storage.put_part(kept.key, upload, number, content)
        further = replace(reached, parts=(*kept.parts, part.etag), tail=None, tail_size=0, claims=0)
        return self._saved(further, kept, memory)

    def _with_tail(self, kept: Export, reached: Export, content: bytes, memory: bytes) -> Export:
        tail = f"{kept.folder}tail-{kept.version}" if content else None
        if tail is not None:
            self.bucket.put(tail, content, content_type=kept.wanted.content_type)
        further = replace(reached, tail=tail, tail_size=len(content), claims=0)
        return self._saved(further, kept, memory)

    def _saved(self, further: Export, kept: Export, memory: bytes) -> Export:
        """Keep how far it has come, with the maker's memory, and remove what that replaces."""
        key = f"{kept.folder}memory-{kept.version}" if memory else None
        if key is not None:
            self.bucket.put(key, memory, content_type="application/octet-stream")
        saved = self.save(replace(further, memory=key), kept)
        for old in (kept.tail, kept.memory):
            if old is not None:
                self.bucket.delete(old)
        return saved

    def _tail_of(self, export: Export) -> bytes:
        return self.bucket.read_range(export.tail, 0, export.tail_size - 1) if export.tail else b""

    def _finished(self, export: Export) -> Export:
        try:
            self._complete(export)
        except (KeyTaken, MultipartGone):  # it may have been completed before, by a worker that was cut off
            if self.bucket.size(export.key) is None:
                raise
        expires_at = self.clock() + LIFE
        done = replace(export, state=ExportState.FINISHED, expires_at=expires_at, due_at=expires_at)
        done = self.save(done, export)
        self.clear(done.folder, but=done.key)
        return done

    def _complete(self, export: Export) -> None:
        upload = str(export.multipart_id)
        parts: list[Part] = self.storage.parts(export.key, upload)
        if tuple(part.etag for part in parts) != export.parts:
            raise _Lost
        self.storage.complete(export.key, upload, parts)

    def _begun_again(self, export: Export) -> Export:
        beginnings = export.beginnings + 1
        anew = replace(export, beginnings=beginnings, parts=(), position=None, written=False, files=0, size=0)
        anew = self.save(replace(anew, multipart_id=None, tail=None, tail_size=0, memory=None), export)
        self.clear(anew.folder)
        return anew

    def _failed(self, export: Export, problem: Problem) -> Export:
        self.clear(export.folder)
        return self._ended(replace(export, state=ExportState.FAILED, error=problem), export)

    def _ended(self, after: Export, before: Export) -> Export:
        return self.save(replace(after, due_at=self.clock() + KEPT), before)


def listed_of(export: Export) -> Listed:
    """Return what its owner's list of jobs tells of an export."""
    return Listed(
        *(export.id, export.owner_id, export.wanted.kind, export.state.value, COLLECTION),
        *(export.created_at, export.updated_at, export.wanted.expected, export.files),
        code=export.error.code if export.error else None,
    )


def _better_known(wanted: Wanted, piece: Piece) -> Wanted:
    if piece.expected is None:
        return wanted
    return replace(wanted, expected=piece.expected, expected_size=piece.expected_size)
