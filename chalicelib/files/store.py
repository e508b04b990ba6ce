"""File records in the table `files`: pk `file#<id>`, sk `file`, one partition each.

The user's JSON and the extracted metadata are kept as JSON text, exactly as they came.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from boto3.dynamodb.conditions import Attr

from chalicelib.aws.table import ABSENT, Delete, Item, Key, Put, Tables, Write
from chalicelib.blobs.models import Rendition
from chalicelib.core.clock import from_text, to_text
from chalicelib.files.models import File, FileChanged, Problem, Status, Visibility


@dataclass(frozen=True)
class FileStore:
    """Reads files; describes their writes."""

    tables: Tables
    table: str

    def get(self, file_id: str) -> File | None:
        """Read a file."""
        item = self.tables.get(self.table, _key(file_id))
        return _file(item) if item else None

    def get_many(self, file_ids: Sequence[str]) -> list[File]:
        """Read up to 100 files in the order of the ids; those that are not there are left out."""
        found = {
            item["id"]: _file(item)
            for item in self.tables.get_many(self.table, [_key(id_) for id_ in file_ids])
        }
        return [found[id_] for id_ in file_ids if id_ in found]

    def put_new(self, file: File) -> Write:
        """Describe a new file."""
        return Put(self.table, _item(file), ABSENT)

    def put_if(self, file: File, version: int) -> Write:
        """Describe a changed file; refused with FileChanged unless its stored version is `version`."""
        return Put(self.table, _item(file), Attr("version").eq(version), refused=_changed())

    def delete_if(self, file: File) -> Write:
        """Describe the end of a file as it was read; refused with FileChanged."""
        return Delete(self.table, _key(file.id), Attr("version").eq(file.version), refused=_changed())


def _changed() -> FileChanged:
    return FileChanged("The file has just been changed by another request. Read it again and repeat.")


def _key(file_id: str) -> Key:
    return {"pk": f"file#{file_id}", "sk": "file"}


def _item(file: File) -> Item:
    plain: Item = {
        name: getattr(file, name)
        for name in (
            *("id", "owner_id", "filename", "extension", "type", "mime_type", "size", "sha256"),
            *("version", "caption", "content_id", "category"),
        )
    }
    return {
        **_key(file.id),
        **plain,
        "status": file.status.value,
        "visibility": file.visibility.value,
        "created_at": to_text(file.created_at),
        "updated_at": to_text(file.updated_at),
        "tags": list(file.tags),
        "custom": json.dumps(file.custom),
        "error": {"code": file.error.code, "message": file.error.message} if file.error else None,
        "metadata": json.dumps(file.metadata) if file.metadata is not None else None,
        "renditions": json.dumps({name: asdict(each) for name, each in file.renditions.items()}),
        "trashed_at": to_text(file.trashed_at) if file.trashed_at else None,
        **({"strip_metadata": True} if file.strip_metadata else {}),
        **({} if file.lists_text else {"lists_text": False}),
    }


def _file(item: Item) -> File:
    values: dict[str, Any] = {name: value for name, value in item.items() if name not in {"pk", "sk"}}
    return File(
        **values
        | {
            "size": int(item["size"]),
            "version": int(item["version"]),
            "status": Status(item["status"]),
            "visibility": Visibility(item.get("visibility", Visibility.PRIVATE)),
            "created_at": from_text(item["created_at"]),
            "updated_at": from_text(item["updated_at"]),
            "tags": tuple(item["tags"]),
            "custom": json.loads(item["custom"]),
            "error": Problem(**item["error"]) if item["error"] else None,
            "metadata": json.loads(item["metadata"]) if item["metadata"] is not None else None,
            "renditions": {
                name: Rendition(**each) for name, each in json.loads(item.get("renditions", "{}")).items()
            },
            "trashed_at": from_text(item["trashed_at"]) if item["trashed_at"] else None,
        }
    )
