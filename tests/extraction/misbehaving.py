"""A reader that does whatever a taken-over reader might do; `sniffed` says what."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from chalicelib.extraction import wire
from chalicelib.extraction.models import DocumentMetadata, Finding


def read(source: wire.RemoteSource, sniffed: str) -> Finding:
    return Finding(metadata=DocumentMetadata(format="TEST", title=BEHAVIOURS[sniffed](source)))


def _well(source: wire.RemoteSource) -> str:
    return source.read(0, 100).decode()


def _environment(_: wire.RemoteSource) -> str:
    return ",".join(sorted(os.environ))


def _allocate(_: wire.RemoteSource) -> NoReturn:
    hoard = []
    while True:
        hoard.append(bytearray(16 << 20))


def _spin(_: wire.RemoteSource) -> NoReturn:
    while True:
        pass


def _wait(source: wire.RemoteSource) -> NoReturn:
    """Tell the own process id by asking for a range at it, then do nothing."""
    source.read(os.getpid(), 1)
    while True:
        signal.pause()


def _recurse(source: wire.RemoteSource) -> str:
    return _recurse(source)


def _end(_: wire.RemoteSource) -> NoReturn:
    os._exit(3)


def _segfault(_: wire.RemoteSource) -> str:
    return ctypes.string_at(1).decode()


def _raw(message: bytes) -> Callable[[wire.RemoteSource], str]:
    def send(source: wire.RemoteSource) -> str:
        source.wire.socket.sendall(message)
        return "sent"

    return send


def _fault(code: str) -> bytes:
    said = json.dumps({"status": "failed", "code": code, "message": "m", "detail": ""}).encode()
    return b"X" + len(said).to_bytes(4) + said


def _endless_ranges(source: wire.RemoteSource) -> NoReturn:
    while True:
        source.read(0, 1 << 20)


def _lying_text(_: wire.RemoteSource) -> str:
    return "gpj.\u202eexe\x00\x1b[31m" + "x" * 10_000


def _forbidden(liberty: Callable[[], object]) -> Callable[[wire.RemoteSource], str]:
    def attempt(_: wire.RemoteSource) -> str:
        try:
            liberty()
        except OSError as refused:
            return f"refused: {type(refused).__name__}"
        return "done"

    return attempt


BEHAVIOURS: dict[str, Callable[[wire.RemoteSource], str]] = {
    "well": _well,
    "environment": _environment,
    "allocate": _allocate,
    "spin": _spin,
    "wait": _wait,
    "recurse": _recurse,
    "end": _end,
    "segfault": _segfault,
    "garbage": _raw(b"\x00\xff" * 50),
    "not json": _raw(b"F\x00\x00\x00\x04nope"),
    "another model": _raw(b'F\x00\x00\x00\x0a{"a": "b"}'),
    "invented fault": _raw(_fault("<root>")),
    "huge answer": _raw(b"F\x7f\xff\xff\xff"),
    "huge range": _raw(b"R\x00\x00\x00\x0c" + bytes(8) + b"\x7f\xff\xff\xff"),
    "endless ranges": _endless_ranges,
    "lying text": _lying_text,
    "open": _forbidden(Path("/etc/passwd").read_bytes),
    "open parent": _forbidden(lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes()),
    "write": _forbidden(lambda: Path("/tmp/written-by-a-reader").write_bytes(b"x")),
    "fork": _forbidden(os.fork),
    "run": _forbidden(lambda: subprocess.run([sys.executable, "-V"], check=False)),
    "connect": _forbidden(lambda: socket.create_connection(("127.0.0.1", 9))),
    "kill": _forbidden(lambda: os.kill(os.getppid(), signal.SIGTERM)),
}
