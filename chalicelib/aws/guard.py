"""A condition that every transaction of a request carries: that its caller may still write.

An access token is believed for 15 minutes without a call. Writes must honour a revocation at once, so the door
guards each request of a session with a check, and `Tables.commit` puts that check into every transaction: no
service can forget it, and it costs no call.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.aws.table import Check, Write

_check: "ContextVar[Callable[[], Check] | None]" = ContextVar("guard", default=None)


@contextmanager
def guarded(check: "Callable[[], Check]") -> Iterator[None]:
    """Add the check to every transaction committed inside the block, in this context."""
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def with_guard(writes: "Sequence[Write]") -> "list[Write]":
    """Return the writes of a transaction and, inside a guarded block, its check as the last of them.

    A transaction may name an item once: a write of the checked item gets the check's condition instead.
    """
    make = _check.get()
    if make is None:
        return list(writes)
    check = make()
    merged = [_merged(write, check) for write in writes]
    return merged if merged != list(writes) else [*writes, check]


def _merged(write: "Write", check: "Check") -> "Write":
    if write.table != check.table or getattr(write, "key", None) != check.key:
        return write
    condition = check.condition if write.condition is None else write.condition & check.condition
    return replace(write, condition=condition, refused=write.refused or check.refused)
