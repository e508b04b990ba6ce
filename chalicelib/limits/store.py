"""Counters of rate limits in the table `users`: pk `limit#<policy>#<subject's hash>`, sk the window's number.

`n` counts; `ttl` removes a counter after its window. Subjects (addresses, accounts) are kept as hashes only.
"""

import hashlib
from dataclasses import dataclass

from boto3.dynamodb.conditions import Attr

from chalicelib.aws.table import Delete, Key, Tables, Update, Write
from chalicelib.limits.models import Policy, RateExceeded

HASH_CHARACTERS = 32


@dataclass(frozen=True)
class CounterStore:
    """Counts; one UpdateItem each, so parallel ones queue and none is lost."""

    tables: Tables
    table: str

    def count(self, policy: Policy, subject: str, window: int, *, refused: RateExceeded) -> int:
        """Count one more and return how many there are now. Raises `refused` at the policy's quota."""
        item = self.tables.update(self.one_more(policy, subject, window, refused=refused))
        return int(item["n"])

    def one_more(self, policy: Policy, subject: str, window: int, *, refused: RateExceeded) -> Update:
        """Describe one more; refused at the policy's quota."""
        room = Attr("n").not_exists() | Attr("n").lt(policy.quota)
        ends = (window + 1) * policy.seconds
        return Update(
            self.table, self.key(policy, subject, window), {"ttl": ends}, (), {"n": 1}, room, refused
        )

    def forget(self, policy: Policy, subject: str, window: int) -> Write:
        """Describe that a counter starts again."""
        return Delete(self.table, self.key(policy, subject, window))

    def key(self, policy: Policy, subject: str, window: int) -> Key:
        """Return where a counter is."""
        hashed = hashlib.sha256(subject.encode()).hexdigest()[:HASH_CHARACTERS]
        return {"pk": f"limit#{policy.name}#{hashed}", "sk": str(window)}
