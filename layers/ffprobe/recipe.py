"""What the layer is made of, and the key under which a finished build is kept.

The key is a hash of every file that decides the program's bytes: an edited recipe never meets an old result.
"""

import hashlib
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Architecture = Literal["x86_64", "aarch64"]
ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)

FOLDER = Path(__file__).parent
FILES = (
    "build.sh",
    "features.txt",
    "loopback.patch",
    "multicall.c",
    "notice.txt",
    "relink.sh",
    "sources.txt",
)
_SAME_MACHINE: dict[str, Architecture] = {
    "AMD64": "x86_64",
    "x86_64": "x86_64",
    "arm64": "aarch64",
    "aarch64": "aarch64",
}


class LayerUnavailable(Exception):
    """There is no layer to be had; one sentence says why and what to do."""


class UnknownMachine(LayerUnavailable):
    """No layer can be built for this machine's processor."""


@dataclass(frozen=True)
class Source:
    """One tarball: where its two ways lead (None: not there), and the SHA-256 that tells whether it is it."""

    name: str
    version: str
    sha256: str
    release: str | None
    pool: str | None

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names it goes by, the release site's first."""
        return tuple(way.rsplit("/", 1)[-1] for way in (self.release, self.pool) if way)


def sources(folder: Path = FOLDER) -> tuple[Source, ...]:
    """Read the rows of sources.txt, in its order."""
    lines = (folder / "sources.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return tuple(Source(*row[:3], *(None if way == "-" else way for way in row[3:])) for row in rows)


def key(architecture: Architecture, folder: Path = FOLDER) -> str:
    """Name a build: the architecture and 16 hexadecimal digits of the recipe's hash."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return f"{architecture}-{digest.hexdigest()[:16]}"


def this_machine() -> Architecture:
    """Tell which layer runs here; raises UnknownMachine."""
    machine = platform.machine()
    if machine not in _SAME_MACHINE:
        raise UnknownMachine(f"There is no media layer for {machine} processors.")
    return _SAME_MACHINE[machine]
