"""GetObject that reads only the range it was asked for, and sends a large body in pieces.

MiniStack reads the whole file for every GetObject, also for a range of it: 64 KB of a 2 GB video would cost
2 GB of memory and a second in which nobody is served. Here the body is an open file that is read where it
is sliced; what is larger than `IN_MEMORY` is streamed, at the pace of its reader. The open file also keeps
the answer whole when the object is overwritten meanwhile.
"""

import os
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from .emulator import Answer, Module, Record
from .patched_call import with_globals

IN_MEMORY = 1 << 20  # bytes of a body that are sent at once
CHUNK = 256 << 10  # bytes read and sent at a time


class FileRange:
    """Bytes `start` to `stop` of an open file, in place of a body."""

    def __init__(self, file: "OpenFile", start: int, stop: int) -> None:
        self._file, self._start, self._stop = file, start, max(start, stop)

    @classmethod
    def of(cls, path: Path) -> Self:
        """The whole file."""
        opened = OpenFile(os.open(path, os.O_RDONLY))
        return cls(opened, 0, opened.size)

    def __len__(self) -> int:
        return self._stop - self._start

    def __getitem__(self, part: slice) -> "FileRange":
        start, stop, _step = part.indices(len(self))
        return FileRange(self._file, self._start + start, self._start + stop)

    def read(self) -> bytes:
        """All of it."""
        return self._file.read(self._start, len(self))

    async def send(self, send: Callable[[Record], Awaitable[None]], _receive: object) -> None:
        """Send it as ASGI body messages; every `send` waits until the reader keeps up."""
        for at in range(self._start, self._stop, CHUNK):
            body = self._file.read(at, min(CHUNK, self._stop - at))
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class OpenFile:
    """A file that is closed when nobody refers to it any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def read(self, start: int, length: int) -> bytes:
        """`length` bytes from `start`; fewer at the end of the file."""
        pieces = []
        while length > 0 and (piece := os.pread(self._descriptor, length, start)):
            pieces.append(piece)
            start, length = start + len(piece), length - len(piece)
        return b"".join(pieces)

    def __del__(self) -> None:
        os.close(self._descriptor)


class StreamedObjects:
    """Replaces how one `ministack.services.s3` module answers GetObject."""

    def __init__(self, s3: Module) -> None:
        self._s3 = s3
        self._streaming = import_module("ministack.core.responses").StreamingResponse

    def install(self) -> None:
        """Put the replacement into the module; other services' reads stay as they are."""
        self._dispatch, self._get_object = self._s3._dispatch, self._s3._get_object
        self._s3._dispatch = self.dispatch

    def dispatch(self, method: str, *args: Any) -> Answer:
        """MiniStack's `_dispatch`, with our GetObject."""
        if method != "GET":
            answer: Answer = self._dispatch(method, *args)
            return answer
        function = with_globals(self._s3, self._dispatch, {"_get_object": self.get_object})
        status, headers, body = function(method, *args)
        return status, headers, body

    def get_object(self, *args: Any) -> tuple[int, dict[str, str], Any]:
        """MiniStack's `_get_object`, reading from the file only what is sent."""
        function = with_globals(self._s3, self._get_object, {"_read_body": self._open_body})
        status, headers, body = function(*args)
        if not isinstance(body, FileRange):
            return status, headers, body
        if len(body) <= IN_MEMORY:
            return status, headers, body.read()
        headers["Content-Length"] = str(len(body))
        return status, headers, self._streaming(body.send)

    def _open_body(self, bucket: str, key: str, record: Record) -> Any:
        path = self._s3._object_disk_path(bucket, key)
        if record.get("body") is not None or path is None:
            return self._s3._read_body(bucket, key, record)
        try:
            return FileRange.of(Path(path))
        except OSError:
            return self._s3._read_body(bucket, key, record)
