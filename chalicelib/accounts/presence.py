"""Whether accounts are active, remembered for a minute: what others have shared is looked at often."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.core.clock import Clock

REMEMBERED = timedelta(minutes=1)
MOST = 10_000


@dataclass(frozen=True)
class Presence:
    """Asks at most once a minute for each account, so what an account shares ends within a minute of its own end."""

    is_active: Callable[[str], bool]
    clock: Clock
    _known: dict[str, tuple[datetime, bool]] = field(default_factory=dict)

    def __call__(self, user_id: str) -> bool:
        """Tell whether the account is there and not disabled; one call, or none."""
        now = self.clock()
        asked_at, active = self._known.get(user_id, (None, False))
        if asked_at is None or now - asked_at >= REMEMBERED:
            active = self.is_active(user_id)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[user_id] = now, active
        return active
