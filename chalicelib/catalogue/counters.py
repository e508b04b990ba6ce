"""Counts of an owner's files, kept by the transactions that change the files, and never by counting.

Each change writes an item of its own with what it adds and subtracts, so parallel uploads share no item; folding
(`folding.py`, which has the rows) deletes such items and adds them up in one transaction, hence exactly once. Whoever
needs exact figures folds first.

Labels: `files`, `bytes`, `trash`, `trash:bytes`, `type:image` and `type:image:bytes`, alike for status, category, ext
and month (`month:2026-11`); `held`, the bytes that count for the quota; `job:tag:finished`, background jobs by kind and
state.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from boto3.dynamodb.conditions import Attr, ConditionBase
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import MAX_BATCH_KEYS, MAX_TRANSACTION_ITEMS, Delete, Item, Tables, Write
from chalicelib.catalogue.folding import LIBRARY, Folding, category_item, counts_of, tag_item
from chalicelib.catalogue.models import Entry
from chalicelib.catalogue.rules import ALL, Facet, facets, tag_key
from chalicelib.core.ids import NewId, moment_of

COUNTED = frozenset({"type", "status", "category", "ext"})
TOTALS = ("files", "bytes", "trash", "trash:bytes", "held")
HELD = "held"
JOB = "job"


def label(facet: Facet) -> str:
    """Return the name under which the files with an attribute are counted."""
    return "files" if facet == ALL else ":".join(facet)


def job_label(kind_and_state: str) -> str:
    """Return the name under which background jobs of a kind in a state are counted."""
    return f"{JOB}:{kind_and_state}"


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
    held: int
    """Bytes of content, of which files may share some: what counts for the quota."""
    groups: dict[str, dict[str, tuple[int, int]]]
    jobs: dict[str, dict[str, int]]
    """Background jobs: `jobs["tag"]["finished"]` is how many."""


def statistics(counts: Mapping[str, int]) -> Statistics:
    """Return counts in groups."""
    groups: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in sorted(COUNTED | {"month"})}
    for one, files in sorted(counts.items()):
        name, _, value = one.partition(":")
        if name in groups and not one.endswith(":bytes"):
            groups[name][value] = files, counts.get(f"{one}:bytes", 0)
    files, size, trashed, trashed_size, held = (counts.get(name, 0) for name in TOTALS)
    return Statistics(files, size, trashed, trashed_size, held, groups, _jobs(counts))


def _jobs(counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for one in sorted(counts):
        if one.startswith(f"{JOB}:"):
            _, kind, state = one.split(":")
            found.setdefault(kind, {})[state] = counts[one]
    return found


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
        return [self.folding.change(entry.owner_id, changed, moved)]

    def held(self, owner_id: str, size: int) -> Write:
        """Return the write that counts bytes that an owner holds from now on, or with a negative size no more."""
        return self.folding.change(owner_id, {HELD: size})

    def jobs(self, owner_id: str, changed: Mapping[str, int]) -> Write:
        """Return the write that counts background jobs by the labels of `job_label`."""
        return self.folding.change(owner_id, changed)

    @property
    def folding(self) -> Folding:
        """Return what adds up."""
        return Folding(self.tables, self.table, self.new_id)

    def counts(self, owner_id: str) -> dict[str, int]:
        """Return the counts as of now, without zeros; two calls, and one for every 90 changes not yet folded."""
        self.folding.fold(owner_id)
        item = self.tables.get(self.table, counts_of(owner_id)) or {}
        return {name: int(item[name]) for name in item if name not in {"pk", "sk"} and item[name]}

    def whole_library(self) -> tuple[dict[str, int], datetime | None]:
        """Return everybody's counts, and until when they are whole (what is newer may be in them); three calls."""
        whole_until = self.folding.swept_at()
        return self.counts(LIBRARY), whole_until

    def in_categories(self, category_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Return how many files of everybody, and bytes, are in categories; one call for every hundred."""
        keys = (category_item(one) for one in category_ids)
        some = itertools.batched(keys, MAX_BATCH_KEYS)
        rows = [row for keys in some for row in self.tables.get_many(self.table, keys)]
        return {row["sk"]: (int(row["files"]), int(row["bytes"])) for row in rows}

    def top_tags(self, owner_id: str, limit: int) -> list[Tag]:
        """Return the tags on the most files as they were folded last, most first; one call."""
        key = KeyCondition("pk").eq(tag_item(owner_id, "")["pk"])
        rows = self.tables.query(self.table, key, index="by_size", limit=limit, forward=False).items
        return [_tag(row) for row in rows]

    def tags(
        self, owner_id: str, prefix: str, *, limit: int, after: str | None
    ) -> tuple[list[Tag], str | None]:
        """Return a page of tags that begin with a text, in the order of their normal forms, and where it ends."""
        self.folding.fold(owner_id)
        key: ConditionBase = KeyCondition("pk").eq(f"{owner_id}#tags")
        beginning = tag_key(prefix)
        if beginning:  # DynamoDB compares keys with no empty text
            key = key & KeyCondition("sk").begins_with(beginning)
        start = tag_item(owner_id, after) if after else None
        rows = self.tables.query(self.table, key, limit=limit, start=start, where=Attr("files").gt(0))
        tags = [_tag(row) for row in rows.items]
        return tags, rows.next_key["sk"] if rows.next_key else None

    def forget(self, owner_id: str) -> None:
        """Remove all counts of an owner whose files are gone; safe to repeat, and nothing is written then."""
        self.folding.fold(owner_id)
        rows = list(self.tables.query_all(self.table, KeyCondition("pk").eq(tag_item(owner_id, "")["pk"])))
        counts = self.tables.get(self.table, counts_of(owner_id))
        keys = [{"pk": row["pk"], "sk": row["sk"]} for row in [counts, *rows] if row]
        for some in itertools.batched(keys, MAX_TRANSACTION_ITEMS):
            self.tables.commit([Delete(self.table, key) for key in some])


def _tag(row: Item) -> Tag:
    return Tag(row["name"], int(row["files"]))


def _tags(entry: Entry | None) -> Counter[str]:
    return Counter() if entry is None or entry.trashed else Counter(tag_key(tag) for tag in entry.tags)


def _names(entry: Entry | None) -> dict[str, str]:
    return {} if entry is None or entry.trashed else {tag_key(tag): tag for tag in entry.tags}
