"""Identifiers: UUIDv7 (RFC 9562), so that the order of ids is the order of creation."""

from collections.abc import Callable

import uuid_utils

NewId = Callable[[], str]
UUID_VERSION = 7


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
