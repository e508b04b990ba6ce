"""A double of `Tables` that keeps items in memory: what thousands of random libraries are tried on.

It knows what the catalogue uses of DynamoDB, by the published rules: pages of a Query end at the limit or at a number
of bytes looked at, filters are applied afterwards, transactions hold 100 items of which none comes twice.
`tests/catalogue/test_search.py` asks the embedded AWS the same.
"""

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.conditions import ConditionBase

from chalicelib.aws.table import (
    MAX_TRANSACTION_ITEMS,
    Check,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Rows,
    Tables,
    Update,
    Write,
)

SORT_KEYS = {None: "sk", "by_name": "n", "by_size": "z"}
UNIT = 4096


def size_of(item: Item) -> int:
    return sum(
        len(name) + (len(value.encode()) if isinstance(value, str) else 8) for name, value in item.items()
    )


COMPARISONS: dict[str, Callable[..., bool]] = {
    "=": lambda one, other: one is not None and bool(one == other),
    "<": lambda one, other: one is not None and bool(one < other),
    "<=": lambda one, other: one is not None and bool(one <= other),
    ">": lambda one, other: one is not None and bool(one > other),
    ">=": lambda one, other: one is not None and bool(one >= other),
    "BETWEEN": lambda one, low, high: one is not None and bool(low <= one <= high),
    "begins_with": lambda one, start: one is not None and bool(one.startswith(start)),
    "contains": lambda one, part: one is not None and part in one,
    "attribute_exists": lambda one: one is not None,
    "attribute_not_exists": lambda one: one is None,
}


def holds(condition: ConditionBase | None, item: Item) -> bool:
    """Tell whether a condition holds for an item ({}: for one that is not there)."""
    if condition is None:
        return True
    expression: Any = condition.get_expression()
    operands = expression["values"]
    if expression["operator"] == "AND":
        return all(holds(operand, item) for operand in operands)
    return COMPARISONS[expression["operator"]](item.get(operands[0].name), *operands[1:])


@dataclass
class MemoryTables(Tables):
    """Items in memory, with what reading them cost."""

    page_bytes: int = 1 << 20
    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    orders: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    calls: int = 0
    units: float = 0.0
    looked_at: int = 0

    def get(self, table: str, key: Key) -> Item | None:
        return next(iter(self.get_many(table, [key])), None)

    def get_many(self, table: str, keys: Sequence[Key]) -> list[Item]:  # noqa: ARG002 - all items are in one table
        assert len(keys) <= 100
        assert len({(key["pk"], key["sk"]) for key in keys}) == len(keys)
        found = [self.items[key["pk"], key["sk"]] for key in keys if (key["pk"], key["sk"]) in self.items]
        self._read(len(keys), sum(-(-size_of(item) // UNIT) for item in found) + len(keys) - len(found))
        return found

    def query(
        self,
        table: str,  # noqa: ARG002 - as above
        condition: ConditionBase,
        *,
        index: str | None = None,
        limit: int | None = None,
        forward: bool = True,
        start: Key | None = None,
        where: ConditionBase | None = None,
    ) -> Rows:
        key_name = SORT_KEYS[index]
        pk = _partition(condition)
        entries = self.orders.get((pk, key_name), [])
        if start:
            at = (start[key_name], start["sk"])
            entries = [one for one in entries if (one > at if forward else one < at)]
        rows, looked_at, size = [], 0, 0
        for _, sk in entries if forward else reversed(entries):
            item = self.items[pk, sk]
            if not holds(condition, item):
                continue
            size, looked_at = size + size_of(item), looked_at + 1
            rows += [item] if holds(where, item) else []
            if looked_at == limit or size >= self.page_bytes:
                self._read(looked_at, max(1, -(-size // UNIT)))
                return Rows(rows, {"pk": pk, "sk": sk, key_name: item[key_name]}, looked_at)
        self._read(looked_at, max(1, -(-size // UNIT)))
        return Rows(rows, None, looked_at)

    def commit(self, writes: Sequence[Write]) -> None:
        keys = [_key(write) for write in writes]
        assert len(keys) <= MAX_TRANSACTION_ITEMS
        assert len(set(keys)) == len(keys), "an item comes twice"
        for write, key in zip(writes, keys, strict=True):
            if not holds(write.condition, self.items.get(key, {})):
                raise write.refused or ConditionFailed("A condition failed.")
        for write, key in zip(writes, keys, strict=True):
            self._apply(write, key)

    def _apply(self, write: Write, key: tuple[str, str]) -> None:
        before = self.items.get(key)
        match write:
            case Put():
                self._set(key, before, dict(write.item))
            case Delete():
                self._set(key, before, None)
            case Update():
                item = {**(before or {"pk": key[0], "sk": key[1]}), **write.set}
                for name, number in write.add.items():
                    item[name] = item.get(name, 0) + number
                self._set(key, before, {name: item[name] for name in item if name not in write.remove})
            case Check():
                pass

    def _set(self, key: tuple[str, str], before: Item | None, after: Item | None) -> None:
        for item, change in ((before, self._remove), (after, bisect.insort)):
            for name in SORT_KEYS.values():
                if item and name in item:
                    change(self.orders.setdefault((key[0], name), []), (item[name], key[1]))
        self.items.pop(key, None)
        if after:
            self.items[key] = after

    @staticmethod
    def _remove(entries: list[tuple[str, str]], entry: tuple[str, str]) -> None:
        entries.pop(bisect.bisect_left(entries, entry))

    def _read(self, looked_at: int, units: float) -> None:
        self.calls, self.units, self.looked_at = (
            self.calls + 1,
            self.units + units,
            self.looked_at + looked_at,
        )


def _partition(condition: ConditionBase) -> str:
    expression: Any = condition.get_expression()
    if expression["operator"] == "AND":
        return _partition(expression["values"][0])
    assert expression["values"][0].name == "pk"
    return str(expression["values"][1])


def _key(write: Write) -> tuple[str, str]:
    key = write.item if isinstance(write, Put) else write.key
    return key["pk"], key["sk"]
