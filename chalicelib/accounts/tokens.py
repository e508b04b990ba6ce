"""Access tokens (JWT, RFC 9068), and opaque ones: refresh tokens, mailed tokens, API keys.

Access tokens are signed with HMAC-SHA-256 by the library for the library, so no second party needs a public key
and cold starts need no `cryptography`. The key is chosen by the token's `kid` among those in the secret, whose
form is `{"current": "k1", "k1": "..."}`: a rotation adds a key and moves `current`; old tokens live on for their
15 minutes. The algorithm is pinned, so neither `none` nor another family is accepted.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import jwt

from chalicelib.accounts.models import Account, TokenInvalid
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.clock import Clock

ALGORITHM = "HS256"
TYPE = "at+jwt"
ISSUER = AUDIENCE = "mediatheque"
ACCESS_LIFE = timedelta(minutes=15)
SECRET_BYTES = 32
CLAIMS = ["exp", "iat", "iss", "aud", "sub", "role", "sid"]


@dataclass(frozen=True)
class AccessTokens:
    """Issues and reads access tokens; reading needs no AWS call while the keys are cached."""

    keys: Callable[[], dict[str, str]]
    clock: Clock

    def issue(self, account: Account, session_id: str) -> str:
        """Return a token for 15 minutes."""
        now = self.clock()
        keys = self.keys()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": account.id,
            "role": account.role.value,
            "sid": session_id,
            "iat": now,
            "exp": now + ACCESS_LIFE,
        }
        kid = keys["current"]
        return jwt.encode(claims, keys[kid], algorithm=ALGORITHM, headers={"kid": kid, "typ": TYPE})

    def read(self, token: str, origin: Origin) -> Caller:
        """Return whom a token names, or raise TokenInvalid."""
        try:
            header = jwt.get_unverified_header(token)
            key = self.keys().get(str(header.get("kid")))
            if key is None or header.get("kid") == "current" or header.get("typ") != TYPE:
                raise _invalid()
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": CLAIMS},
            )
            return Caller(claims["sub"], Role(claims["role"]), claims["sid"], origin)
        except (jwt.InvalidTokenError, ValueError) as error:
            raise _invalid() from error


@dataclass(frozen=True)
class OpaqueToken:
    """`<user>.<id>.<secret>`: says where to look, and proves it. Only the secret's hash is stored."""

    user_id: str
    id: str
    secret: str

    @classmethod
    def new(cls, user_id: str, id_: str) -> "OpaqueToken":
        """Return a token with a fresh secret of 256 bits."""
        return cls(user_id, id_, secrets.token_urlsafe(SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> "OpaqueToken":
        """Read a token from outside, or raise TokenInvalid."""
        parts = text.split(".")
        if len(parts) != len(("user", "id", "secret")):
            raise _invalid()
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.user_id}.{self.id}.{self.secret}"

    @property
    def hash(self) -> str:
        """Return what is stored: with 256 random bits, a plain SHA-256 cannot be guessed back."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


def _invalid() -> TokenInvalid:
    return TokenInvalid("The token is not valid or has expired. Refresh it or sign in again.")
