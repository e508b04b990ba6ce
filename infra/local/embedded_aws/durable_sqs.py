"""Every acknowledged SQS message, receipt and deletion is in the journal before its reply.

A queue is a dict whose ["messages"] list reports what is added and removed (`durable_queue`). A receive or a
change of visibility rewrites the small in-flight row (receipt handle, visible_at, receive count), so
consumers' receipt handles and redrive counts outlive a crash too. A queue's own row is rewritten when its
configuration changed or it came or went, by a call or by CloudFormation.
"""

import functools
import json
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from .bell import Bell
from .durable_queue import DurableQueue
from .emulator import Module, Record
from .journal import Journal, dumps
from .patched_call import with_globals
from .watched_store import watch_keys

type QueueKey = tuple[str, str, str]  # account, region, URL
type Scope = Callable[[str, str], AbstractContextManager[None]]  # MiniStack's request_scope(account, region)

FLIGHT = ("receipt_handle", "visible_at", "receive_count", "first_receive_at")
NOT_IN_ROW = ("messages", "dedup_cache", "fifo_seq")
DELETE_FLIGHT = "DELETE FROM flights WHERE q=? AND mid=?"

# Lambda's poller runs these in a thread; under one lock a send can not fall between "build the kept list" and
# "assign it".
LOCKED = (
    "_expire_retained",
    "_dlq_sweep",
    "_delete_messages_for_esm",
    "_act_delete_message",
    "_act_delete_message_batch",
    "_act_purge_queue",
)
MESSAGE_ACTIONS = ("Get", "List", "Send", "Receive", "Delete", "ChangeMessage", "Purge")


