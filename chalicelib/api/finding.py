"""Find files: by filters in any order, and by words, best first."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, field_validator

from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import ContentId, Id, Moment, Paging, Size, Tag, Words, as_list
from chalicelib.api.models import Input, Output
from chalicelib.api.request import Call
from chalicelib.api.views import FilePage, FileView
from chalicelib.catalogue.models import Criteria, NothingAsked, Order, Sort
from chalicelib.catalogue.ranking import Hit
from chalicelib.core.paging import CursorInvalid, Page
from chalicelib.files.access import OWN
from chalicelib.files.export import COLUMNS, export
from chalicelib.files.models import File, Seen
from chalicelib.sharing.models import TooManyShared

route = Routes("Files")


SortName = Literal["created_at", "-created_at", "filename", "-filename", "size", "-size"]


def sort_of(name: SortName) -> Sort:
    """Return an order in the catalogue's terms."""
    return Sort(Order(name.removeprefix("-")), name.startswith("-"))


def _known_column(name: str) -> str:
    if name not in COLUMNS:
        msg = f"is not among {', '.join(COLUMNS)}"
        raise ValueError(msg)
    return name


ColumnName = Annotated[str, AfterValidator(_known_column)]


class Filters(Input):
    """What files must be like. Times: from `created_after` on, and before `created_before`; sizes in bytes."""

    type: Literal["image", "video", "audio", "document"] | None = None
    tag: Annotated[list[Tag], Field(max_length=20), BeforeValidator(as_list)] = []
    ext: Annotated[str, StringConstraints(to_lower=True, max_length=16)] | None = None
    status: Literal["pending", "processing", "ready", "failed", "rejected"] | None = None
    visibility: Literal["private", "public"] | None = None
    content_id: ContentId | None = None
    category: Id | None = None
    created_after: Moment | None = None
    created_before: Moment | None = None
    min_size: Size | None = None
    max_size: Size | None = None
    q: Words = ""

    def criteria(self) -> Criteria:
        """Return them in the catalogue's terms."""
        return Criteria(
            type=self.type,
            extension=self.ext,
            status=self.status,
            visibility=self.visibility,
            content_id=self.content_id,
            category=self.category,
            tags=tuple(self.tag),
            created_after=self.created_after,
            created_before=self.created_before,
            min_size=self.min_size,
            max_size=self.max_size,
            words=self.q,
        )


class Listing(Filters, Paging):
    """Which files, in which order."""

    sort: SortName = "-created_at"

    @property
    def order(self) -> Sort:
        """Return the order in the catalogue's terms."""
        return sort_of(self.sort)


class OwnersListing(Listing):
    """Which files, whose: one's own, or with another's id as `owner` those that this owner shares with one.

    Whoever shares nothing, whether there is such an account or not, has an empty list.
    """

    owner: Id | None = None


class Search(Filters, Paging):
    """What to look for: all words of `q`, and all of `title` in the name or the title."""

    title: Words = ""


class Table(OwnersListing):
    """Which files, in which order, and which columns, separated by commas."""

    limit: Literal[100] = 100
    columns: str = ",".join(COLUMNS)
    bom: bool = False

    @field_validator("columns")
    @classmethod
    def _known(cls, columns: str) -> str:
        return ",".join(map(_known_column, columns.split(",")))


class HitView(FileView):
    """A file that was found, with its points and the fields in which the words were found."""

    score: int
    matched: list[str]


class HitPage(Output):
    """One page of what was found, best first."""

    items: list[HitView]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[tuple[File, Hit]]) -> Self:
        """Render a page."""
        items = [
            HitView(**vars(FileView.of(file)), score=hit.score, matched=list(hit.matched))
            for file, hit in page.items
        ]
        return cls(items=items, next_cursor=page.next_cursor)


@route(
    "GET /v1/files",
    who=Who.USER,
    returns=FilePage,
    errors=(CursorInvalid, TooManyShared),
    summary="List one's files: filters combine freely, with each other, with words, with any order",
)
def list_files(call: Call, query: OwnersListing) -> FilePage:
    return FilePage.of_seen(_page(call, query, query.cursor))


@route(
    "GET /v1/files/export.csv",
    who=Who.USER,
    content_type="text/csv; charset=utf-8",
    errors=(CursorInvalid, TooManyShared),
    summary="Export the files that fit as a table; beyond 5,000 rows the header X-Next-Cursor tells where to go on",
)
def export_files(call: Call, query: Table) -> Answer:
    def find(cursor: str | None) -> Page[File]:
        page = _page(call, query, cursor)
        return Page([seen.file for seen in page.items], page.next_cursor)

    text, more = export(find, query.cursor, query.columns.split(","), mark=query.bom)
    headers = {"Content-Disposition": 'attachment; filename="files.csv"'}
    return Answer(text, headers=headers | ({"X-Next-Cursor": more} if more else {}))


@route(
    "GET /v1/search",
    who=Who.USER,
    returns=HitPage,
    errors=(CursorInvalid, NothingAsked),
    summary="Search by words, best first; all filters apply",
)
def search_files(call: Call, query: Search) -> HitPage:
    found = call.library.files.best_first(
        call.caller, query.criteria(), query.title, limit=query.limit, cursor=query.cursor
    )
    return HitPage.of(found)


def _page(call: Call, query: OwnersListing, cursor: str | None) -> Page[Seen]:
    """Return the page after a cursor, of one's own files or of what another shares with one."""
    criteria, caller = query.criteria(), call.caller
    if query.owner not in {None, caller.user_id}:
        received = call.library.received
        return received.find(
            caller, criteria, query.order, owner_id=query.owner, limit=query.limit, cursor=cursor
        )
    page = call.library.files.find(caller, criteria, query.order, limit=query.limit, cursor=cursor)
    return Page([Seen(file, OWN) for file in page.items], page.next_cursor, page.total)
