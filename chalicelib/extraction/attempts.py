"""One attempt to read some content, or to make something of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Work(StrEnum):
    """What is done with content."""

    EXTRACTION = "extraction"
    RENDITIONS = "renditions"
    MINIATURE = "miniature"
    COPY = "copy"
    """One without metadata, for others."""
    PUBLISH = "publish"
    """Everyone may have it: it is there for the edge to fetch."""
    INVALIDATION = "invalidation"
    """The edge was told to forget it."""


class Outcome(StrEnum):
    """How an attempt stands."""

    RUNNING = "running"
    DONE = "done"
    """It has a result, be it that the file is damaged; `code` says so."""
    FAILED = "failed"
    """The world was in the way; the queue brings it back."""
    INTERRUPTED = "interrupted"
    """Its worker was not heard of again."""


@dataclass(frozen=True)
class Job:
    """One attempt; `attempt` counts from 1 since the last one that was done."""

    id: str
    work: Work
    attempt: int
    started_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome = Outcome.RUNNING
    code: str | None = None
    bytes_read: int = 0
    requests: int = 0

    @property
    def milliseconds(self) -> int | None:
        """Return how long it took, once it has ended."""
        return round((self.ended_at - self.started_at) / timedelta(milliseconds=1)) if self.ended_at else None


@dataclass(frozen=True)
class Spent:
    """What an attempt has read of the original."""

    bytes_read: int = 0
    requests: int = 0
