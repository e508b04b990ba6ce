"""Grants in the table `files`.

| row | pk | sk | holds |
|---|---|---|---|
| grant | `file#<file id>` | `grant#<user id>` | the Grant |
| in the user's list | `shared#<user id>` | `<file id>` | `permission`; the order is that of the files' creation |
"""

from dataclasses import dataclass

from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import PRESENT, Delete, Item, Key, Put, Rows, Tables, Write
from chalicelib.catalogue.lists import Bounds
from chalicelib.core.clock import from_text, to_text
from chalicelib.files.models import Permission
from chalicelib.sharing.models import Grant, GrantNotFound

ANY_TIME = Bounds()


@dataclass(frozen=True)
class GrantStore:
    """Reads grants; describes their writes."""

    tables: Tables
    table: str

    def permission(self, file_id: str, user_id: str) -> Permission | None:
        """Read what a user was granted on a file."""
        item = self.tables.get(self.table, _key(file_id, user_id))
        return Permission(item["permission"]) if item else None

    def of_file(self, file_id: str, *, limit: int, after: str | None) -> Rows:
        """Read one page of a file's grants, going on after a row."""
        condition = KeyCondition("pk").eq(f"file#{file_id}") & KeyCondition("sk").begins_with("grant#")
        start = {"pk": f"file#{file_id}", "sk": after} if after else None
        return self.tables.query(self.table, condition, limit=limit, start=start)

    def of_user(
        self,
        user_id: str,
        *,
        limit: int,
        after: str | None,
        created: Bounds = ANY_TIME,
        newest_first: bool = True,
    ) -> Rows:
        """Read one page of what is shared with a user, in the order of the files' ids, going on after a file."""
        pk = f"shared#{user_id}"
        start = {"pk": pk, "sk": after} if after else None
        ids = KeyCondition("sk").between(created.low or " ", created.high or "~")
        condition = KeyCondition("pk").eq(pk) & ids
        return self.tables.query(self.table, condition, limit=limit, forward=not newest_first, start=start)

    def all_of_user(self, user_id: str) -> list[str]:
        """Read which files are shared with a user."""
        condition = KeyCondition("pk").eq(f"shared#{user_id}")
        return [item["sk"] for item in self.tables.query_all(self.table, condition)]

    def all_of_file(self, file_id: str) -> list[str]:
        """Read with which users a file is shared."""
        condition = KeyCondition("pk").eq(f"file#{file_id}") & KeyCondition("sk").begins_with("grant#")
        return [item["user_id"] for item in self.tables.query_all(self.table, condition)]

    def put(self, grant: Grant) -> list[Write]:
        """Describe a grant, new or in place of the one before."""
        values = vars(grant) | {
            "permission": grant.permission.value,
            "created_at": to_text(grant.created_at),
        }
        listed = {**_list_key(grant.file_id, grant.user_id), "permission": grant.permission.value}
        return [Put(self.table, {**_key(grant.file_id, grant.user_id), **values}), Put(self.table, listed)]

    def delete(self, file_id: str, user_id: str) -> list[Write]:
        """Describe the end of a grant; refused with GrantNotFound when there is none."""
        none = GrantNotFound("There is no such grant.")
        return [
            Delete(self.table, _key(file_id, user_id), PRESENT, refused=none),
            Delete(self.table, _list_key(file_id, user_id)),
        ]

    def forget(self, file_id: str, user_id: str) -> list[Write]:
        """Describe the end of a grant whose file is gone."""
        return [
            Delete(self.table, _key(file_id, user_id)),
            Delete(self.table, _list_key(file_id, user_id)),
        ]


def grant_of(item: Item) -> Grant:
    """Return the grant in a row."""
    return Grant(
        file_id=item["file_id"],
        user_id=item["user_id"],
        email=item["email"],
        permission=Permission(item["permission"]),
        created_at=from_text(item["created_at"]),
    )


def _key(file_id: str, user_id: str) -> Key:
    return {"pk": f"file#{file_id}", "sk": f"grant#{user_id}"}


def _list_key(file_id: str, user_id: str) -> Key:
    return {"pk": f"shared#{user_id}", "sk": file_id}
