"""Sorted keys of a DynamoDB table and of its indexes, kept current with every write.

MiniStack keeps one derived, never persisted slot per table, which every write path maintains and wholesale
changes drop. A `TableIndex` lives in that slot. Plain lists with bisection are kept on purpose: an insert
into 100,000 entries moves 0.8 MB at most (some 20 microseconds), and a partition of one item costs 64
bytes.
"""

import base64
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from .emulator import Item, Module, Record
from .key_conditions import Bound

# An entry is (sort values..., base partition, base sort): the order values first, typed exactly as MiniStack
# orders them (str, Decimal or bytes), then the raw keys that address the item in the table.
type Entry = tuple[Any, ...]
type BaseKey = tuple[str, str]

DECODE: dict[str, Callable[[Any], Any]] = {"S": str, "N": Decimal, "B": base64.b64decode}


def stored_items(table: Record) -> Iterator[tuple[str, str, Item]]:
    """(base partition, base sort, item) of every item; safe while the table changes."""
    for base_pk, sk_map in list(table["items"].items()):
        for base_sk, item in list(sk_map.items()):
            yield base_pk, base_sk, item


class KeyLists:
    """Sorted keys of one index, one list per partition."""

    def __init__(self, dynamodb: Module, table: Record, hash_name: str, range_name: str | None) -> None:
        self._ddb = dynamodb
        self.hash_name = hash_name
        order = dynamodb._index_order_keys(table, range_name)
        self._order = [(name, kind, DECODE[kind]) for name, kind in order]
        self._types = [(n, dynamodb._get_attr_type(table, n)) for n in (hash_name, range_name) if n]
        self.lists: dict[str, list[Entry]] = {}
        # Partition -> base keys of items whose key attributes have another type: MiniStack answers there.
        self.irregular: dict[str, set[BaseKey]] = {}

    def sort_values(self, item: Item) -> Bound:
        """What orders the item within its partition, decoded."""
        return tuple([decode(item[name][kind]) for name, kind, decode in self._order])

    def entries(self, partition: str) -> Sequence[Entry]:
        """The sorted entries of a partition."""
        return self.lists.get(partition, ())

    def bulk_load(self, table: Record) -> None:
        """Read a whole table; sorts once, at the end."""
        for base_pk, base_sk, item in stored_items(table):
            partition = self._partition(item)
            if partition is not None:
                self._collect(partition, base_pk, base_sk, item)
        for entries in self.lists.values():
            entries.sort()

    def add(self, base_pk: str, base_sk: str, item: Item) -> None:
        """Note an item that was written."""
        partition = self._partition(item)
        if partition is None:
            return
        if not self._is_regular(item):
            self.irregular.setdefault(partition, set()).add((base_pk, base_sk))
            return
        entry = (*self.sort_values(item), base_pk, base_sk)
        entries = self.lists.get(partition)
        if entries is None:
            self.lists[partition] = [entry]
        elif entries[-1] < entry:
            entries.append(entry)
        else:
            insort(entries, entry)

    def remove(self, base_pk: str, base_sk: str, item: Item) -> None:
        """Note that an item is gone; `LookupError` if it was not listed."""
        partition = self._partition(item)
        if partition is None or self._removed_irregular(partition, (base_pk, base_sk)):
            return
        entries = self.lists[partition]
        entry = (*self.sort_values(item), base_pk, base_sk)
        at = bisect_left(entries, entry)
        if at >= len(entries) or entries[at] != entry:
            raise LookupError(f"index entry missing: {entry!r}")
        del entries[at]
        if not entries:
            del self.lists[partition]

    def get[Default](self, partition: str, default: Default) -> list[BaseKey] | Default:
        """Base keys of a partition in the shape that MiniStack's own `_query` iterates."""
        if partition not in self.lists and partition not in self.irregular:
            return default
        regular = [(entry[-2], entry[-1]) for entry in self.lists.get(partition, ())]
        return regular + list(self.irregular.get(partition, ()))

    def _collect(self, partition: str, base_pk: str, base_sk: str, item: Item) -> None:
        if self._is_regular(item):
            self.lists.setdefault(partition, []).append((*self.sort_values(item), base_pk, base_sk))
        else:
            self.irregular.setdefault(partition, set()).add((base_pk, base_sk))

    def _removed_irregular(self, partition: str, key: BaseKey) -> bool:
        odd = self.irregular.get(partition)
        if not odd or key not in odd:
            return False
        odd.discard(key)
        if not odd:
            del self.irregular[partition]
        return True

    def _partition(self, item: Item) -> str | None:
        for name, _kind in self._types:
            if name not in item:
                return None
        value: str = self._ddb._extract_key_val(item[self.hash_name])
        return value

    def _is_regular(self, item: Item) -> bool:
        return all(kind in item[name] for name, kind in self._types)


