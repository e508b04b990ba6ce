"""Folding: changes of counts are deleted and added up in one transaction, hence exactly once.

What is added up for an owner is in the same transaction a change of the whole library's counts, which are kept under
the owner `LIBRARY` and folded likewise: no two owners ever meet on one item. In the table `tags`:

| row | pk | sk | holds |
|---|---|---|---|
| change | `change#<shard of the owner>` | `<owner>#<UUIDv7>` | `counts`: label -> number, `tags`: key -> name, files |
| counts | `<owner>#counts` | `counts` | a number an attribute, named by the label |
| tag | `<owner>#tags` | the tag's normal form | `name` as last written, `files`, `z` (files, for the order) |
| category | `library#category-counts` | its id | `files`, `bytes`; of everybody |
| sweep | `library#counts` | `sweep` | `at`: what happened before is in the library's counts |

Rows of tags and categories are read and then written under the condition that they are as they were read, so that
they can be ordered by their numbers, and be gone when these are zero.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import (
    ABSENT,
    MAX_TRANSACTION_ITEMS,
    PRESENT,
    Delete,
    Item,
    Key,
    Put,
    Tables,
    Update,
    Write,
    overloaded,
)
from chalicelib.catalogue.rules import size_text
from chalicelib.core.clock import from_text, to_text
from chalicelib.core.errors import LibraryError
from chalicelib.core.ids import NewId

LIBRARY = "library"
"""The owner under whom everybody's counts, and the categories for everybody, are kept."""
SHARDS = 8
"""Partitions for changes: each takes about 400 changes a second (1,000 write units, a transaction doubles them)."""
SWEPT = 1000
MAX_LABELS = 150
"""Numbers that one update adds to: its expression may have 4 KB."""
TRIES = 5
_OTHERS = 4
"""Items of a fold beside the changes and the rows: the counts, the library's change."""
_CATEGORY = "category:"
_SWEEP: Key = {"pk": f"{LIBRARY}#counts", "sk": "sweep"}


class Folded(LibraryError):
    """Another worker has folded these changes, or others of the same rows."""


@dataclass(frozen=True)
class Change:
    """What some changes add up to."""

    counts: Counter[str] = field(default_factory=Counter)
    tags: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: Iterable[Item]) -> "Change":
        """Add up."""
        total = cls()
        for change in changes:
            total.counts.update({name: int(number) for name, number in change["counts"].items()})
            for key, tag in change["tags"].items():
                files = total.tags.get(key, {"files": 0})["files"] + int(tag["files"])
                total.tags[key] = {"name": tag["name"], "files": files}
        return total


def counts_of(owner_id: str) -> Key:
    """Return the key of an owner's counts."""
    return {"pk": f"{owner_id}#counts", "sk": "counts"}


def tag_item(owner_id: str, key: str) -> Key:
    """Return the key of a tag."""
    return {"pk": f"{owner_id}#tags", "sk": key}


def category_item(category_id: str) -> Key:
    """Return the key of how many files of everybody are in a category."""
    return {"pk": f"{LIBRARY}#category-counts", "sk": category_id}


