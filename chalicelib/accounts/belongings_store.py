"""What an account has in the table `users` beside its own row: sessions, API keys, mailed tokens, known addresses."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.accounts.models import Account
from chalicelib.accounts.session_store import known_partition
from chalicelib.accounts.store import account_key
from chalicelib.aws.table import Delete, Key, Tables, Update, Write

BATCH = 50


@dataclass(frozen=True)
class BelongingsStore:
    """Describes their removal, and counts what else was removed."""

    tables: Tables
    table: str

    def removals(self, account: Account) -> Iterator[list[Write]]:
        """Yield the writes that remove the rows, some at a time."""
        for some in itertools.batched(self._keys(account), BATCH):
            yield [Delete(self.table, key) for key in some]

    def count(self, user_id: str, size: int) -> Write:
        """Describe that one more of the account's files, of so many bytes, is erased."""
        return Update(self.table, account_key(user_id), add={"erased_files": 1, "erased_bytes": size})

    def _keys(self, account: Account) -> Iterator[Key]:
        for partition in (f"user#{account.id}", known_partition(account.email)):
            for row in self.tables.query_all(self.table, KeyCondition("pk").eq(partition)):
                if row["sk"] != "account":
                    yield {"pk": row["pk"], "sk": row["sk"]}
