"""What an entry of the activity log says, and which ones are asked for."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Entry:
    """Who (`actor`) did what (`action`) to what (`target`) in whose library (`owner`), when, from where."""

    id: str
    owner: str
    action: str
    actor: str
    target: str
    at: datetime
    address: str
    agent: str
    request_id: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """Which entries: whose action begins so (`file.` or `file.changed`), from `since` on, before `until`."""

    action: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Found:
    """Some entries, and the id before which there may be more (None: there are none)."""

    entries: list[Entry]
    reached: str | None
