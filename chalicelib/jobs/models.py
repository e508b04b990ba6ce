"""What is told of any background job, whatever it does."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Listed:
    """A background job as it stands in its owner's list.

    `done`, `unchanged` and `failed` are files; `total` is about how many there will be, where that is known.
    """

    id: str
    owner_id: str
    kind: str
    """What it does: the action of an edit, the kind of an export."""
    state: str
    collection: str
    """Where it is read by its id: `jobs` or `exports`."""
    created_at: datetime
    updated_at: datetime
    total: int | None = None
    done: int = 0
    unchanged: int = 0
    failed: int = 0
    code: str | None = None
    """Why it has failed, as a stable code."""

    @property
    def counted(self) -> str:
        """Return under what it is counted."""
        return f"{self.kind}:{self.state}"
