"""File requests as their owners know them, and what becomes of parcels.

A sender's bytes go to a key of their own, checked by S3 against hash and size, and only when they are there does a
worker bring them into the library: as an upload of the owner's, charged to the owner's quota, found to be there already
if so. Until then nothing of a parcel is in the library, and its sender learns nothing of what is (decision 35).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib.audit.service import Audit
from chalicelib.aws.agenda import Agenda
from chalicelib.aws.queue import Queue
from chalicelib.aws.table import Tables, Write
from chalicelib.blobs.models import object_key
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.errors import LibraryError
from chalicelib.core.ids import NewId, sequence
from chalicelib.core.job import Job as Message
from chalicelib.core.job import Kind
from chalicelib.core.paging import Cursors, Page
from chalicelib.inbox.models import Asked, FileRequest, NewRequest, Parcel, ParcelState, RequestChanged
from chalicelib.inbox.rules import changed, check_version, new_token, token_hash, unknown_request
from chalicelib.inbox.store import RequestStore, Settled
from chalicelib.limits.models import RateExceeded
from chalicelib.uploads.models import Begun, Request
from chalicelib.uploads.service import Uploads

AGAIN = timedelta(hours=1)
SENDER = "sender"
"""Who acts in the activity log when a file comes in by a request."""


@dataclass(frozen=True)
class Inbox:
    """The use cases of requests. One that is not the caller's looks as if it did not exist (RequestNotFound)."""

    tables: Tables
    store: RequestStore
    agenda: Agenda
    uploads: Uploads
    queue: Queue
    audit: Audit
    cursors: Cursors
    may_write: Callable[[str], bool]
    """Whether an account is active and has a role that uploads."""
    new_id: NewId

    def create(self, caller: Caller, asked: Asked) -> NewRequest:
        """Make a request; one call."""
        token, now = new_token(), self.uploads.clock()
        request = FileRequest(
            id=self.new_id(),
            token_hash=token_hash(token),
            owner_id=caller.user_id,
            name=asked.name,
            message=asked.message,
            created_at=now,
            expires_at=now + timedelta(seconds=asked.expires_in),
            max_files=asked.max_files,
            max_bytes=asked.max_bytes,
            types=asked.types,
            tags=asked.tags,
        )
        entry = self._entry("request.created", caller, request)
        self.tables.commit([*self.store.put_new(request), entry])
        return NewRequest(request, token)

    def get(self, caller: Caller, request_id: str) -> FileRequest:
        """Return one of the caller's requests; two calls. Raises RequestNotFound."""
        request = self.store.find(caller.user_id, request_id)
        if request is None:
            raise unknown_request()
        return request

    def of_caller(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[FileRequest]:
        """Return a page of the caller's requests, newest first; two calls. Raises CursorInvalid."""
        scope = f"{caller.user_id} file requests"
        after = self.cursors.open(cursor, scope)["after"] if cursor else None
        rows = self.store.of_owner(caller.user_id, limit=limit, after=after)
        found = self.store.get_many([row["token_hash"] for row in rows.items])
        more = self.cursors.seal({"after": rows.next_key["sk"]}, scope) if rows.next_key else None
        hashes = [row["token_hash"] for row in rows.items]
        return Page([found[one] for one in hashes if one in found], more)

    def change(
        self, caller: Caller, request_id: str, given: dict[str, Any], expected: int | None
    ) -> FileRequest:
        """Change a request's terms, those that are given; three calls. Raises RequestNotFound, RequestChanged."""
        before = self.get(caller, request_id)
        check_version(before, expected)
        after = changed(before, given, self.uploads.clock())
        entry = self._entry("request.changed", caller, after, fields=sorted(given))
        self.tables.commit([*self.store.change(before, after), entry])
        return after

    def end(self, caller: Caller, request_id: str, expected: int | None) -> None:
        """End a request at once; what is on its way comes in no more. Raises RequestNotFound, RequestChanged."""
        request = self.get(caller, request_id)
        check_version(request, expected)
        self.tables.commit([*self.store.delete(request), self._entry("request.ended", caller, request)])

    def receive(self, token_hash: str, parcel_id: str) -> ParcelState | None:
        """Bring a parcel in if its bytes are there, or give it up if they are overdue; safe to repeat.

        Returns its state, None when it is not known (any more).
        """
        parcel = self.store.parcel(token_hash, parcel_id)
        state = self.store.state(parcel) if parcel else None
        if parcel is None or state is not ParcelState.OPEN:
            self._clear(parcel)
            return state
        if self.uploads.bucket.size(parcel.key) is None:
            overdue = parcel.due_at <= self.uploads.clock()
            return self._settled(parcel, ParcelState.MISSED) if overdue else state
        request = self.store.get(token_hash)
        if request is None or not self.may_write(parcel.owner_id):
            return self._settled(parcel, ParcelState.REFUSED)
        try:
            self._bring_in(parcel, request)
        except RateExceeded:
            raise  # the owner uploads much just now: the queue brings it back
        except LibraryError as refusal:
            if refusal.status >= LibraryError.status:  # the world is in the way
                raise
            return self._settled(parcel, ParcelState.REFUSED, code=refusal.code)
        return self._settled(parcel, ParcelState.RECEIVED)

    def remind(self) -> int:
        """Send for parcels that are overdue; safe to repeat. Returns how many."""
        overdue = list(self.agenda.due(self.uploads.clock()))
        for due in overdue:
            token_hash, parcel_id = due.reference.split("#")
            parcel = self.store.parcel(token_hash, parcel_id)
            if parcel is None or self.store.state(parcel) is not ParcelState.OPEN:
                self.tables.commit([self.agenda.delete(due.at, due.reference)])
                continue
            self.tables.commit(self.agenda.postpone(due, self.uploads.clock() + AGAIN))
            self.send_for(token_hash, parcel_id)
        return len(overdue)

    def send_for(self, token_hash: str, parcel_id: str) -> None:
        """Have a parcel brought in; one call."""
        about = {"token_hash": token_hash, "parcel_id": parcel_id}
        self.queue.send(Message(Kind.RECEIVE, about).to_text())

    def forget(self, owner_id: str) -> None:
        """Forget all requests of an owner's, with their parcels; safe to repeat."""
        while rows := self.store.of_owner(owner_id, limit=20, after=None).items:
            for row in rows:
                for parcel in self.store.parcels(row["token_hash"]):
                    self.uploads.bucket.delete(parcel.key)
                    self.tables.commit([self.store.drop(parcel)])
                request = self.store.get(row["token_hash"])
                self.tables.commit(
                    self.store.delete(request) if request else [self.store.unlist(owner_id, row["sk"])]
                )

    def _bring_in(self, parcel: Parcel, request: FileRequest) -> None:
        """Upload a parcel's bytes for the owner; repeated after a crash, it goes on with the same file."""
        offer, owner = parcel.offer, Caller(parcel.owner_id, Role.OPERATOR, "", Origin(agent="request"))
        wanted = Request(
            offer.filename,
            offer.size,
            offer.sha256,
            link_duplicate=True,
            tags=request.tags,
            custom={"sender": offer.sender} if offer.sender else {},
        )
        with sequence(f"parcel {parcel.id}", parcel.created_at):
            beginning = replace(self.uploads.beginning, multipart_from=offer.size + 1)
            outcome = replace(self.uploads, beginning=beginning).begin(owner, wanted)
        if isinstance(outcome, Begun):
            key = object_key(parcel.owner_id, offer.sha256)
            if self.uploads.bucket.size(key) is None:
                self.uploads.bucket.copy(parcel.key, key)
            self.uploads.announce(outcome.upload)

    def _settled(self, parcel: Parcel, state: ParcelState, **details: object) -> ParcelState:
        ending = [
            self.store.settle(parcel, state),
            self.agenda.delete(parcel.due_at, reference(parcel)),
            self._told(parcel, state, **details),
        ]
        back = [] if state is ParcelState.RECEIVED else [self.store.give_back(parcel)]
        try:
            self._end(ending, back)
        except Settled:
            state = self.store.state(parcel) or state
        self._clear(parcel)
        return state

    def _end(self, ending: list[Write], back: list[Write]) -> None:
        try:
            self.tables.commit([*ending, *back])
        except RequestChanged:  # the request has ended: there is nothing to give back to
            self.tables.commit(ending)

    def _clear(self, parcel: Parcel | None) -> None:
        if parcel is not None:
            self.uploads.bucket.delete(parcel.key)

    def _told(self, parcel: Parcel, state: ParcelState, **details: object) -> Write:
        return self.audit.entry(
            f"request.{state.value}",
            owner=parcel.owner_id,
            actor=SENDER,
            target=parcel.id,
            origin=Origin(),
            filename=parcel.offer.filename,
            size=parcel.offer.size,
            sender=parcel.offer.sender,
            **details,
        )

    def _entry(self, action: str, caller: Caller, request: FileRequest, **details: object) -> Write:
        return self.audit.entry(
            action,
            owner=request.owner_id,
            actor=caller.user_id,
            target=request.id,
            origin=caller.origin,
            **details,
        )


def reference(parcel: Parcel) -> str:
    """Return a parcel's name in the agenda."""
    return f"{parcel.token_hash}#{parcel.id}"
