"""How an owner's quota stands, and the refusal when it is used up."""

from dataclasses import dataclass

from chalicelib.core.errors import Conflict, TooLarge


@dataclass(frozen=True)
class Standing:
    """Bytes that an owner holds or has reserved, and the most there may be."""

    used: int
    limit: int


class QuotaExceeded(TooLarge):
    """There is no room for so many bytes; evidence carries `limit` and `size`."""

    code = "quota_exceeded"


class QuotaChanged(Conflict):
    """Somebody else has just changed the quota."""

    code = "quota_changed"
