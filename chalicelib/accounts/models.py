"""What an account and a session are, and what can be wrong with them."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.caller import Role
from chalicelib.core.errors import Conflict, Forbidden, Invalid, Unauthenticated


@dataclass(frozen=True)
class Account:
    """A person's account. `email` is as given; its uniqueness is that of its normal form."""

    id: str
    email: str
    name: str | None
    role: Role
    password_hash: str
    created_at: datetime
    active: bool = True
    version: int = 1


@dataclass(frozen=True)
class Session:
    """One sign-in on one device: a family of refresh tokens of which only the newest is good."""

    id: str
    user_id: str
    refresh_hash: str
    created_at: datetime
    expires_at: datetime
    address: str
    agent: str


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


class TokenInvalid(Unauthenticated):
    """An access or refresh token that is not good (any more)."""

    code = "token_invalid"


class AccountDisabled(Forbidden):
    """The account has been disabled by an admin."""

    code = "account_disabled"
