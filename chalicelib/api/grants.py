"""Grants: files shared with other accounts."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import Id, Paging
from chalicelib.api.finding import Listing
from chalicelib.api.models import Input, Output
from chalicelib.api.request import Call
from chalicelib.api.views import FilePage
from chalicelib.core.caller import Scope
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.files.models import FileNotFound, Permission, PermissionMissing
from chalicelib.limits.models import RateExceeded
from chalicelib.sharing.models import FileNotShareable, Grant, GranteeUnknown, GrantNotFound, TooManyShared

route = Routes("Sharing")


class GrantRequest(Input):
    """Whom to let do what: `download` includes `view`, `edit` includes both."""

    email: Annotated[str, Field(min_length=1, max_length=320)]
    permission: Literal[Permission.VIEW, Permission.DOWNLOAD, Permission.EDIT]


class SharedListing(Listing):
    """Which files, whose, and in which order."""

    owner: Id | None = None


class GrantView(Output):
    """What another account may do with a file."""

    file_id: str
    user_id: str
    email: str
    permission: Permission
    created_at: datetime

    @classmethod
    def of(cls, grant: Grant) -> Self:
        """Render a grant."""
        return cls.model_validate(grant)


class GrantPage(Output):
    """One page of grants."""

    items: list[GrantView]
    next_cursor: str | None
    total: int | None

    @classmethod
    def of(cls, page: Page[Grant]) -> Self:
        """Render a page."""
        items = [GrantView.of(grant) for grant in page.items]
        return cls(items=items, next_cursor=page.next_cursor, total=page.total)


@route(
    "POST /v1/files/{file_id}/grants",
    who=Who.WRITER,
    scope=Scope.SHARE,
    status=201,
    returns=GrantView,
    errors=(FileNotFound, PermissionMissing, FileNotShareable, GranteeUnknown, RateExceeded),
    summary="Let another account view, download or edit a file, in place of what it was let before",
)
def give_grant(call: Call, file_id: str, body: GrantRequest) -> GrantView:
    return GrantView.of(call.library.grants.give(call.caller, file_id, body.email, body.permission))


@route(
    "GET /v1/files/{file_id}/grants",
    who=Who.USER,
    returns=GrantPage,
    errors=(FileNotFound, PermissionMissing, CursorInvalid),
    summary="List who may do what with a file",
)
def list_grants(call: Call, file_id: str, query: Paging) -> GrantPage:
    return GrantPage.of(
        call.library.grants.of_file(call.caller, file_id, limit=query.limit, cursor=query.cursor)
    )


@route(
    "DELETE /v1/files/{file_id}/grants/{user_id}",
    who=Who.USER,
    scope=Scope.SHARE,
    status=204,
    errors=(FileNotFound, PermissionMissing, GrantNotFound),
    summary="Take a grant back at once; one's own grant may be given up, too",
)
def revoke_grant(call: Call, file_id: str, user_id: str) -> Answer:
    call.library.grants.revoke(call.caller, file_id, user_id)
    return Answer()


@route(
    "GET /v1/shared-with-me",
    who=Who.USER,
    returns=FilePage,
    errors=(CursorInvalid, TooManyShared),
    summary="List the files that others share with one: filters and orders as for one's own",
)
def list_shared_with_me(call: Call, query: SharedListing) -> FilePage:
    criteria, owner = query.criteria(), query.owner
    found = call.library.received.find(
        call.caller, criteria, query.order, owner_id=owner, limit=query.limit, cursor=query.cursor
    )
    return FilePage.of_seen(found)
