"""The fork server: imports the heavy parsers once, then gives every reading a fresh, confined process in milliseconds.

It is started with an empty environment and never sees credentials, and it shares no memory with the process that
asks. For each job it forks a keeper, and the keeper forks the reader. The keeper reads nothing but its lifeline: when
that closes, because the parent is done, has lost patience or has died, it kills the reader's whole session and reports
how the reader ended. So no reader outlives its parent, and no process id is ever used after it was freed.
"""

import codecs
import contextlib
import encodings
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import struct
from collections.abc import Callable
from typing import NoReturn

from pydantic import BaseModel

from chalicelib.extraction import confinement, wire
from chalicelib.extraction.errors import (
    BudgetSpent,
    FileFault,
    ReaderCrashed,
    ReaderOutOfMemory,
    ReadingBudgetSpent,
)

JOB = b"J"
MAX_JOB = 4 << 10
STATUS = struct.Struct("!i")

type ReadFunction = Callable[[wire.RemoteSource, str], BaseModel]


def serve(door: socket.socket, preload: list[str]) -> None:
    """Fork a reader for every pair of sockets (wire, lifeline) that comes through `door`, until it closes."""
    for module in preload:
        importlib.import_module(module)
    _load_codecs()
    gc.freeze()  # a reader's collector would touch, and so copy, all that it shares with this process
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers need no reaping
    while True:
        message, sockets, _, _ = socket.recv_fds(door, 1, 2)
        if not message:
            return
        if os.fork() == 0:
            door.close()
            _keep(*sockets)
        for descriptor in sockets:
            os.close(descriptor)


def _load_codecs() -> None:
    """Codecs are modules, imported when a file first names one: too late for a confined reader."""
    for module in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(LookupError):  # not every module there is a codec
            codecs.lookup(module.name)


def _keep(wire_descriptor: int, lifeline_descriptor: int) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    reader = os.fork()
    if reader == 0:
        os.close(lifeline_descriptor)
        _run(wire_descriptor)
    os.close(wire_descriptor)
    with socket.socket(fileno=lifeline_descriptor) as lifeline:
        lifeline.recv(1)
        for kill in (os.killpg, os.kill):
            try:
                kill(reader, signal.SIGKILL)
            except ProcessLookupError:
                continue  # not yet the leader of its own session, or already over
        _, status = os.waitpid(reader, 0)
        try:
            lifeline.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))
        except OSError:
            os._exit(1)  # the parent is gone: nobody to tell
    os._exit(0)


def _run(wire_descriptor: int) -> NoReturn:
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        line = wire.Wire(socket.socket(fileno=wire_descriptor))
        job = json.loads(line.receive(MAX_JOB)[1])
        module = importlib.import_module(job["module"])
        confinement.confine(confinement.Limits(**job["limits"]))
        _answer(line, module.read, wire.RemoteSource(line, job["size"]), job["sniffed"])
    finally:
        os._exit(0)


def _answer(line: wire.Wire, read: ReadFunction, source: wire.RemoteSource, sniffed: str) -> None:
    try:
        line.send(wire.FINDING, read(source, sniffed).model_dump_json().encode())
    except FileFault as fault:
        _complain(line, fault)
    except BudgetSpent:
        _complain(line, ReadingBudgetSpent())
    except MemoryError:
        _complain(line, ReaderOutOfMemory())
    except Exception as surprise:  # noqa: BLE001 - whatever a parser throws is an answer; the parent names it a crash
        _complain(line, ReaderCrashed(f"{type(surprise).__name__}: {surprise}"[:500]))


def _complain(line: wire.Wire, fault: FileFault) -> None:
    said = {"status": fault.status, "code": fault.code, "message": fault.message, "detail": fault.detail}
    line.send(wire.FAULT, json.dumps(said).encode())
