"""Lists come in pages; the way to the next page is an opaque, signed cursor.

A cursor holds the key of the last item and is bound to its list (whose it is, which filters, which order), so it
can neither be forged to look elsewhere nor carried over to another list.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.core.errors import Malformed

SIGNATURE_BYTES = 16
Position = dict[str, str]


class CursorInvalid(Malformed):
    """A cursor that this library did not issue for this list."""

    code = "cursor_invalid"


@dataclass(frozen=True)
class Page[Item]:
    """Some items in order, and the position to go on from (None: the list has ended)."""

    items: list[Item]
    next_cursor: str | None = None
    total: int | None = None


@dataclass(frozen=True)
class Cursors:
    """Seals positions into cursors and opens them; `key` returns the secret, so it is read only when needed."""

    key: Callable[[], bytes]

    def seal(self, position: Position, scope: str) -> str:
        """Return the cursor for a position in the list that `scope` names."""
        text = json.dumps(position, separators=(",", ":"), sort_keys=True).encode()
        return base64.urlsafe_b64encode(self._sign(text, scope) + text).decode().rstrip("=")

    def open(self, cursor: str, scope: str) -> Position:
        """Return the position in a cursor, or raise CursorInvalid."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _invalid() from error
        signature, text = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(text, scope)):
            raise _invalid()
        position: Position = json.loads(text)
        return position

    def _sign(self, text: bytes, scope: str) -> bytes:
        message = scope.encode() + b"\0" + text
        return hmac.digest(self.key(), message, hashlib.sha256)[:SIGNATURE_BYTES]


def _invalid() -> CursorInvalid:
    return CursorInvalid("This cursor does not belong to this list. Start again without a cursor.")
