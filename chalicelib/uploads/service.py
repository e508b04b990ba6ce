"""Uploads: begin, receive, complete, cancel, expire.

An upload begins with one transaction that makes everything the bytes will need: the file, its postings, its hold
on the content, the upload itself and the moment when the sweep looks after it. S3's event finishes it; no call of
the client is needed for that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.audit.service import Audit
from chalicelib.aws.agenda import Agenda, Due
from chalicelib.aws.bucket import Bucket, PresignedPut
from chalicelib.aws.multipart import MultipartBucket
from chalicelib.aws.queue import Queue
from chalicelib.aws.table import Tables, Write, until_not_overtaken
from chalicelib.blobs import arrivals
from chalicelib.blobs.models import Blob, BlobChanged, BlobState, Member, object_key
from chalicelib.blobs.service import Blobs
from chalicelib.core.caller import Caller, Origin
from chalicelib.core.clock import Clock
from chalicelib.core.ids import NewId, moment_of
from chalicelib.extraction.conclusion import conclusion
from chalicelib.extraction.models import Facts
from chalicelib.files.models import File, FileChanged, Status
from chalicelib.files.rules import UNKNOWN_TYPE, extension_of, normal_filename
from chalicelib.files.service import Files
from chalicelib.renditions.rules import illustrated, shows
from chalicelib.uploads.models import (
    Begun,
    Duplicate,
    Ids,
    Linked,
    Request,
    Upload,
    UploadClosed,
    UploadNotFound,
    UploadState,
)
from chalicelib.uploads.rules import admitted_type, check_same, part_size
from chalicelib.uploads.store import UploadStore

ADDRESS_LIFE = timedelta(hours=1)
MULTIPART_LIFE = timedelta(days=7)
"""How long an upload in parts may take; the bucket itself drops parts a day later."""
PATIENCE = timedelta(hours=1)
"""How long after the address has expired the sweep waits for the event of a PUT that was still under way."""
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
    queue: Queue
    audit: Audit
    clock: Clock
    new_id: NewId
    limits: Mapping[str, int]
    storage: MultipartBucket
    multipart_from: int
    """Files of this many bytes and more come in parts."""

    def begin(self, caller: Caller, request: Request) -> Begun | Linked:
        """Begin an upload, or link content that is here already; two calls.

        Raises FilenameInvalid, ExtensionNotAllowed, FileTooLarge, Duplicate, HashDisputed, QuotaExceeded,
        BlobBusy.
        """
        ids = self._ids()
        return _while_changing(lambda: self._begin(caller, request, Status.PENDING, ids))

    def receive(self, caller: Caller, request: Request, content: bytes) -> File:
        """Take in a small file in one go. Raises as `begin` does; a failure on the way to S3 leaves nothing."""
        ids = self._ids()
        begun = _while_changing(lambda: self._begin(caller, request, Status.PROCESSING, ids))
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

    def _begin(self, caller: Caller, request: Request, status: Status, ids: Ids) -> Begun | Linked:
        file = self._new_file(caller, request, status, ids.file)
        blob = self.blobs.find(caller.user_id, request.sha256)
        if blob is not None and any(member.file_id == file.id for member in blob.members):
            return self._begun_before(file, ids)
        if blob is not None and blob.facts is not None:
            check_same(blob, request)
            if blob.members and not request.link_duplicate:
                raise Duplicate(
                    "Your library has this content already. "
                    "Use it, or send on_duplicate=link for another file on it.",
                    existing_file_id=blob.members[0].file_id,
                )
            if blob.composite in {None, request.composite}:
                return self._link(caller, file, blob)
        return self._expect(caller, file, blob, request.composite, ids.upload)

    def _begun_before(self, file: File, ids: Ids) -> Begun | Linked:
        """Return what the same request made before it could answer."""
        made, upload = self.files.get_many([file.id])[0], self.store.get(ids.upload)
        if upload is None:
            return Linked(made)
        return Begun(upload, made, None if upload.part_size else self._address(made))

    def _new_file(self, caller: Caller, request: Request, status: Status, file_id: str) -> File:
        name = normal_filename(request.filename)
        if request.category is not None:
            self.files.catalogue.categories.check(caller.user_id, request.category)
        now = moment_of(file_id)  # lists by time are ordered by id: both must tell the same
        return File(
            id=file_id,
            owner_id=caller.user_id,
            filename=name,
            extension=extension_of(name),
            type=admitted_type(name, request.size, self.limits),
            mime_type=UNKNOWN_TYPE,
            size=request.size,
            sha256=request.sha256,
            status=status,
            created_at=now,
            updated_at=now,
            caption=request.caption,
            content_id=request.content_id,
            category=request.category,
            visibility=request.visibility,
            tags=request.tags,
            custom=request.custom,
        )

    def _link(self, caller: Caller, file: File, blob: Blob) -> Linked:
        final = File(
            **vars(file) | conclusion(file.extension, Facts.model_validate(blob.facts)) | {"size": blob.size}
        )
        if blob.illustrations and shows(final):
            final = replace(final, **illustrated(final, blob.illustrations))
        joining = (
            []
            if final.status is Status.REJECTED
            else self.blobs.join(blob, file.owner_id, file.sha256, blob.size, Member(file.id))
        )
        self.tables.commit([*self.files.admit(final), *joining, self._entry("file.linked", caller, file)])
        return Linked(final)

    def _expect(
        self, caller: Caller, file: File, blob: Blob | None, composite: str | None, upload_id: str
    ) -> Begun:
        now = self.clock()
        in_parts = file.status is Status.PENDING and file.size >= self.multipart_from
        life = MULTIPART_LIFE if in_parts else ADDRESS_LIFE
        upload = Upload(
            id=upload_id,
            file_id=file.id,
            owner_id=file.owner_id,
            sha256=file.sha256,
            size=file.size,
            state=UploadState.OPEN,
            created_at=now,
            expires_at=now + life,
            due_at=now + life + PATIENCE,
            part_size=part_size(file.size) if in_parts else None,
            composite=composite if in_parts else None,
        )
        member = Member(file.id, upload.id, upload.due_at, (composite or "") if in_parts else None)
        self.tables.commit(
            [
                *self.files.admit(file),
                *self.blobs.join(blob, file.owner_id, file.sha256, file.size, member),
                self.store.put_new(upload),
                self.agenda.put(upload.due_at, upload.id),
                self._entry("upload.begun", caller, file),
            ]
        )
        if blob is not None and blob.state is BlobState.FREED:
            # Freed before it was examined: if its bytes are there, S3 told so when nobody was waiting.
            self._announce_if_present(file.owner_id, file.sha256)
        return Begun(upload, file, None if in_parts else self._address(file))

    def _address(self, file: File) -> PresignedPut:
        seconds = int(ADDRESS_LIFE.total_seconds())
        key = object_key(file.owner_id, file.sha256)
        return self.bucket.presign_put(key, sha256=file.sha256, size=file.size, seconds=seconds)

    def _has_come(self, upload: Upload) -> bool:
        """Tell whether an upload's bytes are there after all, and if so send their event again."""
        key = object_key(upload.owner_id, upload.sha256)
        if upload.part_size and (not upload.composite or self.bucket.composite(key) != upload.composite):
            return False
        return self._announce_if_present(upload.owner_id, upload.sha256)

    def announce(self, upload: Upload) -> None:
        """Send the event of bytes that are here; the same news twice is no harm."""
        self.queue.send(arrivals.message(arrivals.Arrival(upload.owner_id, upload.sha256, upload.size)))

    def _announce_if_present(self, owner_id: str, sha256: str) -> bool:
        size = self.bucket.size(object_key(owner_id, sha256))
        if size is None:
            return False
        self.queue.send(arrivals.message(arrivals.Arrival(owner_id, sha256, size)))
        return True

    def _entry(self, action: str, caller: Caller, file: File) -> Write:
        return self.audit.entry(
            action,
            owner=file.owner_id,
            actor=caller.user_id,
            target=file.id,
            origin=caller.origin,
            filename=file.filename,
            size=file.size,
            sha256=file.sha256,
        )


def _while_changing[Result](attempt: Callable[[], Result]) -> Result:
    return until_not_overtaken(attempt, BlobChanged, FileChanged)
