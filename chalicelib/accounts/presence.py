"""Whether accounts are active, remembered for a minute: what others have shared is looked at often."""

from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.core.clock import Clock

REMEMBERED = timedelta(minutes=1)
MOST = 10_000


@dataclass(frozen=True)
class Presence:
    """Asks at most once a minute for each account, so what an account shares ends within a minute of its own end."""

    active_among: Callable[[Collection[str]], AbstractSet[str]]
    clock: Clock
    _known: dict[str, tuple[datetime, bool]] = field(default_factory=dict)

    def __call__(self, user_id: str) -> bool:
        """Tell whether the account is there and not disabled; one call, or none."""
        return user_id in self.among({user_id})

    def among(self, user_ids: Collection[str]) -> AbstractSet[str]:
        """Return those of up to 100 accounts that are there and not disabled; one call, or none."""
        now = self.clock()
        known = {one: was for one in user_ids if (was := self._remembered(one, now)) is not None}
        unknown = set(user_ids) - set(known)
        if unknown:
            active = self.active_among(unknown)
            known |= {one: one in active for one in unknown}
            if len(self._known) >= MOST:
                self._known.clear()
            self._known.update({one: (now, known[one]) for one in unknown})
        return {one for one in known if known[one]}

    def _remembered(self, user_id: str, now: datetime) -> bool | None:
        asked_at, active = self._known.get(user_id, (None, None))
        return active if asked_at is not None and now - asked_at < REMEMBERED else None
