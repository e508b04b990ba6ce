"""Administration of files: what admins do with those of others.

Every change is in the activity log of the file's owner, with who, and the values before and after.
"""

from dataclasses import dataclass
from typing import Any

from chalicelib.catalogue.everyone import Everyone
from chalicelib.catalogue.models import Criteria, Order, Sort
from chalicelib.catalogue.service import question_of
from chalicelib.core.caller import Caller
from chalicelib.core.errors import Invalid
from chalicelib.core.paging import Page
from chalicelib.files.models import File
from chalicelib.files.rules import check_version, unknown_file
from chalicelib.files.service import Files


class OwnerNeeded(Invalid):
    """Words, and orders but the newest first, are asked for in one owner's library."""

    code = "owner_needed"


@dataclass(frozen=True)
class FileAdministration:
    """The use cases of admins. They are not asked for their role here: the door has."""

    files: Files
    everyone: Everyone

    def page(
        self, owner_id: str | None, criteria: Criteria, sort: Sort, *, limit: int, cursor: str | None
    ) -> Page[File]:
        """Return a page of an owner's files, or of everybody's, newest first. Raises OwnerNeeded, CursorInvalid.

        Of one owner as their own list, at the same cost. Of everybody: with all filters but words; five calls where
        every file fits, at most thirteen for each year that is looked through; rare files may make a page short.
        """
        if owner_id is not None:
            return self.files.of_owner(owner_id, criteria, sort, limit=limit, cursor=cursor)
        if criteria.words or sort != Sort(Order.CREATED, descending=True):
            raise OwnerNeeded("Say whose files: q, and orders other than -created_at, need owner.")
        question = question_of(criteria, sort)
        cursors, scope = self.files.catalogue.cursors, f"everyone {question}"
        before = cursors.open(cursor, scope)["before"] if cursor else None
        file_ids, more = self.everyone.page(question, before, limit)
        found = self.files.get_many(file_ids) if file_ids else []
        return Page(found, cursors.seal({"before": more}, scope) if more else None)

    def get(self, file_id: str) -> File:
        """Return anybody's file. Raises FileNotFound."""
        found = self.files.get_many([file_id])
        if not found:
            raise unknown_file()
        return found[0]

    def change(self, caller: Caller, file_id: str, changes: dict[str, Any], expected: int | None) -> File:
        """Change a file as its owner may; as many calls. Raises as `Files.change` does."""
        before = self.get(file_id)
        check_version(before, expected)
        return self.files.edit_checked(caller, before, changes)

    def throw_away(self, caller: Caller, file_id: str, expected: int | None) -> None:
        """Move a file to its owner's trash; two calls. What is there already stays there."""
        before = self.get(file_id)
        check_version(before, expected)
        if before.trashed_at is None:
            self.files.move(caller, before, to_trash=True)

    def erase(self, caller: Caller, file_id: str, expected: int | None) -> None:
        """Remove a file for good. Raises FileNotFound, FileChanged."""
        self.files.erase_read(caller, lambda: self.get(file_id), expected)
