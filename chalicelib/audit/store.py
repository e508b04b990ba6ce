"""The activity log in the table `activity`.

pk `user#<whose library>`, sk the entry's UUIDv7, so one Query lists a library's entries by time. Two global indexes
hold the other lists, so that an entry stays one item of its transaction: `global_by_target` (target, sk), and
`global_by_time` (period, sk), where a period is a year and one of eight shards, as one partition of an index takes
a thousand writes a second. They follow within milliseconds.
"""

import heapq
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from boto3.dynamodb.conditions import Attr
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.audit.models import Entry, Found, Wanted
from chalicelib.aws.table import Item, Put, Tables, Write
from chalicelib.core.clock import from_text, to_text
from chalicelib.core.ids import first_id_at

SHARDS = 8
MAX_QUERIES = 8
"""How many pages of `LOOKED_AT` rows a request looks through for rare entries, before it says how far it got."""
LOOKED_AT = 200
FIRST_YEAR = 2026


@dataclass(frozen=True)
class AuditStore:
    """Reads entries, newest first; describes the write of one."""

    tables: Tables
    table: str

    def put(self, entry: Entry) -> Write:
        """Describe a new entry."""
        item: Item = {
            "pk": f"user#{entry.owner}",
            "sk": entry.id,
            "period": f"{_year_of(entry.id)}#{zlib.crc32(entry.id.encode()) % SHARDS}",
            **{name: getattr(entry, name) for name in ("action", "actor", "target", "address", "agent")},
            "at": to_text(entry.at),
            "request_id": entry.request_id,
            "details": json.dumps(entry.details, default=str),
        }
        return Put(self.table, item)

    def of_library(self, owner: str, wanted: Wanted, before: str, limit: int) -> Found:
        """Read what happened in one library before an id."""
        return self._read(("pk", f"user#{owner}", None), wanted, before, limit)

    def of_target(self, target: str, wanted: Wanted, before: str, limit: int) -> Found:
        """Read what happened to one thing before an id."""
        return self._read(("target", target, "global_by_target"), wanted, before, limit)

    def of_all(self, wanted: Wanted, before: str, limit: int) -> Found:
        """Read what happened anywhere before an id: the shards of a year, and of the years before if need be."""
        entries: list[Entry] = []
        for year in _years(wanted, before):
            shards = [
                self._read(("period", f"{year}#{shard}", "global_by_time"), wanted, before, limit)
                for shard in range(SHARDS)
            ]
            # A shard that stopped early holds the others back: what lies beyond it may not be told yet.
            barrier = max((one.reached for one in shards if one.reached), default="")
            merged = heapq.merge(*(one.entries for one in shards), key=lambda entry: entry.id, reverse=True)
            entries += [entry for entry in merged if entry.id >= barrier]
            if len(entries) >= limit:
                return Found(entries[:limit], entries[limit - 1].id)
            if barrier:
                return Found(entries, barrier)
        return Found(entries, None)

    def _read(self, place: tuple[str, str, str | None], wanted: Wanted, before: str, limit: int) -> Found:
        name, value, index = place
        since = first_id_at(wanted.since) if wanted.since else "0"
        where = Attr("action").begins_with(wanted.action) if wanted.action else None
        entries: list[Entry] = []
        if since >= before:
            return Found(entries, None)
        for _ in range(MAX_QUERIES):
            condition = KeyCondition(name).eq(value) & KeyCondition("sk").between(since, before)
            rows = self.tables.query(
                self.table,
                condition,
                index=index,
                limit=LOOKED_AT if where else limit + 1,
                forward=False,
                where=where,
            )
            entries += [_entry(row) for row in rows.items if row["sk"] < before]
            if len(entries) >= limit:
                return Found(entries[:limit], entries[limit - 1].id)
            if rows.next_key is None:
                return Found(entries, None)
            before = rows.next_key["sk"]
        return Found(entries, before)


def _years(wanted: Wanted, before: str) -> Iterator[int]:
    oldest = wanted.since.year if wanted.since else FIRST_YEAR
    yield from range(_year_of(before), max(oldest, FIRST_YEAR) - 1, -1)


def _year_of(id_: str) -> int:
    milliseconds = int(id_[:8] + id_[9:13], 16)
    return datetime.fromtimestamp(milliseconds / 1000, UTC).year


def _entry(item: Item) -> Entry:
    return Entry(
        id=item["sk"],
        owner=item["pk"].removeprefix("user#"),
        action=item["action"],
        actor=item["actor"],
        target=item["target"],
        at=from_text(item["at"]),
        address=item["address"],
        agent=item["agent"],
        request_id=item["request_id"],
        details=json.loads(item["details"]),
    )
