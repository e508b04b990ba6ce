"""One row an owner in the table `files`: pk `quota#<owner>`, sk `quota`; `used` is a number of bytes.

Conditions cannot calculate, so a quota of one's own is kept as `bias`: by how much it is less than `TOP`. `used` is
then counted as that much more and compared with TOP; without a bias it is compared with the common limit, which may
change at any time without touching a row.
"""

from dataclasses import dataclass

from boto3.dynamodb.conditions import Attr, ConditionBase

from chalicelib.aws.table import Delete, Key, Tables, Update, Write
from chalicelib.quotas.models import QuotaChanged, QuotaExceeded

TOP = 1 << 60


@dataclass(frozen=True)
class QuotaStore:
    """Reads what is used; describes its changes."""

    tables: Tables
    table: str

    def used(self, owner_id: str) -> tuple[int, int | None]:
        """Read how many bytes an owner holds, and their own quota (None: they have none)."""
        item = self.tables.get(self.table, _key(owner_id)) or {}
        bias = int(item.get("bias", 0))
        return int(item.get("used", 0)) - bias, TOP - bias if bias else None

    def own(self, owner_id: str, before: int | None, after: int | None) -> Write:
        """Describe a quota of one's own in place of the one before; refused with QuotaChanged when that is not so."""
        old, new = _bias(before), _bias(after)
        as_read: ConditionBase = Attr("bias").eq(old)
        if before is None:
            as_read = Attr("bias").not_exists() | as_read
        refused = QuotaChanged(
            "The quota has just been changed by another request. Read it again and repeat."
        )
        change = {"used": new - old, "bias": new - old}
        return Update(self.table, _key(owner_id), add=change, condition=as_read, refused=refused)

    def add(self, owner_id: str, size: int, common: int, *, refused: QuotaExceeded) -> Write:
        """Describe that an owner holds more; refused when that would be more than their own or the common limit."""
        commonly = Attr("bias").not_exists() | Attr("bias").eq(0)
        room: ConditionBase = commonly & Attr("used").lte(common - size)
        room = room | (Attr("bias").gt(0) & Attr("used").lte(TOP - size))
        if size <= common:
            room = Attr("used").not_exists() | room
        return Update(self.table, _key(owner_id), add={"used": size}, condition=room, refused=refused)

    def subtract(self, owner_id: str, size: int) -> Write:
        """Describe that an owner holds less."""
        return Update(self.table, _key(owner_id), add={"used": -size})

    def delete(self, owner_id: str) -> Write:
        """Describe that an owner is gone."""
        return Delete(self.table, _key(owner_id))


def _bias(quota: int | None) -> int:
    return 0 if quota is None else TOP - quota


def _key(owner_id: str) -> Key:
    return {"pk": f"quota#{owner_id}", "sk": "quota"}
