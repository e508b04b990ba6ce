"""Registration, sign-in, staying signed in, and the caller's own account."""

from datetime import datetime
from typing import Annotated, Literal, Self

from chalice.app import Blueprint
from pydantic import EmailStr, Field

from chalicelib.accounts.models import (
    Account,
    AccountDisabled,
    CredentialsWrong,
    EmailTaken,
    TokenInvalid,
    TokenPair,
    WeakPassword,
)
from chalicelib.api.endpoint import Answer, Input, Output, Resource, Routes, Who
from chalicelib.api.request import Call
from chalicelib.core.caller import Role

blueprint = Blueprint(__name__)
route = Routes(blueprint, "Accounts")

Password = Annotated[str, Field(min_length=1, max_length=1024)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Registration(Input):
    """A new account."""

    email: EmailStr
    password: Password
    name: Name | None = None


class Credentials(Input):
    """Who signs in."""

    email: Annotated[str, Field(min_length=1, max_length=320)]
    password: Password


class Refresh(Input):
    """The token to exchange."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=512)]


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


class AccountView(Resource):
    """An account as its owner sees it."""

    id: str
    email: str
    name: str | None
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, account: Account) -> Self:
        """Render an account."""
        return cls.model_validate(account)


@route(
    "POST /v1/auth/register",
    who=Who.ANYONE,
    status=201,
    returns=AccountView,
    errors=(EmailTaken, WeakPassword),
    summary="Open an account",
)
def register(call: Call, body: Registration) -> Answer:
    account = call.library.accounts.register(body.email, body.password, body.name, call.origin)
    return Answer(AccountView.of(account), headers={"Location": "/v1/me"})


@route(
    "POST /v1/auth/login",
    who=Who.ANYONE,
    returns=Tokens,
    errors=(CredentialsWrong, AccountDisabled),
    summary="Sign in",
)
def log_in(call: Call, body: Credentials) -> Tokens:
    return Tokens.of(call.library.accounts.log_in(body.email, body.password, call.origin))


@route(
    "POST /v1/auth/refresh",
    who=Who.ANYONE,
    returns=Tokens,
    errors=(TokenInvalid, AccountDisabled),
    summary="Exchange a refresh token for a new pair; a used one ends the session",
)
def refresh(call: Call, body: Refresh) -> Tokens:
    return Tokens.of(call.library.accounts.refresh(body.refresh_token, call.origin))


@route("POST /v1/auth/logout", who=Who.USER, status=204, summary="End this session")
def log_out(call: Call) -> Answer:
    call.library.accounts.log_out(call.caller)
    return Answer()


@route("GET /v1/me", who=Who.USER, returns=AccountView, summary="Read one's own account")
def read_me(call: Call) -> AccountView:
    return AccountView.of(call.library.accounts.me(call.caller))
