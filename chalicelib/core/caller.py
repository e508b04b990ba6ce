"""Who is asking, and from where."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an account may do, from most to least."""

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


@dataclass(frozen=True)
class Origin:
    """Where a request came from, as the activity log keeps it."""

    address: str = ""
    agent: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Caller:
    """A signed-in account in one of its sessions."""

    user_id: str
    role: Role
    session_id: str
    origin: Origin = Origin()
