"""Records in the table `files`: pk `once#<owner>#<hash of the key>`, sk `once`; `ttl` removes them after a day."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from chalicelib.aws.table import ABSENT, Delete, Item, Key, Tables, Update, Write
from chalicelib.core.clock import from_text, to_text
from chalicelib.idempotency.models import Record, StoredAnswer, Taken


@dataclass(frozen=True)
class OnceStore:
    """Reads and changes records; each change is one update by itself, as no other row depends on it."""

    tables: Tables
    table: str

    def get(self, owner_id: str, key: str) -> Record | None:
        """Read a record."""
        item = self.tables.get(self.table, _key(owner_id, key))
        return _record(item, owner_id, key) if item else None

    def put_new(self, record: Record) -> None:
        """Begin a request; raises Taken when the key has been used."""
        self._write(record, ABSENT)

    def take_over(self, record: Record, former: Record) -> None:
        """Begin a request in place of one that has died or is forgotten; raises Taken when another was faster."""
        self._write(record, Attr("lease_until").eq(to_text(former.lease_until)))

    def finish(self, record: Record, answer: StoredAnswer | None) -> None:
        """Keep that a request was carried out, and its answer."""
        kept: Item = {"done": True}
        if answer is not None:
            kept |= {"status": answer.status, "headers": json.dumps(answer.headers), "body": answer.body}
        ours = Attr("lease_until").eq(to_text(record.lease_until))
        self.tables.update(
            Update(self.table, _key(record.owner_id, record.key), kept, condition=ours, refused=_taken())
        )

    def forget(self, record: Record) -> Write:
        """Describe that a request was refused: nothing was made, the key is free."""
        ours = Attr("lease_until").eq(to_text(record.lease_until))
        return Delete(self.table, _key(record.owner_id, record.key), ours, refused=_taken())

    def _write(self, record: Record, condition: ConditionBase) -> None:
        values: dict[str, Any] = {
            "request_hash": record.request_hash,
            "begun_at": to_text(record.begun_at),
            "lease_until": to_text(record.lease_until),
            "expires_at": to_text(record.expires_at),
            "ttl": int(record.expires_at.timestamp()),
        }
        key, former_answer = _key(record.owner_id, record.key), ("done", "status", "headers", "body")
        self.tables.update(
            Update(self.table, key, values, former_answer, condition=condition, refused=_taken())
        )


def _taken() -> Taken:
    return Taken("The key has been used.")


def _key(owner_id: str, key: str) -> Key:
    return {"pk": f"once#{owner_id}#{hashlib.sha256(key.encode()).hexdigest()}", "sk": "once"}


def _record(item: Item, owner_id: str, key: str) -> Record:
    answer = (
        StoredAnswer(int(item["status"]), json.loads(item["headers"]), item["body"])
        if "status" in item
        else None
    )
    return Record(
        owner_id=owner_id,
        key=key,
        request_hash=item["request_hash"],
        begun_at=from_text(item["begun_at"]),
        lease_until=from_text(item["lease_until"]),
        expires_at=from_text(item["expires_at"]),
        done=bool(item.get("done")),
        answer=answer,
    )