class DurableSQS:
    """Writes and restores what one `ministack.services.sqs` module holds."""

    def __init__(self, module: Module, journal: Journal, scope: Scope) -> None:
        self._sqs, self._journal, self._scope = module, journal, scope
        self.lock = threading.RLock()
        self._written: dict[str, str] = {}  # state row name -> text
        self.dirty = False  # a queue came, went or was configured
        self._bell = Bell()

    def install(self) -> None:
        """Put the writing versions into the module."""
        sqs = self._sqs
        for key, queue in sqs._queues.all_items():
            sqs._queues._data[key] = self._adopt(key, queue)
        watch_keys(sqs._queues, self, self._adopt)
        for name in LOCKED:
            setattr(sqs, name, self._locked(getattr(sqs, name)))
        sqs._act_send_message = self._sending(sqs._act_send_message)
        sqs._collect_msgs = self._collecting(sqs._collect_msgs)
        for name in ("_act_change_visibility", "_act_change_visibility_batch"):
            setattr(sqs, name, self._rewriting_flights(getattr(sqs, name)))
        for action, function in list(sqs._HANDLERS.items()):
            current = getattr(sqs, function.__name__, function)
            configures = action == "DeleteQueue" or not action.startswith(MESSAGE_ACTIONS)
            sqs._HANDLERS[action] = self._changing_queues(current) if configures else current
        polling = with_globals(sqs, sqs._act_receive_message, {"asyncio": self._bell})
        sqs._HANDLERS["ReceiveMessage"] = sqs._act_receive_message = polling

    def _locked(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: object, **kwargs: object) -> Any:
            with self.lock:
                return function(*args, **kwargs)

        return call

    def _sending(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(request: Record, url: str) -> Any:
            with self.lock:
                result = function(request, url)
                queue = self._queue(request, url)
                if queue["is_fifo"]:
                    self._write_fifo(queue)
                return result

        return call

    def _collecting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(queue: DurableQueue, limit: int, visibility_timeout: int) -> Any:
            with self.lock:
                messages = function(queue, limit, visibility_timeout)
                for message in messages:
                    self._write_flight(queue.number, message)
                return messages

        return call

    def _rewriting_flights(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(request: Record, url: str) -> Any:
            with self.lock:
                result = function(request, url)
                entries = [request, *(request.get("Entries") or [])]
                handles = {entry.get("ReceiptHandle") for entry in entries} - {None}
                queue = self._queue(request, url)
                for message in queue["messages"]:
                    if message["receipt_handle"] in handles:
                        self._write_flight(queue.number, message)
                return result

        return call

    def _changing_queues(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(request: Record, url: str) -> Any:
            self.dirty = True
            return function(request, url)

        return call

    def write_message(self, number: int, message: Record) -> None:
        """Write a message that was added; in flight at once when it was moved from another queue."""
        sql = "INSERT OR REPLACE INTO messages (q, mid, message) VALUES (?,?,?)"
        self._journal.add(sql, number, message["id"], dumps(message))
        if message.get("receipt_handle"):
            self._write_flight(number, message)
        self._bell.ring()

    def delete_messages(self, number: int, messages: list[Record]) -> None:
        """Delete the rows of messages that are gone."""
        for message in messages:
            self._journal.add("DELETE FROM messages WHERE q=? AND mid=?", number, message["id"])
            self._journal.add(DELETE_FLIGHT, number, message["id"])

    def write_queues(self) -> None:
        """Write the configuration of all queues that changed, and forget the queues that are gone."""
        self.dirty = False
        present = set()
        for (account, region, _url), queue in self._sqs._queues.all_items():
            name = f"queue/{queue.number}"
            present.add(name)
            fields = {field: value for field, value in queue.items() if field not in NOT_IN_ROW}
            text = dumps({"account": account, "region": region, **fields})
            if self._written.get(name) != text:
                self._journal.put_state(name, text)
                self._written[name] = text
        for name in set(self._written) - present:
            self._delete_queue(name)

    def forget(self) -> None:
        """MiniStack was reset: nothing is known to be written."""
        self._written.clear()

    def load(self) -> int:
        """Restore queues and messages; the number of messages."""
        queues = self._load_queues()
        self._load_deduplication(queues)
        count = self._load_messages(queues)
        for (account, region, number), queue in queues.items():
            with self._scope(account, region):  # the port, and so the URL, may be another one this time
                queue["url"] = self._sqs._queue_url_for_account(account, queue["name"])
            self._sqs._queues._data[account, region, queue["url"]] = DurableQueue(queue, self, number)
        self._sqs._rebuild_queue_name_index()
        return count

    def _queue(self, request: Record, url: str) -> DurableQueue:
        found: DurableQueue = self._sqs._get_q(request.get("QueueUrl", url))
        return found

    def _adopt(self, key: QueueKey, queue: Record) -> DurableQueue:
        account, region, _url = key
        number = self._journal.number(f"sqs/{account}/{region}/{queue['name']}")
        self._delete_message_rows(number)  # a queue of the same name may have been here before
        for message in queue["messages"]:
            self.write_message(number, message)
        return DurableQueue(queue, self, number)

    def _write_flight(self, number: int, message: Record) -> None:
        state = dumps({field: message.get(field) for field in FLIGHT})
        self._journal.add("INSERT OR REPLACE INTO flights VALUES (?,?,?)", number, message["id"], state)

    def _write_fifo(self, queue: DurableQueue) -> None:
        """The sequence counter and the newest deduplication entry of a FIFO queue."""
        self._journal.put_state(f"fifo/{queue.number}", str(queue["fifo_seq"]))
        if queue["dedup_cache"]:
            key = next(reversed(queue["dedup_cache"]))
            self._journal.put_state(f"dedup/{queue.number}/{key}", dumps(queue["dedup_cache"][key]))

    def _delete_queue(self, name: str) -> None:
        number = int(name.split("/")[1])
        self._journal.delete_state(name)
        self._journal.delete_state(f"fifo/{number}")
        self._journal.delete_states(f"dedup/{number}/*")
        self._delete_message_rows(number)
        del self._written[name]

    def _delete_message_rows(self, number: int) -> None:
        self._journal.add("DELETE FROM messages WHERE q=?", number)
        self._journal.add("DELETE FROM flights WHERE q=?", number)

    def _load_queues(self) -> dict[tuple[str, str, int], Record]:
        queues = {}
        counters = {name.split("/")[1]: int(text) for name, text in self._journal.states("fifo/*")}
        for name, text in self._journal.states("queue/*"):
            number = name.split("/")[1]
            row = json.loads(text)
            key = (row.pop("account"), row.pop("region"), int(number))
            queues[key] = {**row, "messages": [], "dedup_cache": {}, "fifo_seq": counters.get(number, 0)}
            self._written[name] = text
        return queues

    def _load_deduplication(self, queues: dict[tuple[str, str, int], Record]) -> None:
        by_number = {number: queue for (_account, _region, number), queue in queues.items()}
        for name, text in self._journal.states("dedup/*"):
            _, number, key = name.split("/", 2)
            entry = json.loads(text)
            if entry["expire"] > time.time() and int(number) in by_number:
                by_number[int(number)]["dedup_cache"][key] = entry
            else:
                self._journal.delete_state(name)

    def _load_messages(self, queues: dict[tuple[str, str, int], Record]) -> int:
        database = self._journal.database
        by_number = {number: queue for (_account, _region, number), queue in queues.items()}
        flights = {(q, mid): state for q, mid, state in database.execute("SELECT q, mid, state FROM flights")}
        count = 0
        for number, mid, text in database.execute("SELECT q, mid, message FROM messages ORDER BY id"):
            if number in by_number:
                message = {**json.loads(text), **json.loads(flights.get((number, mid), "{}"))}
                self._sqs._ensure_msg_fields(message)
                by_number[number]["messages"].append(message)
                count += 1
        return count
