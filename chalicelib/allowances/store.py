"""One row in the table `files`, pk and sk `allowances`: what admins have set, as JSON, and a version.

What they have not set is not there, so that the settings' defaults hold for it, also when these change.
"""

import json
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import Attr

from chalicelib.allowances.models import AllowancesChanged
from chalicelib.aws.table import ABSENT, Item, Key, Put, Tables, Write

KEY: Key = {"pk": "allowances", "sk": "allowances"}


@dataclass(frozen=True)
class AllowanceStore:
    """Reads what was set; describes another state of it."""

    tables: Tables
    table: str

    @property
    def place(self) -> tuple[str, Key]:
        """Return where it is, for those who read it together with other things."""
        return self.table, KEY

    def get(self) -> tuple[dict[str, Any], int]:
        """Read what was set, and its version (1: nothing yet)."""
        return self.of(self.tables.get(*self.place))

    def of(self, row: Item | None) -> tuple[dict[str, Any], int]:
        """Return what a row says that was read."""
        return (json.loads(row["set"]), int(row["version"])) if row else ({}, 1)

    def put_if(self, values: dict[str, Any], before: int) -> Write:
        """Describe another state in place of version `before`; refused with AllowancesChanged."""
        unchanged = ABSENT if before == 1 else Attr("version").eq(before)
        item = {**KEY, "set": json.dumps(values), "version": before + 1}
        return Put(self.table, item, unchanged, refused=changed())


def changed() -> AllowancesChanged:
    """Return the refusal."""
    return AllowancesChanged("The limits have changed since you read them. Read them again and repeat.")
