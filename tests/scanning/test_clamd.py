"""clamd's protocol, against a daemon that speaks it as clamd(8) says."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.core.caller import Caller
from chalicelib.files.models import Status
from chalicelib.scanning.clamd import CHUNK, Clamd
from chalicelib.scanning.models import ScannerAway
from chalicelib.settings import Settings
from chalicelib.uploads.models import Begun
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, a_request
from tests.libraries import arrive, send, stored

pytestmark = pytest.mark.usefixtures("nothing_due")

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LIMIT = 3 * CHUNK


@dataclass
class Daemon:
    """A clamd that knows one virus and takes three megabytes."""

    port: int = 0
    streams: list[bytes] = field(default_factory=list)

    def serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                connection.sendall(self._answer(stream.read))

    def _answer(self, read: Callable[[int], bytes]) -> bytes:
        assert read(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(read(4)):
            content += read(size)
            if len(content) > LIMIT:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.streams.append(content)
        if content.startswith(b"strange"):
            return b"stream: Can't allocate memory ERROR\0"
        return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Daemon(server.getsockname()[1])
        thread = threading.Thread(target=made.serve, args=(server,))
        thread.start()
        yield made
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def scanner(port: int, content: bytes) -> Clamd:
    return Clamd("127.0.0.1", port, lambda _, first, last: content[first : last + 1])


def test_clean_content_is_sent_whole_and_clean(daemon: Daemon) -> None:
    content = b"clean" * (CHUNK // 2)
    assert scanner(daemon.port, content).finding("key", len(content)) is None
    assert daemon.streams == [content]


def test_malware_is_named(daemon: Daemon) -> None:
    finding = scanner(daemon.port, EICAR).finding("key", len(EICAR))
    assert finding is not None
    assert finding.code == "malware_found"
    assert "Eicar-Test-Signature" in finding.message


def test_what_is_too_large_for_the_scanner_is_not_vouched_for(daemon: Daemon) -> None:
    content = bytes(LIMIT + CHUNK)
    finding = scanner(daemon.port, content).finding("key", len(content))
    assert finding is not None
    assert finding.code == "too_large_to_scan"


def test_a_scanner_without_a_verdict_is_asked_later(daemon: Daemon) -> None:
    with pytest.raises(ScannerAway):
        scanner(daemon.port, b"strange").finding("key", 7)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ScannerAway):
        scanner(port, b"x").finding("key", 1)


@pytest.fixture
def scanned(settings: Settings, clients: Clients, clock: FakeClock) -> Callable[[int], Library]:
    """Return a function that makes a library whose files are scanned by the daemon at a port."""

    def make(port: int) -> Library:
        scanned = replace(settings, malware_scan="clamd", clamd_address=f"127.0.0.1:{port}")
        return build(scanned, clients, clock)

    return make


def begun(library: Library, caller: Caller, name: str, content: bytes) -> Begun:
    outcome = library.uploads.begin(caller, a_request(name, content))
    assert isinstance(outcome, Begun)
    send(outcome, content)
    return outcome


def test_malware_is_rejected_and_its_bytes_go(
    daemon: Daemon, scanned: Callable[[int], Library], caller: Caller, clock: FakeClock
) -> None:
    library = scanned(daemon.port)
    [clean] = arrive(library, begun(library, caller, "clean.txt", b"just words").file)
    [bad] = arrive(library, begun(library, caller, "bad.txt", b"see: " + EICAR).file)
    assert clean.status is Status.READY
    assert bad.status is Status.REJECTED
    assert bad.error is not None
    assert bad.error.code == "malware_found"
    clock.advance(library.blobs.grace)
    library.blobs.collect()
    assert stored(library, bad) is None


def test_nothing_becomes_ready_while_the_scanner_is_away(
    daemon: Daemon, scanned: Callable[[int], Library], caller: Caller, clock: FakeClock
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = scanned(port)
    waiting = begun(away, caller, "a.txt", b"just words")
    with pytest.raises(ScannerAway):
        arrive(away, waiting.file)
    assert away.files.get(caller, waiting.file.id).status is Status.PROCESSING
    clock.moment += (away.blobs.grace) / 10
    [file] = arrive(scanned(daemon.port), waiting.file)
    assert file.status is Status.READY
