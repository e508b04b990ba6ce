"""Identifiers: UUIDv7 (RFC 9562), so that the order of ids is the order of creation."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import uuid_utils

NewId = Callable[[], str]
UUID_VERSION = 7
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
