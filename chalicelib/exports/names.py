"""Names inside an archive: any script, no name twice, nothing that a system would take for a path or a device.

A file's name is kept as it is, but for what Windows cannot store (its list of reserved characters and names: Microsoft,
"Naming Files, Paths, and Namespaces") and for what would be longer than most file systems take.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

MAX_BYTES = 240
"""Of UTF-8, so that most file systems (255) take it, with room for a number."""
MAX_SUFFIX = 40
RESERVED = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)", re.IGNORECASE)


def unique(names: Iterable[str]) -> Iterator[str]:
    """Yield each name made safe, and with a number where it came before, in capitals or another form of Unicode."""
    taken: set[str] = set()
    numbers: dict[str, itertools.count[int]] = {}
    for name in map(safe, names):
        found = name
        while _folded(found) in taken:
            number = next(numbers.setdefault(_folded(name), itertools.count(2)))
            stem, suffix = _parts(name)
            found = f"{stem} ({number}){suffix}"
        taken.add(_folded(found))
        yield found


def safe(name: str) -> str:
    """Return a name that every system can store as one file in one folder."""
    name = RESERVED.sub("_", unicodedata.normalize("NFC", name)).strip()
    name = re.sub(r"[. ]+$", lambda dots: "_" * len(dots[0]), name) or "_"
    if DEVICES.match(name):
        name = f"_{name}"
    stem, suffix = _parts(name)
    return _cut(stem, MAX_BYTES - len(suffix.encode())) + suffix


def _parts(name: str) -> tuple[str, str]:
    """Return a name's stem and its extension with the dot, if that is a short one."""
    suffix = PurePosixPath(name).suffix
    short = suffix if len(suffix.encode()) <= MAX_SUFFIX else ""
    return name.removesuffix(short), short


def _cut(text: str, size: int) -> str:
    """Return what fits into so many bytes, without half a character."""
    return text.encode()[:size].decode(errors="ignore")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name.casefold())
