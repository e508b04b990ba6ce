"""How a reader in its child process and its parent speak: length-prefixed messages over one socket pair.

The child asks for byte ranges and ends with one answer; the parent serves the ranges. The parent treats every message
as hostile: sizes are checked before memory is spent, and an answer is JSON that still has to pass the models.
"""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


class WireTimedOut(Exception):
    """The deadline has passed. Not TimeoutError: that is what a slow store may raise in the same conversation."""


@dataclass
class Wire:
    """One end of the conversation. `deadline` (of time.monotonic) limits every wait; without one it waits for ever."""

    socket: socket.socket
    deadline: float | None = field(default=None)

    def send(self, kind: bytes, payload: bytes) -> None:
        """Send one message. Raises WireClosed, WireTimedOut."""
        with self._limited_wait():
            self.socket.sendall(_HEADER.pack(kind, len(payload)) + payload)

    def receive(self, max_payload: int) -> tuple[bytes, bytes]:
        """The next message's kind and payload. Raises WireBroken, also when it is over the limit, and WireTimedOut."""
        kind, size = _HEADER.unpack(self._exactly(_HEADER.size))
        if size > max_payload:
            raise WireBroken(f"a message of {size} bytes")
        return kind, self._exactly(size)

    def _exactly(self, count: int) -> bytes:
        chunks = bytearray()
        while len(chunks) < count:
            with self._limited_wait():
                chunk = self.socket.recv(min(count - len(chunks), 1 << 16))
            if not chunk:
                raise WireClosed("the other side has gone")
            chunks += chunk
        return bytes(chunks)

    @contextmanager
    def _limited_wait(self) -> Iterator[None]:
        try:
            if self.deadline is not None:
                # a timeout of 0 would mean non-blocking
                self.socket.settimeout(max(self.deadline - time.monotonic(), 0.001))
            yield
        except TimeoutError:
            raise WireTimedOut from None
        except ConnectionError as gone:
            raise WireClosed("the other side has gone") from gone


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
