"""Query and Scan in logarithmic time, with MiniStack's own code still building every answer.

Why: MiniStack's `_query` sorts the whole partition and evaluates the key condition on each of its items (20
of 20,000 items: a quarter of a second, during which the event loop serves nobody), and `_scan` sorts the
whole table for each page.

How: every write path of MiniStack (put, update, delete, batch, transactions, PartiQL, import, TTL, replicas)
ends in `_set_item` or `_remove_item`, which call `_index_item`; wholesale replacement of the items and a
change of the index set drop the derived slot. `FastDynamoDB.install` replaces:

    _index_members   builds a `TableIndex` of sorted key lists
    _index_item      keeps it current
    _query, _scan    find the page by bisection, then run the ORIGINAL on a view of the table that holds only
                     that page, so validation, cursor checks, filters, projections, capacity and JSON stay
                     its own
    _tokenize        cached: the original tokenizes an expression once per item

A request that is not understood, or a surprise while planning (logged and counted), goes to the original.
"""

import functools
import logging
import threading
from collections import Counter
from collections.abc import Callable
from types import FunctionType
from typing import Any

from .emulator import Answer, Item, Module, Record
from .key_lists import BaseKey, BaseKeyLists, TableIndex
from .page_plan import Page, Planner
from .patched_call import with_globals
from .query_request import UnusualRequestError

logger = logging.getLogger(__name__)


def _as_table_items(keys: list[BaseKey], items: list[Item]) -> dict[str, dict[str, Item]]:
    shaped: dict[str, dict[str, Item]] = {}
    for (base_pk, base_sk), item in zip(keys, items, strict=True):
        shaped.setdefault(base_pk, {})[base_sk] = item
    return shaped


class IndexKeeper:
    """The `TableIndex` in the derived slot of each table."""

    def __init__(self, dynamodb: Module) -> None:
        self._ddb = dynamodb
        self._slot = dynamodb._INDEX_MEMBERS
        self.lock = threading.RLock()  # MiniStack's TTL reaper writes from its own thread

    def members(self, table: Record) -> TableIndex:
        """The sorted keys of a table, built when first asked for."""
        with self.lock:
            found = table.get(self._slot)
            if not isinstance(found, TableIndex):
                found = table[self._slot] = TableIndex(self._ddb, table)
            return found

    def update(self, table: Record, base_pk: str, base_sk: str, item: Item, add: bool) -> None:  # noqa: FBT001 - MiniStack's signature
        """Note one written or removed item."""
        with self.lock:
            found = table.get(self._slot)
            if found is None:
                if add and table.get("ItemCount", 0) <= BaseKeyLists.LISTED:
                    self.members(table)  # from the start, so that no later Query has to build a large one
                return
            try:
                (found.add if add else found.remove)(table, base_pk, base_sk, item)
            except Exception:
                logger.exception("index of %s dropped; the next query rebuilds it", table.get("TableName"))
                table.pop(self._slot, None)


class FastDynamoDB:
    """The patch of one `ministack.services.dynamodb` module; `counts` says which way requests went."""

    def __init__(self, dynamodb: Module) -> None:
        self._ddb = dynamodb
        self._keeper = IndexKeeper(dynamodb)
        self._planner = Planner(dynamodb, self._keeper)
        self._query: FunctionType = dynamodb._query
        self._scan: FunctionType = dynamodb._scan
        self.counts: Counter[str] = Counter()

    def install(self) -> None:
        """Put the replacements into the module."""
        tokens_of = functools.lru_cache(maxsize=2048)(self._ddb._tokenize)
        self._ddb._tokenize = lambda expression: list(tokens_of(expression))
        self._ddb._index_members = self._keeper.members
        self._ddb._index_item = self._keeper.update
        self._ddb._query = self.query
        self._ddb._scan = self.scan

    def query(self, request: Record) -> Answer:
        """Answer a Query."""
        page = self._plan("query", self._planner.query, request)
        if page is None:
            return self._original(self._query, request, {})
        cursor = request.get("ExclusiveStartKey")
        evaluate = self._ddb._evaluate_condition

        def evaluate_condition(
            expression: str, item: Item, *args: object, slot: str = "ConditionExpression"
        ) -> Any:
            # The key condition holds for every item of the page (it was found by it); the original evaluates
            # it for the cursor as well, which must satisfy it.
            if slot == "KeyConditionExpression" and item is not cursor:
                return True
            return evaluate(expression, item, *args, slot=slot)

        return self._answer_from(
            self._query,
            request,
            page,
            {
                "_index_members": lambda _table: {page.index_name: {page.partition: page.keys}},
                "_evaluate_condition": evaluate_condition,
            },
        )

    def scan(self, request: Record) -> Answer:
        """Answer a Scan."""
        page = self._plan("scan", self._planner.scan, request)
        if page is None:
            return self._original(self._scan, request, {})
        return self._answer_from(self._scan, request, page, {})

    def _plan(self, kind: str, planner: Callable[[Record], Page], request: Record) -> Page | None:
        try:
            page = planner(request)
        except UnusualRequestError:
            self.counts[f"{kind} original"] += 1
            return None
        except Exception:  # whatever it is, the original can still answer
            logger.warning("%s planning failed; the original answers", kind, exc_info=True)
            self.counts["surprise"] += 1
            return None
        self.counts[f"{kind} fast"] += 1
        return page

    def _answer_from(
        self, function: FunctionType, request: Record, page: Page, replacements: dict[str, Any]
    ) -> Answer:
        """Run the original on a view of the table that holds only the page."""
        name = self._ddb._normalize_table_name(request.get("TableName"))
        view = {**page.table, "items": _as_table_items(page.keys, page.looked_at)}
        return self._original(
            function,
            request,
            {
                "_tables": {name: view},
                "_paginate_evaluated_items": lambda *_: (page.items, page.stopped),
                **replacements,
            },
        )

    def _original(self, function: FunctionType, request: Record, replacements: dict[str, Any]) -> Answer:
        """Run an original function with some of its module's globals replaced, for this call only."""
        call = with_globals(self._ddb, function, replacements) if replacements else function
        answer: Answer = call(request)
        return answer
