"""Files: list, read, rename, deliver, throw away, bring back, erase."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib.accounts.presence import Presence
from chalicelib.audit.service import Audit
from chalicelib.aws.agenda import Agenda
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.signing import Signer
from chalicelib.aws.table import MAX_TRANSACTION_ITEMS, Tables, Write, until_not_overtaken
from chalicelib.blobs.models import BlobChanged, object_key
from chalicelib.blobs.service import Blobs
from chalicelib.catalogue.categories import CategoryUnknown
from chalicelib.catalogue.models import Criteria, Sort
from chalicelib.catalogue.ranking import Hit
from chalicelib.catalogue.service import EVERYTHING, NEWEST_FIRST, Catalogue, Ids
from chalicelib.core.caller import Caller
from chalicelib.core.clock import Clock
from chalicelib.core.paging import Page
from chalicelib.files.access import check_held, seen_by
from chalicelib.files.copies import Copies
from chalicelib.files.exposure import exposure
from chalicelib.files.later import Later
from chalicelib.files.models import Delivery, File, FileChanged, Permission, Seen
from chalicelib.files.rules import (
    check_same_extension,
    check_servable,
    check_version,
    content_disposition,
    delivered_type,
    entered,
    entry_of,
    life_of,
    normal_filename,
    owned,
    told,
    unknown_file,
)
from chalicelib.files.store import FileStore
from chalicelib.usage.tally import Tally, Use

EMPTIED: dict[str, Any] = {"tags": (), "caption": None, "custom": {}}
"""Fields with many postings, and their values with none."""
BESIDE = 8
"""Items that a transaction may have beside those of a file's change: audit, content, upload, facts, attempt."""


