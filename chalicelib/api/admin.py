"""Administration of accounts."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import EmailStr, Field

from chalicelib.accounts.administration import Filter
from chalicelib.accounts.models import (
    AccountBusy,
    AccountChanged,
    AccountNotFound,
    EmailTaken,
    LastAdmin,
    Listed,
    Status,
    WeakPassword,
)
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import Paging, PersonName
from chalicelib.api.me import AccountView
from chalicelib.api.models import Input, Output
from chalicelib.api.request import Call
from chalicelib.core.caller import Role
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.quotas.models import QuotaChanged

route = Routes("Administration")

Password = Annotated[str, Field(min_length=1, max_length=1024)]
MAX_QUOTA = 1 << 50


class UserQuery(Paging):
    """Which accounts; `q` are words within address or name."""

    role: Role | None = None
    status: Status | None = None
    q: Annotated[str, Field(max_length=100)] = ""


class NewUser(Input):
    """An account for somebody; without a password a mail lets them choose one."""

    email: EmailStr
    name: PersonName | None = None
    role: Role = Role.OPERATOR
    password: Password | None = None


class UserChange(Input):
    """What to change; a quota of null is the library's own."""

    role: Role = Role.OPERATOR
    status: Literal[Status.ACTIVE, Status.DISABLED] = Status.ACTIVE
    quota: Annotated[int, Field(strict=True, ge=0, le=MAX_QUOTA)] | None = None


class UserListed(Output):
    """An account in a list."""

    id: str
    email: str
    email_verified: bool
    name: str | None
    role: Role
    status: Status
    quota: int | None
    created_at: datetime
    version: int


class UserPage(Output):
    """One page of accounts, oldest first."""

    items: list[UserListed]
    next_cursor: str | None
    total: int | None = None

    @classmethod
    def of(cls, page: Page[Listed]) -> Self:
        """Render a page."""
        items = [UserListed.model_validate(one) for one in page.items]
        return cls(items=items, next_cursor=page.next_cursor, total=page.total)


@route(
    "GET /v1/admin/users",
    who=Who.ADMIN,
    returns=UserPage,
    errors=(CursorInvalid,),
    summary="List accounts",
)
def list_users(call: Call, query: UserQuery) -> UserPage:
    wanted = Filter(query.role, query.status, query.q)
    return UserPage.of(call.library.administration.page(wanted, limit=query.limit, cursor=query.cursor))


@route(
    "POST /v1/admin/users",
    who=Who.ADMIN,
    status=201,
    returns=AccountView,
    errors=(EmailTaken, WeakPassword),
    summary="Open an account for somebody",
)
def create_user(call: Call, body: NewUser) -> Answer:
    account = call.library.administration.create(call.caller, body.email, body.name, body.role, body.password)
    return Answer(AccountView.of(account), headers={"Location": f"/v1/admin/users/{account.id}"})


@route(
    "GET /v1/admin/users/{user_id}",
    who=Who.ADMIN,
    returns=AccountView,
    errors=(AccountNotFound,),
    summary="Read an account",
)
def read_user(call: Call, user_id: str) -> AccountView:
    return AccountView.of(call.library.administration.get(user_id))


@route(
    "PATCH /v1/admin/users/{user_id}",
    who=Who.ADMIN,
    returns=AccountView,
    errors=(AccountNotFound, AccountChanged, AccountBusy, LastAdmin, QuotaChanged),
    summary="Change an account's role, status or quota; holds at once",
)
def change_user(call: Call, user_id: str, body: UserChange) -> AccountView:
    administration = call.library.administration
    return AccountView.of(administration.change(call.caller, user_id, body.given(), call.expected_version))


@route(
    "DELETE /v1/admin/users/{user_id}",
    who=Who.ADMIN,
    status=202,
    errors=(AccountNotFound, AccountChanged, LastAdmin),
    summary="Delete an account: closed at once, everything it owns is erased in the background",
)
def delete_user(call: Call, user_id: str) -> Answer:
    call.library.deletion.by_admin(call.caller, user_id, call.expected_version)
    return Answer()
