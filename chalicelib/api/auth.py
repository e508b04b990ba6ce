"""Registration, sign-in, staying signed in, and tokens that came by mail."""

from typing import Annotated, Literal, Self

from pydantic import EmailStr, Field

from chalicelib.accounts.models import (
    AccountDisabled,
    CredentialsWrong,
    EmailTaken,
    EmailUnverified,
    MailedTokenInvalid,
    RegistrationClosed,
    TokenInvalid,
    TokenPair,
    WeakPassword,
)
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import PersonName
from chalicelib.api.me import AccountView
from chalicelib.api.models import Input, Output
from chalicelib.api.request import Call
from chalicelib.limits.models import RateExceeded

route = Routes("Accounts")

Password = Annotated[str, Field(min_length=1, max_length=1024)]
Email = Annotated[str, Field(min_length=1, max_length=320)]
Token = Annotated[str, Field(min_length=1, max_length=512)]


class Registration(Input):
    """A new account."""

    email: EmailStr
    password: Password
    name: PersonName | None = None


class Credentials(Input):
    """Who signs in."""

    email: Email
    password: Password


class Refresh(Input):
    """The token to exchange."""

    refresh_token: Token


class MailedToken(Input):
    """What a mail brought."""

    token: Token


class ResetRequest(Input):
    """Whose password is forgotten."""

    email: Email


class Reset(Input):
    """A new password, and the mailed token that allows it."""

    token: Token
    new_password: Password


class Tokens(Output):
    """An access token for 15 minutes, and what to get the next one with."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a type, no secret
    expires_in: int
    refresh_token: str

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Render a pair of tokens."""
        return cls.model_validate(pair)


@route(
    "POST /v1/auth/register",
    who=Who.ANYONE,
    status=201,
    returns=AccountView,
    errors=(EmailTaken, WeakPassword, RegistrationClosed, RateExceeded),
    summary="Open an account",
)
def register(call: Call, body: Registration) -> Answer:
    account = call.library.accounts.register(body.email, body.password, body.name, call.origin)
    return Answer(AccountView.of(account), headers={"Location": "/v1/me"})


@route(
    "POST /v1/auth/login",
    who=Who.ANYONE,
    returns=Tokens,
    errors=(CredentialsWrong, AccountDisabled, EmailUnverified, RateExceeded),
    summary="Sign in",
)
def log_in(call: Call, body: Credentials) -> Tokens:
    return Tokens.of(call.library.sessions.log_in(body.email, body.password, call.origin))


@route(
    "POST /v1/auth/refresh",
    who=Who.ANYONE,
    returns=Tokens,
    errors=(TokenInvalid, AccountDisabled, EmailUnverified),
    summary="Exchange a refresh token for a new pair; a used one ends the session",
)
def refresh(call: Call, body: Refresh) -> Tokens:
    return Tokens.of(call.library.sessions.refresh(body.refresh_token, call.origin))


@route("POST /v1/auth/logout", who=Who.USER, status=204, summary="End this session")
def log_out(call: Call) -> Answer:
    call.library.sessions.log_out(call.caller)
    return Answer()


@route("POST /v1/auth/logout-all", who=Who.USER, status=204, summary="End all sessions, this one too")
def log_out_everywhere(call: Call) -> Answer:
    call.library.sessions.log_out_everywhere(call.caller)
    return Answer()


@route(
    "POST /v1/auth/verify-email",
    who=Who.ANYONE,
    status=204,
    errors=(MailedTokenInvalid, RateExceeded),
    summary="Confirm an address by the token in the mail",
)
def verify_email(call: Call, body: MailedToken) -> Answer:
    call.library.accounts.verify_email(body.token, call.origin)
    return Answer()


@route(
    "POST /v1/auth/verify-email/resend",
    who=Who.USER,
    live=True,
    status=202,
    errors=(RateExceeded,),
    summary="Have the mail that confirms the address sent again",
)
def resend_verification(call: Call) -> Answer:
    call.library.accounts.resend_verification(call.caller)
    return Answer()


@route(
    "POST /v1/auth/password-reset",
    who=Who.ANYONE,
    status=202,
    errors=(RateExceeded,),
    summary="Have the way to a new password mailed; the answer is the same for any address",
)
def request_reset(call: Call, body: ResetRequest) -> Answer:
    call.library.accounts.request_reset(body.email, call.origin)
    return Answer()


@route(
    "POST /v1/auth/password-reset/confirm",
    who=Who.ANYONE,
    status=204,
    errors=(MailedTokenInvalid, WeakPassword, RateExceeded),
    summary="Choose a new password by the token in the mail; all sessions end",
)
def confirm_reset(call: Call, body: Reset) -> Answer:
    call.library.accounts.confirm_reset(body.token, body.new_password, call.origin)
    return Answer()
