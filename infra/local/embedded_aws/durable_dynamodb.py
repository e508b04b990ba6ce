"""Every acknowledged DynamoDB write is in the journal before its reply.

What is written is the effect, never the request:

* items: `_set_item` and `_remove_item` (the two functions every write path ends in) also write the row, and
  `_items_replaced` rewrites the rows of a table. Handlers run without interruption on the event loop, so one
  reply's rows (a whole TransactWriteItems) go out in one SQLite transaction;
* tables, TTL, tags, backups: one row, rewritten after any call that is not a data-plane call and whenever a
  table appears in or disappears from MiniStack's store, whoever did it;
* the memory of ClientRequestToken: one row per token, so a retry after a crash is still recognised.

DynamoDB Streams records stay in memory, as in MiniStack: do not build an outbox on them.
"""

import hashlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable

from .emulator import Answer, Item, Module, Record
from .journal import Journal, dumps
from .watched_store import watch_keys

PUT_ITEM = "INSERT OR REPLACE INTO items VALUES (?,?,?,?)"
DELETE_ITEM = "DELETE FROM items WHERE t=? AND pk=? AND sk=?"
DELETE_ITEMS = "DELETE FROM items WHERE t=?"

DATA_PLANE = frozenset(
    {
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "TransactWriteItems",
        "GetItem",
        "Query",
        "Scan",
        "BatchGetItem",
        "TransactGetItems",
        "ExecuteStatement",
        "BatchExecuteStatement",
        "ExecuteTransaction",
        "SearchVectors",
    }
)
STORES = (
    "tags",
    "ttl_settings",
    "pitr_settings",
    "kinesis_destinations",
    "contributor_insights",
    "backups",
    "resource_policies",
    "exports",
    "imports",
)


class SameRequest:
    """Stands for a transaction's payload in the idempotency memory: equal to an equal payload."""

    __hash__ = None  # type: ignore[assignment]  # compared only

    def __init__(self, digest: str) -> None:
        self.digest = digest

    @classmethod
    def of(cls, payload: object) -> "SameRequest":
        """The digest of a payload as MiniStack compares it."""
        return cls(hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest())

    def __eq__(self, other: object) -> bool:
        return self.digest == (other if isinstance(other, SameRequest) else SameRequest.of(other)).digest


