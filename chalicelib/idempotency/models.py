"""What is kept of a request with an Idempotency-Key, and why a repeated one may be refused."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.errors import Conflict, Invalid, Malformed


@dataclass(frozen=True)
class StoredAnswer:
    """An answer as it was given."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Record:
    """A key of a caller: the request that it stands for, who is at it, and the answer when there is one."""

    owner_id: str
    key: str
    request_hash: str
    begun_at: datetime
    lease_until: datetime
    expires_at: datetime
    done: bool = False
    answer: StoredAnswer | None = None
    """None while the request runs, and for answers that are not kept (secrets, too large)."""


class IdempotencyKeyInvalid(Malformed):
    """Not a fit key."""

    code = "idempotency_key_invalid"


class IdempotencyKeyReused(Invalid):
    """The key stands for another request."""

    code = "idempotency_key_reused"


class RequestInProgress(Conflict):
    """The first request with this key is still running; evidence carries `retry_after` in seconds."""

    code = "request_in_progress"


class AlreadyDone(Conflict):
    """The request was carried out; its answer is not kept."""

    code = "already_done"


class Taken(Conflict):
    """Another request has or had the key."""
