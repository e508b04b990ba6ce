"""Which postings a file has. A posting is a row in one list, with the keys of all its orders.

Pure: the set of postings follows from the entry alone, so the rows to write for any change are the difference of
two sets, and every list agrees with the file at every moment.
"""

import unicodedata
from dataclasses import dataclass

from chalicelib.catalogue.models import Entry

SIZE_DIGITS = 12  # hexadecimal: up to 256 TiB


@dataclass(frozen=True)
class Posting:
    """One row: `list_key` names the list, the others are its sort keys (by id, by name, by size)."""

    list_key: str
    file_id: str
    by_name: str
    by_size: str


def all_files(owner_id: str) -> str:
    """Return the list of everything an owner has outside the trash."""
    return f"{owner_id}#all"


def trash(owner_id: str) -> str:
    """Return the list of what an owner has thrown away."""
    return f"{owner_id}#trash"


def fold(text: str) -> str:
    """Return the form in which names are ordered: without differences of case and of compatibility."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def postings(entry: Entry | None) -> frozenset[Posting]:
    """Return every posting of a file; None, a file that is not there, has none."""
    if entry is None:
        return frozenset()
    lists = [trash(entry.owner_id) if entry.trashed else all_files(entry.owner_id)]
    by_name = f"{fold(entry.filename)}\0{entry.file_id}"
    by_size = f"{entry.size:0{SIZE_DIGITS}x}{entry.file_id}"
    return frozenset(Posting(key, entry.file_id, by_name, by_size) for key in lists)
