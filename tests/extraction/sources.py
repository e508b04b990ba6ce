"""Sources for tests: over bytes, and over files of gigabytes of which only a few bytes exist."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chalicelib.extraction.source import MAX_BYTES, MAX_REQUESTS, RangedSource

MEDIA = Path(__file__).parents[1] / "media"
NAMED_PORT = b"14899"  # where the hostile files want their reader to call


def sample(name: str) -> bytes:
    return (MEDIA / "samples" / name).read_bytes()


def source_of(
    content: bytes, *, max_bytes: int = MAX_BYTES, max_requests: int = MAX_REQUESTS
) -> RangedSource:
    return RangedSource(
        lambda first, last: content[first : last + 1],
        len(content),
        max_bytes=max_bytes,
        max_requests=max_requests,
    )


@dataclass(frozen=True)
class Sparse:
    """A large object: `pieces` of bytes at their offsets, zeros everywhere else."""

    size: int
    pieces: tuple[tuple[int, bytes], ...]

    def fetch(self, first: int, last: int) -> bytes:
        answer = bytearray(last - first + 1)
        for at, piece in self.pieces:
            begin, end = max(at, first), min(at + len(piece), last + 1)
            if begin < end:
                answer[begin - first : end - first] = piece[begin - at : end - at]
        return bytes(answer)

    def source(self) -> RangedSource:
        return RangedSource(self.fetch, self.size)


@contextlib.contextmanager
def listening() -> Iterator[tuple[bytes, list[object]]]:
    """A free port of five digits, to be put in place of NAMED_PORT, and whoever connects to it."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, caller = server.accept()
                    connection.close()
                    callers.append(caller)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield str(server.getsockname()[1]).encode(), callers
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
