"""Accounts: open one, change it, prove its address, change or reset its password."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.accounts.models import (
    Account,
    PasswordWrong,
    RegistrationClosed,
    TokenInvalid,
)
from chalicelib.accounts.passwords import Passwords
from chalicelib.accounts.rules import check_password, check_version, normal_email
from chalicelib.accounts.session_store import SessionStore
from chalicelib.accounts.store import AccountStore
from chalicelib.accounts.token_store import MailedTokenStore, Purpose, invalid
from chalicelib.accounts.tokens import OpaqueToken
from chalicelib.audit.service import Audit
from chalicelib.aws.queue import Queue
from chalicelib.aws.table import Tables, Write
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.clock import Clock
from chalicelib.core.ids import NewId
from chalicelib.core.job import Job, Kind
from chalicelib.limits.service import Limits


@dataclass(frozen=True)
class Accounts:
    """The use cases of one's own account."""

    tables: Tables
    store: AccountStore
    sessions: SessionStore
    tokens: MailedTokenStore
    audit: Audit
    passwords: Passwords
    limits: Limits
    jobs: Queue
    clock: Clock
    new_id: NewId
    default_role: Role = Role.OPERATOR
    registration_open: bool = True

    def register(self, email: str, password: str, name: str | None, origin: Origin) -> Account:
        """Open an account for whoever asks. Raises RateExceeded, RegistrationClosed, WeakPassword, EmailTaken."""
        self.limits.take("register-address", origin.address)
        if not self.registration_open:
            raise RegistrationClosed("Accounts are opened by administrators here. Ask one.")
        return self.open(email, password, name, origin, role=self.default_role)

    def open(
        self,
        email: str,
        password: str,
        name: str | None,
        origin: Origin,
        *,
        role: Role,
        actor: str | None = None,
    ) -> Account:
        """Open an account with a role, and let its address be asked for confirmation. `actor`: who, if not itself."""
        check_password(password, email)
        account = Account(
            id=self.new_id(),
            email=email,
            name=name,
            role=role,
            password_hash=self.passwords.hash(password),
            created_at=self.clock(),
        )
        entry = self._entry("account.opened", account.id, origin, actor=actor, details={"role": role.value})
        self.tables.commit([*self.store.put_new(account), entry])
        self.jobs.send(Job(Kind.MAIL_VERIFICATION, {"user_id": account.id}).to_text())
        return account

    def me(self, caller: Caller) -> Account:
        """Return the caller's account. Raises TokenInvalid when it is gone."""
        account = self.store.get(caller.user_id)
        if account is None:
            raise TokenInvalid("This account is gone.")
        return account

    def change(self, caller: Caller, changes: dict[str, Any], expected: int | None) -> Account:
        """Change the name or the avatar; two calls. Raises AccountChanged."""
        before = self.me(caller)
        check_version(before, expected)
        told: dict[str, object] = {
            name: {"before": getattr(before, name), "after": value} for name, value in changes.items()
        }
        return self._commit(before, "account.changed", caller.origin, told=told, **changes)

    def change_password(self, caller: Caller, password: str, new: str) -> Account:
        """Choose a new password; all other sessions end. Raises PasswordWrong, WeakPassword, RateExceeded."""
        before = self.confirmed(caller, password)
        return self._set_password(before, new, "password.changed", caller.origin, kept=caller.session_id)

    def confirmed(self, caller: Caller, password: str) -> Account:
        """Return the caller's account if this is its password. Raises PasswordWrong, RateExceeded."""
        self.limits.take("password", caller.user_id)
        account = self.me(caller)
        if not self.passwords.matches(password, account.password_hash):
            raise PasswordWrong("This is not your password.")
        return account

    def resend_verification(self, caller: Caller) -> None:
        """Have the mail that confirms the address sent again, unless it is confirmed. Raises RateExceeded."""
        self.limits.take("resend", caller.user_id)
        self.jobs.send(Job(Kind.MAIL_VERIFICATION, {"user_id": caller.user_id}).to_text())

    def verify_email(self, token: str, origin: Origin) -> None:
        """Take an address as proven. Raises MailedTokenInvalid, RateExceeded."""
        before, parsed = self._mailed(token, origin)
        use = self.tokens.use(Purpose.VERIFY, before, parsed, self.clock())
        self._commit(before, "email.verified", origin, use, email_verified=True)

    def request_reset(self, email: str, origin: Origin) -> None:
        """Have the way to a new password mailed, if there is such an account; its steps tell nothing of that."""
        self.limits.take("reset-address", origin.address)
        if self.limits.has_room("reset-account", normal_email(email)):
            self.jobs.send(Job(Kind.MAIL_RESET, {"email": email}).to_text())

    def confirm_reset(self, token: str, new: str, origin: Origin) -> None:
        """Choose a new password by a mailed token: all sessions end, and the address counts as proven.

        Raises MailedTokenInvalid, WeakPassword, RateExceeded.
        """
        before, parsed = self._mailed(token, origin)
        use = self.tokens.use(Purpose.RESET, before, parsed, self.clock())
        known = self.sessions.know(before.email, origin.address, self.clock())
        self._set_password(before, new, "password.reset", origin, use, known, email_verified=True)

    def find(self, email: str) -> Account | None:
        """Return the account with this address; two calls."""
        return self.store.find(email)

    def is_active(self, user_id: str) -> bool:
        """Tell whether an account is there and not disabled: what it shares lives no longer than that. One call."""
        account = self.store.get(user_id)
        return account is not None and account.active

    def may_write(self, user_id: str) -> bool:
        """Tell whether an account is active and has a role that uploads. One call."""
        account = self.store.get(user_id)
        return account is not None and account.active and account.role is not Role.VIEWER

    def active_among(self, user_ids: Collection[str]) -> set[str]:
        """Return those of up to 100 accounts that are there and not disabled; one call."""
        return {account.id for account in self.store.get_many(user_ids) if account.active}

    def exists(self, email: str) -> bool:
        """Tell whether an account has this address: for commands, never for the API."""
        return self.store.find(email) is not None

    def _mailed(self, text: str, origin: Origin) -> tuple[Account, OpaqueToken]:
        self.limits.take("confirm-address", origin.address)
        try:
            token = OpaqueToken.parse(text)
        except TokenInvalid as error:
            raise invalid() from error
        account = self.store.get(token.user_id)
        if account is None or not account.active:
            raise invalid()
        return account, token

    def _set_password(
        self,
        before: Account,
        new: str,
        action: str,
        origin: Origin,
        *writes: Write,
        kept: str = "",
        **more: Any,
    ) -> Account:
        check_password(new, before.email)
        ended = self.new_id()
        marks = self.sessions.mark(before.id, self.clock(), until=ended, kept=kept)
        return self._commit(
            before,
            action,
            origin,
            *writes,
            *marks,
            password_hash=self.passwords.hash(new),
            sessions_after=ended,
            kept_session=kept,
            **more,
        )

    def _commit(
        self,
        before: Account,
        action: str,
        origin: Origin,
        *writes: Write,
        told: dict[str, object] | None = None,
        **changes: Any,
    ) -> Account:
        after = replace(before, **changes, version=before.version + 1)
        entry = self._entry(action, before.id, origin, details=told)
        self.tables.commit([*writes, *self.store.put_if(before, after), entry])
        return after

    def _entry(
        self,
        action: str,
        user_id: str,
        origin: Origin,
        *,
        actor: str | None = None,
        details: dict[str, object] | None = None,
    ) -> Write:
        return self.audit.entry(
            action, owner=user_id, actor=actor or user_id, target=user_id, origin=origin, **(details or {})
        )
