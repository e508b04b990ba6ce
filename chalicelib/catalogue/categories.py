"""Categories: each file has at most one, by its id, so renaming a category changes no file.

In the table `tags`:

| row | pk | sk | holds |
|---|---|---|---|
| category | `<owner>#categories` | its id | `name`, `created_at`, `version` |
| mark of an end | `ended-category#<id>` | `0` to `7` | nothing: no file comes into a category that has one |
| name guard | `<owner>#category-names` | the name's normal form | `category_id`; makes names unique |

Those that admins make for everybody have the owner `library`. Marks stay for good, for ids do not come again. A write
that puts a file into a category checks one of them, by the file, in its own transaction: checks of one item at the same
moment conflict, and so parallel uploads would that checked the category itself.
"""

import itertools
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from boto3.dynamodb.conditions import Attr
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.audit.service import Audit
from chalicelib.aws.table import (
    ABSENT,
    MAX_TRANSACTION_ITEMS,
    Check,
    Delete,
    Item,
    Key,
    Put,
    Tables,
    Update,
    Write,
)
from chalicelib.catalogue.counters import Counters
from chalicelib.catalogue.folding import LIBRARY
from chalicelib.catalogue.rules import tag_key
from chalicelib.core.caller import Caller
from chalicelib.core.clock import Clock, from_text, to_text
from chalicelib.core.errors import Conflict, Invalid, NotFound, PreconditionFailed
from chalicelib.core.ids import NewId

MARKS = 8


class CategoryNotFound(NotFound):
    """There is no such category of the caller's."""

    code = "category_not_found"


class CategoryUnknown(Invalid):
    """A file cannot be put into a category that is not there."""

    code = "category_unknown"


class CategoryExists(Conflict):
    """Another category has this name."""

    code = "category_exists"


class CategoryChanged(PreconditionFailed):
    """The category has changed since the version that the request names."""


@dataclass(frozen=True)
class Category:
    """A category and how many files are in it."""

    id: str
    name: str
    created_at: datetime
    version: int = 1
    files: int = 0
    bytes: int = 0
    shared: bool = False
    """Whether admins have made it for everybody."""


