"""What the command remembers between runs: sign-ins, hashes of files, uploads that were interrupted.

Two JSON files, each replaced as a whole, so an interruption leaves the old one or the new one.
"""

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path, user_config_path


class Memory:
    """A JSON file of entries by name; safe for the threads of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._held = False
        self._entries: dict[str, Any] = {}
        self._read()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other threads and other runs of the command out, and see what they wrote last."""
        with self._lock:
            if self._held:  # this thread has the lock of the file already
                yield
                return
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._read()
                self._held = True
                try:
                    yield
                finally:
                    self._held = False

    def get(self, name: str) -> Any:
        """Return an entry, or None."""
        with self._lock:
            return self._entries.get(name)

    def put(self, name: str, entry: Any) -> None:
        """Set an entry, or remove it when it is None; readable by nobody else."""
        with self.alone():
            self._entries.pop(name, None)
            if entry is not None:
                self._entries[name] = entry
            draft = self._path.with_suffix(f".{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(self._entries))
            draft.replace(self._path)

    def _read(self) -> None:
        if self._path.exists():
            self._entries = json.loads(self._path.read_text())


def sign_ins() -> Memory:
    """Return the refresh tokens, by the library's address."""
    return Memory(_folder("CONFIG", user_config_path("mediatheque")) / "sign-ins.json")


def uploads() -> Memory:
    """Return what is known of local files: hashes, and uploads under way."""
    return Memory(_folder("CACHE", user_cache_path("mediatheque")) / "uploads.json")


def _folder(kind: str, default: Path) -> Path:
    return Path(os.environ.get(f"MEDIATHEQUE_{kind}_DIR", default))
