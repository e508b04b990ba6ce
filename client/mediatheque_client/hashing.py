"""The hashes of a file, made in one pass: of the whole, and of the parts in which it may be sent."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from mediatheque_client.memory import Memory

MIB = 1 << 20
CHUNK = MIB


@dataclass(frozen=True)
class Fingerprint:
    """What a file is: hashes as hex. Parts are `part_size` bytes, the last the rest."""

    size: int
    sha256: str
    part_size: int
    parts: list[str]

    @property
    def composite(self) -> str:
        """Return the hash over the parts' hashes, by which S3 knows content that came in parts."""
        return hashlib.sha256(b"".join(map(bytes.fromhex, self.parts))).hexdigest()

    @classmethod
    def of(cls, path: Path, known: Memory, check: Callable[[], None] = lambda: None) -> Self:
        """Hash a file, or remember its hashes while its size and time are the same; `check` may stop it."""
        status = path.stat()
        name = f"hash:{path.resolve()}:{status.st_size}:{status.st_mtime_ns}"
        remembered: dict[str, Any] | None = known.get(name)
        if remembered is not None:
            return cls(**remembered)
        made = cls._read(path, status.st_size, check)
        known.put(name, asdict(made))
        return made

    @classmethod
    def _read(cls, path: Path, size: int, check: Callable[[], None]) -> Self:
        part_size = part_size_of(size)
        whole = hashlib.sha256()
        parts: list[str] = []
        with path.open("rb") as file:
            while (part := _hash_part(file, part_size, whole)) is not None:
                parts.append(part)
                check()
        return cls(size, whole.hexdigest(), part_size, parts)


def part_size_of(size: int) -> int:
    """Return the size of parts, as the library has it: whole MiB, at least 8, in at most 10,000 parts."""
    return max(8 * MIB, -(-size // (10_000 * MIB)) * MIB)


def _hash_part(file: Any, part_size: int, whole: Any) -> str | None:
    part, left = hashlib.sha256(), part_size
    while left and (chunk := file.read(min(CHUNK, left))):
        part.update(chunk)
        whole.update(chunk)
        left -= len(chunk)
    return part.hexdigest() if left < part_size else None
