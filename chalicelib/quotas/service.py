"""Quotas count content: bytes are charged when the first file takes hold of them, and refunded when the last lets go.

Charge and refund are writes of the very transaction that changes the hold, so what is used is exact at every moment:
there are no reservations that a crash could leave behind (docs/decisions/0011-quota-in-the-transaction.md). An upload
under way has its bytes charged from its begin; a linked file costs nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.aws.table import Write
from chalicelib.quotas.models import QuotaExceeded, Standing
from chalicelib.quotas.store import QuotaStore


@dataclass(frozen=True)
class Quotas:
    """Everyone may hold up to `limit()` bytes, unless they have a quota of their own."""

    store: QuotaStore
    limit: Callable[[], int]
    counted: Callable[[str, int], Write]
    """Returns the write that counts for the statistics how many bytes an owner holds more."""

    def charge(self, owner_id: str, size: int) -> list[Write]:
        """Return the writes that take room for bytes; refused with QuotaExceeded when there is not enough."""
        common = self.limit()
        refused = _exceeded(common, size)
        return [self.store.add(owner_id, size, common, refused=refused), self.counted(owner_id, size)]

    def refund(self, owner_id: str, size: int) -> list[Write]:
        """Return the writes that give the room of bytes back."""
        return [self.store.subtract(owner_id, size), self.counted(owner_id, -size)]

    def refusal(self, owner_id: str, size: int) -> QuotaExceeded:
        """Return the refusal that names this owner's limit and how much of it is used; one call."""
        standing = self.standing(owner_id)
        return _exceeded(standing.limit, size, used=standing.used)

    def standing(self, owner_id: str) -> Standing:
        """Return how an owner's quota stands; one call."""
        used, own = self.store.used(owner_id)
        return Standing(used, self.limit() if own is None else own)

    def limit_to(self, owner_id: str, quota: int | None) -> Write:
        """Return the write that gives an owner a quota of their own in bytes, or with None the common one.

        What is held already stays; it may be more than the new quota. Refused with QuotaChanged. One call.
        """
        _, own = self.store.used(owner_id)
        return self.store.own(owner_id, own, quota)

    def forget(self, owner_id: str) -> Write:
        """Return the write that ends the account of an owner who holds nothing any more."""
        return self.store.delete(owner_id)


def _exceeded(limit: int, size: int, **more: int) -> QuotaExceeded:
    return QuotaExceeded(
        f"Your quota of {limit:,} bytes has no room for {size:,} more. Erase something first.",
        limit=limit,
        size=size,
        **more,
    )
