"""Accounts and sessions in the table `users`.

| row | pk | sk | holds |
|---|---|---|---|
| account | `user#<id>` | `account` | the Account |
| address guard | `email#<normal form>` | `guard` | `user_id`; makes an address unique and finds its account |
| session | `user#<id>` | `session#<id>` | the Session; `ttl` lets DynamoDB remove it after its end |
"""

from dataclasses import dataclass

from boto3.dynamodb.conditions import Attr

from chalicelib.accounts.models import Account, EmailTaken, Session, TokenInvalid
from chalicelib.accounts.rules import normal_email
from chalicelib.aws.table import ABSENT, Delete, Item, Key, Put, Tables, Update, Write
from chalicelib.core.caller import Role
from chalicelib.core.clock import from_text, to_text


@dataclass(frozen=True)
class AccountStore:
    """Reads accounts and sessions; describes their writes."""

    tables: Tables
    table: str

    def get(self, user_id: str) -> Account | None:
        """Read an account."""
        item = self.tables.get(self.table, _account_key(user_id))
        return _account(item) if item else None

    def find(self, email: str) -> Account | None:
        """Read the account with this address (two reads)."""
        guard = self.tables.get(self.table, _guard_key(email))
        return self.get(guard["user_id"]) if guard else None

    def session(self, user_id: str, session_id: str) -> Session | None:
        """Read a session."""
        item = self.tables.get(self.table, _session_key(user_id, session_id))
        return _session(item) if item else None

    def put_new(self, account: Account) -> list[Write]:
        """Describe a new account and the guard of its address; refused with EmailTaken."""
        item = {
            **_account_key(account.id),
            "id": account.id,
            "email": account.email,
            "name": account.name,
            "role": account.role.value,
            "password_hash": account.password_hash,
            "created_at": to_text(account.created_at),
            "active": account.active,
            "version": account.version,
        }
        taken = EmailTaken("An account with this e-mail address exists. Sign in, or reset its password.")
        return [
            Put(self.table, item, ABSENT),
            Put(self.table, {**_guard_key(account.email), "user_id": account.id}, ABSENT, refused=taken),
        ]

    def put_session(self, session: Session) -> Write:
        """Describe a new session."""
        item = {
            **_session_key(session.user_id, session.id),
            "id": session.id,
            "user_id": session.user_id,
            "refresh_hash": session.refresh_hash,
            "created_at": to_text(session.created_at),
            "expires_at": to_text(session.expires_at),
            "ttl": int(session.expires_at.timestamp()),
            "address": session.address,
            "agent": session.agent,
        }
        return Put(self.table, item, ABSENT)

    def rotate(self, session: Session, refresh_hash: str, *, reused: TokenInvalid) -> Write:
        """Describe the exchange of a session's refresh token; refused when another exchange came first."""
        key = _session_key(session.user_id, session.id)
        unchanged = Attr("refresh_hash").eq(session.refresh_hash)
        return Update(self.table, key, {"refresh_hash": refresh_hash}, condition=unchanged, refused=reused)

    def delete_session(self, user_id: str, session_id: str) -> Write:
        """Describe the end of a session."""
        return Delete(self.table, _session_key(user_id, session_id))


def _account_key(user_id: str) -> Key:
    return {"pk": f"user#{user_id}", "sk": "account"}


def _guard_key(email: str) -> Key:
    return {"pk": f"email#{normal_email(email)}", "sk": "guard"}


def _session_key(user_id: str, session_id: str) -> Key:
    return {"pk": f"user#{user_id}", "sk": f"session#{session_id}"}


def _account(item: Item) -> Account:
    return Account(
        id=item["id"],
        email=item["email"],
        name=item["name"],
        role=Role(item["role"]),
        password_hash=item["password_hash"],
        created_at=from_text(item["created_at"]),
        active=item["active"],
        version=int(item["version"]),
    )


def _session(item: Item) -> Session:
    return Session(
        id=item["id"],
        user_id=item["user_id"],
        refresh_hash=item["refresh_hash"],
        created_at=from_text(item["created_at"]),
        expires_at=from_text(item["expires_at"]),
        address=item["address"],
        agent=item["agent"],
    )
