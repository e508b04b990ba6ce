"""Intake brings every file that waits for some content to its final state, exactly once in effect.

    1. read the blob and its files     nobody waits, or all are settled: nothing to do
    2. claim                           one transaction: a lease on the blob, files -> processing, uploads -> completed
    3. examine                         ranged reads, in limited children
    4. settle                          one transaction: facts on the blob and in `metadata`, files -> final state;
                                       where one file has the content, it claims the blob for the next step, too
    5. illustrate                      the workshop's part: renditions, where the content has any

Each step is conditional on the versions read before, so events that come twice, late or out of order change nothing,
and a worker that dies leaves a lease that runs out: the queue delivers the event again, and the next one goes on.

There are two lanes. Audio and video are sent on to a queue of their own, so that a photo never waits for a film.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.audit.service import Audit
from chalicelib.aws.bucket import ObjectMissing
from chalicelib.aws.queue import Queue
from chalicelib.aws.table import MAX_BATCH_KEYS, Tables, Write, overloaded
from chalicelib.blobs import arrivals
from chalicelib.blobs.arrivals import Arrival
from chalicelib.blobs.models import Blob, BlobChanged, Member
from chalicelib.blobs.service import Blobs
from chalicelib.core.caller import Origin
from chalicelib.extraction.attempts import Job, Spent, Work
from chalicelib.extraction.conclusion import conclusion
from chalicelib.extraction.errors import ToolsAreComing
from chalicelib.extraction.jobs import Jobs
from chalicelib.extraction.models import Facts
from chalicelib.extraction.service import Extraction
from chalicelib.files.models import File, FileChanged, Status
from chalicelib.files.rules import OPEN
from chalicelib.files.service import Files
from chalicelib.renditions.rules import can_be_illustrated, illustrated, is_due, shows
from chalicelib.renditions.workshop import Workshop
from chalicelib.uploads.models import UploadClosed
from chalicelib.uploads.service import Uploads

SETTLED_AT_ONCE = 1
"""Files a transaction takes: one may have 70 items with its tags and words, and 100 are the limit."""
TRIES = 4
ACTOR = "extraction"
SLOW = frozenset({"audio", "video"})


@dataclass(frozen=True)
class Waiting:
    """A file that waits for its content, as it was read."""

    member: Member
    file: File
    upload_open: bool = True


@dataclass(frozen=True)
class Examined:
    """What is known of some content, and what knowing it took, if it was just found out."""

    facts: Facts
    size: int
    ending: tuple[Write, ...] = ()


@dataclass(frozen=True)
class Claimed:
    """A blob whose renditions are this worker's to make, and the attempt that has begun."""

    blob: Blob
    job: Job


