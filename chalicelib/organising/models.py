"""What can be done to many files, and what a background job is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.catalogue.models import Criteria
from chalicelib.core.errors import Conflict, LibraryError, NotFound
from chalicelib.files.models import Visibility


class Action(StrEnum):
    """What is done to each file."""

    TAG = "tag"
    UNTAG = "untag"
    RETAG = "retag"
    """Replace the first tag by the second."""
    CATEGORISE = "categorise"
    ATTACH = "attach"
    """Attach to a foreign thing."""
    DETACH = "detach"
    """Attach to it no more, where it is."""
    SHOW = "visibility"
    """Make public or private."""
    DELETE = "delete"
    RESTORE = "restore"
    ERASE = "erase"
    """Remove what is in the trash for good."""


@dataclass(frozen=True)
class Edit:
    """One change to make to many files. Making it twice is the same as once."""

    action: Action
    tags: tuple[str, ...] = ()
    category: str | None = None
    content_id: str | None = None
    visibility: Visibility | None = None


class Result(StrEnum):
    """What became of one file."""

    DONE = "done"
    UNCHANGED = "unchanged"
    """It was so already."""
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of one file, and why it failed."""

    id: str
    result: Result
    code: str | None = None
    detail: str | None = None


MOST_FAILURES = 100
"""How many files that failed a job remembers."""


class JobState(StrEnum):
    """running ── all files visited ──> finished; running ── by the owner ──> cancelled."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Job:
    """An edit on its way through all files that fit. `cursor` is where it goes on."""

    id: str
    owner_id: str
    criteria: Criteria
    edit: Edit
    created_at: datetime
    updated_at: datetime
    due_at: datetime
    """When the sweep looks after it."""
    state: JobState = JobState.RUNNING
    total: int | None = None
    """How many files there were when it began, where a counter knew it; some may have been changed otherwise."""
    done: int = 0
    unchanged: int = 0
    failed: int = 0
    failures: tuple[Outcome, ...] = ()
    """The first files that failed, and why."""
    cursor: str | None = None
    version: int = 1
    everyone: bool = False
    """Whether it goes through the files of all owners, for an admin."""
    looks: int = 0
    """How often it may still look again, at its end, for files that came meanwhile."""
    walks: int = 1
    """How often it still goes through all files, this time included: twice where their list lags behind."""


class JobNotFound(NotFound):
    """There is no such job of the caller's."""

    code = "job_not_found"


class JobEnded(Conflict):
    """The job has ended."""

    code = "job_ended"


class JobChanged(LibraryError):
    """Another worker has taken the job further."""


class TagNotFound(NotFound):
    """None of the caller's files has this tag."""

    code = "tag_not_found"
