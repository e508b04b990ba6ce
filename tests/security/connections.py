"""Who of this process's children talks to whom, as Linux tells it."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

PROC = Path("/proc")
TABLES = ("tcp", "tcp6", "udp", "udp6")
LISTENING = "0A"
LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")
EVERY_SECONDS = 0.005


class Watcher:
    """Notes every connection of a descendant that leaves the machine, or leads to a port that is none of its business.

    Children of the worker speak to its proxy, on a port of this machine that changes with every file.
    """

    def __init__(self, ignored: int, forbidden_port: int) -> None:
        self._ignored = ignored
        self._forbidden = f"{forbidden_port:04X}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._command = _command(os.getpid())
        """A child with the same is between fork and exec, and still holds what this process has open."""
        self.seen: set[str] = set()
        self.rounds = 0
        self.children: set[int] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self.rounds += 1
            self._look()

    def _look(self) -> None:
        children = list(_descendants(os.getpid(), self._ignored))
        self.children.update(children)
        begun = [child for child in children if _command(child) != self._command]
        theirs = {inode for child in begun for inode in _sockets(child)}
        for remote, state, inode in _rows():
            if inode not in theirs or state == LISTENING or remote.strip("0") == ":":
                continue
            address, port = remote.split(":")
            if address not in LOOPBACK or port == self._forbidden:
                self.seen.add(remote)


def _descendants(pid: int, ignored: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in (PROC / str(pid) / "task").iterdir():
            for word in (task / "children").read_text().split():
                if int(word) != ignored:
                    yield int(word)
                    yield from _descendants(int(word), ignored)


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_bytes()
    return b""


def _sockets(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    return found


def _rows() -> Iterator[tuple[str, str, str]]:
    """Yield remote address and port, state and inode of every socket."""
    for table in TABLES:
        path = PROC / "net" / table
        if path.exists():
            for line in path.read_text().splitlines()[1:]:
                words = line.split()
                yield words[2], words[3], words[9]
