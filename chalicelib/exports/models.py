"""What an export is, and what its makers give.

A kind of export is a maker: a function from an export to the pieces of its content, which goes on where the export's
position says. A piece is small (it is held in memory), and its position is kept with it, so that content and position
never disagree.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.core.errors import LibraryError, NotFound
from chalicelib.files.models import Problem


class ExportState(StrEnum):
    """running ── all is written ──> finished ── a week later ──> expired; running ── it cannot be ──> failed."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    EXPIRED = "expired"
    """Its object was removed."""


@dataclass(frozen=True)
class Piece:
    """Some content, how many files are in it, and the maker's own position after it (None: that was all).

    `memory` is what the maker must know of all that was written, where that is too much for a position; it is kept
    with the position. `expected` and `expected_size` tell what will come in all, once that is known.
    """

    content: bytes
    files: int
    position: str | None
    memory: bytes = b""
    expected: int | None = None
    expected_size: int | None = None


@dataclass(frozen=True)
class Wanted:
    """What is to be exported. `asked` is the maker's own: JSON."""

    kind: str
    asked: str
    filename: str
    content_type: str
    expected: int | None = None
    """About how many files, where that is known."""
    expected_size: int | None = None
    """About how many bytes, where that is known."""


@dataclass(frozen=True)
class Export:
    """An export on its way through its files, into the parts of one multipart upload."""

    id: str
    owner_id: str
    wanted: Wanted
    created_at: datetime
    updated_at: datetime
    due_at: datetime
    """When the sweep looks after it."""
    state: ExportState = ExportState.RUNNING
    files: int = 0
    size: int = 0
    """Bytes written."""
    position: str | None = None
    """Where the maker goes on; None: at the beginning."""
    written: bool = False
    """Whether all content is in parts."""
    multipart_id: str | None = None
    parts: tuple[str, ...] = ()
    """The ETags of the parts that count."""
    tail: str | None = None
    """The key of the object that holds what was too little for a part."""
    tail_size: int = 0
    memory: str | None = None
    """The key of the object that holds the maker's memory."""
    beginnings: int = 1
    claims: int = 0
    """How often workers have taken it since it last came further."""
    expires_at: datetime | None = None
    error: Problem | None = None
    """Why it has failed."""
    version: int = 1

    @property
    def folder(self) -> str:
        """Return what the keys of all its objects begin with."""
        return folder_of(self.owner_id, self.id)

    @property
    def key(self) -> str:
        """Return the key of the finished object."""
        return f"{self.folder}result-{self.beginnings}"


def folder_of(owner_id: str, export_id: str | None = None) -> str:
    """Return what the keys of an export's objects, or of all of an owner's, begin with."""
    return f"exports/{owner_id}/{export_id}/" if export_id else f"exports/{owner_id}/"


Maker = Callable[[Export], Iterator[Piece]]


class ExportNotFound(NotFound):
    """There is no such export of the caller's."""

    code = "export_not_found"


class ExportChanged(LibraryError):
    """Another worker has taken the export further, or its owner has removed it."""


class Unmakeable(Exception):
    """A maker's refusal: what was asked for cannot be made, and trying again will not help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(code, message)
