"""Counts of an owner's files, kept by the transactions that change the files, and never by counting.

Each change writes an item of its own with what it adds and subtracts, so parallel uploads share no item; folding
deletes such items and adds them up in one transaction, hence exactly once. Whoever needs exact figures folds first.
In the table `tags`:

| row | pk | sk | holds |
|---|---|---|---|
| change | `change#<shard of the owner>` | `<owner>#<UUIDv7>` | `counts`: label -> number, `tags`: key -> name, files |
| counts | `<owner>#counts` | `counts` | a number an attribute, named by the label |
| tag | `<owner>#tags` | the tag's normal form | `name` as last written, `files` |

Labels: `files`, `bytes`, `trash`, `trash:bytes`, `type:image` and `type:image:bytes`, alike for status, category, ext
and month (`month:2026-11`).
"""

import itertools
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import (
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
from chalicelib.catalogue.models import Entry
from chalicelib.catalogue.rules import ALL, Facet, facets, tag_key
from chalicelib.core.errors import LibraryError
from chalicelib.core.ids import NewId, moment_of

SHARDS = 8
"""Partitions for changes: each takes about 400 changes a second (1,000 write units, a transaction doubles them)."""
COUNTED = frozenset({"type", "status", "category", "ext"})
TOTALS = ("files", "bytes", "trash", "trash:bytes")
SWEPT = 1000
MAX_LABELS = 150
"""Numbers that one update adds to: its expression may have 4 KB."""
TRIES = 5


class _Folded(LibraryError):
    """Another worker has folded these changes."""


def label(facet: Facet) -> str:
    """Return the name under which the files with an attribute are counted."""
    return "files" if facet == ALL else ":".join(facet)


def is_counted(facet: Facet) -> bool:
    """Tell whether the files with an attribute are counted."""
    return facet == ALL or facet[0] in COUNTED | {"tag"}


def counted(entry: Entry | None) -> Counter[str]:
    """Return what one file adds to the counts."""
    if entry is None:
        return Counter()
    if entry.trashed:
        return Counter({"trash": 1, "trash:bytes": entry.size})
    month = ("month", f"{moment_of(entry.file_id):%Y-%m}")
    labels = [label(facet) for facet in [*facets(entry), month] if facet[0] in COUNTED | {"month"}]
    numbers = {"files": 1, "bytes": entry.size}
    return Counter(numbers | dict.fromkeys(labels, 1) | {f"{one}:bytes": entry.size for one in labels})


def counts_of(owner_id: str) -> Key:
    """Return the key of an owner's counts."""
    return {"pk": f"{owner_id}#counts", "sk": "counts"}


def tag_item(owner_id: str, key: str) -> Key:
    """Return the key of a tag."""
    return {"pk": f"{owner_id}#tags", "sk": key}


@dataclass(frozen=True)
class Tag:
    """A tag and on how many files it is."""

    name: str
    files: int


@dataclass(frozen=True)
class Statistics:
    """Counts in groups: `groups["type"]["image"]` is files and bytes."""

    files: int
    bytes: int
    trashed_files: int
    trashed_bytes: int
    groups: dict[str, dict[str, tuple[int, int]]]


def statistics(counts: Mapping[str, int]) -> Statistics:
    """Return counts in groups."""
    groups: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in sorted(COUNTED | {"month"})}
    for one, files in sorted(counts.items()):
        name, _, value = one.partition(":")
        if name in groups and not one.endswith(":bytes"):
            groups[name][value] = files, counts.get(f"{one}:bytes", 0)
    files, size, trashed, trashed_size = (counts.get(name, 0) for name in TOTALS)
    return Statistics(files, size, trashed, trashed_size, groups)


