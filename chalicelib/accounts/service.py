"""Accounts: register, sign in, stay signed in.

A session is a family of refresh tokens. Each refresh exchanges the token for a new one in a conditional write; a
token that has been exchanged before is in a thief's hand or was copied by one, so presenting it ends the family.
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.accounts.models import (
    Account,
    AccountDisabled,
    CredentialsWrong,
    Session,
    TokenInvalid,
    TokenPair,
)
from chalicelib.accounts.passwords import Passwords
from chalicelib.accounts.rules import check_password
from chalicelib.accounts.store import AccountStore
from chalicelib.accounts.tokens import ACCESS_LIFE, AccessTokens, RefreshToken
from chalicelib.audit.service import Audit
from chalicelib.aws.table import Tables, Write
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.clock import Clock
from chalicelib.core.ids import NewId

SESSION_LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Accounts:
    """The use cases of accounts."""

    tables: Tables
    store: AccountStore
    audit: Audit
    passwords: Passwords
    access_tokens: AccessTokens
    clock: Clock
    new_id: NewId
    default_role: Role = Role.OPERATOR

    def register(
        self, email: str, password: str, name: str | None, origin: Origin, *, role: Role | None = None
    ) -> Account:
        """Open an account. Raises WeakPassword, EmailTaken."""
        check_password(password, email)
        account = Account(
            id=self.new_id(),
            email=email,
            name=name,
            role=role or self.default_role,
            password_hash=self.passwords.hash(password),
            created_at=self.clock(),
        )
        entry = self._entry("account.registered", account.id, account.id, origin, role=account.role.value)
        self.tables.commit([*self.store.put_new(account), entry])
        return account

    def log_in(self, email: str, password: str, origin: Origin) -> TokenPair:
        """Start a session of 30 days. Raises CredentialsWrong, AccountDisabled; both take a password's time."""
        account = self.store.find(email)
        if (
            not self.passwords.matches(password, account.password_hash if account else None)
            or account is None
        ):
            raise CredentialsWrong("The e-mail address or the password is wrong.")
        _check_active(account)
        now = self.clock()
        refresh = RefreshToken.new(account.id, self.new_id())
        session = Session(
            id=refresh.session_id,
            user_id=account.id,
            refresh_hash=refresh.hash,
            created_at=now,
            expires_at=now + SESSION_LIFE,
            address=origin.address,
            agent=origin.agent,
        )
        entry = self._entry("session.started", account.id, session.id, origin)
        self.tables.commit([self.store.put_session(session), entry])
        return self._pair(account, refresh)

    def refresh(self, token: str, origin: Origin) -> TokenPair:
        """Exchange a refresh token for a new pair. Raises TokenInvalid; a reused token ends its session."""
        presented = RefreshToken.parse(token)
        session = self.store.session(presented.user_id, presented.session_id)
        if session is None or session.expires_at <= self.clock():
            raise _ended()
        if not hmac.compare_digest(presented.hash, session.refresh_hash):
            self._end(presented.user_id, presented.session_id, origin, reason="refresh token reused")
            raise _ended()
        account = self.store.get(presented.user_id)
        if account is None:
            raise _ended()
        _check_active(account)
        successor = RefreshToken.new(presented.user_id, presented.session_id)
        self.tables.commit([self.store.rotate(session, successor.hash, reused=_ended())])
        return self._pair(account, successor)

    def log_out(self, caller: Caller) -> None:
        """End the caller's session; its access token may still read for the rest of its 15 minutes."""
        self._end(caller.user_id, caller.session_id, caller.origin, reason="signed out")

    def me(self, caller: Caller) -> Account:
        """Return the caller's account. Raises TokenInvalid when it is gone."""
        account = self.store.get(caller.user_id)
        if account is None:
            raise _ended()
        return account

    def exists(self, email: str) -> bool:
        """Tell whether an account has this address: for commands, never for the API."""
        return self.store.find(email) is not None

    def _pair(self, account: Account, refresh: RefreshToken) -> TokenPair:
        access = self.access_tokens.issue(account, refresh.session_id)
        return TokenPair(access, str(refresh), int(ACCESS_LIFE.total_seconds()))

    def _end(self, user_id: str, session_id: str, origin: Origin, *, reason: str) -> None:
        entry = self._entry("session.ended", user_id, session_id, origin, reason=reason)
        self.tables.commit([self.store.delete_session(user_id, session_id), entry])

    def _entry(self, action: str, user_id: str, target: str, origin: Origin, **details: object) -> Write:
        return self.audit.entry(action, owner=user_id, actor=user_id, target=target, origin=origin, **details)


def _check_active(account: Account) -> None:
    if not account.active:
        raise AccountDisabled("This account has been disabled. Ask an administrator.")


def _ended() -> TokenInvalid:
    return TokenInvalid("This session has ended. Sign in again.")
