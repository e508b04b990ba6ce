"""Deleting an account: it is closed at once, what it owns is erased in the background, a receipt remains.

    1. begin      one transaction: the account is `deleting`, its sessions end, the sweep is told, the log has it
    2. the job    erases what it owns piece by piece (`chalicelib/erasure`), each piece a transaction that counts it
    3. finish     one transaction: the account is gone, its address free again, the receipt is in the log

The job may be cut anywhere and come again: what is gone stays gone and counted, the rest is still listed. If its
message is lost, the sweep sends another one every hour until the account is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.accounts.belongings_store import BelongingsStore
from chalicelib.accounts.models import Account, AccountNotFound, Status
from chalicelib.accounts.rules import check_version
from chalicelib.accounts.service import Accounts
from chalicelib.accounts.sessions import Sessions
from chalicelib.accounts.store import AccountStore
from chalicelib.aws.agenda import Agenda
from chalicelib.aws.table import Write
from chalicelib.core.caller import Caller, Origin
from chalicelib.core.job import Job, Kind

REMINDED_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Deletion:
    """Begins, reminds of and finishes deletions."""

    accounts: Accounts
    sessions: Sessions
    store: AccountStore
    belongings: BelongingsStore
    agenda: Agenda

    def of_oneself(self, caller: Caller, password: str) -> None:
        """Delete the caller's account. Raises PasswordWrong, RateExceeded, LastAdmin."""
        self._begin(self.accounts.confirmed(caller, password), caller)

    def by_admin(self, caller: Caller, user_id: str, expected: int | None) -> None:
        """Delete somebody's account; again is no harm. Raises AccountNotFound, AccountChanged, LastAdmin."""
        account = self.store.get(user_id)
        if account is None:
            raise AccountNotFound("There is no such account.")
        check_version(account, expected)
        if account.status is Status.DELETING:
            self._send(user_id)
        else:
            self._begin(account, caller)

    def remind(self) -> int:
        """Send the jobs of deletions again that have not finished within an hour. Returns how many."""
        now = self.accounts.clock()
        count = 0
        for due in self.agenda.due(now):
            done = [self.agenda.delete(due.at, due.reference)]
            if self.pending(due.reference):
                self._send(due.reference)
                done.append(self.agenda.put(now + REMINDED_AFTER, due.reference))
                count += 1
            self.accounts.tables.commit(done)
        return count

    def pending(self, user_id: str) -> Account | None:
        """Return an account that is being deleted; None when there is nothing (more) to do."""
        account = self.store.get(user_id)
        return account if account and account.status is Status.DELETING else None

    def counted(self, user_id: str, size: int) -> Write:
        """Return the write that counts an erased file, for the receipt."""
        return self.belongings.count(user_id, size)

    def finish(self, user_id: str, also: Sequence[Write] = ()) -> None:
        """Remove the account itself, when everything it owned is gone; with it what `also` removes."""
        account = self.pending(user_id)
        if account is None:
            return
        for writes in self.belongings.removals(account):
            self.accounts.tables.commit(writes)
        receipt = self.accounts.audit.entry(
            "account.erased",
            owner=user_id,
            actor=account.deleted_by,
            target=user_id,
            origin=Origin(agent="jobs"),
            files=account.erased_files,
            bytes=account.erased_bytes,
        )
        self.accounts.tables.commit([*self.store.delete_if(account), *also, receipt])

    def again(self, user_id: str) -> None:
        """Have the rest done by another job."""
        self._send(user_id)

    def _begin(self, account: Account, caller: Caller) -> None:
        entry = self.accounts.audit.entry(
            "account.deletion_begun",
            owner=account.id,
            actor=caller.user_id,
            target=account.id,
            origin=caller.origin,
            status={"before": account.status.value, "after": Status.DELETING.value},
        )
        closing = self.sessions.end_all(account, status=Status.DELETING, deleted_by=caller.user_id)
        reminder = self.agenda.put(self.accounts.clock() + REMINDED_AFTER, account.id)
        self.accounts.tables.commit([*closing, reminder, entry])
        self._send(account.id)

    def _send(self, user_id: str) -> None:
        self.accounts.jobs.send(Job(Kind.ERASE, {"user_id": user_id}).to_text())
