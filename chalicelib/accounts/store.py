"""Accounts in the table `users`.

| row | pk | sk | holds |
|---|---|---|---|
| account | `user#<id>` | `account` | the Account |
| address guard | `email#<normal form>` | `guard` | `user_id`; makes an address unique and finds its account |
| index | `users` | `<id>` | what lists of accounts show and filter by |
| census | `census#<shard>` | `census` | how many accounts there are by `<status>#<role>` |
| admins | `admins` | `admins` | `n`, how many active admins: the condition that the last one stays |

All rows of a change are written in one transaction, so they never disagree; the census has eight shards, so that
registrations rarely meet on one.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass, fields
from functools import reduce
from operator import and_
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.accounts.models import Account, AccountChanged, EmailTaken, LastAdmin, Listed, Status
from chalicelib.accounts.rules import normal_email
from chalicelib.aws.table import ABSENT, Check, Delete, Item, Key, Put, Tables, Update, Write
from chalicelib.core.caller import Role
from chalicelib.core.clock import from_text, to_text

CENSUS_SHARDS = 8
NOBODY = "nobody"
LISTED = tuple(field.name for field in fields(Listed))
SIGN_IN_FIELDS = ("status", "role", "password_hash", "sessions_after", "kept_session")


@dataclass(frozen=True)
class AccountStore:
    """Reads accounts; describes their writes."""

    tables: Tables
    table: str

    def get(self, user_id: str) -> Account | None:
        """Read an account."""
        item = self.tables.get(self.table, account_key(user_id))
        return account_of(item) if item else None

    def get_many(self, user_ids: Collection[str]) -> list[Account]:
        """Read up to 100 accounts in no order; those that are not there are left out."""
        return [
            account_of(item)
            for item in self.tables.get_many(self.table, [account_key(one) for one in user_ids])
        ]

    def find(self, email: str) -> Account | None:
        """Read the account with this address: two reads, also when there is none, so that time tells nothing."""
        guard = self.tables.get(self.table, _guard_key(email))
        return self.get(guard["user_id"] if guard else NOBODY)

    def put_new(self, account: Account) -> list[Write]:
        """Describe a new account; refused with EmailTaken."""
        taken = EmailTaken("An account with this e-mail address exists. Sign in, or reset its password.")
        guard = {**_guard_key(account.email), "user_id": account.id}
        return [
            Put(self.table, _item(account), ABSENT),
            Put(self.table, guard, ABSENT, refused=taken),
            *self._lists(None, account),
        ]

    def put_if(self, before: Account, after: Account) -> list[Write]:
        """Describe a changed account; refused with AccountChanged, and LastAdmin."""
        unchanged = Attr("version").eq(before.version)
        return [
            Put(self.table, _item(after), unchanged, refused=_changed()),
            *self._lists(before, after),
        ]

    def delete_if(self, account: Account) -> list[Write]:
        """Describe the end of an account, its address free again; refused with AccountChanged, and LastAdmin."""
        unchanged = Attr("version").eq(account.version)
        return [
            Delete(self.table, account_key(account.id), unchanged, refused=_changed()),
            Delete(self.table, _guard_key(account.email)),
            *self._lists(account, None),
        ]

    def same_sign_in(self, account: Account) -> Check:
        """Describe that nothing has changed that a sign-in rests on; refused with AccountChanged."""
        item = _item(account)
        same: ConditionBase = Attr("id").eq(account.id)
        for name in SIGN_IN_FIELDS:
            same &= Attr(name).eq(item[name])
        return Check(self.table, account_key(account.id), same, refused=_changed())

    def page(
        self, *, role: Role | None, status: Status | None, words: str, limit: int, after: str | None
    ) -> tuple[list[Listed], str | None]:
        """Read what matches among `limit` accounts, oldest first, after an id; and the id to go on from."""
        asked = [
            Attr("role").eq(role.value) if role else None,
            Attr("status").eq(status.value) if status else None,
            *(Attr("words").contains(word) for word in words.split()),
        ]
        given = [one for one in asked if one is not None]
        rows = self.tables.query(
            self.table,
            KeyCondition("pk").eq("users"),
            limit=limit,
            start={"pk": "users", "sk": after} if after else None,
            where=reduce(and_, given) if given else None,
        )
        return [_listed_of(row) for row in rows.items], rows.next_key["sk"] if rows.next_key else None

    def census(self) -> dict[str, int]:
        """Read how many accounts there are, by `<status>#<role>`; one call."""
        keys = [_census_key(shard) for shard in range(CENSUS_SHARDS)]
        sums: dict[str, int] = {}
        for row in self.tables.get_many(self.table, keys):
            for name, count in row.items():
                if name not in {"pk", "sk"}:
                    sums[name] = sums.get(name, 0) + int(count)
        return {name: count for name, count in sorted(sums.items()) if count}

    def _lists(self, before: Account | None, after: Account | None) -> list[Write]:
        account = after or before
        if account is None or (before and after and _listed(before) == _listed(after)):
            return []
        key = {"pk": "users", "sk": account.id}
        index: Write = Put(self.table, {**key, **_listed(after)}) if after else Delete(self.table, key)
        return [index, *self._census(before, after), *self._admins(before, after)]

    def _census(self, before: Account | None, after: Account | None) -> list[Write]:
        old, new = _group(before), _group(after)
        if old == new:
            return []
        change = ({old: -1} if old else {}) | ({new: 1} if new else {})
        shard = random.randrange(CENSUS_SHARDS)  # noqa: S311 - spreading is no secret
        return [Update(self.table, _census_key(shard), add=change)]

    def _admins(self, before: Account | None, after: Account | None) -> list[Write]:
        change = _is_admin(after) - _is_admin(before)
        if change == 0:
            return []
        last = LastAdmin("This is the last admin. Make another account an admin first.")
        more = Attr("n").gt(1) if change < 0 else None
        return [
            Update(
                self.table, {"pk": "admins", "sk": "admins"}, add={"n": change}, condition=more, refused=last
            )
        ]


def account_key(user_id: str) -> Key:
    """Return where an account stands."""
    return {"pk": f"user#{user_id}", "sk": "account"}


def account_of(item: Item) -> Account:
    """Read an account's row."""
    values: dict[str, Any] = {field.name: item[field.name] for field in fields(Account)}
    quota = values["quota"]
    return Account(
        **values
        | {
            "role": Role(item["role"]),
            "status": Status(item["status"]),
            "created_at": from_text(item["created_at"]),
            "quota": None if quota is None else int(quota),
            **{name: int(item[name]) for name in ("version", "erased_files", "erased_bytes")},
        }
    )


