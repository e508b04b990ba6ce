"""Run a reader on a source in a confined child process and come back with a finding or a fault, never with its bugs.

The parent keeps the clock, serves the byte ranges within the source's budget, and believes nothing: an answer is
JSON of bounded size that has to pass the models. It speaks to one fork server (`zygote`), started at the first use
and again should it die; several threads may read at the same time.
"""

import dataclasses
import json
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.extraction import wire
from chalicelib.extraction.confinement import Limits
from chalicelib.extraction.errors import (
    BudgetSpent,
    Failed,
    FileFault,
    ReaderCrashed,
    ReaderTimedOut,
    ReadingBudgetSpent,
    Rejected,
    ZygoteUnavailable,
)
from chalicelib.extraction.models import Finding, Text
from chalicelib.extraction.source import RangedSource
from chalicelib.extraction.zygote import JOB, STATUS

MAX_ANSWER = 256 << 10
MAX_RANGES = 50_000
MAX_SERVED_BYTES = 1 << 30
_CPU_LIMIT_STATUSES = {-signal.SIGXCPU, -signal.SIGKILL}  # the soft limit, and the hard one a second later
_BOOT = (
    "import sys, socket; door, sys.path[:] = int(sys.argv[1]), sys.argv[3:]; "
    "from chalicelib.extraction.zygote import serve; "
    "serve(socket.socket(fileno=door), [m for m in sys.argv[2].split(',') if m])"
)


class _Fault(BaseModel):
    """A fault as the child reports it."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["rejected", "failed"]
    code: str = Field(pattern=r"^[a-z_]{1,40}$")
    message: Text
    detail: Text


@dataclass(frozen=True)
class Job:
    """One call of a module's `read` on content of a type, within limits."""

    module: str
    sniffed: str
    limits: Limits

    def message(self, size: int) -> bytes:
        """Return the job for content of `size` bytes as the fork server takes it."""
        job = {"module": self.module, "sniffed": self.sniffed, "size": size}
        return json.dumps(job | {"limits": dataclasses.asdict(self.limits)}).encode()


@dataclass(frozen=True)
class Form[Answer: BaseModel]:
    """What an answer must look like: the model that it has to pass, and the bytes of its JSON at most."""

    model: type[Answer]
    max_bytes: int


@dataclass
class Zygote:
    """The fork server of this process, with `preload` imported. Thread-safe; `close` ends it and all its readers."""

    preload: tuple[str, ...]
    _door: socket.socket | None = field(default=None, init=False)
    _server: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def read(self, module: str, source: RangedSource, sniffed: str, limits: Limits) -> Finding:
        """What `module.read` finds. Raises FileFault, what the source's fetch raises, ZygoteUnavailable."""
        return self.ask(Job(module, sniffed, limits), source, Form(Finding, MAX_ANSWER))

    def ask[Answer: BaseModel](self, job: Job, source: RangedSource, form: Form[Answer]) -> Answer:
        """The answer of `job.module`'s function `read`, as the model that it has to pass. Raises as `read` does."""
        with self._reader() as (line, lifeline):
            line.deadline = time.monotonic() + job.limits.wall_seconds
            try:
                line.send(JOB, job.message(source.size))
                return _converse(line, source, form)
            except wire.WireTimedOut:
                raise ReaderTimedOut from None
            except wire.WireClosed:
                raise _end_of_reader(lifeline) from None
            except wire.WireBroken as broken:
                raise ReaderCrashed(str(broken)) from None

    def close(self) -> None:
        """End the server. Readers still at work lose their lifeline when their own `read` ends."""
        with self._lock:
            if self._door and self._server:
                self._door.close()
                self._server.wait()
            self._door = self._server = None

    @contextmanager
    def _reader(self) -> Iterator[tuple[wire.Wire, socket.socket]]:
        ours, theirs = socket.socketpair()
        lifeline, keepers_end = socket.socketpair()
        with closing(ours), closing(lifeline):
            with closing(theirs), closing(keepers_end):
                self._hand_over(theirs, keepers_end)
            yield wire.Wire(ours), lifeline

    def _hand_over(self, *sockets: socket.socket) -> None:
        descriptors = [s.fileno() for s in sockets]
        with self._lock:
            for door in (self._running_door, self._new_door):
                try:
                    socket.send_fds(door(), [b"j"], descriptors)
                except OSError:
                    continue  # it died since the last reading: once more with a new one
                return
        raise ZygoteUnavailable("the server for readers cannot be reached")

    def _running_door(self) -> socket.socket:
        return self._door or self._new_door()

    def _new_door(self) -> socket.socket:
        if self._door and self._server:
            self._door.close()
            self._server.wait()
        self._door, theirs = socket.socketpair()
        boot = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            _BOOT,
            str(theirs.fileno()),
            ",".join(self.preload),
            *sys.path,
        ]
        with closing(theirs):
            self._server = subprocess.Popen(  # noqa: S603 - our own interpreter with our own code
                boot,
                env={"LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the parent, whose end closes the door
            )
        return self._door


def _converse[Answer: BaseModel](line: wire.Wire, source: RangedSource, form: Form[Answer]) -> Answer:
    """Serve ranges until the reader has answered. Raises FileFault, WireBroken, WireTimedOut and the world's errors."""
    served = 0
    for _ in range(MAX_RANGES):
        kind, payload = line.receive(form.max_bytes)
        if kind != wire.RANGE:
            return _believe(kind, payload, form.model)
        first, count = wire.unpack_range(payload)
        served += count
        if served > MAX_SERVED_BYTES:
            break
        _serve(line, source, first, count)
    raise ReadingBudgetSpent


def _serve(line: wire.Wire, source: RangedSource, first: int, count: int) -> None:
    """Answer one request. The clock stands still meanwhile: a slow store is no fault of the file."""
    asked = time.monotonic()
    try:
        kind, chunk = wire.BYTES, source.read(first, count)
    except BudgetSpent:
        kind, chunk = wire.SPENT, b""
    if line.deadline is not None:
        line.deadline += time.monotonic() - asked
    line.send(kind, chunk)


def _believe[Answer: BaseModel](kind: bytes, payload: bytes, model: type[Answer]) -> Answer:
    try:
        if kind == wire.FINDING:
            return model.model_validate_json(payload)
        fault = _Fault.model_validate_json(payload)
    except ValidationError as nonsense:
        raise ReaderCrashed(f"no valid answer: {nonsense.error_count()} errors") from None
    raise {"rejected": Rejected, "failed": Failed}[fault.status](fault.code, fault.message, fault.detail)


def _end_of_reader(lifeline: socket.socket) -> FileFault:
    """Why a reader ended without an answer, told by its keeper."""
    lifeline.settimeout(5)
    lifeline.shutdown(socket.SHUT_WR)
    try:
        status = STATUS.unpack(lifeline.recv(STATUS.size))[0]
    except (OSError, struct.error):
        return ReaderCrashed("its keeper is gone, too")
    return ReaderTimedOut() if status in _CPU_LIMIT_STATUSES else ReaderCrashed(f"ended with status {status}")
