"""How a reader in its child process and its parent speak: length-prefixed messages over one socket pair.

The child asks for byte ranges and ends with one answer; the parent serves the ranges. The parent treats every message
as hostile: sizes are checked before memory is spent, and an answer is JSON that still has to pass the models.
"""

import socket
import struct
import time
from dataclasses import dataclass, field

from chalicelib.extraction.errors import BudgetSpent

RANGE, FINDING, FAULT = b"R", b"F", b"X"
BYTES, SPENT = b"B", b"S"
MAX_RANGE = 1 << 20
_HEADER = struct.Struct("!cI")
_RANGE = struct.Struct("!QI")


class WireBroken(Exception):
    """The other side says something that is no message."""


class WireClosed(WireBroken):
    """The other side is gone."""


@dataclass
class Wire:
    """One end of the conversation. `deadline` (time.monotonic) ends every wait with TimeoutError; None never."""

    socket: socket.socket
    deadline: float | None = field(default=None)

    def send(self, kind: bytes, payload: bytes) -> None:
        """Send one message. Raises WireClosed, TimeoutError."""
        self._limit_wait()
        try:
            self.socket.sendall(_HEADER.pack(kind, len(payload)) + payload)
        except ConnectionError as gone:
            raise WireClosed("the other side has gone") from gone

    def receive(self, max_payload: int) -> tuple[bytes, bytes]:
        """The next message's kind and payload. Raises WireBroken, also when it is over the limit, and TimeoutError."""
        kind, size = _HEADER.unpack(self._exactly(_HEADER.size))
        if size > max_payload:
            raise WireBroken(f"a message of {size} bytes")
        return kind, self._exactly(size)

    def _exactly(self, count: int) -> bytes:
        chunks = bytearray()
        while len(chunks) < count:
            self._limit_wait()
            try:
                chunk = self.socket.recv(min(count - len(chunks), 1 << 16))
            except ConnectionError as gone:
                raise WireClosed("the other side has gone") from gone
            if not chunk:
                raise WireClosed("the other side has gone")
            chunks += chunk
        return bytes(chunks)

    def _limit_wait(self) -> None:
        if self.deadline is not None:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)


@dataclass(frozen=True)
class RemoteSource:
    """The parent's source as the child sees it: the same `read`, over the wire."""

    wire: Wire
    size: int

    def read(self, first: int, count: int) -> bytes:
        """At most `count` bytes from `first`; fewer only at the end. Raises BudgetSpent when the parent refuses."""
        parts = []
        end = min(first + count, self.size)
        while first < end:
            size = min(end - first, MAX_RANGE)
            self.wire.send(RANGE, _RANGE.pack(first, size))
            kind, chunk = self.wire.receive(MAX_RANGE)
            if kind == SPENT:
                raise BudgetSpent("the parent's source refuses to read more")
            parts.append(chunk)
            first += size
        return b"".join(parts)


def unpack_range(payload: bytes) -> tuple[int, int]:
    """Offset and count of a RANGE message. Raises WireBroken when it is none or asks for more than MAX_RANGE."""
    if len(payload) != _RANGE.size:
        raise WireBroken("no range")
    first, count = _RANGE.unpack(payload)
    if count > MAX_RANGE:
        raise WireBroken(f"a range of {count} bytes")
    return first, count
