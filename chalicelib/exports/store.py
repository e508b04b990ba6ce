"""Exports in the table `files`: pk `exports#<owner>`, sk `<id>`. A month after their end the sweep removes them.

Ids are in the order of creation, so an owner's list is one Query.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from boto3.dynamodb.conditions import Attr, ConditionBase
from boto3.dynamodb.conditions import Key as KeyCondition
from pydantic import TypeAdapter

from chalicelib.aws.table import ABSENT, Delete, Item, Key, Put, Tables, Write
from chalicelib.exports.models import Export, ExportChanged

_exports = TypeAdapter(Export)


@dataclass(frozen=True)
class ExportStore:
    """Reads exports; describes their writes."""

    tables: Tables
    table: str

    def get(self, owner_id: str, export_id: str) -> Export | None:
        """Read an export of an owner's."""
        item = self.tables.get(self.table, _key(owner_id, export_id))
        return _export(item) if item else None

    def newest_first(
        self, owner_id: str, *, limit: int, after: str | None
    ) -> tuple[list[Export], str | None]:
        """Read one page of an owner's exports, and the id to go on after."""
        start = _key(owner_id, after) if after else None
        rows = self.tables.query(self.table, _all_of(owner_id), limit=limit, forward=False, start=start)
        return [_export(item) for item in rows.items], rows.next_key["sk"] if rows.next_key else None

    def all(self, owner_id: str) -> Iterator[Export]:
        """Read all exports of an owner, page by page."""
        return map(_export, self.tables.query_all(self.table, _all_of(owner_id)))

    def put_new(self, export: Export) -> Write:
        """Describe a new export."""
        return Put(self.table, _item(export), ABSENT, refused=_changed())

    def put_if(self, export: Export, version: int) -> Write:
        """Describe an export's next step; refused with ExportChanged unless its stored version is `version`."""
        return Put(self.table, _item(export), Attr("version").eq(version), refused=_changed())

    def delete_if(self, export: Export) -> Write:
        """Describe the end of an export as it was read; refused with ExportChanged."""
        key = _key(export.owner_id, export.id)
        return Delete(self.table, key, Attr("version").eq(export.version), refused=_changed())


def _changed() -> ExportChanged:
    return ExportChanged("Another worker has taken the export further.")


def _all_of(owner_id: str) -> ConditionBase:
    return KeyCondition("pk").eq(f"exports#{owner_id}")


def _key(owner_id: str, export_id: str) -> Key:
    return {"pk": f"exports#{owner_id}", "sk": export_id}


def _export(item: Item) -> Export:
    return _exports.validate_json(item["export"])


def _item(export: Export) -> Item:
    return {
        **_key(export.owner_id, export.id),
        "version": export.version,
        "export": _exports.dump_json(export).decode(),
    }