@dataclass(frozen=True)
class Files:
    """The use cases of files. What the caller may not see looks as if it did not exist (FileNotFound).

    A file that is the caller's own costs no call more; for another's, its grant is read.
    """

    tables: Tables
    store: FileStore
    catalogue: Catalogue
    blobs: Blobs
    bucket: Bucket
    signer: Signer
    audit: Audit
    clock: Clock
    granted: Callable[[str, str], Permission | None]
    """What a user was granted on a file."""
    owner_active: Presence
    tally: Tally
    copies: Copies
    exposures: Agenda
    """What is to be done about content that everyone may see now, or may no more."""

    def seen(self, caller: Caller | None, file_id: str, needed: Permission = Permission.VIEW) -> Seen:
        """Return a file that the caller (None: without a token) may see, if they hold what they need.

        One call; one more for another's file, and in a while one for whether its owner is active. Raises
        FileNotFound, PermissionMissing.
        """
        file = self.store.get(file_id)
        if file is None:
            raise unknown_file()
        if caller is not None and caller.user_id == file.owner_id:
            return seen_by(caller, file, None)
        grant = self.granted(file.id, caller.user_id) if caller is not None else None
        seen = seen_by(caller, file, grant)
        check_held(seen.held, needed)
        if not self.owner_active(file.owner_id):
            raise unknown_file()
        return seen

    def get(self, caller: Caller, file_id: str) -> File:
        """Return one of the caller's own files; one call."""
        return owned(self.store.get(file_id), caller.user_id)

    def get_many(self, file_ids: Sequence[str]) -> list[File]:
        """Return files, whoever owns them: for services that have checked that."""
        return self.store.get_many(file_ids)

    def newest_first(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[File]:
        """Return a page of the caller's files outside the trash; two calls."""
        return self.find(caller, limit=limit, cursor=cursor)

    def find(
        self,
        caller: Caller,
        criteria: Criteria = EVERYTHING,
        sort: Sort = NEWEST_FIRST,
        *,
        limit: int,
        cursor: str | None = None,
    ) -> Page[File]:
        """Return a page of the caller's files that are as the criteria say; a call more than the catalogue needs.

        A page may be short, even empty, and have a cursor: then there was much to look at, and more may follow.
        """
        return self.of_owner(caller.user_id, criteria, sort, limit=limit, cursor=cursor)

    def of_owner(
        self, owner_id: str, criteria: Criteria, sort: Sort, *, limit: int, cursor: str | None
    ) -> Page[File]:
        """Return a page of anybody's files, as `find` does: for services that have checked who asks."""
        return self._page(self.catalogue.find(owner_id, criteria, sort, limit=limit, cursor=cursor))

    def walk(
        self, owner_id: str, criteria: Criteria, sort: Sort, *, limit: int, after: str | None
    ) -> tuple[list[File], str | None]:
        """Return a page of an owner's files and the bare position to go on from: for jobs, which keep it themselves."""
        file_ids, last = self.catalogue.walk(owner_id, criteria, sort, limit=limit, after=after)
        return self.store.get_many(file_ids), last

    def best_first(
        self, caller: Caller, criteria: Criteria, title: str, *, limit: int, cursor: str | None
    ) -> Page[tuple[File, Hit]]:
        """Return a page of the caller's files with all these words, best first. Raises NothingAsked."""
        hits, more = self.catalogue.best_first(caller.user_id, criteria, title, limit=limit, cursor=cursor)
        files = {file.id: file for file in self.store.get_many([hit.file_id for hit in hits])}
        return Page([(files[hit.file_id], hit) for hit in hits if hit.file_id in files], more)

    def trash(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[File]:
        """Return a page of what the caller has thrown away; two calls."""
        return self._page(self.catalogue.trash(caller.user_id, limit=limit, cursor=cursor))

    def change(self, caller: Caller, file_id: str, changes: dict[str, Any], expected: int | None) -> File:
        """Change fields that a person may set (a new name keeps its extension); two calls, with a category three.

        All tags and all words at once may be more than a transaction holds: then the file first lets go of the old
        ones and of the words in its text, as a version of its own, and takes those up again at the end; two calls
        more. Raises FileChanged when `expected` is not the file's version, FilenameInvalid, MetadataStays.
        """
        needed = Permission.SHARE if {"visibility", "strip_metadata"} & set(changes) else Permission.EDIT
        before = self.seen(caller, file_id, needed).file
        check_version(before, expected)
        return self.edit_checked(caller, before, changes)

    def edit_checked(self, caller: Caller, before: File, changes: dict[str, Any]) -> File:
        """Change a file as it was read, its category only to one of its owner's. Raises as `change` does."""
        category = changes.get("category")
        if category is not None and category != before.category:
            self.catalogue.categories.check(before.owner_id, category)
        if changes.get("strip_metadata") and not before.strip_metadata:
            self.copies.ask(before)
        return self.edit(caller, before, changes)

    def edit(self, caller: Caller, before: File, changes: dict[str, Any]) -> File:
        """Change a file of the caller's as it was read; one call. Raises FileChanged, FilenameInvalid."""
        if "filename" in changes:
            changes = changes | {"filename": normal_filename(changes["filename"])}
            check_same_extension(changes["filename"], before.extension)
        changed = {name: value for name, value in changes.items() if getattr(before, name) != value}
        if not changed:
            return before
        if self.fits(before, **changed, lists_text=True):
            return self._commit(caller, before, "file.changed", **changed, lists_text=True)
        emptied = {name: value for name, value in EMPTIED.items() if name in changed}
        before = self._commit(caller, before, "file.changed", **emptied, lists_text=False)
        return self.list_text(self._commit(caller, before, "file.changed", **changed))

    def fits(self, before: File, **changes: Any) -> bool:
        """Tell whether a change, and the little that goes with it, is one transaction."""
        return len(self.changed(before, **changes)[1]) < MAX_TRANSACTION_ITEMS - BESIDE

    def list_text(self, file: File) -> File:
        """Let a file be found by the words in its text again; left to the next change if one overtakes it."""
        after, writes = self.changed(file, lists_text=True)
        try:
            self.tables.commit(writes)
        except FileChanged:
            return file
        return after

    def throw_away(self, caller: Caller, file_id: str, expected: int | None) -> None:
        """Move a file to the trash; two calls. What is there already stays there."""
        before = self.seen(caller, file_id, Permission.DELETE).file
        check_version(before, expected)
        if before.trashed_at is None:
            self.move(caller, before, to_trash=True)

    def restore(self, caller: Caller, file_id: str) -> File:
        """Bring a file back from the trash; two calls. What is not there is left as it is."""
        before = self.seen(caller, file_id, Permission.DELETE).file
        return self.move(caller, before, to_trash=False) if before.trashed_at else before

    def move(self, caller: Caller, before: File, *, to_trash: bool) -> File:
        """Move a file as it was read to the trash, or back; one call. Raises FileChanged.

        A file in a category comes back without it when that has ended meanwhile; one call more.
        """
        if to_trash:
            return self._commit(caller, before, "file.trashed", trashed_at=self.clock())
        try:
            return self._commit(caller, before, "file.restored", trashed_at=None)
        except CategoryUnknown:
            return self._commit(caller, before, "file.restored", trashed_at=None, category=None)

    def erase(self, caller: Caller, file_id: str, expected: int | None) -> None:
        """Remove a file for good; its bytes follow when no other file has them and the grace period is over."""
        self.erase_read(caller, lambda: self.seen(caller, file_id, Permission.DELETE).file, expected)

    def erase_read(self, caller: Caller, read: Callable[[], File], expected: int | None) -> None:
        """Remove a file for good, as it is read; what was shared of it follows with the next sweep."""

        def attempt() -> None:
            file = read()
            check_version(file, expected)
            entry = self.entry("file.erased", caller, file, filename=file.filename, sha256=file.sha256)
            shared = self.later.end_sharing(file, self.clock())
            self.tables.commit([*self.removal(file), shared, entry])

        until_not_overtaken(attempt, BlobChanged, *((FileChanged,) if expected is None else ()))

    def download(self, caller: Caller | None, file_id: str, *, inline: bool) -> Delivery:
        """Return the signed address of the bytes, good as long as `life_of` says; one call. Raises FileNotReady."""
        seen = self.seen(caller, file_id, Permission.DOWNLOAD)
        file, life = seen.file, life_of(seen.file, inline=inline, public=caller is None)
        give = self.copies.deliver if seen.bare else self.deliver
        delivery = give(file, inline=inline, life=life)
        self.tally.note(file.id, Use.VIEW if inline else Use.DOWNLOAD)
        return delivery

    def deliver(self, file: File, *, inline: bool, life: timedelta) -> Delivery:
        """Return the signed address of a file's bytes for whoever may have them; no call. Raises FileNotReady."""
        check_servable(file)
        url = self.signer.presign_get(
            object_key(file.owner_id, file.sha256),
            content_type=delivered_type(file),
            disposition=content_disposition(file, inline=inline),
            seconds=int(life.total_seconds()),
        )
        return Delivery(url, self.clock() + life)

    def admit(self, file: File) -> list[Write]:
        """Return the writes of a new file."""
        return [
            self.store.put_new(file),
            *self.catalogue.changes(None, entry_of(file)),
            *self._beside(None, file),
        ]

    def changed(self, before: File, **changes: Any) -> tuple[File, list[Write]]:
        """Return the next version of a file, and its writes; refused with FileChanged, CategoryUnknown."""
        after = replace(before, **changes, version=before.version + 1, updated_at=self.clock())
        postings = self.catalogue.changes(entry_of(before), entry_of(after))
        others = [*self.later.empty_trash(before, after), *self._beside(before, after)]
        return after, [self.store.put_if(after, before.version), *postings, *others]

    def removal(self, file: File) -> list[Write]:
        """Return the writes that remove a file and its hold on its bytes."""
        blob = self.blobs.find(file.owner_id, file.sha256)
        member = blob is not None and any(member.file_id == file.id for member in blob.members)
        leaving = self.blobs.leave(blob, file.id) if blob and member else []
        gone = [*self.catalogue.changes(entry_of(file), None), *self._beside(file, None)]
        return [self.store.delete_if(file), *self.later.empty_trash(file, None), *gone, *leaving]

    def _beside(self, before: File | None, after: File | None) -> list[Write]:
        step, category = exposure(before, after), entered(before, after)
        exposed: list[Write] = [self.exposures.put(self.clock(), step.reference)] if step else []
        there = [self.catalogue.categories.not_ended(category, after.id)] if after and category else []
        return [*exposed, *there]

    @property
    def later(self) -> Later:
        """Return what describes what the sweep is to do."""
        return Later(self.tables, self.store.table)

    def _page(self, ids: Ids) -> Page[File]:
        return Page(self.store.get_many(ids.file_ids), ids.next_cursor, ids.total)

    def _commit(self, caller: Caller, before: File, action: str, **changes: Any) -> File:
        after, writes = self.changed(before, **changes)
        self.tables.commit([*writes, self.entry(action, caller, before, **told(before, changes))])
        return after

    def entry(self, action: str, caller: Caller, file: File, **details: object) -> Write:
        """Return the write that records what someone did with a file."""
        return self.audit.entry(
            action, owner=file.owner_id, actor=caller.user_id, target=file.id, origin=caller.origin, **details
        )
