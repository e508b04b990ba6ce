"""Exports as their owners see them: begun, followed, fetched, removed; and the doors through which they go on.

Beginning writes a row and sends a message; a worker takes each message a step further and sends the next. A message
that is lost is sent again by the sweep, one that comes twice finds nothing to do. What belongs to an export lies in a
folder of its own in the bucket, which is emptied when it is removed, fails or expires.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.audit.service import Audit
from chalicelib.aws.queue import Queue
from chalicelib.aws.table import until_not_overtaken
from chalicelib.core.caller import Caller
from chalicelib.core.ids import NewId
from chalicelib.core.job import Job as Message
from chalicelib.core.job import Kind
from chalicelib.core.paging import Cursors, Page
from chalicelib.exports.models import Export, ExportChanged, ExportNotFound, ExportState, Wanted, folder_of
from chalicelib.exports.writing import PATIENCE, Writing
from chalicelib.files.rules import disposition
from chalicelib.limits.service import Limits

LINK_LIFE = timedelta(hours=1)
"""How long an address of a finished export is good; each time it is read, it comes with a new one."""


@dataclass(frozen=True)
class Link:
    """A signed address, good until it expires."""

    url: str
    expires_at: datetime


@dataclass(frozen=True)
class Exports:
    """The use cases of exports."""

    writing: Writing
    queue: Queue
    audit: Audit
    limits: Limits
    cursors: Cursors
    new_id: NewId

    def begin(self, caller: Caller, wanted: Wanted) -> Export:
        """Begin an export; it is made in the background. Raises RateExceeded."""
        self.limits.take("exports", caller.user_id)
        writing, now = self.writing, self.writing.clock()
        export = Export(self.new_id(), caller.user_id, wanted, now, now, now + PATIENCE)
        entry = self.audit.entry(
            "export.begun",
            owner=caller.user_id,
            actor=caller.user_id,
            target=export.id,
            origin=caller.origin,
            kind=wanted.kind,
        )
        try:
            writing.tables.commit([*writing.begun(export), entry])
        except ExportChanged:  # a request that is repeated after a crash meets what it made before
            export = self.get(caller, export.id)
        self._send_for(export.owner_id, export.id)
        return export

    def get(self, caller: Caller, export_id: str) -> Export:
        """Return one of the caller's exports; one call. Raises ExportNotFound."""
        export = self.writing.store.get(caller.user_id, export_id)
        if export is None:
            raise ExportNotFound("There is no such export.")
        return export

    def of_caller(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[Export]:
        """Return a page of the caller's exports, newest first; one call. Raises CursorInvalid."""
        scope = f"{caller.user_id} exports"
        after = self.cursors.open(cursor, scope)["after"] if cursor else None
        found, last = self.writing.store.newest_first(caller.user_id, limit=limit, after=after)
        return Page(found, self.cursors.seal({"after": last}, scope) if last else None)

    def link(self, export: Export) -> Link | None:
        """Return the address of a finished export, or None; no call."""
        moment = self.writing.clock()
        if export.state is not ExportState.FINISHED or export.expires_at is None:
            return None
        life = min(LINK_LIFE, export.expires_at - moment)
        if life < timedelta(seconds=1):
            return None
        url = self.writing.bucket.presign_get(
            export.key,
            content_type=export.wanted.content_type,
            disposition=disposition("attachment", export.wanted.filename),
            seconds=int(life.total_seconds()),
        )
        return Link(url, moment + life)

    def remove(self, caller: Caller, export_id: str) -> None:
        """Stop an export if it is running, and remove it with its object, which follows within moments.

        Raises ExportNotFound.
        """
        writing = self.writing

        def attempt() -> None:
            export, now = self.get(caller, export_id), writing.clock()
            entry = self.audit.entry(
                "export.removed",
                owner=caller.user_id,
                actor=caller.user_id,
                target=export.id,
                origin=caller.origin,
            )
            gone = writing.removal(export, again_at=now)  # should the message be lost, the sweep sends it
            writing.tables.commit([*gone, entry])

        until_not_overtaken(attempt, ExportChanged)
        self._send_for(caller.user_id, export_id)

    def advance(self, owner_id: str, export_id: str) -> Export | None:
        """Do what is next for an export; safe to repeat. Returns None when there is nothing to do (any more)."""
        writing, folder = self.writing, folder_of(owner_id, export_id)
        export = writing.store.get(owner_id, export_id)
        if export is None:
            writing.clear(folder)
            return None
        try:
            if export.state is ExportState.RUNNING:
                export = writing.step(export)
            elif export.due_at <= writing.clock():
                export = writing.overdue(export)
        except ExportChanged:  # another worker goes on with it, or its owner has removed it
            if writing.store.get(owner_id, export_id) is None:
                writing.clear(folder)
            return None
        if export is not None and export.state is ExportState.RUNNING:
            self._send_for(owner_id, export_id)
        return export

    def remind(self) -> int:
        """Send for exports that stand still, have expired or were removed; safe to repeat. Returns how many."""
        count = 0
        for reference, at in self._due():
            owner_id, export_id = reference.split("/")
            export = self.writing.store.get(owner_id, export_id)
            self._send_for(owner_id, export_id)
            count += 1
            if export is None or export.due_at != at:
                self.writing.tables.commit([self.writing.agenda.delete(at, reference)])
                continue
            try:
                later = self.writing.clock() + PATIENCE
                if export.state is ExportState.RUNNING:
                    self.writing.save(replace(export, due_at=later), export)
            except ExportChanged:
                continue  # it goes on by itself
        return count

    def _due(self) -> Iterator[tuple[str, datetime]]:
        for due in self.writing.agenda.due(self.writing.clock()):
            yield due.reference, due.at

    def _send_for(self, owner_id: str, export_id: str) -> None:
        self.queue.send(Message(Kind.EXPORT, {"owner_id": owner_id, "export_id": export_id}).to_text())
