"""Identifiers: UUIDv7 (RFC 9562), so that the order of ids is the order of creation."""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

import uuid_utils

NewId = Callable[[], str]
UUID_VERSION = 7
_sequence: ContextVar[Iterator[str] | None] = ContextVar("sequence", default=None)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_id() -> str:
    """Return a new UUIDv7 in its canonical text form of 36 characters."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Tell whether a text from outside is an id in canonical form; anything else names nothing."""
    try:
        parsed = uuid_utils.UUID(text)
    except ValueError:
        return False
    return parsed.version == UUID_VERSION and str(parsed) == text


def moment_of(id_: str) -> datetime:
    """Return when an id was made, in whole milliseconds."""
    return _EPOCH + int(id_[:8] + id_[9:13], 16) * _MILLISECOND


def first_id_at(moment: datetime) -> str:
    """Return a text that sorts before the ids made at or after a moment, and after all others."""
    since = max(moment.astimezone(UTC), _EPOCH) - _EPOCH
    digits = f"{-(-since // _MILLISECOND):012x}"  # up to the next whole millisecond
    return f"{digits[:8]}-{digits[8:]}"


@contextmanager
def sequence(seed: str, moment: datetime) -> Iterator[None]:
    """Let `in_sequence` give the same ids for the same seed and moment inside the block, in this context."""
    token = _sequence.set(_id_at(moment, f"{seed}#{number}") for number in itertools.count())
    try:
        yield
    finally:
        _sequence.reset(token)


def in_sequence(new_id: NewId) -> NewId:
    """Return a source of ids that follows the running `sequence`, and is `new_id` outside of any.

    For what a request creates: carried out again after a crash, it meets what it made before.
    """

    def next_id() -> str:
        running = _sequence.get()
        return next(running) if running is not None else new_id()

    return next_id


def _id_at(moment: datetime, seed: str) -> str:
    """Return the UUIDv7 (RFC 9562, section 5.7) of a moment whose random bits follow from a seed."""
    milliseconds = int(moment.timestamp() * 1000)
    bits = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:10])
    high, low = bits >> 62 & 0xFFF, bits & (1 << 62) - 1
    return str(uuid_utils.UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low))
