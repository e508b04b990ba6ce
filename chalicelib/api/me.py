"""The caller's own account: profile, password, sessions, API keys."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field

from chalicelib.accounts.models import (
    Account,
    AccountChanged,
    ApiKey,
    KeyNotFound,
    LastAdmin,
    PasswordWrong,
    Session,
    SessionNotFound,
    Status,
    TooManyKeys,
    WeakPassword,
)
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import PersonName
from chalicelib.api.models import Input, Output, Resource
from chalicelib.api.request import Call
from chalicelib.core.caller import Role, Scope
from chalicelib.files.models import FileNotFound, NotAPicture
from chalicelib.files.rules import check_picture
from chalicelib.limits.models import RateExceeded

route = Routes("Accounts")

Password = Annotated[str, Field(min_length=1, max_length=1024)]
MINUTE, TEN_YEARS = 60, 315_360_000


class AccountView(Resource):
    """An account as its owner sees it."""

    id: str
    email: str
    email_verified: bool
    name: str | None
    role: Role
    status: Status
    avatar_file_id: str | None
    quota: int | None
    created_at: datetime

    @classmethod
    def of(cls, account: Account) -> Self:
        """Render an account."""
        return cls.model_validate(account)


class ProfileChange(Input):
    """What to change."""

    name: PersonName | None = None


class PasswordChange(Input):
    """The present password, and the one to come."""

    password: Password
    new_password: Password


class Goodbye(Input):
    """The password, once more."""

    password: Password


class Avatar(Input):
    """A ready image in one's own library."""

    file_id: Annotated[str, Field(min_length=1, max_length=64)]


class SessionView(Output):
    """A place where one is signed in."""

    id: str
    current: bool
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    agent: str

    @classmethod
    def of(cls, session: Session, current: str) -> Self:
        """Render a session for the one whose present session is `current`."""
        return cls.model_validate(vars(session) | {"current": session.id == current})


class SessionList(Output):
    """Where one is signed in, newest first."""

    items: list[SessionView]


class NewKey(Input):
    """A key to be made; `expires_in` is in seconds, from a minute to ten years."""

    name: PersonName
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_in: Annotated[int, Field(ge=MINUTE, le=TEN_YEARS)] | None = None


class KeyView(Output):
    """An API key, without its secret."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, made: ApiKey, **more: str) -> Self:
        """Render a key."""
        return cls.model_validate(vars(made) | {"scopes": sorted(made.scopes)} | more)


class KeyMade(KeyView):
    """A new API key, with its secret this once."""

    shown_once = True

    key: str


class KeyList(Output):
    """One's API keys, newest first."""

    items: list[KeyView]


@route("GET /v1/me", who=Who.USER, returns=AccountView, summary="Read one's own account")
def read_me(call: Call) -> AccountView:
    return AccountView.of(call.library.accounts.me(call.caller))


@route(
    "PATCH /v1/me",
    who=Who.USER,
    returns=AccountView,
    errors=(AccountChanged,),
    summary="Change one's profile",
)
def change_me(call: Call, body: ProfileChange) -> AccountView:
    return AccountView.of(call.library.accounts.change(call.caller, body.given(), call.expected_version))


@route(
    "DELETE /v1/me",
    who=Who.USER,
    status=202,
    errors=(PasswordWrong, LastAdmin, RateExceeded),
    summary="Delete one's account: closed at once, everything it owns is erased in the background",
)
def delete_me(call: Call, body: Goodbye) -> Answer:
    call.library.deletion.of_oneself(call.caller, body.password)
    return Answer()


@route(
    "POST /v1/me/password",
    who=Who.USER,
    status=204,
    errors=(PasswordWrong, WeakPassword, RateExceeded),
    summary="Choose a new password; all other sessions end",
)
def change_password(call: Call, body: PasswordChange) -> Answer:
    call.library.accounts.change_password(call.caller, body.password, body.new_password)
    return Answer()


@route(
    "PUT /v1/me/avatar",
    who=Who.USER,
    returns=AccountView,
    errors=(FileNotFound, NotAPicture, AccountChanged),
    summary="Take one of one's images as the avatar",
)
def set_avatar(call: Call, body: Avatar) -> AccountView:
    picture = call.library.files.get(call.caller, body.file_id)
    check_picture(picture)
    changes = {"avatar_file_id": picture.id}
    return AccountView.of(call.library.accounts.change(call.caller, changes, call.expected_version))


@route(
    "DELETE /v1/me/avatar",
    who=Who.USER,
    returns=AccountView,
    errors=(AccountChanged,),
    summary="Have no avatar",
)
def remove_avatar(call: Call) -> AccountView:
    changes = {"avatar_file_id": None}
    return AccountView.of(call.library.accounts.change(call.caller, changes, call.expected_version))


@route(
    "GET /v1/me/sessions",
    who=Who.USER,
    returns=SessionList,
    session_only=True,
    summary="List where one is signed in",
)
def list_sessions(call: Call) -> SessionList:
    sessions = call.library.sessions.list(call.caller)
    return SessionList(items=[SessionView.of(one, call.caller.session_id) for one in sessions])


@route(
    "DELETE /v1/me/sessions/{session_id}",
    who=Who.USER,
    status=204,
    errors=(SessionNotFound,),
    summary="End one of one's sessions",
)
def end_session(call: Call, session_id: str) -> Answer:
    call.library.sessions.end(call.caller, session_id)
    return Answer()


@route(
    "GET /v1/me/api-keys",
    who=Who.USER,
    returns=KeyList,
    session_only=True,
    summary="List one's API keys",
)
def list_keys(call: Call) -> KeyList:
    return KeyList(items=[KeyView.of(key) for key in call.library.api_keys.list(call.caller)])


@route(
    "POST /v1/me/api-keys",
    who=Who.USER,
    status=201,
    returns=KeyMade,
    errors=(TooManyKeys,),
    summary="Make an API key; its text is shown this once",
)
def make_key(call: Call, body: NewKey) -> KeyMade:
    life = timedelta(seconds=body.expires_in) if body.expires_in else None
    key, text = call.library.api_keys.make(call.caller, body.name, set(body.scopes), life)
    return KeyMade.of(key, key=text)


@route(
    "DELETE /v1/me/api-keys/{key_id}",
    who=Who.USER,
    status=204,
    errors=(KeyNotFound,),
    summary="Revoke an API key, at once",
)
def revoke_key(call: Call, key_id: str) -> Answer:
    call.library.api_keys.revoke(call.caller, key_id)
    return Answer()
