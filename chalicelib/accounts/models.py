"""What an account and a session are, and what can be wrong with them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.core.caller import Role, Scope
from chalicelib.core.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    PreconditionFailed,
    Unauthenticated,
)


class Status(StrEnum):
    """Whether an account can be used."""

    ACTIVE = "active"
    DISABLED = "disabled"
    """By an admin: nobody signs in, nothing is lost."""
    DELETING = "deleting"
    """What it owns is being erased in the background."""


@dataclass(frozen=True)
class Account:
    """A person's account. `email` is as given; its uniqueness is that of its normal form."""

    id: str
    email: str
    name: str | None
    role: Role
    password_hash: str
    created_at: datetime
    status: Status = Status.ACTIVE
    email_verified: bool = False
    avatar_file_id: str | None = None
    quota: int | None = None
    """Bytes that its files may have together; None where the library's own limit holds."""
    sessions_after: str = ""
    """Sessions whose ids are not greater have ended together, all at once ..."""
    kept_session: str = ""
    """... but for this one."""
    deleted_by: str = ""
    """Who began its deletion; the two counts are for the receipt."""
    erased_files: int = 0
    erased_bytes: int = 0
    version: int = 1

    @property
    def active(self) -> bool:
        """Tell whether the account can be used."""
        return self.status is Status.ACTIVE

    def admits(self, session_id: str) -> bool:
        """Tell whether a session has not ended together with others."""
        return session_id > self.sessions_after or session_id == self.kept_session


@dataclass(frozen=True)
class Listed:
    """What lists of accounts show."""

    id: str
    email: str
    name: str | None
    role: Role
    status: Status
    email_verified: bool
    quota: int | None
    created_at: datetime
    version: int


@dataclass(frozen=True)
class Session:
    """One sign-in on one device: a family of refresh tokens of which only the newest is good."""

    id: str
    user_id: str
    refresh_hash: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    agent: str


@dataclass(frozen=True)
class ApiKey:
    """A long-lived token for programs. Its secret is not in here: only its owner ever saw it."""

    id: str
    user_id: str
    name: str
    scopes: frozenset[Scope]
    secret_hash: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None


@dataclass(frozen=True)
class TokenPair:
    """What a client holds: an access token for requests, a refresh token for the next pair."""

    access_token: str
    refresh_token: str
    expires_in: int


class EmailTaken(Conflict):
    """An account with this address exists."""

    code = "email_taken"


class WeakPassword(Invalid):
    """A password that is guessed early."""

    code = "weak_password"


class CredentialsWrong(Unauthenticated):
    """The address or the password is wrong; which of them is not told."""

    code = "credentials_wrong"


class PasswordWrong(Forbidden):
    """The account's own password, asked for again, is not this one."""

    code = "password_wrong"


class TokenInvalid(Unauthenticated):
    """An access or refresh token that is not good (any more)."""

    code = "token_invalid"


class MailedTokenInvalid(Gone):
    """A token from a mail that was used, has expired, or never was."""

    code = "mailed_token_invalid"


class AccountDisabled(Forbidden):
    """The account has been disabled by an admin, or is being deleted."""

    code = "account_disabled"


class EmailUnverified(Forbidden):
    """This library asks for a verified address first."""

    code = "email_unverified"


class RegistrationClosed(Forbidden):
    """Only admins open accounts here."""

    code = "registration_closed"


class AccountChanged(PreconditionFailed):
    """The account has changed since it was read."""


class AccountBusy(Conflict):
    """The account is in a state that does not allow this."""

    code = "account_busy"


class AccountNotFound(NotFound):
    """There is no such account."""

    code = "account_not_found"


class SessionNotFound(NotFound):
    """There is no such session of the caller."""

    code = "session_not_found"


class KeyNotFound(NotFound):
    """There is no such API key of the caller."""

    code = "key_not_found"


class TooManyKeys(Conflict):
    """An account has as many API keys as it may have."""

    code = "too_many_keys"


class LastAdmin(Conflict):
    """The last admin stays."""

    code = "last_admin"
