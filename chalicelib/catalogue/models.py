"""What the catalogue knows of a file, and what can be asked of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.core.errors import Invalid


@dataclass(frozen=True)
class Entry:
    """The attributes of a file by which it is listed, ordered and found. `tags` are in normal form."""

    owner_id: str
    file_id: str
    filename: str
    size: int
    type: str
    extension: str
    status: str
    visibility: str = "private"
    category: str | None = None
    content_id: str | None = None
    tags: tuple[str, ...] = ()
    caption: str = ""
    custom: str = ""
    """The texts of the user's own fields."""
    title: str = ""
    """What the file itself says it is."""
    text: str = ""
    """The first words in it."""
    look: str = ""
    """The perceptual hash of a picture: 64 bits as 16 hexadecimal digits."""
    trashed: bool = False


class Order(StrEnum):
    """By what a list is ordered."""

    CREATED = "created_at"
    NAME = "filename"
    SIZE = "size"


@dataclass(frozen=True)
class Sort:
    """The order of a list and its direction."""

    order: Order = Order.CREATED
    descending: bool = True


@dataclass(frozen=True)
class Criteria:
    """What files must be like; what is None or empty does not matter. Times: from (inclusive) and before."""

    type: str | None = None
    extension: str | None = None
    status: str | None = None
    visibility: str | None = None
    category: str | None = None
    content_id: str | None = None
    tags: tuple[str, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    min_size: int | None = None
    max_size: int | None = None
    words: str = ""


class NothingAsked(Invalid):
    """A search without a word."""

    code = "nothing_asked"
