"""Intake brings every file that waits for some content to its final state, exactly once in effect.

    1. read the blob and its files     nobody waits, or all are settled: nothing to do
    2. claim                           one transaction: a lease on the blob, files -> processing, uploads -> completed
    3. examine                         ranged reads, in limited children
    4. settle                          one transaction: facts on the blob and in `metadata`, files -> final state

Each step is conditional on the versions read before, so events that come twice, late or out of order change nothing,
and a worker that dies leaves a lease that runs out: the queue delivers the event again, and the next one goes on.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.audit.service import Audit
from chalicelib.aws.bucket import ObjectMissing
from chalicelib.aws.table import MAX_BATCH_KEYS, Tables, Write, overloaded
from chalicelib.blobs.arrivals import Arrival
from chalicelib.blobs.models import Blob, BlobChanged, Member
from chalicelib.blobs.service import Blobs
from chalicelib.core.caller import Origin
from chalicelib.extraction.conclusion import conclusion
from chalicelib.extraction.errors import ToolsAreComing
from chalicelib.extraction.models import Facts
from chalicelib.extraction.service import Extraction
from chalicelib.files.models import File, FileChanged, Status
from chalicelib.files.rules import OPEN
from chalicelib.files.service import Files
from chalicelib.uploads.models import UploadClosed
from chalicelib.uploads.service import Uploads

SETTLED_AT_ONCE = 1
"""Files a transaction takes: one may have 70 items with its tags and words, and 100 are the limit."""
TRIES = 4
ACTOR = "extraction"


@dataclass(frozen=True)
class Waiting:
    """A file that waits for its content, as it was read."""

    member: Member
    file: File
    upload_open: bool = True


@dataclass(frozen=True)
class Intake:
    """Handles arrivals. `tools_expected` tells whether missing media tools will be there soon."""

    tables: Tables
    blobs: Blobs
    files: Files
    uploads: Uploads
    extraction: Extraction
    audit: Audit
    tools_expected: Callable[[], bool]

    def arrived(self, arrival: Arrival) -> list[File]:
        """Settle every file that waits for this content; return those settled now. Four calls and the reads.

        Raises BlobBusy while another worker is at it, ToolsAreComing, and the world's errors: all mean "later".
        """
        blob, waiting = self._waiting(arrival.owner_id, arrival.sha256)
        if blob is None or not waiting:
            return []
        if blob.facts is not None:
            return self._settle(blob, waiting, Facts.model_validate(blob.facts), blob.size)
        blob, waiting = self._claim(blob, waiting)
        try:
            facts = self._examine(blob, arrival.size)
        except ObjectMissing:  # removed meanwhile: the sweep ends the uploads that wait for it
            self.tables.commit(self.blobs.release(blob))
            return []
        return self._settle(blob, waiting, facts, arrival.size)

    def _waiting(self, owner_id: str, sha256: str) -> tuple[Blob | None, list[Waiting]]:
        """Return the blob, and its files that are not in a final state and whose bytes these are.

        One hash may have been claimed for several multipart uploads; only those that have the composite checksum of
        the object (or sent no parts, where S3 verified the whole hash) get what has arrived.
        """
        blob = self.blobs.find(owner_id, sha256)
        members = {member.file_id: member for member in blob.members} if blob else {}
        batches = itertools.batched(members, MAX_BATCH_KEYS)
        files = [file for batch in batches for file in self.files.get_many(batch)]
        waiting = [Waiting(members[file.id], file) for file in files if file.status in OPEN]
        if blob is not None and blob.facts is None and any(one.member.proof is not None for one in waiting):
            blob = replace(blob, composite=self.blobs.arrived_composite(blob))
        return blob, [one for one in waiting if blob and one.member.proof == blob.composite]

    def _claim(self, blob: Blob, waiting: list[Waiting]) -> tuple[Blob, list[Waiting]]:
        writes = self.blobs.claim(blob)
        claimed = []
        for one in waiting[:SETTLED_AT_ONCE]:
            file = one.file
            if file.status is Status.PENDING:
                file, changes = self.files.changed(file, status=Status.PROCESSING)
                writes += changes
            writes += self.uploads.completed(one.member)
            claimed.append(Waiting(one.member, file, upload_open=False))
        try:
            self.tables.commit(writes)
        except (BlobChanged, FileChanged, UploadClosed) as error:
            raise overloaded() from error  # another event or the owner came first; the queue brings it back
        return replace(blob, version=blob.version + 1), claimed + waiting[SETTLED_AT_ONCE:]

    def _examine(self, blob: Blob, size: int) -> Facts:
        facts = self.extraction.examine(blob, size)
        if facts.code == "media_tools_missing" and self.tools_expected():
            self.tables.commit(self.blobs.release(blob))
            raise ToolsAreComing("The media tools are still being built.")
        return facts

    def _settle(self, blob: Blob, waiting: list[Waiting], facts: Facts, size: int) -> list[File]:
        """Give every waiting file its final state, some files a transaction, whatever changes meanwhile."""
        settled: list[File] = []
        overtaken = 0
        current: Blob | None = blob
        while current and waiting and overtaken < TRIES:
            try:
                settled += self._settle_some(current, waiting[:SETTLED_AT_ONCE], facts, size)
                if len(waiting) <= SETTLED_AT_ONCE:
                    return settled
            except (BlobChanged, FileChanged, UploadClosed):
                overtaken += 1
            current, waiting = self._waiting(blob.owner_id, blob.sha256)
        if overtaken == TRIES:
            raise overloaded()
        return settled

    def _settle_some(self, blob: Blob, waiting: list[Waiting], facts: Facts, size: int) -> list[File]:
        settled: list[File] = []
        writes: list[Write] = []
        for one in waiting:
            ending = conclusion(one.file.extension, facts) | {"size": size}
            after, changes = self.files.changed(one.file, **ending)
            closing = self.uploads.completed(one.member) if one.upload_open else []
            writes += [*changes, *closing, self._entry(after)]
            settled.append(after)
        leaving = {file.id for file in settled if file.status is Status.REJECTED}
        examined = self.blobs.examined(blob, facts.model_dump(mode="json"), size, leaving)
        self.tables.commit([*examined, self.extraction.record(blob, facts), *writes])
        return settled

    def _entry(self, file: File) -> Write:
        origin = Origin(agent=ACTOR)
        action = f"file.{file.status.value}"
        return self.audit.entry(action, owner=file.owner_id, actor=ACTOR, target=file.id, origin=origin)