@dataclass(frozen=True)
class Intake:
    """Handles arrivals. `tools_expected` tells whether missing media tools will be there soon."""

    tables: Tables
    blobs: Blobs
    files: Files
    uploads: Uploads
    extraction: Extraction
    jobs: Jobs
    workshop: Workshop
    audit: Audit
    slow_lane: Queue
    tools_expected: Callable[[], bool]

    def arrived(self, arrival: Arrival, *, forward: bool = False) -> list[File]:
        """Settle every file that waits for this content; return those settled now.

        Four calls, the reads, and the workshop's part. With `forward`, audio and video go to the slow lane instead.
        Raises BlobBusy while another worker is at it, ToolsAreComing, and the world's errors: all mean "later".
        """
        blob, files = self._read(arrival.owner_id, arrival.sha256)
        if blob is None:
            return []
        blob, waiting = self._waiting(blob, files, again=arrival.again)
        if forward and (waiting or is_due(blob)) and any(file.type in SLOW for file in files):
            self.slow_lane.send(arrivals.message(arrival))
            return []
        if not waiting:
            self.workshop.catch_up(blob, files)
            return []
        if blob.facts is None and not self.extraction.can_begin(blob):
            return []  # the scanner's event brings it back, and should that be lost, the sweep
        try:
            blob, waiting, examined = self._examined(blob, waiting, arrival)
        except ObjectMissing:  # removed meanwhile: the sweep ends the uploads that wait for it
            return []
        settled, claimed = self._settle(blob, waiting, examined, again=arrival.again)
        if claimed:
            self.workshop.make(claimed.blob, claimed.job, settled)
        else:
            self._illustrate(blob, examined.facts, again=arrival.again)
        return settled

    def _examined(
        self, blob: Blob, waiting: list[Waiting], arrival: Arrival
    ) -> tuple[Blob, list[Waiting], Examined]:
        if blob.facts is not None and not arrival.again:
            return blob, waiting, Examined(Facts.model_validate(blob.facts), blob.size)
        blob, waiting, job = self._claim(blob, waiting)
        return blob, waiting, self._examine(blob, arrival.size or blob.size, job)

    def _illustrate(self, blob: Blob, facts: Facts, *, again: bool) -> None:
        if not can_be_illustrated(facts.outcome, facts.kind, facts.sniffed):
            return
        current, files = self._read(blob.owner_id, blob.sha256)
        if current is not None:
            self.workshop.catch_up(current, files, again=again)

    def _read(self, owner_id: str, sha256: str) -> tuple[Blob | None, list[File]]:
        """Return the blob and its files."""
        blob = self.blobs.find(owner_id, sha256)
        members = [member.file_id for member in blob.members] if blob else []
        batches = itertools.batched(members, MAX_BATCH_KEYS)
        return blob, [file for batch in batches for file in self.files.get_many(batch)]

    def _waiting(self, blob: Blob, files: list[File], *, again: bool) -> tuple[Blob, list[Waiting]]:
        """Return the files that are not in a final state and whose bytes these are; all of them, `again`.

        One hash may have been claimed for several multipart uploads; only those that have the composite checksum of
        the object (or sent no parts, where S3 verified the whole hash) get what has arrived.
        """
        members = {member.file_id: member for member in blob.members}
        has = [Waiting(members[file.id], file, file.status in OPEN) for file in files if file.id in members]
        new = [one for one in has if one.upload_open]
        if blob.facts is None and any(one.member.proof is not None for one in new):
            blob = replace(blob, composite=self.blobs.arrived_composite(blob))
        settled = [one for one in has if again and not one.upload_open]
        return blob, settled + [one for one in new if one.member.proof == blob.composite]

    def _claim(self, blob: Blob, waiting: list[Waiting]) -> tuple[Blob, list[Waiting], Job]:
        job, record = self.jobs.begun(blob.owner_id, blob.sha256, Work.EXTRACTION, blob.attempts + 1)
        writes = [*self.blobs.claim(blob), record]
        claimed = []
        for one in waiting[:SETTLED_AT_ONCE]:
            file = one.file
            if file.status is Status.PENDING:
                file, changes = self.files.changed(file, status=Status.PROCESSING)
                writes += changes
            writes += self.uploads.completed(one.member) if one.upload_open else []
            claimed.append(Waiting(one.member, file, upload_open=False))
        try:
            self.tables.commit(writes)
        except (BlobChanged, FileChanged, UploadClosed) as error:
            raise overloaded() from error  # another event or the owner came first; the queue brings it back
        return replace(blob, version=blob.version + 1), claimed + waiting[SETTLED_AT_ONCE:], job

    def _examine(self, blob: Blob, size: int, job: Job) -> Examined:
        try:
            facts = self.extraction.examine(blob, size)
        except ObjectMissing:
            self.tables.commit(self.blobs.release(blob))
            raise
        except Exception as fault:
            self.tables.commit([self.jobs.failed(blob.owner_id, blob.sha256, job, fault)])
            raise
        if facts.code == "media_tools_missing" and self.tools_expected():
            self.tables.commit(self.blobs.release(blob))
            raise ToolsAreComing("The media tools are still being built.")
        spent = Spent(facts.bytes_read, facts.requests)
        return Examined(facts, size, (self.jobs.done(blob.owner_id, blob.sha256, job, facts.code, spent),))

    def _settle(
        self, blob: Blob, waiting: list[Waiting], examined: Examined, *, again: bool
    ) -> tuple[list[File], Claimed | None]:
        """Give every waiting file its final state, some files a transaction, whatever changes meanwhile."""
        settled: dict[str, File] = {}
        claimed: Claimed | None = None
        overtaken = 0
        current: Blob | None = blob
        while current and waiting and overtaken < TRIES:
            try:
                now, claimed = self._settle_some(current, waiting[:SETTLED_AT_ONCE], examined, again=again)
                settled |= {file.id: file for file in now}
                if len(waiting) <= SETTLED_AT_ONCE:
                    break
            except (BlobChanged, FileChanged, UploadClosed):
                overtaken += 1
            current, files = self._read(blob.owner_id, blob.sha256)
            left = [file for file in files if file.id not in settled]
            current, waiting = self._waiting(current, left, again=again) if current else (None, [])
        if overtaken == TRIES:
            raise overloaded()
        return list(settled.values()), claimed

    def _settle_some(
        self, blob: Blob, waiting: list[Waiting], examined: Examined, *, again: bool
    ) -> tuple[list[File], Claimed | None]:
        facts = examined.facts
        settled: list[File] = []
        writes: list[Write] = []
        for one in waiting:
            verdict = conclusion(one.file.extension, facts, again=again) | {"size": examined.size}
            verdict |= _shown(replace(one.file, **verdict), blob)
            after, changes = self.files.changed(self._with_room(one.file, verdict), **verdict)
            closing = self.uploads.completed(one.member) if one.upload_open else []
            writes += [*changes, *closing, self._entry(after)]
            settled.append(after)
        leaving = {file.id for file in settled if file.status is Status.REJECTED}
        claimed, begun = self._next(blob, settled, examined, again=again)
        known = self.blobs.examined(
            blob, facts.model_dump(mode="json"), examined.size, leaving, go_on=claimed is not None
        )
        self.tables.commit([*known, self.extraction.record(blob, facts), *examined.ending, *begun, *writes])
        return [file if file.lists_text else self.files.list_text(file) for file in settled], claimed

    def _next(
        self, blob: Blob, settled: list[File], examined: Examined, *, again: bool
    ) -> tuple[Claimed | None, list[Write]]:
        """Return the blob as it will be, claimed for its renditions, where this worker has it and its only file."""
        facts = examined.facts.model_dump(mode="json")
        known = replace(blob, facts=facts, size=examined.size, version=blob.version + 1, attempts=1)
        alone = blob.refs == 1 and all(shows(file) for file in settled)
        if not (examined.ending and alone and is_due(known, again=again)):
            return None, []
        job, begun = self.jobs.begun(blob.owner_id, blob.sha256, Work.RENDITIONS, known.attempts)
        return Claimed(known, job), [begun]

    def _with_room(self, file: File, verdict: dict[str, Any]) -> File:
        """Return the file, whose old words first go, as a version of its own, if one transaction is too small."""
        if self.files.fits(file, **verdict):
            return file
        file, writes = self.files.changed(file, lists_text=False)
        self.tables.commit(writes)
        return file

    def _entry(self, file: File) -> Write:
        origin = Origin(agent=ACTOR)
        action = f"file.{file.status.value}"
        return self.audit.entry(action, owner=file.owner_id, actor=ACTOR, target=file.id, origin=origin)


def _shown(file: File, blob: Blob) -> dict[str, Any]:
    """Return what a settled file has at once, because it was made of its content before."""
    return illustrated(file, blob.illustrations) if blob.illustrations and shows(file) else {}
