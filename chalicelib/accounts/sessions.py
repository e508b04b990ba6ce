"""Sessions: sign in, stay signed in, see where one is signed in, end sessions.

A session is a family of refresh tokens. Each refresh exchanges the token for a new one in a conditional write; a
token that has been exchanged before is in a thief's hand or was copied by one, so presenting it ends the family.

Throttling: a wrong password counts for the pair of account and network address (10 in 15 minutes; a right one
starts the count again), for the network address over all accounts (60), and, from network addresses where nobody
has signed in to the account yet, for the account (100 an hour). So whoever guesses, even from many places, is
stopped, while the owner goes on where they have been before, or through a mailed reset, which makes the place known.
The same limits bound how many refused sign-ins are in an account's activity log.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.accounts.models import (
    Account,
    AccountChanged,
    AccountDisabled,
    CredentialsWrong,
    EmailUnverified,
    Session,
    SessionNotFound,
    TokenInvalid,
    TokenPair,
)
from chalicelib.accounts.passwords import Passwords
from chalicelib.accounts.rules import normal_email
from chalicelib.accounts.session_store import SessionStore
from chalicelib.accounts.store import AccountStore
from chalicelib.accounts.tokens import ACCESS_LIFE, AccessTokens, OpaqueToken
from chalicelib.audit.service import Audit
from chalicelib.aws.queue import Queue
from chalicelib.aws.table import Check, Tables, Write, overloaded
from chalicelib.core.caller import Caller, Origin
from chalicelib.core.clock import Clock
from chalicelib.core.ids import NewId
from chalicelib.core.job import Job, Kind
from chalicelib.limits.service import Limits

SESSION_LIFE = timedelta(days=30)
MARK_LIFE = ACCESS_LIFE + timedelta(minutes=5)
TRIES = 3


@dataclass(frozen=True)
class Sessions:
    """The use cases of sessions."""

    tables: Tables
    accounts: AccountStore
    store: SessionStore
    audit: Audit
    passwords: Passwords
    limits: Limits
    access_tokens: AccessTokens
    clock: Clock
    new_id: NewId
    jobs: Queue
    verified_only: bool = False

    def log_in(self, email: str, password: str, origin: Origin) -> TokenPair:
        """Start a session of 30 days. Raises CredentialsWrong, RateExceeded, AccountDisabled, EmailUnverified.

        Refusals take the same steps whether there is such an account or not; the last two are told only to those
        who know the password.
        """
        pair = f"{normal_email(email)}#{origin.address}"
        self.limits.take("login-address", origin.address)
        self.limits.take("login", pair)
        if not self.store.knows(email, origin.address):
            self.limits.take("login-account", normal_email(email), told=False)
        forget = self.limits.forget("login", pair)
        try:
            return _unless_changed(lambda: self._log_in(email, password, origin, forget))
        except (CredentialsWrong, AccountDisabled, EmailUnverified) as refusal:
            self._have_noted(email, origin, refusal.code)
            raise

    def note_refusal(self, about: Mapping[str, str]) -> None:
        """Write into the log of an account, if there is one, that a sign-in was refused; safe to repeat."""
        account = self.accounts.find(about["email"])
        if account is None:
            return
        entry = self.audit.late_entry(
            about["id"],
            "session.refused",
            owner=account.id,
            actor="unknown",
            target=account.id,
            origin=Origin(about["address"], about["agent"], about["request_id"]),
            reason=about["reason"],
        )
        self.tables.commit([entry])

    def refresh(self, token: str, origin: Origin) -> TokenPair:
        """Exchange a refresh token for a new pair. Raises TokenInvalid; a reused token ends its session."""
        presented = OpaqueToken.parse(token)
        return _unless_changed(lambda: self._refresh(presented, origin))

    def log_out(self, caller: Caller) -> None:
        """End the caller's session: no more writes at once, no more reads when its access token expires."""
        self._end(caller.user_id, caller.session_id, caller.origin, reason="signed out")

    def log_out_everywhere(self, caller: Caller) -> None:
        """End all sessions of the caller, this one too."""

        def attempt() -> None:
            account = self._account(caller.user_id)
            entry = self._entry("session.all_ended", account.id, account.id, caller.origin)
            self.tables.commit([*self.end_all(account), entry])

        _unless_changed(attempt)

    def end_all(self, account: Account, **changes: object) -> list[Write]:
        """Return the writes that end all sessions of an account, together with other changes of it."""
        ended = self.new_id()
        version = account.version + 1
        after = replace(account, **changes, sessions_after=ended, kept_session="", version=version)  # type: ignore[arg-type] # fields of Account
        marks = self.store.mark(account.id, self.clock(), until=ended, kept="", role=after.role.value)
        return [*self.accounts.put_if(account, after), *marks]

    def list(self, caller: Caller) -> list[Session]:
        """Return the caller's sessions, newest first; two calls."""
        account = self._account(caller.user_id)
        now = self.clock()
        return [one for one in self.store.all(account.id) if account.admits(one.id) and one.expires_at > now]

    def end(self, caller: Caller, session_id: str) -> None:
        """End one of the caller's sessions. Raises SessionNotFound."""
        if session_id not in {session.id for session in self.list(caller)}:
            raise SessionNotFound("There is no such session.")
        self._end(caller.user_id, session_id, caller.origin, reason="ended by its owner")

    def live(self, caller: Caller) -> Check:
        """Return the check that the caller's session has not ended and its role is the same."""
        return self.store.check_live(caller, ended=_ended())

    def require_live(self, caller: Caller) -> None:
        """Raise TokenInvalid when the caller's session has ended or its role has changed; one call."""
        if not self.store.is_live(caller):
            raise _ended()

    def _have_noted(self, email: str, origin: Origin, reason: str) -> None:
        """Have a refusal noted in the background: whether there is such an account shows in no step here."""
        about = {"id": self.new_id(), "email": email, "reason": reason, **vars(origin)}
        self.jobs.send(Job(Kind.SIGN_IN_REFUSED, about).to_text())

    def _log_in(self, email: str, password: str, origin: Origin, forget: Write) -> TokenPair:
        account = self.accounts.find(email)
        right = self.passwords.matches(password, account.password_hash if account else None)
        if account is None or not right:
            raise CredentialsWrong("The e-mail address or the password is wrong.")
        self._check_usable(account)
        return self.start(account, origin, [self.store.know(email, origin.address, self.clock()), forget])

    def start(self, account: Account, origin: Origin, more: Sequence[Write] = ()) -> TokenPair:
        """Start a session of whoever has proved to be the account's owner, together with other changes; one call.

        Raises AccountChanged when another way to sign in came meanwhile.
        """
        now = self.clock()
        refresh = OpaqueToken.new(account.id, self.new_id())
        session = Session(
            id=refresh.id,
            user_id=account.id,
            refresh_hash=refresh.hash,
            created_at=now,
            last_used_at=now,
            expires_at=now + SESSION_LIFE,
            address=origin.address,
            agent=origin.agent,
        )
        entry = self._entry("session.started", account.id, session.id, origin)
        self.tables.commit([self.accounts.same_sign_in(account), self.store.put_new(session), *more, entry])
        return self._pair(account, refresh)

    def _refresh(self, presented: OpaqueToken, origin: Origin) -> TokenPair:
        session = self.store.get(presented.user_id, presented.id)
        account = self.accounts.get(presented.user_id)
        if session is None or session.expires_at <= self.clock() or account is None:
            raise _ended()
        if not hmac.compare_digest(presented.hash, session.refresh_hash):
            self._end(session.user_id, session.id, origin, reason="refresh token reused")
            raise _ended()
        if not account.admits(session.id):
            raise _ended()
        self._check_usable(account)
        successor = OpaqueToken.new(session.user_id, session.id)
        after = replace(
            session,
            refresh_hash=successor.hash,
            last_used_at=self.clock(),
            address=origin.address,
            agent=origin.agent,
        )
        exchange = self.store.rotate(session, after, reused=_ended())
        self.tables.commit([exchange, self.accounts.same_sign_in(account)])
        return self._pair(account, successor)

    def _check_usable(self, account: Account) -> None:
        if not account.active:
            raise AccountDisabled("This account has been disabled. Ask an administrator.")
        if self.verified_only and not account.email_verified:
            raise EmailUnverified("Open the link in the mail that was sent to you first.")

    def _account(self, user_id: str) -> Account:
        account = self.accounts.get(user_id)
        if account is None:
            raise _ended()
        return account

    def _pair(self, account: Account, refresh: OpaqueToken) -> TokenPair:
        access = self.access_tokens.issue(account, refresh.id)
        return TokenPair(access, str(refresh), int(ACCESS_LIFE.total_seconds()))

    def _end(self, user_id: str, session_id: str, origin: Origin, *, reason: str) -> None:
        entry = self._entry("session.ended", user_id, session_id, origin, reason=reason)
        marks = self.store.mark(user_id, self.clock(), ended=session_id)
        self.tables.commit([self.store.delete(user_id, session_id), *marks, entry])

    def _entry(self, action: str, user_id: str, target: str, origin: Origin, **details: object) -> Write:
        return self.audit.entry(action, owner=user_id, actor=user_id, target=target, origin=origin, **details)


def _ended() -> TokenInvalid:
    return TokenInvalid("This session has ended. Sign in again.")


def _unless_changed[Result](attempt: Callable[[], Result]) -> Result:
    """Repeat what a change of the account has overtaken."""
    for _ in range(TRIES):
        try:
            return attempt()
        except AccountChanged:
            continue
    raise overloaded()
