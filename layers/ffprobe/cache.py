"""Finished builds, kept outside the checkout and shared by all checkouts of this user.

A build becomes visible by one rename, so what is there is whole. One build of a key runs at a time: its
processes hold a lock that the kernel takes back when they are dead, however they died.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from layers.ffprobe import recipe
from layers.ffprobe.recipe import Architecture, LayerUnavailable

State = Literal["ready", "building", "missing", "failed"]


@dataclass(frozen=True)
class Place:
    """Where one key's build lies, and the files beside it that tell how it goes."""

    cache: Path
    key: str

    @classmethod
    def of(cls, cache: Path, architecture: Architecture) -> "Place":
        """Name the place of the present recipe's build."""
        return cls(cache, recipe.key(architecture))

    @property
    def layer(self) -> Path:
        """The finished build: bin/, LICENCES/, layer.zip, relink.tar.xz and SHA256SUMS."""
        return self.cache / self.key

    @property
    def lock(self) -> Path:
        """The file that a running build holds locked."""
        return self.cache / f"{self.key}.lock"

    @property
    def failure(self) -> Path:
        """The sentence that the last build ended with, when it failed."""
        return self.cache / f"{self.key}.failed"

    @property
    def work(self) -> Path:
        """What a build makes until it is done; worthless once no build runs."""
        return self.cache / f".building-{self.key}"

    def state(self) -> State:
        """Tell how it stands, by a few file system calls."""
        building = _is_held(
            self.lock
        )  # asked first: a build that ends meanwhile is seen as ready, not as missing
        if self.is_finished():
            return "ready"
        if building:
            return "building"
        return "failed" if self.failure.exists() else "missing"

    def is_finished(self) -> bool:
        """Tell whether a whole build is there."""
        return (self.layer / "SHA256SUMS").is_file()


def build_once(place: Place, build: Callable[[Path, int], None]) -> Path:
    """Return the finished layer, building it when it is not there or no longer what it was.

    Waits while another process builds the same. `build` gets an empty folder, in which it makes `result`, and
    the lock's descriptor, which its children inherit. When it raises LayerUnavailable, the sentence is kept.
    """
    place.cache.mkdir(parents=True, exist_ok=True)
    with _locked(place.lock) as lock:
        if not _is_intact(place.layer):
            shutil.rmtree(place.layer, ignore_errors=True)
            _publish(place, build, lock)
    return place.layer


def _publish(place: Place, build: Callable[[Path, int], None], lock: int) -> None:
    place.failure.unlink(missing_ok=True)
    result = place.work / "result"
    try:
        if not _is_intact(result):  # it is when the compilers outlived a killed driver
            shutil.rmtree(place.work, ignore_errors=True)
            place.work.mkdir()
            build(place.work, lock)
        os.sync()  # a rename that outlives a power cut must not name empty files
        result.rename(place.layer)
    except LayerUnavailable as unavailable:
        place.failure.write_text(f"{unavailable}\n")
        raise
    finally:
        shutil.rmtree(place.work, ignore_errors=True)


def _is_intact(layer: Path) -> bool:
    sums = layer / "SHA256SUMS"
    if not sums.is_file():
        return False
    rows = [line.split(maxsplit=1) for line in sums.read_text().splitlines()]
    return all(_sha256(layer / name) == sha256 for sha256, name in rows)


def _sha256(file: Path) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


@contextmanager
def _locked(file: Path) -> Iterator[int]:
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _is_held(file: Path) -> bool:
    if not file.exists():
        return False
    with file.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
