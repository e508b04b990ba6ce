r"""Postings in the table `tags` (o: the owner, i: the file's id); its counters are in `counters`.

| row | pk | sk | n | z | more |
|---|---|---|---|---|---|
| file in a list | `o#all`, `o#type#image`, `o#tag#sea` ..., `o#trash` | i | name\0i | size i | `f`, in two lists `p` |
| words of a bucket | `o#w#<first three letters>` | i | first word\0i | | `f`, `w`, `pn` name, `pz` size |
| a further word of it | the same | i\1word | word\0i | | the same, `x` |
| looks of a picture | `o#look#0` to `o#look#7` | its perceptual hash from that byte on\0i | | | |

The order of keys is the order of upload. `f` holds the attributes that filters ask for: `|type:image||ext:jpg|`;
`w` the words with their fields, and places there: ` beach/n0c3.17 `; a size has 12 hexadecimal digits; by `p` rows are
found whoever the owner is (`everyone.py`).
Local secondary indexes `by_name` (n) and `by_size` (z) hold the other orders; they can be read strongly consistent,
and exist from the table's first day because DynamoDB cannot add them later. n also orders the words of a bucket.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from boto3.dynamodb.conditions import Attr, ConditionBase
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import MAX_BATCH_KEYS, Delete, Item, Key, Put, Tables, Write
from chalicelib.catalogue.counters import label
from chalicelib.catalogue.folding import counts_of, tag_item
from chalicelib.catalogue.lists import TOP, Bounds, Kind, List, Read, Row, Rows, Where
from chalicelib.catalogue.models import Order
from chalicelib.catalogue.rules import FURTHER, SEPARATOR, Facet, Posting, list_key, mark, word_list_key
from chalicelib.catalogue.text import is_prefix
from chalicelib.core.parallel import at_once

KEYS = {Order.CREATED: "sk", Order.NAME: "n", Order.SIZE: "z"}
INDEXES = {Order.CREATED: None, Order.NAME: "by_name", Order.SIZE: "by_size"}


@dataclass(frozen=True)
class PostingStore:
    """Describes the writes of postings."""

    tables: Tables
    table: str

    def put(self, posting: Posting) -> Write:
        """Describe a posting, new or changed."""
        return Put(self.table, {"pk": posting.list_key, "sk": posting.key, **dict(posting.attributes)})

    def delete(self, posting: Posting) -> Write:
        """Describe the end of a posting."""
        return Delete(self.table, {"pk": posting.list_key, "sk": posting.key})

    def of(self, owner_id: str) -> "OwnersLists":
        """Return the lists of an owner."""
        return OwnersLists(self.tables, self.table, owner_id)


@dataclass(frozen=True)
class OwnersLists:
    """Reads the lists of one owner; strongly consistent."""

    tables: Tables
    table: str
    owner_id: str

    def read(self, reads: Sequence[Read]) -> list[Rows]:
        """Answer some reads at once: a Query each, in parallel."""
        return at_once(self._query, reads)

    def read_and_count(
        self, reads: Sequence[Read], facets: Sequence[Facet]
    ) -> tuple[list[Rows], dict[Facet, int]]:
        """Answer some reads and `counts`, all at once: a call each, in parallel."""
        counted: dict[Facet, int] = {}
        pages: list[Rows | None] = [None] * len(reads)

        def ask(number: int) -> None:
            if number < len(reads):
                pages[number] = self._query(reads[number])
            else:
                counted.update(self.counts(facets))

        at_once(ask, range(len(reads) + 1))
        return [page for page in pages if page is not None], counted

    def rows_of(self, word: str, file_ids: Sequence[str]) -> list[Row]:
        """Return the rows of files in the list of a word's bucket; a call for each hundred, in parallel."""
        pk = word_list_key(self.owner_id, word)

        def of(some: Sequence[str]) -> list[Item]:
            return self.tables.get_many(self.table, [{"pk": pk, "sk": file_id} for file_id in some])

        found = at_once(of, itertools.batched(file_ids, MAX_BATCH_KEYS))
        return [_row(item) for items in found for item in items]

    def counts(self, facets: Sequence[Facet]) -> dict[Facet, int]:
        """Return what the counters said when they were last brought up to date; one call."""
        keys = {facet: self._counted_in(facet) for facet in facets}
        asked = {(key["pk"], key["sk"]): key for key in keys.values()}
        items = self.tables.get_many(self.table, list(asked.values()))
        found = {(item["pk"], item["sk"]): item for item in items}
        return {
            facet: int(
                found.get((key["pk"], key["sk"]), {}).get("files" if facet[0] == "tag" else label(facet), 0)
            )
            for facet, key in keys.items()
        }

    def _counted_in(self, facet: Facet) -> Key:
        return tag_item(self.owner_id, facet[1]) if facet[0] == "tag" else counts_of(self.owner_id)

    def _query(self, read: Read) -> Rows:
        pk = list_key(self.owner_id, read.list.facet)
        key, bounds = KEYS[read.order], key_range(read)
        if bounds.low is not None and bounds.high is not None and bounds.low > bounds.high:
            return Rows([], 0)
        found = self.tables.query(
            self.table,
            _key_condition(pk, key, bounds),
            index=INDEXES[read.order],
            limit=read.limit,
            forward=not read.descending,
            where=_filter(read.list, read.where),
        )
        rows = [_row(item) for item in found.items]
        created = read.where.created  # a key cannot stand in a filter expression
        last = found.next_key[key] if found.next_key else None
        return Rows([row for row in rows if row.file_id in created], found.looked_at, last)