@dataclass(frozen=True)
class Folding:
    """Writes changes and adds them up."""

    tables: Tables
    table: str
    new_id: NewId

    def change(
        self, owner_id: str, counts: Mapping[str, int], tags: Mapping[str, Any] | None = None
    ) -> Write:
        """Describe a change of an owner's counts."""
        key = {"pk": _shard(owner_id), "sk": f"{owner_id}#{self.new_id()}"}
        return Put(self.table, {**key, "counts": dict(counts), "tags": dict(tags or {})})

    def fold(self, owner_id: str) -> None:
        """Add up all changes of an owner that are there when it begins."""
        own = KeyCondition("pk").eq(_shard(owner_id)) & KeyCondition("sk").begins_with(f"{owner_id}#")
        for _ in range(TRIES):
            if self._fold(owner_id, list(self.tables.query_all(self.table, own))):
                return
        raise overloaded()

    def sweep(self, moment: datetime) -> int:
        """Add up the oldest changes of everybody, at most SWEPT a shard, and with them the library's counts.

        Returns how many. `moment` is now: when nothing was left over, the library's counts are at least that new.
        """
        count, whole = 0, True
        for shard in range(SHARDS):
            rows = self._oldest(f"change#{shard}")
            count, whole = count + len(rows), whole and len(rows) < SWEPT
            owners: dict[str, list[Item]] = defaultdict(list)
            for row in rows:
                owners[row["sk"].split("#")[0]].append(row)
            for owner_id, changes in owners.items():
                whole = self._fold(owner_id, changes) and whole
        whole = self._fold(LIBRARY, self._oldest(_shard(LIBRARY))) and whole
        if whole:
            self.tables.commit([Put(self.table, {**_SWEEP, "at": to_text(moment)})])
        return count

    def swept_at(self) -> datetime | None:
        """Return until when the library's counts are whole at least; one call."""
        row = self.tables.get(self.table, _SWEEP)
        return from_text(row["at"]) if row else None

    def adjust(self, owner_id: str, change: Change) -> None:
        """Add to the counts of an owner directly, and so to the library's. Raises Folded when overtaken."""
        self.tables.commit(self._adding(owner_id, change))

    def _oldest(self, pk: str) -> list[Item]:
        return self.tables.query(self.table, KeyCondition("pk").eq(pk), limit=SWEPT).items

    def _fold(self, owner_id: str, changes: list[Item]) -> bool:
        """Add up these changes; False when another worker has come before."""
        for part in _parts(changes):
            gone = Folded("These changes are counted already.")
            deletes = [
                Delete(self.table, {"pk": change["pk"], "sk": change["sk"]}, PRESENT, refused=gone)
                for change in part
            ]
            try:
                self.tables.commit([*deletes, *self._adding(owner_id, Change.of(part))])
            except Folded:
                return False
        return True

    def _adding(self, owner_id: str, change: Change) -> list[Write]:
        counts = {name: number for name, number in change.counts.items() if number}
        rows = {_row(tag_item(owner_id, key)): {"name": tag["name"]} for key, tag in change.tags.items()}
        numbers = {_row(tag_item(owner_id, key)): {"files": tag["files"]} for key, tag in change.tags.items()}
        told: list[Write] = []
        if owner_id == LIBRARY:
            found = {name: counts.pop(name) for name in list(counts) if name.startswith(_CATEGORY)}
            numbers |= _of_categories(found)
        elif counts or change.tags:
            told = [self.change(LIBRARY, counts, change.tags)]
        sums: list[Write] = [Update(self.table, counts_of(owner_id), add=counts)] if counts else []
        return [*sums, *self._rows(numbers, rows), *told]

    def _rows(self, numbers: dict["_Row", dict[str, int]], also: dict["_Row", Item]) -> list[Write]:
        """Return the writes of rows that are read first; one call."""
        if not numbers:
            return []
        keys: list[Key] = [{"pk": pk, "sk": sk} for pk, sk in numbers]
        before = {(row["pk"], row["sk"]): row for row in self.tables.get_many(self.table, keys)}
        writes = [
            _counted_row(self.table, row, before.get(row), added, also.get(row, {}))
            for row, added in numbers.items()
        ]
        return [write for write in writes if write is not None]


_Row = tuple[str, str]


def _counted_row(
    table: str, row: _Row, before: Item | None, added: dict[str, int], also: Item
) -> Write | None:
    key: Key = {"pk": row[0], "sk": row[1]}
    old = {name: int((before or {}).get(name, 0)) for name in added}
    new = {name: old[name] + number for name, number in added.items()}
    unchanged: ConditionBase = ABSENT
    if before is not None:
        unchanged = Attr("files").eq(old["files"])
        for name in old.keys() - {"files"}:
            unchanged &= Attr(name).eq(old[name])
    refused = Folded("Others have counted just now.")
    if any(new.values()):
        order = {"z": size_text(new["files"])} if new["files"] > 0 else {}
        return Put(table, {**key, **also, **new, **order}, unchanged, refused=refused)
    return Delete(table, key, unchanged, refused=refused) if before is not None else None


def _of_categories(counts: Mapping[str, int]) -> dict[_Row, dict[str, int]]:
    """Return the numbers of rows from `category:<id>` and `category:<id>:bytes`."""
    found: dict[_Row, dict[str, int]] = {}
    for name, number in counts.items():
        category_id, _, unit = name.removeprefix(_CATEGORY).partition(":")
        row = _row(category_item(category_id))
        found.setdefault(row, {"files": 0, "bytes": 0})[unit or "files"] += number
    return found


def _row(key: Key) -> _Row:
    return key["pk"], key["sk"]


def _parts(changes: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut changes into parts whose fold fits into one transaction."""
    part: list[Item] = []
    rows: set[str] = set()
    labels: set[str] = set()
    for change in changes:
        rows, labels = rows | _rows_of(change), labels | set(change["counts"])
        if part and (len(part) + len(rows) + _OTHERS > MAX_TRANSACTION_ITEMS or len(labels) > MAX_LABELS):
            yield part
            part, rows, labels = [], _rows_of(change), set(change["counts"])
        part.append(change)
    if part:
        yield part


def _rows_of(change: Item) -> set[str]:
    """Return the rows that a change may touch: of a library's change also those of categories."""
    categories = {name.split(":")[1] for name in change["counts"] if name.startswith(_CATEGORY)}
    return {f"tag {key}" for key in change["tags"]} | categories


def _shard(owner_id: str) -> str:
    if owner_id == LIBRARY:
        return f"change#{LIBRARY}"
    return f"change#{zlib.crc32(owner_id.encode()) % SHARDS}"
