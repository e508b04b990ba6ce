"""`GET /v1/files` answers every question, page by page, as looking at every file would: also amid changes.

A larger run by hand: `python -m pytest tests/api/test_listing.py --hypothesis-profile=thorough`.
"""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as run_with
from hypothesis import strategies as st

from chalicelib.core.ids import new_id
from chalicelib.files.models import File, Permission, Status, Visibility
from chalicelib.sharing.models import Grant
from chalicelib.wiring import Library
from tests.api.shelves import EPOCH, SECONDS, Kept, Question, changes, files, identified, questions
from tests.conftest import newcomer
from tests.doors import Door

MIME_TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "document": "application/pdf",
}
MAX_PAGES = 60
numbers = itertools.count(1)
Change = tuple[tuple[str, Any], int]


@dataclass
class Shelf:
    """A library behind the door, and what the model knows of it."""

    doors: dict[str, Door]
    library: Library
    owners: dict[str, str]
    categories: dict[str, list[str]]
    kept: dict[str, Kept] = field(default_factory=dict)

    def add(self, new: Kept) -> None:
        """Put a file in as an upload would, in a state and at a time of our choice."""
        file_id = identified(new.made, next(numbers))
        made = EPOCH + timedelta(seconds=new.made * SECONDS)
        file = File(
            *(
                file_id,
                self.owners[new.owner],
                new.filename,
                new.extension,
                new.type,
                MIME_TYPES[new.type],
                new.size,
            ),
            *(hashlib.sha256(file_id.encode()).hexdigest(), Status(new.status), made, made),
            visibility=Visibility(new.visibility),
            category=self._category(new.owner, new.category),
            content_id=new.content_id,
            tags=new.tags,
            caption=new.caption,
            custom={"note": new.custom},
            metadata={"common": {"title": new.title}, "excerpt": new.text},
        )
        lent = new.owner == "lender" and new.shared
        grant = Grant(file_id, self.owners["own"], "x@example.org", Permission.VIEW, made)
        granted = self.library.grants.store.put(grant) if lent else []
        self.library.tables.commit([*self.library.files.admit(file), *granted])
        self.kept[file_id] = replace(new, id=file_id)

    def happen(self, change: Change) -> None:
        """Let something happen to the library, through the door where there is one for it."""
        (what, how), which = change
        if what == "add":
            self.add(how)
        elif self.kept:
            file = list(self.kept.values())[which % len(self.kept)]
            getattr(self, f"_{what}")(file, *([how] if how is not None else []))

    def _edit(self, file: Kept, how: dict[str, Any]) -> None:
        after = replace(file, **how)
        body = {name: value for name, value in how.items() if name != "stem"}
        body |= {"filename": after.filename} if "stem" in how else {}
        body |= {"category": self._category(file.owner, how["category"])} if "category" in how else {}
        self.doors[file.owner].ok("PATCH", f"/v1/files/{file.id}", 200, json=body)
        self.kept[file.id] = after

    def _trash(self, file: Kept) -> None:
        self.doors[file.owner].ok("DELETE", f"/v1/files/{file.id}", 204)
        self.kept[file.id] = replace(file, trashed=True)

    def _restore(self, file: Kept) -> None:
        self.doors[file.owner].ok("POST", f"/v1/files/{file.id}/restore", 200)
        self.kept[file.id] = replace(file, trashed=False)

    def _erase(self, file: Kept) -> None:
        self.doors[file.owner].ok("DELETE", f"/v1/files/{file.id}?permanent=true", 204)
        del self.kept[file.id]

    def pages(self, question: Question) -> Iterator[list[str]]:
        """Read page by page."""
        parameters = question.parameters(self.owners, self.categories)
        for _ in range(MAX_PAGES):
            page = self.doors["own"].get("/v1/files", params=parameters)
            assert len(page["items"]) <= parameters["limit"]
            self.total = page["total"]
            yield [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return
            parameters["cursor"] = page["next_cursor"]
        pytest.fail("the list does not end")

    def _category(self, owner: str, place: int | None) -> str | None:
        return None if place is None else self.categories[owner][place]


@dataclass
class Owner:
    """An account with two categories."""

    door: Door

    def __post_init__(self) -> None:
        self.id = self.door.get("/v1/me")["id"]
        made = [self.door.ok("POST", "/v1/categories", 201, json={"name": name}) for name in ("one", "two")]
        self.categories = [one["id"] for one in made]


@pytest.fixture(scope="module")
def lender(base_url: str) -> Owner:
    """Return someone who shares some files with each of those who ask."""
    return Owner(newcomer(base_url, "lender"))


def shelf_of(lender: Owner, library: Library, kept: list[Kept]) -> Shelf:
    """Return an account's library with these files, some of which the lender shares, or has and does not share."""
    own = Owner(newcomer(lender.door.base_url, "shelf"))
    shelf = Shelf(
        {"own": own.door, "lender": lender.door},
        library,
        {"own": own.id, "lender": lender.id, "nobody": new_id()},
        {"own": own.categories, "lender": lender.categories, "nobody": own.categories},
    )
    for file in kept:
        shelf.add(file)
    return shelf


some = run_with(
    max_examples=run_with().max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@some
@given(kept=st.lists(files, max_size=12), asked=st.lists(questions(), min_size=1, max_size=6))
def test_every_filter_combines_with_every_other_with_words_and_orders_to_the_last_page(
    lender: Owner, library: Library, kept: list[Kept], asked: list[dict[str, Any]]
) -> None:
    shelf = shelf_of(lender, library, kept)
    for question in map(Question, asked):
        expected = question.expected(shelf.kept)
        found: list[str] = []
        for page in shelf.pages(question):
            found += page
            assert shelf.total in {None, len(expected)}
        assert found == expected


@some
@given(
    kept=st.lists(files, min_size=1, max_size=12),
    asked=questions(),
    between=st.lists(st.lists(changes, max_size=3), min_size=1, max_size=4),
)
def test_amid_changes_no_file_comes_twice_and_none_is_missing_that_fits_throughout(
    lender: Owner, library: Library, kept: list[Kept], asked: dict[str, Any], between: list[list[Change]]
) -> None:
    shelf = shelf_of(lender, library, kept)
    question = Question(asked | {"limit": min(asked["limit"], 3)})
    steps = itertools.chain(between, itertools.repeat([]))
    places = {one: question.key(shelf.kept[one]) for one in question.expected(shelf.kept)}
    ever = set(places.items())
    found: list[tuple[str, Any]] = []
    for page in shelf.pages(question):
        found += [(one, question.key(shelf.kept[one])) for one in page]
        for change in next(steps):
            shelf.happen(change)
            now = {one: question.key(shelf.kept[one]) for one in question.expected(shelf.kept)}
            places = {one: place for one, place in places.items() if now.get(one) == place}
            ever |= set(now.items())
    order = [place for _, place in found]
    assert order == sorted(order, reverse=asked["sort"].startswith("-"))
    assert len(set(found)) == len(found), "a file came twice"
    assert set(places) <= {one for one, _ in found}, "a file is missing"
    assert set(found) <= ever, "a file that never fitted"
