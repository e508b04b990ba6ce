"""One stored object as bytes that can be asked for anywhere, at a bounded price.

Readers jump: a header here, an index at the end. Every read is served from blocks that are fetched once and kept for
a while; while reading is sequential the fetches grow, so that a long read does not become a thousand requests. The
price in bytes and requests is counted and capped, however a reader behaves.
"""

import io
import threading
from collections.abc import Buffer, Callable
from typing import BinaryIO, Protocol, override

from chalicelib.extraction.errors import BudgetSpent, ShortFetch

BLOCK = 32 << 10
MOST_BLOCKS_PER_FETCH = 32
GROWTH = 4  # of fetches while reading is sequential: an index of 1 MB takes four of them
CACHED_BYTES = 24 << 20
MAX_BYTES = 64 << 20  # the index of a film of twelve hours has 33 MB
MAX_REQUESTS = 256


class ByteSource(Protocol):
    """What a reader reads: the object itself, or the view of it that a child process has."""

    @property
    def size(self) -> int:
        """The object's length in bytes."""
        ...

    def read(self, first: int, count: int) -> bytes:
        """At most `count` bytes from offset `first`; fewer only at the end of the object. Raises BudgetSpent."""
        ...


def opened(source: ByteSource) -> BinaryIO:
    """A seekable, read-only file over the source: what Pillow, zipfile, pypdf and olefile expect."""
    return io.BufferedReader(RangedFile(source), buffer_size=8 << 10)


class RangedSource:
    """Bytes of one object of `size` bytes through `fetch(first, last)`, both ends inclusive. Safe to share by threads.

    What `fetch` raises passes through unchanged. `bytes_read` and `requests` count what was fetched, `spent` says that
    a read was refused because `max_bytes` or `max_requests` would have been exceeded. With `read_ahead` a fetch goes on
    to the object's end: for small objects that will be read whole, where a round trip costs more than the bytes.
    """

    def __init__(
        self,
        fetch: Callable[[int, int], bytes],
        size: int,
        *,
        max_bytes: int = MAX_BYTES,
        max_requests: int = MAX_REQUESTS,
        read_ahead: bool = False,
    ) -> None:
        self.size = size
        self.bytes_read = self.requests = 0
        self.spent = False
        self._fetch, self._max_bytes, self._max_requests = fetch, max_bytes, max_requests
        self._blocks: dict[int, bytes] = {}
        self._cached = 0
        self._expected_block = -1
        self._run = self._first_run = size // BLOCK + 1 if read_ahead else 1
        self._growth = GROWTH
        self._lock = threading.Lock()

    def expect(self, *, growth: int, first_blocks: int) -> None:
        """Set how reading goes on: how much longer each fetch in a row is than the last, and how long the first is."""
        self._growth, self._first_run = growth, first_blocks

    def restrict(self, max_bytes: int, max_requests: int) -> None:
        """Lower the budget, of all that is read from first to last; a lower one stays."""
        self._max_bytes = min(self._max_bytes, max_bytes)
        self._max_requests = min(self._max_requests, max_requests)

    def allow(self, more_bytes: int, more_requests: int) -> None:
        """Set the budget anew: so much beyond what has been read so far."""
        self._max_bytes = self.bytes_read + more_bytes
        self._max_requests = self.requests + more_requests
        self.spent = False

    def read(self, first: int, count: int) -> bytes:
        """At most `count` bytes from offset `first`; fewer only at the end. Raises BudgetSpent, ShortFetch."""
        last = min(first + count, self.size)
        if first < 0 or first >= last:
            return b""
        chunks = [self._block(index) for index in range(first // BLOCK, (last - 1) // BLOCK + 1)]
        start = first % BLOCK
        return b"".join(chunks)[start : start + last - first]

    def _block(self, index: int) -> bytes:
        with self._lock:
            if index not in self._blocks:
                more = (
                    min(self._run * self._growth, MOST_BLOCKS_PER_FETCH)
                    if index == self._expected_block
                    else 1
                )
                self._run = max(more, self._first_run)
                self._fetch_blocks(index, self._run)
                self._expected_block = index + self._run
            return self._blocks[index]

    def _fetch_blocks(self, index: int, count: int) -> None:
        first = index * BLOCK
        affordable = max((self._max_bytes - self.bytes_read) // BLOCK, 1)
        missing = next((i for i in range(1, count) if index + i in self._blocks), count)
        end = min((index + min(missing, affordable)) * BLOCK, self.size)
        if self.bytes_read + end - first > self._max_bytes or self.requests >= self._max_requests:
            self.spent = True
            raise BudgetSpent(f"reading {end - first} bytes more would exceed the budget")
        self.requests += 1
        chunk = self._fetch(first, end - 1)
        self.bytes_read += len(chunk)
        if len(chunk) != end - first:
            raise ShortFetch(first, end - first, len(chunk))
        self._keep(index, chunk)

    def _keep(self, index: int, chunk: bytes) -> None:
        self._cached += len(chunk)
        while self._blocks and self._cached > CACHED_BYTES:
            self._cached -= len(self._blocks.pop(next(iter(self._blocks))))
        for start in range(0, len(chunk), BLOCK):
            block = chunk[start : start + BLOCK]
            self._cached -= len(self._blocks.get(index + start // BLOCK, b""))
            self._blocks[index + start // BLOCK] = block


class RangedFile(io.RawIOBase):
    """A raw, seekable file over a source."""

    def __init__(self, source: ByteSource) -> None:
        super().__init__()
        self._source, self._position = source, 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return self._position

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if base + offset < 0:
            raise OSError(22, "seek before the start")
        self._position = base + offset
        return self._position

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer).cast("B")
        chunk = self._source.read(self._position, len(view))
        view[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)
