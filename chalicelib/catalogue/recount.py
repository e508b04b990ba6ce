"""Counts an owner's files anew from their postings, to prove the counters right, and to put them right.

For a person at a terminal, never for a request: it reads every posting in the lists of all files and of the trash,
and for the whole library the counts of every owner.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import Item, Tables, until_not_overtaken
from chalicelib.catalogue.counters import COUNTED, Counters
from chalicelib.catalogue.folding import LIBRARY, Change, Folded, category_item, tag_item
from chalicelib.catalogue.rules import ALL, SIZE_DIGITS, TRASH, list_key
from chalicelib.core.ids import moment_of


@dataclass(frozen=True)
class Difference:
    """A count that is not what counting finds."""

    of: str
    kept: int
    found: int


@dataclass(frozen=True)
class Recount:
    """Compares the counts kept for an owner with what counting finds."""

    tables: Tables
    table: str
    counters: Counters

    def differences(self, owner_id: str, also: Mapping[str, int]) -> list[Difference]:
        """Return what differs; files that change while it counts may show up, and are gone the next time.

        `also` are numbers that no posting knows: `held`, and background jobs.
        """
        counts, tags = self._found(owner_id)
        counts.update(also)
        return self._compared(owner_id, counts, tags)

    def library_differences(self, owner_ids: Iterable[str]) -> list[Difference]:
        """Return where the whole library's counts are not the sum of what is kept for all these owners."""
        counts: Counter[str] = Counter()
        tags: Counter[str] = Counter()
        for owner_id in owner_ids:
            counts.update(self.counters.counts(owner_id))
            tags.update(self._kept(tag_item(owner_id, "")["pk"]))
        return self._compared(LIBRARY, counts, tags)

    def repair(self, owner_id: str, differences: Iterable[Difference]) -> None:
        """Add what is missing to the counts; what is counted meanwhile is not lost."""
        for one in differences:
            tag = one.of.removeprefix("tag:") if one.of.startswith("tag:") else None
            missing = one.found - one.kept
            change = Change(Counter({one.of: missing}))
            if tag is not None:
                change = Change(tags={tag: {"name": tag, "files": missing}})
            until_not_overtaken(partial(self.counters.folding.adjust, owner_id, change), Folded)

    def _compared(self, owner_id: str, counts: Counter[str], tags: Counter[str]) -> list[Difference]:
        kept = Counter(self.counters.counts(owner_id))
        if owner_id == LIBRARY:
            for row in self._rows(category_item("")["pk"]):
                label = f"category:{row['sk']}"
                kept.update({label: int(row["files"]), f"{label}:bytes": int(row["bytes"])})
        kept_tags = self._kept(tag_item(owner_id, "")["pk"])
        return [*_compare("", kept, counts), *_compare("tag:", kept_tags, tags)]

    def _kept(self, pk: str) -> Counter[str]:
        return Counter({row["sk"]: int(row["files"]) for row in self._rows(pk)})

    def _rows(self, pk: str) -> Iterable[Item]:
        return self.tables.query_all(self.table, KeyCondition("pk").eq(pk))

    def _found(self, owner_id: str) -> tuple[Counter[str], Counter[str]]:
        counts: Counter[str] = Counter()
        tags: Counter[str] = Counter()
        for row in self._rows(list_key(owner_id, ALL)):
            facets = [mark.split(":", 1) for mark in row["f"].strip("|").split("||")]
            labels = [f"{name}:{value}" for name, value in facets if name in COUNTED]
            labels.append(f"month:{moment_of(row['sk']):%Y-%m}")
            size = _size(row)
            counts.update({"files": 1, "bytes": size} | dict.fromkeys(labels, 1))
            counts.update({f"{label}:bytes": size for label in labels})
            tags.update(value for name, value in facets if name == "tag")
        for row in self._rows(list_key(owner_id, TRASH)):
            counts.update({"trash": 1, "trash:bytes": _size(row)})
        return counts, tags


def _size(row: Item) -> int:
    return int(row["z"][:SIZE_DIGITS], 16)


def _compare(prefix: str, kept: Counter[str], found: Counter[str]) -> list[Difference]:
    names = sorted({*kept, *found})
    return [Difference(prefix + name, kept[name], found[name]) for name in names if kept[name] != found[name]]
