"""A queue that reports what is added to and removed from its messages.

MiniStack keeps a queue as a dict with a list of messages under "messages": it appends and removes there, and
deletes by assigning a new list of what is kept. Both ways are watched here.
"""

from collections.abc import Iterable
from typing import Any, Protocol, SupportsIndex

from .emulator import Record


class MessageLog(Protocol):
    """Who is told about messages; `lock` keeps the order of rows equal to the order of changes."""

    lock: Any  # a re-entrant lock

    def write_message(self, number: int, message: Record) -> None:
        """A message was added to the queue of this number."""

    def delete_messages(self, number: int, messages: list[Record]) -> None:
        """Messages are gone from the queue of this number."""


class DurableMessages(list[Record]):
    """A queue's messages."""

    __slots__ = ("_log", "_number")

    def __init__(self, messages: Iterable[Record], log: MessageLog, number: int) -> None:
        super().__init__(messages)
        self._log, self._number = log, number

    def append(self, message: Record) -> None:
        """Add a message and its row."""
        with self._log.lock:
            super().append(message)
            self._log.write_message(self._number, message)

    def extend(self, messages: Iterable[Record]) -> None:
        """Add messages and their rows."""
        for message in messages:
            self.append(message)

    def insert(self, index: SupportsIndex, message: Record) -> None:
        """Add a message and its row; after a restart it stands at the end."""
        with self._log.lock:
            super().insert(index, message)
            self._log.write_message(self._number, message)

    def remove(self, message: Record) -> None:
        """Remove a message and its row."""
        with self._log.lock:
            super().remove(message)
            self._log.delete_messages(self._number, [message])

    def pop(self, index: SupportsIndex = -1) -> Record:
        """Remove a message and its row."""
        with self._log.lock:
            message = super().pop(index)
            self._log.delete_messages(self._number, [message])
            return message

    def clear(self) -> None:
        """Remove all messages and their rows."""
        with self._log.lock:
            gone = list(self)
            super().clear()
            self._log.delete_messages(self._number, gone)

    def missing_from(self, kept: Iterable[Record]) -> list[Record]:
        """The messages that are not in `kept`, which has the others in their order."""
        following = iter(kept)
        expected = next(following, None)
        gone = []
        for message in self:
            if message is expected:
                expected = next(following, None)
            else:
                gone.append(message)
        return gone


class DurableQueue(dict[str, Any]):
    """A queue; assigning ["messages"] writes what is gone."""

    __slots__ = ("_log", "number")

    def __init__(self, queue: Record, log: MessageLog, number: int) -> None:
        super().__init__(queue)
        self._log, self.number = log, number
        super().__setitem__("messages", DurableMessages(queue["messages"], log, number))

    def __setitem__(self, field: str, value: Any) -> None:
        if field != "messages" or isinstance(value, DurableMessages):
            super().__setitem__(field, value)
            return
        with self._log.lock:
            gone = self["messages"].missing_from(value)
            super().__setitem__(field, DurableMessages(value, self._log, self.number))
            if gone:
                self._log.delete_messages(self.number, gone)
