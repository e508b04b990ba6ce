"""Tokens sent by mail, in the table `users`: pk `user#<id>`, sk `mailed#<purpose>#<token id>`.

Only the secret's hash is kept. `basis` is what the token rests on (for a reset the present password's hash, for a
verification the address): when that changes, the token is void. `ttl` removes the row after its end.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from boto3.dynamodb.conditions import Attr

from chalicelib.accounts.models import Account, MailedTokenInvalid
from chalicelib.accounts.rules import normal_email
from chalicelib.accounts.tokens import OpaqueToken
from chalicelib.aws.table import Delete, Key, Put, Write
from chalicelib.core.clock import to_text


class Purpose(StrEnum):
    """What a mailed token is good for."""

    VERIFY = "verify"
    RESET = "reset"


LIFE = {Purpose.VERIFY: timedelta(days=3), Purpose.RESET: timedelta(minutes=30)}


@dataclass(frozen=True)
class MailedTokenStore:
    """Describes the writes of mailed tokens; using one is a conditional delete, so it is used once."""

    table: str

    def put(self, purpose: Purpose, account: Account, token: OpaqueToken, now: datetime) -> Write:
        """Describe a token on its way."""
        ends = now + LIFE[purpose]
        item = {
            **_key(purpose, token),
            "secret_hash": token.hash,
            "basis": _basis(purpose, account),
            "expires_at": to_text(ends),
            "ttl": int(ends.timestamp()),
        }
        return Put(self.table, item)

    def use(self, purpose: Purpose, account: Account, token: OpaqueToken, now: datetime) -> Write:
        """Describe the use of a token; refused with MailedTokenInvalid."""
        good = Attr("secret_hash").eq(token.hash) & Attr("basis").eq(_basis(purpose, account))
        good &= Attr("expires_at").gt(to_text(now))
        return Delete(self.table, _key(purpose, token), good, refused=invalid())


def invalid() -> MailedTokenInvalid:
    """Return the refusal of a token that is not good (any more)."""
    return MailedTokenInvalid("This link has been used or has expired. Ask for a new one.")


def _key(purpose: Purpose, token: OpaqueToken) -> Key:
    return {"pk": f"user#{token.user_id}", "sk": f"mailed#{purpose.value}#{token.id}"}


def _basis(purpose: Purpose, account: Account) -> str:
    text = account.password_hash if purpose is Purpose.RESET else normal_email(account.email)
    return hashlib.sha256(text.encode()).hexdigest()