@dataclass(frozen=True)
class Counters:
    """Describes changes of counts, folds and reads them."""

    tables: Tables
    table: str
    new_id: NewId

    def changes(self, before: Entry | None, after: Entry | None) -> list[Write]:
        """Return the write, if any, that counts a change."""
        entry = after or before
        if entry is None:
            return []
        counts = counted(after)
        counts.subtract(counted(before))
        tags = _tags(after)
        tags.subtract(_tags(before))
        old, new = _names(before), _names(after)
        changed = {name: number for name, number in counts.items() if number}
        moved = {
            key: {"name": (old | new)[key], "files": number}
            for key, number in tags.items()
            if number or old[key] != new[key]
        }
        if not changed and not moved:
            return []
        key = {"pk": _shard(entry.owner_id), "sk": f"{entry.owner_id}#{self.new_id()}"}
        return [Put(self.table, {**key, "counts": changed, "tags": moved})]

    def fold(self, owner_id: str) -> None:
        """Add up all changes of an owner that are there when it begins."""
        own = KeyCondition("pk").eq(_shard(owner_id)) & KeyCondition("sk").begins_with(f"{owner_id}#")
        for _ in range(TRIES):
            if self._fold(owner_id, list(self.tables.query_all(self.table, own))):
                return
        raise overloaded()

    def sweep(self) -> int:
        """Add up the oldest changes of everybody, at most SWEPT a shard. Returns how many."""
        count = 0
        for shard in range(SHARDS):
            rows = self.tables.query(self.table, KeyCondition("pk").eq(f"change#{shard}"), limit=SWEPT).items
            count += len(rows)
            owners: dict[str, list[Item]] = defaultdict(list)
            for row in rows:
                owners[row["sk"].split("#")[0]].append(row)
            for owner_id, changes in owners.items():
                self._fold(owner_id, changes)
        return count

    def counts(self, owner_id: str) -> dict[str, int]:
        """Return the counts as of now, without zeros; two calls, and one for every 90 changes not yet folded."""
        self.fold(owner_id)
        item = self.tables.get(self.table, counts_of(owner_id)) or {}
        return {name: int(item[name]) for name in item if name not in {"pk", "sk"} and item[name]}

    def tags(
        self, owner_id: str, prefix: str, *, limit: int, after: str | None
    ) -> tuple[list[Tag], str | None]:
        """Return a page of tags that begin with a text, in the order of their normal forms, and where it ends."""
        self.fold(owner_id)
        key: ConditionBase = KeyCondition("pk").eq(f"{owner_id}#tags")
        beginning = tag_key(prefix)
        if beginning:  # DynamoDB compares keys with no empty text
            key = key & KeyCondition("sk").begins_with(beginning)
        start = tag_item(owner_id, after) if after else None
        rows = self.tables.query(self.table, key, limit=limit, start=start, where=Attr("files").gt(0))
        tags = [Tag(row["name"], int(row["files"])) for row in rows.items]
        return tags, rows.next_key["sk"] if rows.next_key else None

    def forget(self, owner_id: str) -> None:
        """Remove all counts of an owner whose files are gone; safe to repeat, and nothing is written then."""
        self.fold(owner_id)
        rows = list(self.tables.query_all(self.table, KeyCondition("pk").eq(tag_item(owner_id, "")["pk"])))
        counts = self.tables.get(self.table, counts_of(owner_id))
        keys = [{"pk": row["pk"], "sk": row["sk"]} for row in [counts, *rows] if row]
        for some in itertools.batched(keys, MAX_TRANSACTION_ITEMS):
            self.tables.commit([Delete(self.table, key) for key in some])

    def _fold(self, owner_id: str, changes: list[Item]) -> bool:
        """Add up these changes; False when another worker has come before."""
        for part in _parts(changes):
            gone = _Folded("These changes are counted already.")
            deletes = [
                Delete(self.table, {"pk": change["pk"], "sk": change["sk"]}, PRESENT, refused=gone)
                for change in part
            ]
            try:
                self.tables.commit([*deletes, *self._sums(owner_id, part)])
            except _Folded:
                return False
        return True

    def _sums(self, owner_id: str, changes: list[Item]) -> list[Write]:
        counts: Counter[str] = Counter()
        tags: Counter[str] = Counter()
        names: dict[str, str] = {}
        for change in changes:
            counts.update(_numbers(change["counts"]))
            tags.update({key: int(tag["files"]) for key, tag in change["tags"].items()})
            names |= {key: tag["name"] for key, tag in change["tags"].items()}
        writes: list[Write] = [Update(self.table, counts_of(owner_id), add=dict(counts))] if counts else []
        return writes + [
            Update(self.table, tag_item(owner_id, key), {"name": names[key]}, add={"files": number})
            for key, number in tags.items()
        ]


def _parts(changes: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut changes into parts whose fold fits into one transaction."""
    part: list[Item] = []
    tags: set[str] = set()
    labels: set[str] = set()
    for change in changes:
        tags, labels = tags | set(change["tags"]), labels | set(change["counts"])
        if part and (len(part) + len(tags) + 2 > MAX_TRANSACTION_ITEMS or len(labels) > MAX_LABELS):
            yield part
            part, tags, labels = [], set(change["tags"]), set(change["counts"])
        part.append(change)
    if part:
        yield part


def _numbers(values: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(value) for name, value in values.items()}


def _tags(entry: Entry | None) -> Counter[str]:
    return Counter() if entry is None or entry.trashed else Counter(tag_key(tag) for tag in entry.tags)


def _names(entry: Entry | None) -> dict[str, str]:
    return {} if entry is None or entry.trashed else {tag_key(tag): tag for tag in entry.tags}


def _shard(owner_id: str) -> str:
    return f"change#{zlib.crc32(owner_id.encode()) % SHARDS}"
