"""Grants: let another account view, download or edit a file.

What a grant gives is decided by `files/access.py`, on every request anew, so a revoked one gives nothing more.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.accounts.service import Accounts
from chalicelib.audit.service import Audit
from chalicelib.aws.table import MAX_TRANSACTION_ITEMS, Tables, Write
from chalicelib.core.caller import Caller
from chalicelib.core.clock import Clock
from chalicelib.core.paging import Cursors, Page
from chalicelib.files.models import File, Permission
from chalicelib.files.service import Files
from chalicelib.limits.service import Limits
from chalicelib.sharing.grant_store import GrantStore, grant_of
from chalicelib.sharing.models import Grant, GranteeUnknown
from chalicelib.sharing.rules import check_shareable


@dataclass(frozen=True)
class Grants:
    """The use cases of grants."""

    tables: Tables
    store: GrantStore
    files: Files
    accounts: Accounts
    limits: Limits
    audit: Audit
    cursors: Cursors
    clock: Clock

    def give(self, caller: Caller, file_id: str, email: str, permission: Permission) -> Grant:
        """Grant a permission on one of the caller's files, in place of what that user had; four calls.

        Raises FileNotFound, PermissionMissing, FileNotShareable, GranteeUnknown, RateExceeded.
        """
        file = self.files.seen(caller, file_id, Permission.SHARE).file
        check_shareable(file)
        account = self.accounts.find(email)
        if account is None or not account.active or account.id == caller.user_id:
            self.limits.take("unknown-grantee", caller.user_id)
            raise GranteeUnknown("Nobody else has an account with this e-mail address.")
        grant = Grant(file.id, account.id, account.email, permission, self.clock())
        entry = self._entry("grant.given", caller, file, account.id, permission=permission.value)
        self.tables.commit([*self.store.put(grant), entry])
        return grant

    def of_file(self, caller: Caller, file_id: str, *, limit: int, cursor: str | None) -> Page[Grant]:
        """Return a page of the grants on one of the caller's files; two calls."""
        self.files.seen(caller, file_id, Permission.SHARE)
        scope = f"{caller.user_id} grants on {file_id}"
        after = self.cursors.open(cursor, scope)["after"] if cursor else None
        rows = self.store.of_file(file_id, limit=limit, after=after)
        more = self.cursors.seal({"after": rows.next_key["sk"]}, scope) if rows.next_key else None
        return Page([grant_of(item) for item in rows.items], more)

    def revoke(self, caller: Caller, file_id: str, user_id: str) -> None:
        """End a grant at once: by the file's owner, or by the one who has it. Raises GrantNotFound, FileNotFound."""
        needed = Permission.VIEW if user_id == caller.user_id else Permission.SHARE
        file = self.files.seen(caller, file_id, needed).file
        entry = self._entry("grant.revoked", caller, file, user_id)
        self.tables.commit([*self.store.delete(file_id, user_id), entry])

    def forget_all(self, user_id: str) -> None:
        """Take everything that was shared with an account from it, as it is being erased; safe to repeat."""
        self._forget([(file_id, user_id) for file_id in self.store.all_of_user(user_id)])

    def forget_file(self, file_id: str) -> None:
        """Take a file that is being erased from all it was shared with; safe to repeat."""
        self._forget([(file_id, user_id) for user_id in self.store.all_of_file(file_id)])

    def _forget(self, grants: Iterable[tuple[str, str]]) -> None:
        for some in itertools.batched(grants, MAX_TRANSACTION_ITEMS // 2):
            self.tables.commit([write for grant in some for write in self.store.forget(*grant)])

    def _entry(self, action: str, caller: Caller, file: File, grantee: str, **details: object) -> Write:
        return self.audit.entry(
            action,
            owner=file.owner_id,
            actor=caller.user_id,
            target=file.id,
            origin=caller.origin,
            grantee=grantee,
            **details,
        )
