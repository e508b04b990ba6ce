"""Personal API keys: tokens for programs, with scopes, an end if wanted, and revocable at once.

A key reads `mdt_<user id>.<key id>.<secret>`: the prefix lets secret scanners and the door recognise it, the ids
find its row and its owner's in one call, and of the secret only the hash is kept. As every use reads the row, a
revoked key, and one of a disabled or demoted owner, is refused from then on.
"""

import hmac
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.accounts.key_store import KeyStore
from chalicelib.accounts.models import ApiKey, TokenInvalid, TooManyKeys
from chalicelib.accounts.tokens import OpaqueToken
from chalicelib.audit.service import Audit
from chalicelib.aws.table import Tables, Write
from chalicelib.core.caller import API_KEY_PREFIX, Caller, Origin, Role, Scope
from chalicelib.core.clock import Clock
from chalicelib.core.errors import Forbidden
from chalicelib.core.ids import NewId

MAX_KEYS = 50
NOTED_EVERY = timedelta(minutes=1)
"""How exact the moment of the last use is."""


@dataclass(frozen=True)
class ApiKeys:
    """The use cases of API keys."""

    tables: Tables
    store: KeyStore
    audit: Audit
    clock: Clock
    new_id: NewId

    def make(
        self, caller: Caller, name: str, scopes: AbstractSet[Scope], life: timedelta | None
    ) -> tuple[ApiKey, str]:
        """Make a key and return it with its text, which nobody can read again. Raises TooManyKeys, Forbidden."""
        if Scope.ADMIN in scopes and caller.role is not Role.ADMIN:
            raise Forbidden("Only admins can make keys with the scope admin.", role=caller.role.value)
        if len(self.list(caller)) >= MAX_KEYS:
            raise TooManyKeys(
                f"An account has at most {MAX_KEYS} API keys. Revoke one first.", limit=MAX_KEYS
            )
        now = self.clock()
        token = OpaqueToken.new(caller.user_id, self.new_id())
        key = ApiKey(
            id=token.id,
            user_id=caller.user_id,
            name=name,
            scopes=frozenset(scopes),
            secret_hash=token.hash,
            created_at=now,
            expires_at=now + life if life else None,
        )
        entry = self._entry("key.made", caller, key.id, name=name, scopes=sorted(scopes))
        self.tables.commit([self.store.put_new(key), entry])
        return key, f"{API_KEY_PREFIX}{token}"

    def list(self, caller: Caller) -> list[ApiKey]:
        """Return the caller's keys, newest first; those that have expired are gone."""
        now = self.clock()
        return [key for key in self.store.all(caller.user_id) if not _has_expired(key, now)]

    def revoke(self, caller: Caller, key_id: str) -> None:
        """End one of the caller's keys. Raises KeyNotFound."""
        entry = self._entry("key.revoked", caller, key_id)
        self.tables.commit([self.store.delete(caller.user_id, key_id), entry])

    def read(self, text: str, origin: Origin) -> Caller:
        """Return whom a key stands for; one call, and once a minute another. Raises TokenInvalid."""
        token = OpaqueToken.parse(text.removeprefix(API_KEY_PREFIX))
        key, account = self.store.with_account(token.user_id, token.id)
        now = self.clock()
        if key is None or account is None or not account.active or _has_expired(key, now):
            raise _invalid()
        if not hmac.compare_digest(token.hash, key.secret_hash):
            raise _invalid()
        if key.last_used_at is None or now - key.last_used_at >= NOTED_EVERY:
            self.tables.update(self.store.used(key, now, gone=_invalid()))
        return Caller(account.id, account.role, "", origin, key.scopes)

    def _entry(self, action: str, caller: Caller, key_id: str, **details: object) -> Write:
        user_id = caller.user_id
        return self.audit.entry(
            action, owner=user_id, actor=user_id, target=key_id, origin=caller.origin, **details
        )


def _has_expired(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is not None and key.expires_at <= now


def _invalid() -> TokenInvalid:
    return TokenInvalid("This API key is not valid (any more).")
