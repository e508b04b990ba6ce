"""Quotas count content: bytes are charged when the first file takes hold of them, and refunded when the last lets go.

Charge and refund are writes of the very transaction that changes the hold, so what is used is exact at every moment:
there are no reservations that a crash could leave behind (docs/decisions/0011-quota-in-the-transaction.md). An upload
under way has its bytes charged from its begin; a linked file costs nothing.
"""

from dataclasses import dataclass

from chalicelib.aws.table import Write
from chalicelib.quotas.models import QuotaExceeded, Standing
from chalicelib.quotas.store import QuotaStore


@dataclass(frozen=True)
class Quotas:
    """Everyone may hold up to `limit` bytes, unless they have a quota of their own."""

    store: QuotaStore
    limit: int

    def charge(self, owner_id: str, size: int) -> Write:
        """Return the write that takes room for bytes; refused with QuotaExceeded when there is not enough."""
        refused = QuotaExceeded(
            f"Your quota of {self.limit:,} bytes has no room for {size:,} more. Erase something first.",
            limit=self.limit,
            size=size,
        )
        return self.store.add(owner_id, size, at_most=self.limit - size, refused=refused)

    def refund(self, owner_id: str, size: int) -> Write:
        """Return the write that gives the room of bytes back."""
        return self.store.subtract(owner_id, size)

    def standing(self, owner_id: str) -> Standing:
        """Return how an owner's quota stands; one call."""
        used, bias = self.store.used(owner_id)
        return Standing(used, self.limit - bias)

    def limit_to(self, owner_id: str, quota: int | None) -> Write:
        """Return the write that gives an owner a quota of their own in bytes, or with None the common one.

        What is held already stays; it may be more than the new quota. Refused with QuotaChanged. One call.
        """
        _, bias = self.store.used(owner_id)
        return self.store.shift(owner_id, bias, 0 if quota is None else self.limit - quota)

    def forget(self, owner_id: str) -> Write:
        """Return the write that ends the account of an owner who holds nothing any more."""
        return self.store.delete(owner_id)