@dataclass(frozen=True)
class Categories:
    """The use cases of an owner's categories."""

    tables: Tables
    table: str
    counters: Counters
    audit: Audit
    clock: Clock
    new_id: NewId

    def all(self, caller: Caller) -> list[Category]:
        """Return all of the caller's categories and those for everybody, with the caller's counts; four calls."""
        counts = self.counters.counts(caller.user_id)
        rows = [*self._rows(caller.user_id), *self._rows(LIBRARY)]
        return _by_name(_category(row, counts.get(f"category:{row['sk']}", 0)) for row in rows)

    def for_everybody(self) -> list[Category]:
        """Return the categories for everybody, with everybody's counts as they were added up last.

        One call, and one for every hundred.
        """
        rows = list(self._rows(LIBRARY))
        counts = self.counters.in_categories([row["sk"] for row in rows])
        return _by_name(_category(row, *counts.get(row["sk"], (0, 0))) for row in rows)

    def get(self, caller: Caller, category_id: str, *, shared: bool = False) -> Category:
        """Return one category of the caller's (or for everybody), its files not counted. Raises CategoryNotFound."""
        row = self.tables.get(self.table, _key(_owner(caller, shared=shared), category_id))
        if row is None:
            raise CategoryNotFound("There is no such category.")
        return _category(row, 0)

    def check(self, owner_id: str, category_id: str) -> None:
        """Raise CategoryUnknown unless the owner or everybody has this category; one call."""
        self.check_read(self.tables.get_from(self.places(owner_id, category_id)))

    def places(self, owner_id: str, category_id: str | None) -> list[tuple[str, Key]]:
        """Return the places to read for whether an owner or everybody has a category: for `check_read`."""
        if category_id is None:
            return []
        owners = dict.fromkeys((owner_id, LIBRARY))
        return [(self.table, _key(owner, category_id)) for owner in owners]

    def check_read(self, rows: Sequence[Item | None]) -> None:
        """Raise CategoryUnknown when places were read and none had the category; no call."""
        if rows and not any(rows):
            raise _unknown()

    def not_ended(self, category_id: str, file_id: str) -> Check:
        """Return the check that a category has not ended, for the write that puts a file into it; CategoryUnknown."""
        mark = zlib.crc32(file_id.encode()) % MARKS
        return Check(self.table, _mark_key(category_id, mark), ABSENT, refused=_unknown())

    def add(self, caller: Caller, name: str, *, shared: bool = False) -> Category:
        """Make a category, for the caller or for everybody; one call. Raises CategoryExists."""
        category = Category(self.new_id(), _tidy(name), self.clock(), shared=shared)
        owner = _owner(caller, shared=shared)
        row = {**_key(owner, category.id), "name": category.name, "version": 1}
        put = Put(self.table, row | {"created_at": to_text(category.created_at)}, ABSENT)
        entry = self._entry("category.made", caller, category, name=category.name)
        self.tables.commit([put, self._claim(owner, category), entry])
        return category

    def rename(
        self, caller: Caller, category_id: str, name: str, expected: int | None, *, shared: bool = False
    ) -> Category:
        """Give a category another name; its files stay. Raises CategoryNotFound, CategoryExists, CategoryChanged."""
        before, owner = self.get(caller, category_id, shared=shared), _owner(caller, shared=shared)
        if expected is not None and expected != before.version:
            raise _changed()
        after = replace(before, name=_tidy(name), version=before.version + 1)
        if after.name == before.name:
            return before
        values = {"name": after.name, "version": after.version}
        unchanged = Attr("version").eq(before.version)
        key = _key(owner, category_id)
        writes: list[Write] = [Update(self.table, key, values, condition=unchanged, refused=_changed())]
        if tag_key(after.name) != tag_key(before.name):
            writes += [Delete(self.table, _name_key(owner, before.name)), self._claim(owner, after)]
        entry = self._entry("category.renamed", caller, before, before=before.name, after=after.name)
        self.tables.commit([*writes, entry])
        return after

    def removal(self, caller: Caller, category: Category, move_to: str | None) -> list[Write]:
        """Return the writes that end a category as it was read; its files are another matter."""
        unchanged = Attr("version").eq(category.version)
        owner = _owner(caller, shared=category.shared)
        return [
            Delete(self.table, _key(owner, category.id), unchanged, refused=_changed()),
            Delete(self.table, _name_key(owner, category.name)),
            *(Put(self.table, dict(_mark_key(category.id, mark))) for mark in range(MARKS)),
            self._entry("category.deleted", caller, category, name=category.name, files_go_to=move_to),
        ]

    def forget(self, owner_id: str) -> None:
        """Remove all categories of an owner whose files are gone; safe to repeat."""
        partitions = (_key(owner_id, "")["pk"], _name_key(owner_id, "")["pk"])
        keys = [
            {"pk": pk, "sk": row["sk"]}
            for pk in partitions
            for row in self.tables.query_all(self.table, KeyCondition("pk").eq(pk))
        ]
        for some in itertools.batched(keys, MAX_TRANSACTION_ITEMS):
            self.tables.commit([Delete(self.table, key) for key in some])

    def _rows(self, owner_id: str) -> Iterator[Item]:
        return self.tables.query_all(self.table, KeyCondition("pk").eq(_key(owner_id, "")["pk"]))

    def _claim(self, owner_id: str, category: Category) -> Write:
        taken = CategoryExists("A category with this name exists.")
        key = _name_key(owner_id, category.name)
        return Put(self.table, {**key, "category_id": category.id}, ABSENT, refused=taken)

    def _entry(self, action: str, caller: Caller, category: Category, **details: object) -> Write:
        return self.audit.entry(
            action,
            owner=caller.user_id,
            actor=caller.user_id,
            target=category.id,
            origin=caller.origin,
            **details,
        )


def _unknown() -> CategoryUnknown:
    return CategoryUnknown("There is no such category. Make it first: POST /v1/categories.")


def _mark_key(category_id: str, mark: int) -> Key:
    return {"pk": f"ended-category#{category_id}", "sk": str(mark)}


def _changed() -> CategoryChanged:
    return CategoryChanged("The category has changed since you read it. Read it again and repeat.")


def _tidy(name: str) -> str:
    return " ".join(name.split())


def _key(owner_id: str, category_id: str) -> Key:
    return {"pk": f"{owner_id}#categories", "sk": category_id}


def _name_key(owner_id: str, name: str) -> Key:
    return {"pk": f"{owner_id}#category-names", "sk": tag_key(name)}


def _owner(caller: Caller, *, shared: bool) -> str:
    return LIBRARY if shared else caller.user_id


def _by_name(categories: Iterable[Category]) -> list[Category]:
    return sorted(categories, key=lambda category: (tag_key(category.name), category.shared))


def _category(row: Item, files: int, size: int = 0) -> Category:
    shared = row["pk"] == _key(LIBRARY, "")["pk"]
    return Category(
        row["sk"], row["name"], from_text(row["created_at"]), int(row["version"]), files, size, shared
    )
