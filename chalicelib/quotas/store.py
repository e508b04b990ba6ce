"""One row an owner in the table `files`: pk `quota#<owner>`, sk `quota`; `used` is a number of bytes.

A quota of one's own is kept as `bias`, by which `used` is shifted too: as conditions cannot calculate, everybody's
`used` is compared with the same limit, and the bias makes up the difference.
"""

from dataclasses import dataclass

from boto3.dynamodb.conditions import Attr, ConditionBase

from chalicelib.aws.table import Delete, Key, Tables, Update, Write
from chalicelib.quotas.models import QuotaChanged, QuotaExceeded


@dataclass(frozen=True)
class QuotaStore:
    """Reads what is used; describes its changes."""

    tables: Tables
    table: str

    def used(self, owner_id: str) -> tuple[int, int]:
        """Read how many bytes an owner holds, and by how much their limit is less than the common one."""
        item = self.tables.get(self.table, _key(owner_id)) or {}
        bias = int(item.get("bias", 0))
        return int(item.get("used", 0)) - bias, bias

    def shift(self, owner_id: str, before: int, after: int) -> Write:
        """Describe another bias in place of the one before; refused with QuotaChanged when that is not so."""
        as_read: ConditionBase = Attr("bias").eq(before)
        if before == 0:
            as_read = Attr("bias").not_exists() | as_read
        change = {"used": after - before, "bias": after - before}
        refused = QuotaChanged(
            "The quota has just been changed by another request. Read it again and repeat."
        )
        return Update(self.table, _key(owner_id), add=change, condition=as_read, refused=refused)

    def add(self, owner_id: str, size: int, *, at_most: int, refused: QuotaExceeded) -> Write:
        """Describe that an owner holds more; refused when what they hold already is more than `at_most`."""
        room: ConditionBase = Attr("used").lte(at_most)
        if at_most >= 0:
            room = Attr("used").not_exists() | room
        return Update(self.table, _key(owner_id), add={"used": size}, condition=room, refused=refused)

    def subtract(self, owner_id: str, size: int) -> Write:
        """Describe that an owner holds less."""
        return Update(self.table, _key(owner_id), add={"used": -size})

    def delete(self, owner_id: str) -> Write:
        """Describe that an owner is gone."""
        return Delete(self.table, _key(owner_id))


def _key(owner_id: str) -> Key:
    return {"pk": f"quota#{owner_id}", "sk": "quota"}
