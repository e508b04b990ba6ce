"""How an upload begins: everything there is to know is read in one call, everything that changes is one transaction.

Read are the content (if the library has it), what this very request may have made before its answer was lost, the
category, what may be uploaded, and how many uploads there were in this minute; the transaction counts one more. What is
refused leaves nothing and does not count.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.allowances.models import Allowances
from chalicelib.allowances.service import AllowanceService
from chalicelib.audit.service import Audit
from chalicelib.aws.agenda import Agenda
from chalicelib.aws.bucket import PresignedPut
from chalicelib.aws.table import Item, Tables, Write
from chalicelib.blobs.models import Blob, BlobState, Member, object_key
from chalicelib.core.caller import Caller
from chalicelib.core.ids import moment_of
from chalicelib.extraction.conclusion import conclusion
from chalicelib.extraction.models import Facts
from chalicelib.files.models import File, Status
from chalicelib.files.rules import UNKNOWN_TYPE, extension_of, normal_filename
from chalicelib.files.service import Files
from chalicelib.limits.models import RateExceeded
from chalicelib.limits.service import Limits, Turn
from chalicelib.quotas.models import QuotaExceeded
from chalicelib.renditions.rules import illustrated, shows
from chalicelib.uploads.announcing import Announcing
from chalicelib.uploads.models import Begun, Duplicate, Ids, Linked, Request, Upload, UploadState
from chalicelib.uploads.rules import admitted_type, check_same, part_size
from chalicelib.uploads.store import UploadStore

ADDRESS_LIFE = timedelta(hours=1)
MULTIPART_LIFE = timedelta(days=7)
"""How long an upload in parts may take; the bucket itself drops parts a day later."""
PATIENCE = timedelta(hours=1)
"""How long after the address has expired the sweep waits for the event of a PUT that was still under way."""


@dataclass(frozen=True)
class _Found:
    """What is known before an upload begins."""

    blob: Blob | None
    begun: bool
    """Whether this very request has begun it already."""
    counter: Item | None
    allowed: Allowances


@dataclass(frozen=True)
class Beginning:
    """Begins uploads, or links content that is here already."""

    tables: Tables
    store: UploadStore
    agenda: Agenda
    files: Files
    announcing: Announcing
    audit: Audit
    limits: Limits
    allowed: AllowanceService
    multipart_from: int
    """Files of this many bytes and more come in parts."""

    def begin(self, caller: Caller, request: Request, status: Status, ids: Ids) -> Begun | Linked:
        """Make one try; two calls. Raises as `Uploads.begin` does, and BlobChanged when overtaken."""
        turn = self.limits.turn("uploads", caller.user_id)
        found = self._read(caller, request, ids.file, turn)
        turn = turn.of(found.allowed.uploads_per_minute)
        file, blob = _new_file(caller, request, status, ids.file, found.allowed), found.blob
        before = turn.check(found.counter) if not found.begun else 0
        if blob is not None and blob.members:
            return self._begun_before(file, ids)
        try:
            outcome = self._begin(caller, request, file, blob, turn, ids)
        except QuotaExceeded as error:
            raise self.files.blobs.quotas.refusal(caller.user_id, file.size) from error
        except RateExceeded:
            turn.tell(0)
            raise
        turn.tell(turn.policy.quota - before - 1)
        return outcome

    def _read(self, caller: Caller, request: Request, file_id: str, turn: Turn) -> "_Found":
        """Return what there is to know; one call."""
        categories, blobs = self.files.catalogue.categories, self.files.blobs
        content = blobs.places(caller.user_id, request.sha256, file_id)
        category = categories.places(caller.user_id, request.category)
        blob, member, counter, allowed, *found = self.tables.get_from(
            [*content, turn.place, self.allowed.place, *category]
        )
        categories.check_read(found)
        return _Found(
            blobs.at_hand([blob, member]), member is not None, counter, self.allowed.at_hand(allowed)
        )

    def _begun_before(self, file: File, ids: Ids) -> Begun | Linked:
        """Return what the same request made before it could answer."""
        made, upload = self.files.get_many([file.id])[0], self.store.get(ids.upload)
        if upload is None:
            return Linked(made)
        return Begun(upload, made, None if upload.part_size else self._address(made))

    def _begin(
        self, caller: Caller, request: Request, file: File, blob: Blob | None, turn: Turn, ids: Ids
    ) -> Begun | Linked:
        if blob is not None and blob.facts is not None:
            if blob.refs and not request.link_duplicate:
                self._refuse_duplicate(blob, request)
            check_same(blob, request)
            if blob.composite in {None, request.composite}:
                return self._link(caller, file, blob, turn)
        return self._expect(caller, file, blob, request.composite, ids.upload, turn)

    def _refuse_duplicate(self, blob: Blob, request: Request) -> None:
        """Raise Duplicate, or HashDisputed, naming a file that has the content; one call."""
        whole = self.files.blobs.find(blob.owner_id, blob.sha256) or blob
        check_same(whole, request)
        raise Duplicate(
            "Your library has this content already. "
            "Use it, or send on_duplicate=link for another file on it.",
            existing_file_id=whole.members[0].file_id if whole.members else None,
        )

    def _link(self, caller: Caller, file: File, blob: Blob, turn: Turn) -> Linked:
        final = File(
            **vars(file) | conclusion(file.extension, Facts.model_validate(blob.facts)) | {"size": blob.size}
        )
        if blob.illustrations and shows(final):
            final = replace(final, **illustrated(final, blob.illustrations))
        joining = (
            []
            if final.status is Status.REJECTED
            else self.files.blobs.join(blob, file.owner_id, file.sha256, blob.size, Member(file.id))
        )
        entry = self._entry("file.linked", caller, file)
        self.tables.commit([*self.files.admit(final), *joining, turn.count(), entry])
        return Linked(final)

    def _expect(
        self,
        caller: Caller,
        file: File,
        blob: Blob | None,
        composite: str | None,
        upload_id: str,
        turn: Turn,
    ) -> Begun:
        upload = self._upload(file, composite, upload_id)
        in_parts = upload.part_size is not None
        member = Member(file.id, upload.id, upload.due_at, (composite or "") if in_parts else None)
        self.tables.commit(
            [
                *self.files.admit(file),
                *self.files.blobs.join(blob, file.owner_id, file.sha256, file.size, member),
                self.store.put_new(upload),
                self.agenda.put(upload.due_at, upload.id),
                turn.count(),
                self._entry("upload.begun", caller, file),
            ]
        )
        if blob is not None and blob.state is BlobState.FREED:
            # Freed before it was examined: if its bytes are there, S3 told so when nobody was waiting.
            self.announcing.if_present(file.owner_id, file.sha256)
        return Begun(upload, file, None if in_parts else self._address(file))

    def _upload(self, file: File, composite: str | None, upload_id: str) -> Upload:
        now = self.audit.clock()
        in_parts = file.status is Status.PENDING and file.size >= self.multipart_from
        life = MULTIPART_LIFE if in_parts else ADDRESS_LIFE
        return Upload(
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

    def _address(self, file: File) -> PresignedPut:
        seconds = int(ADDRESS_LIFE.total_seconds())
        key = object_key(file.owner_id, file.sha256)
        return self.announcing.bucket.presign_put(key, sha256=file.sha256, size=file.size, seconds=seconds)

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


def _new_file(caller: Caller, request: Request, status: Status, file_id: str, allowed: Allowances) -> File:
    name = normal_filename(request.filename)
    now = moment_of(file_id)  # lists by time are ordered by id: both must tell the same
    return File(
        id=file_id,
        owner_id=caller.user_id,
        filename=name,
        extension=extension_of(name),
        type=admitted_type(name, request.size, allowed, request.content_type),
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
