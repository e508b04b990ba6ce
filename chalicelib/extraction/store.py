"""What is known of content and of the work on it, in the table `metadata`: pk `blob#<owner>#<sha256>`.

| row | sk | holds |
|---|---|---|
| facts | `v<extractor version>` | what one version of the extractor found |
| job | `job#<id>` | one attempt; ids are in order of time; it expires by `ttl` |
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import Delete, Item, Put, Tables, Write
from chalicelib.core.clock import Clock, from_text, to_text
from chalicelib.extraction.attempts import Job, Outcome, Work
from chalicelib.extraction.models import Facts

VERSION_DIGITS = 6


@dataclass(frozen=True)
class FactsStore:
    """Reads and describes the records of examinations."""

    tables: Tables
    table: str
    clock: Clock

    def put(self, owner_id: str, sha256: str, version: int, facts: Facts) -> Write:
        """Describe the outcome of one examination by one version of the extractor."""
        return Put(
            self.table,
            {
                "pk": _pk(owner_id, sha256),
                "sk": f"v{version:0{VERSION_DIGITS}}",
                "facts": facts.model_dump_json(),
                "at": to_text(self.clock()),
                "bytes_read": facts.bytes_read,
                "requests": facts.requests,
                "milliseconds": round(facts.seconds * 1000),
            },
        )

    def latest(self, owner_id: str, sha256: str) -> tuple[int, dict[str, Any]] | None:
        """Return the facts of the newest version of the extractor that has seen the content, and that version."""
        mine = KeyCondition("pk").eq(_pk(owner_id, sha256)) & KeyCondition("sk").begins_with("v")
        rows = self.tables.query(self.table, mine, limit=1, forward=False).items
        return (int(rows[0]["sk"][1:]), json.loads(rows[0]["facts"])) if rows else None

    def removals(self, owner_id: str, sha256: str) -> list[Write]:
        """Describe that all that was found in some content, and every attempt, is gone."""
        rows = self.tables.query_all(self.table, KeyCondition("pk").eq(_pk(owner_id, sha256)))
        return [Delete(self.table, {"pk": row["pk"], "sk": row["sk"]}) for row in rows]


@dataclass(frozen=True)
class JobStore:
    """Reads and describes attempts."""

    tables: Tables
    table: str

    def put(self, owner_id: str, sha256: str, job: Job, expires: datetime) -> Write:
        """Describe an attempt as it stands."""
        item: Item = {
            "pk": _pk(owner_id, sha256),
            "sk": f"job#{job.id}",
            "work": job.work.value,
            "attempt": job.attempt,
            "started_at": to_text(job.started_at),
            "ended_at": to_text(job.ended_at) if job.ended_at else None,
            "outcome": job.outcome.value,
            "code": job.code,
            "bytes_read": job.bytes_read,
            "requests": job.requests,
            "ttl": int(expires.timestamp()),
        }
        return Put(self.table, item)

    def latest(self, owner_id: str, sha256: str, limit: int) -> list[Job]:
        """Read the latest attempts, newest first."""
        mine = KeyCondition("pk").eq(_pk(owner_id, sha256)) & KeyCondition("sk").begins_with("job#")
        return [_job(row) for row in self.tables.query(self.table, mine, limit=limit, forward=False).items]


def _pk(owner_id: str, sha256: str) -> str:
    return f"blob#{owner_id}#{sha256}"


def _job(item: Item) -> Job:
    ended = item["ended_at"]
    return Job(
        id=item["sk"].removeprefix("job#"),
        work=Work(item["work"]),
        attempt=int(item["attempt"]),
        started_at=from_text(item["started_at"]),
        ended_at=from_text(ended) if ended else None,
        outcome=Outcome(item["outcome"]),
        code=item["code"],
        bytes_read=int(item["bytes_read"]),
        requests=int(item["requests"]),
    )
