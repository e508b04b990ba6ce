"""Blobs and their members in the table `files`.

| row | pk | sk | holds |
|---|---|---|---|
| blob | `blob#<owner>#<sha256>` | `blob` | the Blob |
| member | `blob#<owner>#<sha256>` | `file#<file id>` | a file that points to it |

Facts are kept as JSON text, exactly as they were found. The rows share a partition, so one Query reads a blob with
everything that points to it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Attr
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import ABSENT, PRESENT, Delete, Item, Key, Put, Rows, Tables, Update, Write
from chalicelib.blobs.models import Blob, BlobChanged, BlobState, Illustrations, Member, Rendition
from chalicelib.core.clock import from_text, to_text


@dataclass(frozen=True)
class BlobStore:
    """Reads blobs; describes their writes."""

    tables: Tables
    table: str

    def get(self, owner_id: str, sha256: str) -> Blob | None:
        """Read a blob with its members."""
        rows = list(self.tables.query_all(self.table, KeyCondition("pk").eq(_pk(owner_id, sha256))))
        members = tuple(_member(row) for row in rows if row["sk"] != "blob")
        return next((_blob(row, members) for row in rows if row["sk"] == "blob"), None)

    def places(self, owner_id: str, sha256: str, file_id: str) -> list[tuple[str, Key]]:
        """Return where a blob is, and one file that points to it."""
        keys = (_blob_key(owner_id, sha256), _member_key(owner_id, sha256, file_id))
        return [(self.table, key) for key in keys]

    def with_member(self, blob: Item | None, member: Item | None) -> Blob | None:
        """Return the blob of these rows, with this one of its members."""
        return _blob(blob, (_member(member),) if member else ()) if blob else None

    def put_new(self, owner_id: str, sha256: str, size: int) -> Write:
        """Describe a blob whose first file is just being uploaded."""
        item = {
            **_blob_key(owner_id, sha256),
            "owner_id": owner_id,
            "sha256": sha256,
            "size": size,
            "state": BlobState.EXPECTED.value,
            "refs": 1,
            "version": 1,
        }
        return Put(self.table, item, ABSENT, refused=_changed())

    def put_freed(self, owner_id: str, sha256: str, size: int, free_at: datetime) -> Write:
        """Describe a blob for bytes to which nothing points; refused with BlobChanged when there is one."""
        item = {
            **_blob_key(owner_id, sha256),
            "owner_id": owner_id,
            "sha256": sha256,
            "size": size,
            "state": BlobState.FREED.value,
            "refs": 0,
            "version": 1,
            "free_at": to_text(free_at),
        }
        return Put(self.table, item, ABSENT, refused=_changed())

    def which_exist(self, addresses: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of up to 100 addresses (owner, hash) that have a blob."""
        keys = [_blob_key(*address) for address in addresses]
        return {(item["owner_id"], item["sha256"]) for item in self.tables.get_many(self.table, keys)}

    def walk(self, start: Key | None, *, limit: int) -> Rows:
        """Read one page of all rows, and of them the blobs."""
        return self.tables.scan(self.table, Attr("sk").eq("blob"), limit=limit, start=start)

    def without_members(self, row: Item) -> Blob:
        """Return the blob in a row."""
        return _blob(row, ())

    def update(self, blob: Blob, **values: Any) -> Write:
        """Describe a change of a blob as it was read (None removes a field); refused with BlobChanged."""
        changes = {name: _stored(value) for name, value in values.items()}
        removed = [name for name, value in changes.items() if value is None]
        kept = {name: value for name, value in changes.items() if value is not None}
        return Update(
            self.table,
            _blob_key(blob.owner_id, blob.sha256),
            set={**kept, "version": blob.version + 1},
            remove=removed,
            condition=Attr("version").eq(blob.version),
            refused=_changed(),
        )

    def delete(self, blob: Blob) -> Write:
        """Describe the end of a blob as it was read; refused with BlobChanged."""
        unchanged = Attr("version").eq(blob.version)
        return Delete(self.table, _blob_key(blob.owner_id, blob.sha256), unchanged, refused=_changed())

    def put_member(self, owner_id: str, sha256: str, member: Member) -> Write:
        """Describe that a file points to the blob."""
        key = _member_key(owner_id, sha256, member.file_id)
        due = to_text(member.upload_due) if member.upload_due else None
        values = {"file_id": member.file_id, "upload_id": member.upload_id, "proof": member.proof}
        return Put(self.table, {**key, **values, "upload_due": due})

    def prove(self, owner_id: str, sha256: str, file_id: str, composite: str) -> Write:
        """Describe which bytes a waiting file must get; refused when the file has left."""
        key = _member_key(owner_id, sha256, file_id)
        return Update(self.table, key, {"proof": composite}, condition=PRESENT, refused=_changed())

    def delete_member(self, blob: Blob, file_id: str) -> Write:
        """Describe that a file points to the blob no more."""
        return Delete(self.table, _member_key(blob.owner_id, blob.sha256, file_id))


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, Illustrations):
        return json.dumps(asdict(value))
    return json.dumps(value) if isinstance(value, dict) else value


def _changed() -> BlobChanged:
    return BlobChanged("The content changed meanwhile.")


def _pk(owner_id: str, sha256: str) -> str:
    return f"blob#{owner_id}#{sha256}"


def _blob_key(owner_id: str, sha256: str) -> Key:
    return {"pk": _pk(owner_id, sha256), "sk": "blob"}


def _member_key(owner_id: str, sha256: str, file_id: str) -> Key:
    return {"pk": _pk(owner_id, sha256), "sk": f"file#{file_id}"}


def _member(item: Item) -> Member:
    due = item["upload_due"]
    return Member(item["file_id"], item["upload_id"], from_text(due) if due else None, item.get("proof"))


def _blob(item: Item, members: tuple[Member, ...]) -> Blob:
    lease, free, facts = item.get("lease_until"), item.get("free_at"), item.get("facts")
    illustrations = item.get("illustrations")
    return Blob(
        owner_id=item["owner_id"],
        sha256=item["sha256"],
        size=int(item["size"]),
        state=BlobState(item["state"]),
        refs=int(item["refs"]),
        version=int(item["version"]),
        facts=json.loads(facts) if facts else None,
        illustrations=_illustrations(illustrations) if illustrations else None,
        attempts=int(item.get("attempts", 0)),
        lease_until=from_text(lease) if lease else None,
        composite=item.get("composite"),
        free_at=from_text(free) if free else None,
        members=members,
    )


def _illustrations(text: str) -> Illustrations:
    stored = json.loads(text)
    made = {name: Rendition(**each) for name, each in stored.pop("renditions").items()}
    return Illustrations(renditions=made, **stored)
