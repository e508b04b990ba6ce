"""Who is asking, and from where."""

from dataclasses import dataclass
from enum import StrEnum

API_KEY_PREFIX = "mdt_"
"""What every API key begins with, so that it is known at sight, and by scanners of secrets."""


class Role(StrEnum):
    """What an account may do, from most to least."""

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


class Scope(StrEnum):
    """What an API key may be used for, within what its owner's role may do."""

    READ = "read"
    WRITE = "write"
    SHARE = "share"
    ADMIN = "admin"


@dataclass(frozen=True)
class Origin:
    """Where a request came from, as the activity log keeps it."""

    address: str = ""
    agent: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Caller:
    """A signed-in account: in one of its sessions, or by one of its API keys, which has scopes."""

    user_id: str
    role: Role
    session_id: str
    origin: Origin = Origin()
    scopes: frozenset[Scope] | None = None
    """None for a session, which may do all that the role may."""
