"""One row an owner in the table `files`: pk `quota#<owner>`, sk `quota`; `used` is a number of bytes."""

from dataclasses import dataclass

from boto3.dynamodb.conditions import Attr, ConditionBase

from chalicelib.aws.table import Delete, Key, Tables, Update, Write
from chalicelib.quotas.models import QuotaExceeded


@dataclass(frozen=True)
class QuotaStore:
    """Reads what is used; describes its changes."""

    tables: Tables
    table: str

    def used(self, owner_id: str) -> int:
        """Read how many bytes an owner holds."""
        item = self.tables.get(self.table, _key(owner_id))
        return int(item["used"]) if item else 0

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
