"""Keys for other purposes, derived from the current token key."""

import hashlib
import hmac
from collections.abc import Mapping


def derived(keys: Mapping[str, str], purpose: bytes) -> bytes:
    """Return the key for a purpose; who has it learns nothing of the others."""
    return hmac.digest(keys[keys["current"]].encode(), purpose, hashlib.sha256)
