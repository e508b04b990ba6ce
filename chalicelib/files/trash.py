"""The trash is emptied by the sweep: what has been there for 30 days is erased for good."""

from dataclasses import dataclass

from chalicelib.aws.agenda import Due
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.errors import Unavailable
from chalicelib.files.models import File, FileNotFound
from chalicelib.files.rules import emptied_at, unknown_file
from chalicelib.files.service import Files

SWEEP = Caller("sweep", Role.OPERATOR, "", Origin(agent="sweep"))


@dataclass(frozen=True)
class Trash:
    """Empties the trash of all owners."""

    files: Files

    def empty(self) -> int:
        """Erase what is due, at most 400 files a run; safe to repeat and to cut anywhere. Returns how many.

        Four calls a file. What is being changed by others at this moment is left to the next run.
        """
        count = 0
        for due in list(self.files.later.trashed.due(self.files.clock())):
            try:
                count += self._erase(due)
            except Unavailable:
                continue
        return count

    def _erase(self, due: Due) -> bool:
        def read() -> File:
            found = self.files.get_many([due.reference])
            if not found or found[0].trashed_at is None or emptied_at(found[0].trashed_at) != due.at:
                raise unknown_file()  # erased, or restored, at this very moment
            return found[0]

        try:
            self.files.erase_read(SWEEP, read, None)
        except FileNotFound:
            self.files.tables.commit([self.files.later.trashed.delete(due.at, due.reference)])
            return False
        return True
