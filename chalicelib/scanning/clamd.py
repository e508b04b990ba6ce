"""ClamAV's daemon, by its INSTREAM command over TCP (clamd(8)): for machines of one's own.

The bytes stream from the bucket to the daemon in ranges, so memory stays flat. How large a stream it takes is the
daemon's own StreamMaxLength; what is larger cannot be vouched for and is not taken.
"""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chalicelib.scanning.models import Finding, ScannerAway, malware_found

CHUNK = 1 << 20
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 120.0
MAX_ANSWER = 4096


@dataclass(frozen=True)
class Clamd:
    """Asks a daemon; `read` returns the bytes of an object from the first to the last given, both included."""

    host: str
    port: int
    read: Callable[[str, int, int], bytes]

    def is_done(self, key: str) -> bool:  # noqa: ARG002 - it scans when it is asked
        """Tell that any object can be judged at once."""
        return True

    def finding(self, key: str, size: int) -> Finding | None:
        """Send an object through the daemon and return what it says of it. Raises ScannerAway."""
        try:
            with socket.create_connection((self.host, self.port), CONNECT_SECONDS) as connection:
                connection.settimeout(ANSWER_SECONDS)
                answer = _exchange(connection, self._chunks(key, size))
        except OSError as error:
            raise ScannerAway("The malware scanner does not answer.", retry_after=30) from error
        return _judged(answer)

    def _chunks(self, key: str, size: int) -> Iterator[bytes]:
        for first in range(0, size, CHUNK):
            yield self.read(key, first, min(first + CHUNK, size) - 1)


def _exchange(connection: socket.socket, chunks: Iterator[bytes]) -> str:
    connection.sendall(b"zINSTREAM\0")
    try:
        for chunk in chunks:
            connection.sendall(len(chunk).to_bytes(4) + chunk)
        connection.sendall(bytes(4))
    except (BrokenPipeError, ConnectionResetError):
        pass  # the daemon has said why before it hung up: too large, or found already
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < MAX_ANSWER:
        received = connection.recv(MAX_ANSWER)
        if not received:
            break
        answer += received
    return answer.rstrip(b"\0\n").decode(errors="replace")


def _judged(answer: str) -> Finding | None:
    said = answer.removeprefix("stream: ")
    if said == "OK":
        return None
    if said.endswith(" FOUND"):
        return malware_found(said.removesuffix(" FOUND"))
    if "size limit exceeded" in said:
        return Finding("too_large_to_scan", "The file is larger than the malware scanner takes.")
    raise ScannerAway("The malware scanner gave no verdict.", retry_after=30)
