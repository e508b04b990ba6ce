"""Tells when a key of a MiniStack store is set or removed, by whomever.

CloudFormation writes into the stores of other services without calling them, so watching the services'
requests is not enough.
"""

from collections.abc import Callable
from typing import Any, Protocol

from .emulator import Module


class Owner(Protocol):
    """Who wants to know; `dirty` is set by every change."""

    dirty: bool


def _unchanged(_key: object, value: Any) -> Any:
    return value


def watch_keys(store: Module, owner: Owner, adopt: Callable[[Any, Any], Any] = _unchanged) -> None:
    """Watch an `AccountRegionScopedDict` in place; `adopt` may replace a value that is stored under a key."""
    base: Any = type(store)

    def set_item(self: Any, key: object, value: object) -> None:
        scoped = self._scoped(key)
        self._data[scoped] = adopt(scoped, value)
        owner.dirty = True

    def set_scoped(self: Any, account_id: str, region: str, key: object, value: object) -> None:
        scoped = (account_id, region, key)
        self._data[scoped] = adopt(scoped, value)
        owner.dirty = True

    def after(name: str) -> Callable[..., Any]:
        original = getattr(base, name)

        def call(self: Any, *args: object) -> Any:
            owner.dirty = True
            return original(self, *args)

        return call

    removals = {name: after(name) for name in ("__delitem__", "pop", "pop_scoped")}
    methods = {"__slots__": (), "__setitem__": set_item, "set_scoped": set_scoped, **removals}
    store.__class__ = type("Watched", (base,), methods)  # the same object, so whoever holds it is watched too
