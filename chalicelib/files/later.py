"""What is to be done with files later, by the sweep: written down in the transaction that is the reason for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.aws.agenda import Agenda
from chalicelib.aws.table import Tables, Write
from chalicelib.files.models import File
from chalicelib.files.rules import emptied_at

SHARED_AT_THE_SAME_TIME = timedelta(minutes=1)
"""Longer than a request that shares a file just while it is erased may run."""


@dataclass(frozen=True)
class Later:
    """Describes what is to be done when."""

    tables: Tables
    table: str

    @property
    def trashed(self) -> Agenda:
        """Return when which file in the trash is to be erased."""
        return Agenda(self.tables, self.table, "trash")

    @property
    def erased(self) -> Agenda:
        """Return which erased files (owner#id) may still be shared, and when that is to be ended."""
        return Agenda(self.tables, self.table, "erased")

    def empty_trash(self, before: File, after: File | None) -> list[Write]:
        """Describe that a file came into the trash, or left it; nothing for other changes."""
        old, new = before.trashed_at, after.trashed_at if after else None
        if old == new:
            return []
        gone = [self.trashed.delete(emptied_at(old), before.id)] if old else []
        return [*gone, self.trashed.put(emptied_at(new), before.id)] if new else gone

    def end_sharing(self, file: File, now: datetime) -> Write:
        """Describe that what was shared of a file that is being erased is to end."""
        return self.erased.put(now + SHARED_AT_THE_SAME_TIME, f"{file.owner_id}#{file.id}")
