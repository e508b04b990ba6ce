"""Sessions in the table `users`, and the marks of those that have ended.

| row | pk | sk | holds |
|---|---|---|---|
| session | `user#<id>` | `session#<id>` | the Session; `ttl` lets DynamoDB remove it after its end |
| mark | `revoked#<user id>#<shard>` | `revoked` | which of the user's access tokens are void, while any lives |
| known | `known#<hash of the address>` | `<hash of the network address>` | somebody signed in from there before |

A mark has an attribute `s#<session id>` for each ended session, `until` and `kept` where all but one ended
together, and `role` where the role has changed. Its copies in all shards are equal: a write's transaction checks
one at random, because two transactions that check the same item at the same moment conflict.
"""

import hashlib
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr, ConditionBase
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.accounts.models import Session, TokenInvalid
from chalicelib.accounts.rules import normal_email
from chalicelib.aws.table import ABSENT, Check, Delete, Item, Key, Put, Tables, Update, Write
from chalicelib.core.caller import Caller
from chalicelib.core.clock import from_text, to_text

SHARDS = 16
KNOWN_LIFE = timedelta(days=90)


@dataclass(frozen=True)
class SessionStore:
    """Reads sessions and marks; describes their writes. `mark_life` is how long an access token is good, and more."""

    tables: Tables
    table: str
    mark_life: timedelta

    def get(self, user_id: str, session_id: str) -> Session | None:
        """Read a session."""
        item = self.tables.get(self.table, _session_key(user_id, session_id))
        return _session(item) if item else None

    def all(self, user_id: str) -> list[Session]:
        """Read a user's sessions, newest first."""
        condition = KeyCondition("pk").eq(f"user#{user_id}") & KeyCondition("sk").begins_with("session#")
        return [_session(item) for item in self.tables.query_all(self.table, condition)][::-1]

    def put_new(self, session: Session) -> Write:
        """Describe a new session."""
        moments = {
            name: to_text(getattr(session, name)) for name in ("created_at", "last_used_at", "expires_at")
        }
        item = {
            **_session_key(session.user_id, session.id),
            **vars(session),
            **moments,
            "ttl": int(session.expires_at.timestamp()),
        }
        return Put(self.table, item, ABSENT)

    def rotate(self, before: Session, after: Session, *, reused: TokenInvalid) -> Write:
        """Describe the exchange of a session's refresh token; refused when another exchange came first."""
        values = {
            "refresh_hash": after.refresh_hash,
            "last_used_at": to_text(after.last_used_at),
            "address": after.address,
            "agent": after.agent,
        }
        unchanged = Attr("refresh_hash").eq(before.refresh_hash)
        key = _session_key(before.user_id, before.id)
        return Update(self.table, key, values, condition=unchanged, refused=reused)

    def delete(self, user_id: str, session_id: str) -> Write:
        """Describe the end of a session."""
        return Delete(self.table, _session_key(user_id, session_id))

    def mark(self, user_id: str, now: datetime, **values: str | bool) -> list[Write]:
        """Describe that access tokens are void: `until` and `kept`, `role`, or a session by `ended`."""
        ended = values.pop("ended", None)
        marks = values | ({f"s#{ended}": True} if ended else {})
        ttl = int((now + self.mark_life).timestamp())
        return [
            Update(self.table, _mark_key(user_id, shard), {**marks, "ttl": ttl}) for shard in range(SHARDS)
        ]

    def check_live(self, caller: Caller, *, ended: TokenInvalid) -> Check:
        """Describe the check that the caller's access token has not been voided; refused with `ended`."""
        sid = caller.session_id
        live: ConditionBase = Attr(f"s#{sid}").not_exists()
        live &= Attr("until").not_exists() | Attr("until").lt(sid) | Attr("kept").eq(sid)
        live &= Attr("role").not_exists() | Attr("role").eq(caller.role.value)
        shard = random.randrange(SHARDS)  # noqa: S311 - spreading is no secret
        return Check(self.table, _mark_key(caller.user_id, shard), live, refused=ended)

    def is_live(self, caller: Caller) -> bool:
        """Read whether the caller's access token has not been voided: what `check_live` checks, in one GetItem."""
        sid = caller.session_id
        mark = self.tables.get(self.table, _mark_key(caller.user_id, 0)) or {}
        return (
            f"s#{sid}" not in mark
            and ("until" not in mark or mark["until"] < sid or mark.get("kept") == sid)
            and mark.get("role", caller.role.value) == caller.role.value
        )

    def knows(self, email: str, address: str) -> bool:
        """Tell whether somebody has signed in to this account from this address in the last 90 days."""
        return self.tables.get(self.table, _known_key(email, address)) is not None

    def know(self, email: str, address: str, now: datetime) -> Write:
        """Describe that somebody has."""
        ttl = int((now + KNOWN_LIFE).timestamp())
        return Put(self.table, {**_known_key(email, address), "ttl": ttl})


def known_partition(email: str) -> str:
    """Return where the addresses stand from which somebody signed in to an account."""
    return f"known#{_hash(normal_email(email))}"


def _session_key(user_id: str, session_id: str) -> Key:
    return {"pk": f"user#{user_id}", "sk": f"session#{session_id}"}


def _mark_key(user_id: str, shard: int) -> Key:
    return {"pk": f"revoked#{user_id}#{shard}", "sk": "revoked"}


def _known_key(email: str, address: str) -> Key:
    return {"pk": known_partition(email), "sk": _hash(address)}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _session(item: Item) -> Session:
    return Session(
        id=item["id"],
        user_id=item["user_id"],
        refresh_hash=item["refresh_hash"],
        created_at=from_text(item["created_at"]),
        last_used_at=from_text(item["last_used_at"]),
        expires_at=from_text(item["expires_at"]),
        address=item["address"],
        agent=item["agent"],
    )
