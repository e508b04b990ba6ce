"""The activity log: one's own, a file's, and everybody's for admins."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from chalicelib.api.endpoint import Routes, Who
from chalicelib.api.fields import Moment, Paging
from chalicelib.api.models import Output
from chalicelib.api.request import Call
from chalicelib.audit.models import Entry, Wanted
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.files.models import FileNotFound, Permission, PermissionMissing

route = Routes("Activity")


class EntryQuery(Paging):
    """Which entries: `action` is one, such as `file.changed`, or the beginning of some, such as `file.`."""

    action: Annotated[str, Field(max_length=64, pattern=r"^[a-z_.]*$")] = ""
    since: Moment | None = None
    until: Moment | None = None

    def wanted(self) -> Wanted:
        """Return the filters."""
        return Wanted(self.action, self.since, self.until)


class AllQuery(EntryQuery):
    """Which entries, of whom."""

    user: Annotated[str, Field(max_length=64)] | None = None


class EntryView(Output):
    """Who (`actor`) did what to what in whose library (`owner`), when, from where."""

    id: str
    owner: str
    action: str
    actor: str
    target: str
    at: datetime
    address: str
    agent: str
    request_id: str
    details: dict[str, Any]


class EntryPage(Output):
    """One page of entries, newest first."""

    items: list[EntryView]
    next_cursor: str | None
    total: int | None = None

    @classmethod
    def of(cls, page: Page[Entry]) -> Self:
        """Render a page."""
        return cls(items=[EntryView.model_validate(one) for one in page.items], next_cursor=page.next_cursor)


@route(
    "GET /v1/me/activity",
    who=Who.USER,
    returns=EntryPage,
    errors=(CursorInvalid,),
    summary="List what happened in one's library and account",
)
def my_activity(call: Call, query: EntryQuery) -> EntryPage:
    of_mine = call.library.audit.of_library
    return EntryPage.of(of_mine(call.caller.user_id, query.wanted(), limit=query.limit, cursor=query.cursor))


@route(
    "GET /v1/files/{file_id}/activity",
    who=Who.USER,
    returns=EntryPage,
    errors=(CursorInvalid, FileNotFound, PermissionMissing),
    summary="List what happened to a file of one's own",
)
def file_activity(call: Call, file_id: str, query: EntryQuery) -> EntryPage:
    file = call.library.files.seen(call.caller, file_id, Permission.SHARE).file
    of_it = call.library.audit.of_target
    return EntryPage.of(of_it(file.id, query.wanted(), limit=query.limit, cursor=query.cursor))


@route(
    "GET /v1/admin/activity",
    who=Who.ADMIN,
    returns=EntryPage,
    errors=(CursorInvalid,),
    summary="List what happened anywhere, or in one user's library",
)
def all_activity(call: Call, query: AllQuery) -> EntryPage:
    audit, wanted, limit, cursor = call.library.audit, query.wanted(), query.limit, query.cursor
    if query.user:
        return EntryPage.of(audit.of_library(query.user, wanted, limit=limit, cursor=cursor))
    return EntryPage.of(audit.of_all(wanted, limit=limit, cursor=cursor))
