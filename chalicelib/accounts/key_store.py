"""API keys in the table `users`: pk `user#<user id>`, sk `key#<key id>`; `ttl` where a key expires."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.accounts.models import Account, ApiKey, KeyNotFound, TokenInvalid
from chalicelib.accounts.store import account_key, account_of
from chalicelib.aws.table import ABSENT, PRESENT, Delete, Item, Key, Put, Tables, Update, Write
from chalicelib.core.caller import Scope
from chalicelib.core.clock import from_text, to_text


@dataclass(frozen=True)
class KeyStore:
    """Reads keys; describes their writes."""

    tables: Tables
    table: str

    def with_account(self, user_id: str, key_id: str) -> tuple[ApiKey | None, Account | None]:
        """Read a key and its owner's account; one call."""
        rows = {
            row["sk"]: row
            for row in self.tables.get_many(self.table, [_key(user_id, key_id), account_key(user_id)])
        }
        key, account = rows.get(f"key#{key_id}"), rows.get("account")
        return _api_key(key) if key else None, account_of(account) if account else None

    def all(self, user_id: str) -> list[ApiKey]:
        """Read a user's keys, newest first."""
        condition = KeyCondition("pk").eq(f"user#{user_id}") & KeyCondition("sk").begins_with("key#")
        return [_api_key(item) for item in self.tables.query_all(self.table, condition)][::-1]

    def put_new(self, key: ApiKey) -> Write:
        """Describe a new key."""
        values: dict[str, Any] = vars(key) | {
            "scopes": sorted(key.scopes),
            "created_at": to_text(key.created_at),
            "expires_at": to_text(key.expires_at) if key.expires_at else None,
        }
        ttl = {"ttl": int(key.expires_at.timestamp())} if key.expires_at else {}
        return Put(self.table, {**_key(key.user_id, key.id), **values, **ttl}, ABSENT)

    def used(self, key: ApiKey, moment: datetime, *, gone: TokenInvalid) -> Update:
        """Describe that a key has been used; refused with `gone` when it was revoked meanwhile."""
        values = {"last_used_at": to_text(moment)}
        return Update(self.table, _key(key.user_id, key.id), values, condition=PRESENT, refused=gone)

    def delete(self, user_id: str, key_id: str) -> Write:
        """Describe the end of a key; refused with KeyNotFound."""
        refused = KeyNotFound("There is no such API key.")
        return Delete(self.table, _key(user_id, key_id), PRESENT, refused)


def _key(user_id: str, key_id: str) -> Key:
    return {"pk": f"user#{user_id}", "sk": f"key#{key_id}"}


def _api_key(item: Item) -> ApiKey:
    expires, used = item["expires_at"], item["last_used_at"]
    return ApiKey(
        id=item["id"],
        user_id=item["user_id"],
        name=item["name"],
        scopes=frozenset(Scope(scope) for scope in item["scopes"]),
        secret_hash=item["secret_hash"],
        created_at=from_text(item["created_at"]),
        expires_at=from_text(expires) if expires else None,
        last_used_at=from_text(used) if used else None,
    )