class DurableDynamoDB:
    """Writes and restores what one `ministack.services.dynamodb` module holds."""

    def __init__(
        self,
        module: Module,
        journal: Journal,
        encode: Callable[[object], object],
        decode: Callable[[Record], object],
    ) -> None:
        self._ddb, self._journal, self._encode, self._decode = module, journal, encode, decode
        self._lock = threading.RLock()  # keeps the order of rows equal to the order of writes (TTL thread)
        self._known: dict[str, str] = {}  # TableArn -> TableId of the tables whose items are written
        self._last_tables = ""
        self.dirty = False  # a table came or went

    def install(self) -> None:
        """Put the writing versions into the module."""
        ddb = self._ddb
        self._set_item, self._remove_item, self._items_replaced = (
            ddb._set_item,
            ddb._remove_item,
            ddb._items_replaced,
        )
        self._token_store, self._handle_request = ddb._txn_token_store, ddb.handle_request
        ddb._set_item, ddb._remove_item, ddb._items_replaced = (
            self.set_item,
            self.remove_item,
            self.items_replaced,
        )
        ddb._txn_token_store, ddb.handle_request = self.token_store, self.handle_request
        watch_keys(ddb._tables, self)

    def set_item(self, table: Record, pk_val: str, sk_val: str, item: Item) -> Item | None:
        """MiniStack's `_set_item`, and its row."""
        with self._lock:
            old: Item | None = self._set_item(table, pk_val, sk_val, item)
            self._journal.add(PUT_ITEM, self._number(table), pk_val, sk_val, dumps(item))
            return old

    def remove_item(self, table: Record, pk_val: str, sk_val: str) -> Item | None:
        """MiniStack's `_remove_item`, and its row."""
        with self._lock:
            old: Item | None = self._remove_item(table, pk_val, sk_val)
            if old is not None:
                self._journal.add(DELETE_ITEM, self._number(table), pk_val, sk_val)
            return old

    def items_replaced(self, table: Record) -> None:
        """MiniStack's `_items_replaced`, and the rows of all items."""
        with self._lock:
            self._items_replaced(table)
            self._rewrite_items(table)

    def token_store(self, token: str, entry: Record) -> None:
        """MiniStack's `_txn_token_store`, and its row."""
        entry["signature"] = SameRequest.of(entry["signature"])
        self._token_store(token, entry)
        name = f"token/{self._ddb.get_account_id()}/{self._ddb.get_region()}/{token}"
        self._journal.put_state(name, dumps({**entry, "signature": entry["signature"].digest}))

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query_params: Record
    ) -> Answer:
        """MiniStack's `handle_request`; tables are written after a call that may have changed one."""
        answer: Answer = await self._handle_request(method, path, headers, body, query_params)
        action = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        if action not in DATA_PLANE and not action.startswith(("Describe", "List", "Get")):
            self.write_tables()
        return answer

    def write_tables(self) -> None:
        """Write the tables without their items, and everything else DynamoDB remembers, if it changed."""
        with self._lock:
            self.dirty = False
            present = {table["TableArn"]: table for _key, table in self._ddb._tables.all_items()}
            for arn in set(self._known) - set(present):
                self._journal.add(DELETE_ITEMS, self._journal.number(arn))
            for arn, table in present.items():
                if self._known.get(arn) != table["TableId"]:  # new, re-created, restored, a replica
                    self._rewrite_items(table)
            self._known = {arn: table["TableId"] for arn, table in present.items()}
            text = dumps(self._tables_state(), self._encode)
            if text != self._last_tables:
                self._journal.put_state("dynamodb", text)
                self._last_tables = text

    def load(self) -> int:
        """Restore tables, items and tokens; the number of items."""
        text = dict(self._journal.states("dynamodb")).get("dynamodb")
        if text is None:
            return 0
        state = json.loads(text, object_hook=self._decode)
        count = self._load_items(state["tables"])
        self._ddb.load_persisted_state(state)
        for table in self._ddb._tables.all_values():
            self._ddb._update_counts(table)
            self._ddb._index_members(table)  # build the indexes now, not in the first query
        self._load_tokens()
        return count

    def forget(self) -> None:
        """MiniStack was reset: nothing is known to be written."""
        self._known, self._last_tables = {}, ""

    def forget_old_tokens(self) -> None:
        """Drop the rows of tokens that DynamoDB no longer remembers (after ten minutes)."""
        horizon = time.time() - self._ddb._TXN_TOKEN_TTL
        sql = "DELETE FROM state WHERE name GLOB 'token/*' AND json_extract(value,'$.completed_at') < ?"
        self._journal.add(sql, horizon)

    def _number(self, table: Record) -> int:
        return self._journal.number(table["TableArn"])

    def _rewrite_items(self, table: Record) -> None:
        number = self._number(table)
        self._journal.add(DELETE_ITEMS, number)
        for pk_val, sk_map in list(table["items"].items()):
            for sk_val, item in list(sk_map.items()):
                self._journal.add(PUT_ITEM, number, pk_val, sk_val, dumps(item))

    def _tables_state(self) -> Record:
        tables: Module = type(self._ddb._tags)()
        derived = ("items", self._ddb._INDEX_MEMBERS)
        for key, table in self._ddb._tables.all_items():
            tables._data[key] = {k: v for k, v in table.items() if k not in derived}
        return {"tables": tables, **{name: getattr(self._ddb, f"_{name}") for name in STORES}}

    def _load_items(self, tables: Module) -> int:
        by_number = {}
        for table in tables._data.values():
            table["items"] = defaultdict(dict)
            by_number[self._journal.names.get(table["TableArn"])] = table
            self._known[table["TableArn"]] = table["TableId"]
        count = 0
        rows = self._journal.database.execute("SELECT t, pk, sk, item FROM items")
        for number, pk_val, sk_val, text in rows:
            if number in by_number:
                by_number[number]["items"][pk_val][sk_val] = json.loads(text)
                count += 1
        return count

    def _load_tokens(self) -> None:
        horizon = time.time() - self._ddb._TXN_TOKEN_TTL
        for name, text in self._journal.states("token/*"):
            entry = json.loads(text)
            if entry["completed_at"] < horizon:
                self._journal.delete_state(name)
                continue
            _, account, region, token = name.split("/", 3)
            entry["signature"] = SameRequest(entry["signature"])
            self._ddb._txn_idempotency.set_scoped(account, region, token, entry)
