"""Erasure of what a deleted account owned: links, grants, exports, jobs, files with all that is known of them, itself.

The bytes of its files are freed with their last file and removed by the sweep when the grace period ends, as a
presigned PUT may still bring them until then.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.accounts.deletion import Deletion
from chalicelib.accounts.models import Account
from chalicelib.aws.table import Write
from chalicelib.blobs.models import BlobChanged
from chalicelib.core.caller import Caller, Origin
from chalicelib.exports.writing import Writing
from chalicelib.files.models import File, FileChanged
from chalicelib.files.service import Files
from chalicelib.inbox.service import Inbox
from chalicelib.organising.jobs import EditJobs
from chalicelib.popularity.service import Popularity
from chalicelib.sharing.grants import Grants
from chalicelib.sharing.service import Links

ERASED_AT_ONCE = 300
"""Files that one job erases: a few dozen seconds' work of the function's 15 minutes."""
PAGE = 100
BATCH = 50


@dataclass(frozen=True)
class Erasure:
    """Erases, restartable at any point."""

    files: Files
    links: Links
    grants: Grants
    exports: Writing
    edits: EditJobs
    popularity: Popularity
    inbox: Inbox
    facts_of: Callable[[str, str], list[Write]]
    """Returns the writes that remove what was extracted from some content of an owner's."""
    deletion: Deletion

    def erase(self, user_id: str) -> bool:
        """Erase what an account owned, or as much as one job may; tell whether it is done."""
        account = self.deletion.pending(user_id)
        if account is None:
            return True
        owner = Caller(account.id, account.role, "", Origin(agent="jobs"))
        self._erase_links(owner)
        self.grants.forget_all(user_id)
        self.exports.forget(user_id)
        self.edits.forget(user_id)
        self.popularity.forget(user_id)
        self.inbox.forget(user_id)
        for _ in range(ERASED_AT_ONCE // PAGE):
            files = self._some_files(owner)
            if not files:
                self.files.catalogue.forget(account.id)
                self.deletion.finish(account.id, [self.files.blobs.quotas.forget(account.id)])
                return True
            for file in files:
                self._erase_file(account, file)
        self.deletion.again(user_id)
        return False

    def _erase_links(self, owner: Caller) -> None:
        cursor: str | None = None
        while True:
            page = self.links.of_caller(owner, limit=PAGE, cursor=cursor)
            for one in page.items:
                self.links.revoke(owner, one.link.id, None)
            cursor = page.next_cursor
            if cursor is None:
                return

    def _some_files(self, owner: Caller) -> list[File]:
        files = self.files.newest_first(owner, limit=PAGE, cursor=None).items
        return files or self.files.trash(owner, limit=PAGE, cursor=None).items

    def _erase_file(self, account: Account, file: File) -> None:
        commit = self.files.tables.commit
        for some in itertools.batched(self.facts_of(file.owner_id, file.sha256), BATCH):
            commit(some)
        try:
            self.grants.forget_file(file.id)
            commit([*self.files.removal(file), self.deletion.counted(account.id, file.size)])
        except (BlobChanged, FileChanged):
            return  # extraction was just settling it: it is still listed, and comes next time