def _item(account: Account) -> Item:
    plain = {
        "role": account.role.value,
        "status": account.status.value,
        "created_at": to_text(account.created_at),
    }
    return {**account_key(account.id), **vars(account), **plain}


def _listed(account: Account) -> Item:
    item = _item(account)
    words = normal_email(account.email) + " " + (account.name or "").casefold()
    return {name: item[name] for name in LISTED} | {"words": words}


def _listed_of(item: Item) -> Listed:
    quota = item["quota"]
    return Listed(
        **{name: item[name] for name in ("id", "email", "name", "email_verified")},
        role=Role(item["role"]),
        status=Status(item["status"]),
        quota=None if quota is None else int(quota),
        created_at=from_text(item["created_at"]),
        version=int(item["version"]),
    )


def _group(account: Account | None) -> str:
    return f"{account.status.value}#{account.role.value}" if account else ""


def _is_admin(account: Account | None) -> int:
    return int(account is not None and account.active and account.role is Role.ADMIN)


def _guard_key(email: str) -> Key:
    return {"pk": f"email#{normal_email(email)}", "sk": "guard"}


def _census_key(shard: int) -> Key:
    return {"pk": f"census#{shard}", "sk": "census"}


def _changed() -> AccountChanged:
    return AccountChanged("The account has just been changed by another request. Read it again and repeat.")