def key_range(read: Read) -> Bounds:
    """Return the range of keys that is still to be read."""
    bounds = read.bounds
    if read.list.kind is Kind.DICTIONARY:
        first = read.list.word if is_prefix(read.list.word) else read.list.word + SEPARATOR
        bounds = Bounds(first, first + TOP)
    if read.after is None:
        return bounds
    if read.descending:
        high = before(read.after)
        return Bounds(bounds.low, high if bounds.high is None else min(high, bounds.high))
    low = read.after + SEPARATOR
    return Bounds(low if bounds.low is None else max(low, bounds.low), bounds.high)


def before(key: str) -> str:
    """Return a text that is less than a key (of which none begins another), but than no smaller key of its list."""
    if key.endswith(SEPARATOR):  # the place right behind a key
        return key[:-1]
    return f"{key[:-1]}{chr(ord(key[-1]) - 1)}{TOP}"


def _key_condition(pk: str, key: str, bounds: Bounds) -> ConditionBase:
    condition: ConditionBase = KeyCondition("pk").eq(pk)
    match bounds.low, bounds.high:
        case None, None:
            return condition
        case str(low), None:
            return condition & KeyCondition(key).gte(low)
        case None, str(high):
            return condition & KeyCondition(key).lte(high)
        case low, high:
            return condition & KeyCondition(key).between(low, high)


def _filter(of: List, where: Where) -> ConditionBase | None:
    parts: list[ConditionBase] = [Attr("f").contains(mark(facet)) for facet in where.facets]
    parts += [_has_word(word) for word in where.words]
    if where.size:
        size = Attr("z" if of.kind is Kind.FACET else "pz")
        parts += [size.gte(where.size.low)] if where.size.low is not None else []
        parts += [size.lte(where.size.high)] if where.size.high is not None else []
    if of.kind is Kind.WORDS:
        parts.append(Attr("x").not_exists())
    return reduce(lambda one, other: one & other, parts) if parts else None


def _has_word(word: str) -> ConditionBase:
    return Attr("w").contains(f" {word}" if is_prefix(word) else f" {word}/")


def _row(item: Item) -> Row:
    key = item["sk"]
    if "w" not in item:
        return Row(key, item["n"], item["z"], item["f"])
    file_id = key.split(FURTHER)[0]
    return Row(key, f"{item['pn']}{SEPARATOR}{file_id}", item["pz"] + file_id, item["f"], item["w"])
