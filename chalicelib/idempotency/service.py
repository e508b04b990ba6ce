"""Carries a request out once, however often it is sent with the same Idempotency-Key.

(IETF draft "The Idempotency-Key HTTP Header Field".) The first request takes a lease on the key; others find it busy,
or done and get the same answer. A process that dies leaves a lease that runs out: the next request with the key is
carried out in its place, with the very same ids (`core.ids.in_sequence`), so that what the dead one made is found and
not made again.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.aws.table import ConditionFailed
from chalicelib.core.clock import Clock
from chalicelib.core.ids import sequence
from chalicelib.idempotency.models import (
    AlreadyDone,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    Record,
    RequestInProgress,
    StoredAnswer,
    Taken,
)
from chalicelib.idempotency.store import OnceStore

LEASE = timedelta(seconds=60)
"""Longer than API Gateway lets any request run (29 s)."""
KEPT = timedelta(hours=24)
MAX_KEPT_BYTES = 300_000
"""A DynamoDB item holds 400 KB."""
KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Once:
    """Remembers requests by caller and key for a day."""

    store: OnceStore
    clock: Clock

    def carry_out(
        self, owner_id: str, key: str, request: bytes, act: Callable[[], tuple[StoredAnswer, bool]]
    ) -> StoredAnswer:
        """Return what `act` answers, or what it answered when the key was first used; two calls more than without.

        `act` also says whether its answer may be kept. What it raises leaves the key free. Raises
        IdempotencyKeyInvalid, IdempotencyKeyReused, RequestInProgress, AlreadyDone.
        """
        if not KEY.fullmatch(key):
            raise IdempotencyKeyInvalid("An Idempotency-Key has 1 to 255 visible ASCII characters.")
        record = self._begin(owner_id, key, hashlib.sha256(request).hexdigest())
        if record.answer is not None:
            return record.answer
        try:
            with sequence(f"{owner_id}#{key}", record.begun_at):
                answer, may_be_kept = act()
        except ConditionFailed as error:
            raise _done() from error  # the ids exist: a dead request made the thing, and nothing can tell its answer
        except Exception:
            self.store.tables.commit([self.store.forget(record)])
            raise
        fits = may_be_kept and len(answer.body.encode()) <= MAX_KEPT_BYTES
        self.store.finish(record, answer if fits else None)
        return answer

    def _begin(self, owner_id: str, key: str, request_hash: str) -> Record:
        now = self.clock()
        new = Record(owner_id, key, request_hash, now, now + LEASE, now + KEPT)
        try:
            self.store.put_new(new)
        except Taken:
            return self._meet(new)
        return new

    def _meet(self, new: Record) -> Record:
        former = self.store.get(new.owner_id, new.key)
        if former is None:
            raise _busy()  # refused and forgotten at this very moment
        if former.expires_at <= new.begun_at:
            return self._take_over(new, former)
        if former.request_hash != new.request_hash:
            raise IdempotencyKeyReused("This Idempotency-Key was used for another request. Take a new one.")
        if former.answer is not None:
            return former
        if former.done:
            raise _done()
        if former.lease_until > new.begun_at:
            raise _busy()
        again = Record(
            new.owner_id, new.key, new.request_hash, former.begun_at, new.lease_until, former.expires_at
        )
        return self._take_over(again, former)

    def _take_over(self, record: Record, former: Record) -> Record:
        try:
            self.store.take_over(record, former)
        except Taken as error:
            raise _busy() from error
        return record


def _busy() -> RequestInProgress:
    return RequestInProgress("The first request with this Idempotency-Key is still running.", retry_after=1)


def _done() -> AlreadyDone:
    return AlreadyDone("This request was carried out already; its answer is not kept.")
