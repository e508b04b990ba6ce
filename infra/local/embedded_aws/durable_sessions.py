"""Sessions of assumed roles that outlive the process: one journal row per session, until it expires.

MiniStack keeps them in memory only, so that after a restart every worker that had assumed a role would get
"the security token is invalid" until it assumes the role again.
"""

import json
import time
from typing import Any

from .emulator import Module, Record
from .journal import Journal, dumps


class DurableSessions(dict[str, Record]):
    """MiniStack's `sts._sessions`: temporary access key -> session; every change is written."""

    def __init__(self, sessions: dict[str, Record], journal: Journal) -> None:
        super().__init__(sessions)
        self._journal = journal

    def __setitem__(self, access_key: str, session: Record) -> None:
        super().__setitem__(access_key, session)
        self._journal.put_state(f"session/{access_key}", dumps(session))

    def __delitem__(self, access_key: str) -> None:
        super().__delitem__(access_key)
        self._journal.delete_state(f"session/{access_key}")

    def pop(self, access_key: str, *default: Any) -> Any:
        """Forget a session, and its row."""
        self._journal.delete_state(f"session/{access_key}")
        return super().pop(access_key, *default)

    def clear(self) -> None:
        """Forget all sessions, and their rows."""
        super().clear()
        self._journal.delete_states("session/*")


def install_sessions(sts: Module, journal: Journal) -> int:
    """Give `ministack.services.sts` the journal's unexpired sessions and keep them written; their number."""
    sessions = {}
    for name, text in journal.states("session/*"):
        session = json.loads(text)
        if session.get("Expiration", 0) > time.time():
            sessions[name.split("/", 1)[1]] = session
        else:
            journal.delete_state(name)
    sts._sessions = DurableSessions(sessions, journal)
    return len(sessions)
