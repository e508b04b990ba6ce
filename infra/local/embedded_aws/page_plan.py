"""Finds the page of a Query or Scan by bisection, under the index's lock."""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol

from .emulator import Item, Module, Record
from .key_conditions import TOP, key_range
from .key_lists import BaseKey, Entry, KeyLists, TableIndex
from .query_request import QueryRequest, RequestReader, ScanRequest, UnusualRequestError

LARGE_PARTITION = 1000  # items from which sorting a partition for each page costs more than listing it once


class Page(NamedTuple):
    """What a request reads: the page MiniStack would cut, and the items looked at to cut it."""

    table: Record
    index_name: str | None
    partition: str | None  # of a Query
    keys: list[BaseKey]  # of the items looked at, in order
    looked_at: list[Item]
    items: list[Item]
    stopped: bool  # at the limit or at 1 MB


class Indexes(Protocol):
    """Where the planner finds the sorted keys of a table; they hold still while `lock` is held."""

    lock: threading.RLock

    def members(self, table: Record) -> TableIndex:
        """The sorted keys of a table."""


class Planner:
    """Plans for one MiniStack DynamoDB module; raises `UnusualRequestError` where MiniStack has to answer."""

    def __init__(self, dynamodb: Module, indexes: Indexes) -> None:
        self._ddb = dynamodb
        self._reader = RequestReader(dynamodb)
        self._indexes = indexes

    def query(self, request: Record) -> Page:
        """The page of a Query."""
        asked = self._reader.query(request)
        with self._indexes.lock:
            found = self._indexes.members(asked.table)
            lists = found.indexes[asked.index_name] if asked.index_name else found.base
            entries = lists.entries(asked.partition)
            if asked.partition in lists.irregular:
                raise UnusualRequestError("keys of another type than declared")
            keys = ((entries[at][-2], entries[at][-1]) for at in self._positions(asked, lists, entries))
            return self._cut(asked.table, asked.index_name, asked.partition, keys, asked.limit)

    def scan(self, request: Record) -> Page:
        """The page of a Scan of a whole table."""
        asked = self._reader.scan(request)
        with self._indexes.lock:
            return self._cut(asked.table, None, None, self._scan_order(asked), asked.limit)

    def _positions(self, asked: QueryRequest, lists: KeyLists, entries: Sequence[Entry]) -> range:
        """The positions that a Query reads, in order."""
        start, stop = 0, len(entries)
        if asked.sort is not None:
            kind = asked.sort.kind
            operands = [self._ddb._sort_key_value(operand, kind) for operand in asked.sort.operands]
            low, high = key_range(asked.sort.operator, operands)
            start, stop = bisect_left(entries, low), bisect_left(entries, high)
        if asked.cursor is not None:
            position = lists.sort_values(asked.cursor)
            if asked.forward:
                start = max(start, bisect_left(entries, (*position, TOP)))
            else:
                stop = min(stop, bisect_left(entries, position))
        return range(start, stop) if asked.forward else range(stop - 1, start - 1, -1)

    def _scan_order(self, asked: ScanRequest) -> Iterator[BaseKey]:
        table, cursor, value_of = asked.table, asked.cursor, self._ddb._extract_key_val
        pk_name, sk_name = table["pk_name"], table["sk_name"]
        start_pk = value_of(cursor[pk_name]) if cursor else None
        start_sk = value_of(cursor[sk_name]) if cursor and sk_name else ""
        found = self._indexes.members(table)
        partitions = found.scan_partitions(table)
        at = bisect_left(partitions, start_pk) if start_pk is not None else 0
        for base_pk in islice(partitions, at, None):
            after = start_sk if base_pk == start_pk else None  # None: from the partition's beginning
            for base_sk in self._scan_sort_keys(table, found, base_pk, after):
                if base_pk != start_pk or (sk_name and base_sk > start_sk):
                    yield base_pk, base_sk

    def _scan_sort_keys(
        self, table: Record, found: TableIndex, base_pk: str, after: str | None
    ) -> Iterable[str]:
        sk_map, sk_name = table["items"][base_pk], table["sk_name"]
        by_string = sk_name and self._ddb._get_attr_type(table, sk_name) == "S"
        if not by_string or len(sk_map) <= LARGE_PARTITION or base_pk in found.base.irregular:
            return sorted(sk_map)
        entries = found.base.entries(base_pk)
        first = bisect_left(entries, (after, TOP)) if after is not None else 0
        return (entry[-1] for entry in islice(entries, first, None))

    def _cut(
        self,
        table: Record,
        index_name: str | None,
        partition: str | None,
        keys: Iterable[BaseKey],
        limit: int | None,
    ) -> Page:
        """Let MiniStack cut the page, watching which items it looks at."""
        looked_at: list[Item] = []
        passed: list[BaseKey] = []

        def watched() -> Iterator[Any]:
            for base_pk, base_sk in keys:
                item = table["items"][base_pk][base_sk]
                passed.append((base_pk, base_sk))
                looked_at.append(item)
                yield item

        items, stopped = self._ddb._paginate_evaluated_items(watched(), limit, table, index_name)
        return Page(table, index_name, partition, passed, looked_at, items, stopped)
