"""Things to do at a time, for the sweep: rows ordered by their moment, found without a Scan.

pk `due#<kind>#<shard>`, sk `<moment>#<reference>`. Four shards keep many parallel writers off one partition (a
partition takes 1,000 write units a second); the shard follows from the reference, so a row is found again.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import Delete, Key, Put, Tables, Write
from chalicelib.core.clock import from_text, to_text

SHARDS = 4
PAGE = 100


@dataclass(frozen=True)
class Due:
    """Something whose moment has come."""

    at: datetime
    reference: str


@dataclass(frozen=True)
class Agenda:
    """What is to be done for one kind of thing."""

    tables: Tables
    table: str
    kind: str

    def put(self, at: datetime, reference: str) -> Write:
        """Describe a thing to do; putting it twice is the same as once."""
        return Put(self.table, dict(self._key(at, reference)))

    def delete(self, at: datetime, reference: str) -> Write:
        """Describe that it is done."""
        return Delete(self.table, self._key(at, reference))

    def postpone(self, due: Due, to: datetime) -> list[Write]:
        """Describe that a thing is to be done later, so that what cannot be done yet does not keep others waiting."""
        return [self.delete(due.at, due.reference), self.put(to, due.reference)]

    def due(self, now: datetime) -> Iterator[Due]:
        """Yield what is due, at most a page of 100 a shard: the next sweep takes the rest."""
        for shard in range(SHARDS):
            condition = KeyCondition("pk").eq(f"due#{self.kind}#{shard}") & KeyCondition("sk").lte(
                to_text(now) + "~"
            )
            for row in self.tables.query(self.table, condition, limit=PAGE).items:
                moment, reference = row["sk"].split("#", 1)
                yield Due(from_text(moment), reference)

    def _key(self, at: datetime, reference: str) -> Key:
        shard = zlib.crc32(reference.encode()) % SHARDS
        return {"pk": f"due#{self.kind}#{shard}", "sk": f"{to_text(at)}#{reference}"}