class BaseKeyLists(KeyLists):
    """The base table's lists.

    A small partition is sorted when a Query first reads it; one that reaches `LISTED` items is kept sorted
    from then on, so that no later Query has to sort a large one.
    """

    LISTED = 64

    def __init__(self, dynamodb: Module, table: Record) -> None:
        super().__init__(dynamodb, table, table["pk_name"], table["sk_name"])
        self._table = table
        for base_pk, sk_map in list(table["items"].items()):
            if len(sk_map) >= self.LISTED:
                self.entries(base_pk)

    def entries(self, partition: str) -> Sequence[Entry]:
        """The sorted entries of a partition, sorting it first if nobody has asked before."""
        if not self._is_listed(partition):
            for base_sk, item in list(self._table["items"].get(partition, {}).items()):
                self._collect(partition, partition, base_sk, item)
            if partition in self.lists:
                self.lists[partition].sort()
        return super().entries(partition)

    def add(self, base_pk: str, base_sk: str, item: Item) -> None:
        """Note an item that was written, if its partition is listed or has just grown large."""
        if self._is_listed(base_pk):
            super().add(base_pk, base_sk, item)
        elif len(self._table["items"][base_pk]) >= self.LISTED:
            self.entries(base_pk)

    def remove(self, base_pk: str, base_sk: str, item: Item) -> None:
        """Note that an item is gone, if its partition is listed."""
        if self._is_listed(base_pk):
            super().remove(base_pk, base_sk, item)

    def _is_listed(self, partition: str) -> bool:
        return partition in self.lists or partition in self.irregular


class MultiKeyMembers:
    """Members of an index on several attributes, kept as MiniStack keeps them (unsorted)."""

    def __init__(self, dynamodb: Module, table: Record, hashes: list[str], ranges: list[str]) -> None:
        self._partition: Callable[[Item], Any] = lambda item: dynamodb._index_partition(item, hashes, ranges)
        self._members: dict[Any, dict[BaseKey, None]] = {}
        for base_pk, base_sk, item in stored_items(table):
            self.add(base_pk, base_sk, item)

    def add(self, base_pk: str, base_sk: str, item: Item) -> None:
        """Note an item that was written."""
        partition = self._partition(item)
        if partition is not None:
            self._members.setdefault(partition, {})[base_pk, base_sk] = None

    def remove(self, base_pk: str, base_sk: str, item: Item) -> None:
        """Note that an item is gone."""
        partition = self._partition(item)
        if partition in self._members:
            self._members[partition].pop((base_pk, base_sk), None)
            if not self._members[partition]:
                del self._members[partition]

    def get(self, partition: object, default: Sequence[BaseKey] = ()) -> list[BaseKey]:
        """Base keys of a partition in the shape that MiniStack's own `_query` iterates."""
        return list(self._members.get(partition, default))


class TableIndex:
    """The key lists of a table and of its indexes."""

    def __init__(self, dynamodb: Module, table: Record) -> None:
        self.base = BaseKeyLists(dynamodb, table)
        self.indexes: dict[str, KeyLists] = {}
        self._multi: dict[str, MultiKeyMembers] = {}
        for name, hashes, ranges in dynamodb._index_key_schemas(table):
            if len(hashes) == 1 and len(ranges) <= 1:
                lists = KeyLists(dynamodb, table, hashes[0], ranges[0] if ranges else None)
                lists.bulk_load(table)
                self.indexes[name] = lists
            else:
                self._multi[name] = MultiKeyMembers(dynamodb, table, hashes, ranges)
        self._partitions: list[str] | None = None  # for Scan; built when first scanned

    def get(self, index_name: str) -> KeyLists | MultiKeyMembers | None:
        """The members of an index, for MiniStack's own `_query`."""
        return self.indexes.get(index_name) or self._multi.get(index_name)

    def add(self, table: Record, base_pk: str, base_sk: str, item: Item) -> None:
        """Note an item that was written."""
        for lists in self._all():
            lists.add(base_pk, base_sk, item)
        self._note_partition(base_pk, present=base_pk in table["items"])

    def remove(self, table: Record, base_pk: str, base_sk: str, item: Item) -> None:
        """Note that an item is gone."""
        for lists in self._all():
            lists.remove(base_pk, base_sk, item)
        self._note_partition(base_pk, present=base_pk in table["items"])

    def _all(self) -> Iterator[KeyLists | MultiKeyMembers]:
        yield self.base
        yield from self.indexes.values()
        yield from self._multi.values()

    def scan_partitions(self, table: Record) -> list[str]:
        """The base table's partition values in Scan's order."""
        if self._partitions is None:
            self._partitions = sorted(table["items"])
        return self._partitions

    def _note_partition(self, base_pk: str, *, present: bool) -> None:
        if self._partitions is None:
            return
        at = bisect_left(self._partitions, base_pk)
        known = at < len(self._partitions) and self._partitions[at] == base_pk
        if present and not known:
            self._partitions.insert(at, base_pk)
        elif known and not present:
            del self._partitions[at]
