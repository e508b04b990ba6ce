"""Entries of the activity log, written in the same transaction as the change they tell of.

Table `activity`: pk `user#<whose library>`, sk the entry's UUIDv7, so one Query lists a library's entries by time.
Entries are never changed. Details name what changed, never a secret.
"""

from dataclasses import dataclass

from chalicelib.aws.table import Put, Write
from chalicelib.core.caller import Origin
from chalicelib.core.clock import Clock, to_text
from chalicelib.core.ids import NewId


@dataclass(frozen=True)
class Audit:
    """Makes the writes that record actions."""

    table: str
    clock: Clock
    new_id: NewId

    def entry(
        self, action: str, *, owner: str, actor: str, target: str, origin: Origin, **details: object
    ) -> Write:
        """Return the write that records `action` (such as `file.renamed`) on `target` in the owner's library."""
        return Put(
            self.table,
            {
                "pk": f"user#{owner}",
                "sk": self.new_id(),
                "action": action,
                "actor": actor,
                "target": target,
                "at": to_text(self.clock()),
                "address": origin.address,
                "agent": origin.agent,
                "request_id": origin.request_id,
                "details": details,
            },
        )
