"""File requests as senders use them: look what is asked for, offer a file, say that it was sent."""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.core.caller import Origin
from chalicelib.core.ids import NewId
from chalicelib.files.rules import normal_filename
from chalicelib.inbox.models import (
    Expected,
    FileRequest,
    NoRoom,
    Offer,
    Parcel,
    ParcelMissing,
    ParcelNotFound,
    ParcelState,
    RequestChanged,
)
from chalicelib.inbox.rules import check_open, check_room, check_wanted, token_hash, unknown_request
from chalicelib.inbox.service import Inbox, reference
from chalicelib.limits.service import Limits
from chalicelib.uploads.rules import admitted_type

ADDRESS_LIFE = timedelta(hours=1)
PATIENCE = timedelta(minutes=15)
"""How much longer a parcel is waited for."""
TRIES = 4


@dataclass(frozen=True)
class Senders:
    """The use cases of those who have a request's token."""

    inbox: Inbox
    limits: Limits
    new_id: NewId

    def open(self, token: str) -> FileRequest:
        """Return what is asked for; two calls. Raises RequestNotFound, RequestExpired."""
        request = self.inbox.store.get(token_hash(token))
        if request is None or not self.inbox.may_write(request.owner_id):
            raise unknown_request()
        check_open(request, self.inbox.uploads.clock())
        return request

    def offer(self, token: str, offer: Offer, origin: Origin) -> Expected:
        """Keep a place for a file, and return where its bytes go, for an hour; six calls.

        Raises RequestNotFound, RequestExpired, RequestFull, NotAskedFor, NoRoom, RateExceeded, and what is wrong with
        the file: FilenameInvalid, ExtensionNotAllowed, FileTooLarge.
        """
        self.limits.take("request-address", origin.address)
        for _ in range(TRIES):
            request = self.open(token)
            self._check(request, offer)
            try:
                return self._expect(request, offer)
            except RequestChanged:
                continue  # another sender or the owner came first: the request as it is now decides
        raise unknown_request()

    def sent(self, token: str, parcel_id: str) -> None:
        """Have a file brought in whose bytes are there; four calls. Raises ParcelNotFound, ParcelMissing."""
        hashed = token_hash(token)
        parcel = self.inbox.store.parcel(hashed, parcel_id)
        if parcel is None:
            raise ParcelNotFound("There is no such file on its way.")
        if self.inbox.store.state(parcel) is not ParcelState.OPEN:
            return
        if self.inbox.uploads.bucket.size(parcel.key) is None:
            raise ParcelMissing("Its bytes have not arrived. Send them to the address, and say so again.")
        self.inbox.send_for(hashed, parcel_id)

    def _check(self, request: FileRequest, offer: Offer) -> None:
        name, uploads = normal_filename(offer.filename), self.inbox.uploads
        check_wanted(request, admitted_type(name, offer.size, uploads.beginning.allowed()))
        check_room(request, offer.size)
        standing = uploads.blobs.quotas.standing(request.owner_id)
        if standing.used + offer.size > standing.limit:
            raise NoRoom("There is no room for this file. Tell the one who asked for it.")

    def _expect(self, request: FileRequest, offer: Offer) -> Expected:
        inbox, now = self.inbox, self.inbox.uploads.clock()
        due = now + ADDRESS_LIFE + PATIENCE
        parcel = Parcel(self.new_id(), request.token_hash, request.owner_id, offer, now, due)
        inbox.tables.commit(
            [
                inbox.store.take(request, offer.size, now),
                inbox.store.put_parcel(parcel, request),
                inbox.agenda.put(due, reference(parcel)),
            ]
        )
        seconds = int(ADDRESS_LIFE.total_seconds())
        put = inbox.uploads.bucket.presign_put(
            parcel.key, sha256=offer.sha256, size=offer.size, seconds=seconds
        )
        return Expected(parcel, put, now + ADDRESS_LIFE)
