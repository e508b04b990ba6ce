"""What may be uploaded: the settings' defaults, over which admins set other values, for all processes.

Beginning an upload reads it together with what else it must know, so a change holds at once and costs no further call.
Others are content with what their process has read within 30 seconds.
"""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.allowances.models import Allowances
from chalicelib.allowances.store import AllowanceStore, changed
from chalicelib.audit.service import Audit
from chalicelib.aws.table import Item, Key
from chalicelib.core.caller import Caller

LIFE = timedelta(seconds=30)


class AllowanceService:
    """Reads and changes what may be uploaded."""

    def __init__(self, store: AllowanceStore, defaults: Allowances, audit: Audit) -> None:
        self._store = store
        self._defaults = defaults
        self._audit = audit
        self._kept: tuple[datetime, Allowances] | None = None

    def __call__(self) -> Allowances:
        """Return what holds, at most 30 seconds old; one call where that has passed."""
        now = self._audit.clock()
        if self._kept is None or not now - LIFE < self._kept[0] <= now:
            self._kept = now, self.read()
        return self._kept[1]

    @property
    def place(self) -> tuple[str, Key]:
        """Return the place to read for what holds: `at_hand` understands it."""
        return self._store.place

    def at_hand(self, row: Item | None) -> Allowances:
        """Return what holds as it was just read, and keep it; no call."""
        self._kept = self._audit.clock(), self._over_defaults(*self._store.of(row))
        return self._kept[1]

    def read(self) -> Allowances:
        """Return what holds now; one call."""
        return self._over_defaults(*self._store.get())

    def replace(self, caller: Caller, values: dict[str, Any], expected: int | None) -> Allowances:
        """Set these values, as JSON, and for all others go back to the defaults. Raises AllowancesChanged."""
        before = self.read()
        if expected not in {None, before.version}:
            raise changed()
        after = self._over_defaults(values, before.version + 1)
        told = _differences(before, after)
        if not told:
            return before
        entry = self._audit.entry(
            "limits.changed",
            owner=caller.user_id,
            actor=caller.user_id,
            target="limits",
            origin=caller.origin,
            **told,
        )
        self._store.tables.commit([self._store.put_if(values, before.version), entry])
        self._kept = self._audit.clock(), after
        return after

    def _over_defaults(self, values: dict[str, Any], version: int) -> Allowances:
        own = self._defaults
        return Allowances(
            sizes={**own.sizes, **values.get("sizes", {})},
            extensions=frozenset(values.get("extensions", own.extensions)),
            uploads_per_minute=values.get("uploads_per_minute", own.uploads_per_minute),
            default_quota=values.get("default_quota", own.default_quota),
            version=version,
        )


def _differences(before: Allowances, after: Allowances) -> dict[str, object]:
    """Return what the activity log tells: each value that changes, before and after."""
    pairs = {name: (_plain(getattr(before, name)), _plain(getattr(after, name))) for name in vars(before)}
    return {
        name: {"before": old, "after": new}
        for name, (old, new) in pairs.items()
        if old != new and name != "version"
    }


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value
