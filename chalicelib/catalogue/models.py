"""What the catalogue knows of a file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """The attributes of a file by which it is listed and ordered."""

    owner_id: str
    file_id: str
    filename: str
    size: int
    trashed: bool = False
