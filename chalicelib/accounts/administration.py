"""Administration of accounts: what admins do with those of others.

Every change is in the activity log of the account that it touches, with who, and the values before and after.
A role or a status that changes holds at once: the account's access tokens no longer write, its sessions end when
it is disabled, and its API keys read the account at each use.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.accounts.models import Account, AccountBusy, AccountNotFound, Listed, Status
from chalicelib.accounts.rules import check_password, check_version
from chalicelib.accounts.service import Accounts
from chalicelib.accounts.sessions import Sessions
from chalicelib.accounts.store import AccountStore
from chalicelib.aws.table import Write
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.job import Job, Kind
from chalicelib.core.paging import Cursors, Page

PASSWORD_BYTES = 24
LOOKED_AT = 200
MAX_QUERIES = 8


@dataclass(frozen=True)
class Filter:
    """Which accounts: by role, by status, by words within address or name."""

    role: Role | None = None
    status: Status | None = None
    q: str = ""


@dataclass(frozen=True)
class Administration:
    """The use cases of admins. They are not asked for their role here: the door has."""

    accounts: Accounts
    sessions: Sessions
    store: AccountStore
    cursors: Cursors
    limit_quota: Callable[[str, int | None], Write]
    """Returns the write that makes an account's quota hold."""

    def page(self, wanted: Filter, *, limit: int, cursor: str | None) -> Page[Listed]:
        """Return a page of accounts, oldest first. Rare matches may make a page short, which its cursor tells."""
        scope = f"users:{wanted}"
        after = self.cursors.open(cursor, scope)["after"] if cursor else None
        found: list[Listed] = []
        for _ in range(MAX_QUERIES):
            some, after = self.store.page(
                role=wanted.role,
                status=wanted.status,
                words=wanted.q.casefold(),
                limit=LOOKED_AT,
                after=after,
            )
            found += some
            if len(found) > limit or (len(found) == limit and after):
                return Page(found[:limit], self.cursors.seal({"after": found[limit - 1].id}, scope))
            if after is None:
                return Page(found)
        return Page(found, self.cursors.seal({"after": after or ""}, scope))

    def get(self, user_id: str) -> Account:
        """Return an account. Raises AccountNotFound."""
        account = self.store.get(user_id)
        if account is None:
            raise AccountNotFound("There is no such account.")
        return account

    def create(
        self, caller: Caller, email: str, name: str | None, role: Role, password: str | None
    ) -> Account:
        """Open an account for someone, who without a password is mailed the way to choose one.

        Raises EmailTaken, WeakPassword.
        """
        account = self.accounts.open(
            email,
            password or secrets.token_urlsafe(PASSWORD_BYTES),
            name,
            caller.origin,
            role=role,
            actor=caller.user_id,
        )
        if password is None:
            self.accounts.jobs.send(Job(Kind.MAIL_RESET, {"email": email}).to_text())
        return account

    def change(self, caller: Caller, user_id: str, changes: dict[str, Any], expected: int | None) -> Account:
        """Change role, status or quota. Raises AccountNotFound, AccountChanged, AccountBusy, LastAdmin."""
        before = self.get(user_id)
        check_version(before, expected)
        if before.status is Status.DELETING:
            raise AccountBusy("This account is being deleted.")
        changed = {name: value for name, value in changes.items() if getattr(before, name) != value}
        if not changed:
            return before
        told = {name: {"before": getattr(before, name), "after": value} for name, value in changed.items()}
        entry = self.accounts.audit.entry(
            "account.administered",
            owner=user_id,
            actor=caller.user_id,
            target=user_id,
            origin=caller.origin,
            **told,
        )
        quota = [self.limit_quota(user_id, changed["quota"])] if "quota" in changed else []
        self.accounts.tables.commit([*self._writes(before, changed), *quota, entry])
        return self.get(user_id)

    def rescue(self, email: str, password: str, origin: Origin) -> bool:
        """Make an account an active admin with this password, all its sessions ended: for commands, not for the API.

        Tells whether there is such an account. Raises WeakPassword, AccountBusy.
        """
        before = self.store.find(email)
        if before is None:
            return False
        if before.status is Status.DELETING:
            raise AccountBusy("This account is being deleted.")
        check_password(password, email)
        changed = {
            "role": Role.ADMIN,
            "status": Status.ACTIVE,
            "password_hash": self.accounts.passwords.hash(password),
        }
        entry = self.accounts.audit.entry(
            "account.rescued", owner=before.id, actor=before.id, target=before.id, origin=origin
        )
        self.accounts.tables.commit([*self.sessions.end_all(before, **changed), entry])
        return True

    def _writes(self, before: Account, changed: dict[str, Any]) -> list[Write]:
        if changed.get("status") is Status.DISABLED:
            return self.sessions.end_all(before, **changed)
        after = replace(before, **changed, version=before.version + 1)
        now = self.accounts.clock()
        marks = self.sessions.store.mark(before.id, now, role=after.role.value) if "role" in changed else []
        return [*self.store.put_if(before, after), *marks]

    def census(self) -> dict[str, int]:
        """Return how many accounts there are, by `<status>#<role>`; one call."""
        return self.store.census()
