"""Blobs: joined and left by files, examined by workers, removed by the sweep.

The methods that change return writes, to be committed together with what the change is part of.
"""

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib.aws.agenda import Agenda
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.table import Item, Tables, Write
from chalicelib.blobs.models import (
    Blob,
    BlobBusy,
    BlobChanged,
    BlobState,
    Illustrations,
    Member,
    object_key,
    renditions_prefix,
)
from chalicelib.blobs.rules import LEASE, check_size, is_leased, joined
from chalicelib.blobs.store import BlobStore
from chalicelib.core.clock import Clock
from chalicelib.quotas.service import Quotas

BATCH = 50


@dataclass(frozen=True)
class BlobPage:
    """Some blobs, and where to go on (None: that was all)."""

    blobs: list[Blob]
    next: dict[str, str] | None


@dataclass(frozen=True)
class Blobs:
    """The life of content. `grace` is how long freed bytes stay; it must exceed the life of a presigned PUT."""

    tables: Tables
    store: BlobStore
    agenda: Agenda
    quotas: Quotas
    bucket: Bucket
    clock: Clock
    grace: timedelta
    found_in: Callable[[str, str], list[Write]]
    """Returns the writes that remove what was found in some content of an owner's."""

    def find(self, owner_id: str, sha256: str) -> Blob | None:
        """Read a blob and its members."""
        return self.store.get(owner_id, sha256)

    def places(self, owner_id: str, sha256: str, file_id: str) -> list[tuple[str, dict[str, str]]]:
        """Return the two places to read for what a begin asks of the content: `at_hand` understands them."""
        return self.store.places(owner_id, sha256, file_id)

    def at_hand(self, rows: Sequence[Item | None]) -> Blob | None:
        """Return a blob with, of its members, only the file that `places` were for, if it is one; no call."""
        return self.store.with_member(*rows)

    def join(self, blob: Blob | None, owner_id: str, sha256: str, size: int, member: Member) -> list[Write]:
        """Let a file point to the content. Raises BlobBusy while the bytes are being removed, HashDisputed.

        The first file that takes hold of the content is charged for it: refused with QuotaExceeded.
        """
        put_member = self.store.put_member(owner_id, sha256, member)
        if blob is None:
            return [
                self.store.put_new(owner_id, sha256, size),
                put_member,
                *self.quotas.charge(owner_id, size),
            ]
        if blob.state is BlobState.DELETING:
            raise BlobBusy("This content is just being removed. Try again in a few seconds.", retry_after=5)
        check_size(blob, size)
        change = self.store.update(blob, state=joined(blob), refs=blob.refs + 1, size=size, free_at=None)
        charge = [] if blob.refs else self.quotas.charge(owner_id, size)
        return [change, put_member, *self._not_due(blob), *charge]

    def leave(self, blob: Blob, file_id: str) -> list[Write]:
        """Let a file point to the content no more; the last one frees the bytes."""
        return self._settle(blob, {file_id})

    def prove(self, owner_id: str, sha256: str, file_id: str, composite: str) -> Write:
        """Let a file wait for bytes with this composite checksum. Refused with BlobChanged when it has left."""
        return self.store.prove(owner_id, sha256, file_id, composite)

    def arrived_composite(self, blob: Blob) -> str | None:
        """Ask S3 for the composite checksum of the bytes that are here; None when they came whole."""
        return self.bucket.composite(blob.key)

    def claim(self, blob: Blob) -> list[Write]:
        """Reserve the examination for one worker. Raises BlobBusy while another one has it."""
        now = self.clock()
        if is_leased(blob, now):
            raise BlobBusy(
                "Another worker is examining this content.", retry_after=int(LEASE.total_seconds())
            )
        return [self.store.update(blob, lease_until=now + LEASE, attempts=blob.attempts + 1)]

    def release(self, blob: Blob) -> list[Write]:
        """Give a claim back without a result."""
        return [self.store.update(blob, lease_until=None)]

    def examined(
        self, blob: Blob, facts: dict[str, Any], size: int, leaving: Collection[str], *, go_on: bool = False
    ) -> list[Write]:
        """Record what the bytes are; `leaving` are the files that must not have them.

        The claim ends; to `go_on` makes it the claim of the work that follows, as its first attempt.
        """
        known = {"facts": facts, "size": size, "composite": blob.composite}
        lease_until = self.clock() + LEASE if go_on else None
        return self._settle(blob, leaving, **known, lease_until=lease_until, attempts=int(go_on))

    def illustrated(self, blob: Blob, illustrations: Illustrations) -> list[Write]:
        """Record what was made of the bytes; the claim ends."""
        return [self.store.update(blob, illustrations=illustrations, lease_until=None, attempts=0)]

    def which_exist(self, addresses: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of up to 100 addresses (owner, hash) that have a blob; one call."""
        return self.store.which_exist(addresses)

    def walk(self, start: dict[str, str] | None, *, limit: int) -> BlobPage:
        """Return the blobs (without their members) in one page of the table; one call."""
        rows = self.store.walk(start, limit=limit)
        return BlobPage([self.store.without_members(row) for row in rows.items], rows.next_key)

    def adopt(self, owner_id: str, sha256: str, size: int) -> bool:
        """Take bytes that no blob knows as freed: they stay for the grace period. False when a blob came first."""
        free_at = self.clock() + self.grace
        due = self.agenda.put(free_at, f"{owner_id}#{sha256}")
        try:
            self.tables.commit([self.store.put_freed(owner_id, sha256, size, free_at), due])
        except BlobChanged:
            return False
        return True

    def collect(self) -> int:
        """Remove the bytes whose grace period has ended; safe to repeat and to cut anywhere. Returns how many."""
        count = 0
        for due in self.agenda.due(self.clock()):
            owner_id, sha256 = due.reference.split("#")
            blob = self.find(owner_id, sha256)
            if blob is None or blob.free_at != due.at:
                self.tables.commit([self.agenda.delete(due.at, due.reference)])
            else:
                count += self._remove(blob)
        return count

    def _remove(self, blob: Blob) -> bool:
        # DELETING is written before the bytes go: from then on no file can join them.
        try:
            if blob.state is BlobState.FREED:
                self.tables.commit([self.store.update(blob, state=BlobState.DELETING)])
                blob = replace(blob, state=BlobState.DELETING, version=blob.version + 1)
            self.bucket.delete(object_key(blob.owner_id, blob.sha256))
            for key in self.bucket.keys(renditions_prefix(blob.owner_id, blob.sha256)):
                self.bucket.delete(key)
            for some in itertools.batched(self.found_in(blob.owner_id, blob.sha256), BATCH):
                self.tables.commit(some)
            self.tables.commit([self.store.delete(blob), *self._not_due(blob)])
        except BlobChanged:  # a file joined it, or another sweep removed it, at this very moment
            return False
        return True

    def _settle(self, blob: Blob, leaving: Collection[str], **known: Any) -> list[Write]:
        refs = blob.refs - len(leaving)
        free_at = self.clock() + self.grace if refs == 0 else None
        state = BlobState.FREED if refs == 0 else (BlobState.EXAMINED if known else blob.state)
        change = self.store.update(blob, state=state, refs=refs, free_at=free_at, **known)
        freed = (
            [
                self.agenda.put(free_at, _reference(blob)),
                *self.quotas.refund(blob.owner_id, blob.size),
            ]
            if free_at
            else []
        )
        return [change, *(self.store.delete_member(blob, file_id) for file_id in leaving), *freed]

    def _not_due(self, blob: Blob) -> list[Write]:
        return [self.agenda.delete(blob.free_at, _reference(blob))] if blob.free_at else []


def _reference(blob: Blob) -> str:
    return f"{blob.owner_id}#{blob.sha256}"
