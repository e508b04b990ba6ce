"""Uploads: begin, receive, complete, cancel, expire.

An upload begins with one transaction that makes everything the bytes will need: the file, its postings, its hold
on the content, the upload itself and the moment when the sweep looks after it. S3's event finishes it; no call of
the client is needed for that.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.audit.service import Audit
from chalicelib.aws.agenda import Agenda, Due
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.multipart import MultipartBucket
from chalicelib.aws.table import Tables, Write, until_not_overtaken
from chalicelib.blobs.models import BlobChanged, Member, object_key
from chalicelib.blobs.service import Blobs
from chalicelib.core.caller import Caller, Origin
from chalicelib.core.clock import Clock
from chalicelib.core.ids import NewId
from chalicelib.files.models import File, FileChanged, Status
from chalicelib.files.service import Files
from chalicelib.uploads.beginning import PATIENCE, Beginning
from chalicelib.uploads.models import (
    Begun,
    Ids,
    Linked,
    Request,
    Upload,
    UploadClosed,
    UploadNotFound,
    UploadState,
)
from chalicelib.uploads.store import UploadStore

SYSTEM = Origin(agent="sweep")


@dataclass(frozen=True)
class Uploads:
    """The use cases of uploads."""

    tables: Tables
    store: UploadStore
    agenda: Agenda
    files: Files
    blobs: Blobs
    bucket: Bucket
    beginning: Beginning
    audit: Audit
    clock: Clock
    new_id: NewId
    storage: MultipartBucket

    def begin(self, caller: Caller, request: Request) -> Begun | Linked:
        """Begin an upload, or link content that is here already; two calls.

        Raises FilenameInvalid, ExtensionNotAllowed, FileTooLarge, CategoryUnknown, RateExceeded, Duplicate,
        HashDisputed, QuotaExceeded, BlobBusy.
        """
        ids = self._ids()
        return _while_changing(lambda: self.beginning.begin(caller, request, Status.PENDING, ids))

    def receive(self, caller: Caller, request: Request, content: bytes) -> File:
        """Take in a small file in one go. Raises as `begin` does; a failure on the way to S3 leaves nothing."""
        ids = self._ids()
        begun = _while_changing(lambda: self.beginning.begin(caller, request, Status.PROCESSING, ids))
        if isinstance(begun, Linked):
            return begun.file
        try:
            self.bucket.put_new(object_key(caller.user_id, request.sha256), content, sha256=request.sha256)
        except Exception:
            self.cancel(begun.upload, UploadState.ABORTED, caller.user_id, caller.origin)
            raise
        return begun.file

    def get(self, caller: Caller, upload_id: str) -> Upload:
        """Return one of the caller's uploads. Raises UploadNotFound."""
        upload = self.store.get(upload_id)
        if upload is None or upload.owner_id != caller.user_id:
            raise UploadNotFound("There is no such upload.")
        return upload

    def find(self, upload_id: str) -> Upload | None:
        """Return an upload, whoever owns it: for services that answer nobody."""
        return self.store.get(upload_id)

    def abort(self, caller: Caller, upload_id: str) -> None:
        """Give an open upload up, and its file with it. Raises UploadNotFound, UploadClosed."""
        upload = self.get(caller, upload_id)
        if upload.state is not UploadState.ABORTED:
            self.cancel(upload, UploadState.ABORTED, caller.user_id, caller.origin)

    def completed(self, member: Member) -> list[Write]:
        """Return the writes for an upload whose bytes have arrived; the same again changes nothing."""
        if member.upload_id is None or member.upload_due is None:
            return []
        return [
            self.store.complete(member.upload_id),
            self.agenda.delete(member.upload_due, member.upload_id),
        ]

    def expire(self) -> int:
        """End the uploads that are overdue; safe to repeat and to cut anywhere. Returns how many it looked after.

        Where the bytes are there after all, the event was lost: it is sent again, at most once an hour.
        """
        overdue = list(self.agenda.due(self.clock()))
        for due in overdue:
            self._look_after(due)
        return len(overdue)

    def cancel(self, upload: Upload, state: UploadState, actor: str, origin: Origin) -> None:
        """End an open upload and remove the file that waited for it. Raises UploadClosed."""

        def attempt() -> None:
            waiting = self.files.get_many([upload.file_id])
            removal = self.files.removal(waiting[0]) if waiting else []
            entry = self.audit.entry(
                f"upload.{state.value}",
                owner=upload.owner_id,
                actor=actor,
                target=upload.file_id,
                origin=origin,
            )
            not_due = self.agenda.delete(upload.due_at, upload.id)
            self.tables.commit([self.store.close(upload, state), not_due, *removal, entry])

        _while_changing(attempt)
        if upload.multipart_id:  # a crash before this leaves parts to the sweep
            self.storage.abort(object_key(upload.owner_id, upload.sha256), upload.multipart_id)

    def _look_after(self, due: Due) -> None:
        upload = self.store.get(due.reference)
        if upload is None or upload.state is not UploadState.OPEN:
            self.tables.commit([self.agenda.delete(due.at, due.reference)])
        elif self._has_come(upload):  # whoever finishes it leaves the new entry to the next sweep
            self.tables.commit(self.agenda.postpone(due, self.clock() + PATIENCE))
        else:
            try:
                self.cancel(upload, UploadState.EXPIRED, "sweep", SYSTEM)
            except UploadClosed:
                return  # it was completed or aborted at this very moment

    def _ids(self) -> Ids:
        return Ids(self.new_id(), self.new_id())

    def _has_come(self, upload: Upload) -> bool:
        """Tell whether an upload's bytes are there after all, and if so send their event again."""
        key = object_key(upload.owner_id, upload.sha256)
        if upload.part_size and (not upload.composite or self.bucket.composite(key) != upload.composite):
            return False
        return self.beginning.announcing.if_present(upload.owner_id, upload.sha256)

    def announce(self, upload: Upload) -> None:
        """Send the event of bytes that are here; the same news twice is no harm."""
        self.beginning.announcing.announce(upload.owner_id, upload.sha256, upload.size)


def _while_changing[Result](attempt: Callable[[], Result]) -> Result:
    return until_not_overtaken(attempt, BlobChanged, FileChanged)
