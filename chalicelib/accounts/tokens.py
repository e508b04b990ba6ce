"""Access tokens (JWT, RFC 9068), and opaque ones: refresh tokens, mailed tokens, API keys.

Access tokens are signed with HMAC-SHA-256 by the library for the library, so no second party needs a public key
and cold starts need no `cryptography`. The key is chosen by the token's `kid` among those in the secret, whose
form is `{"current": "k1", "k1": "..."}`: a rotation adds a key and moves `current`; old tokens live on for their
15 minutes. The algorithm is pinned, so neither `none` nor another family is accepted. A process that is shown a kid
it does not know reads the secret again, at most every ten seconds: a rotation needs no waiting.
"""

import hashlib
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from chalicelib.accounts.models import Account, TokenInvalid
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.clock import Clock

ALGORITHM = "HS256"
TYPE = "at+jwt"
ISSUER = AUDIENCE = "mediatheque"
ACCESS_LIFE = timedelta(minutes=15)
CACHED = timedelta(minutes=5)
SECRET_BYTES = 32
KEY_BYTES = 48
CLAIMS = ["exp", "iat", "iss", "aud", "sub", "role", "sid"]


@dataclass(frozen=True)
class AccessTokens:
    """Issues and reads access tokens; reading needs no AWS call while the keys are cached."""

    keys: Callable[[], dict[str, str]]
    clock: Clock
    newer_keys: Callable[[], dict[str, str]] | None = None
    """Reads the keys again, unless it did so just now."""

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
            if header.get("typ") != TYPE:
                raise _invalid()
            key = self._key(str(header.get("kid")))
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

    def _key(self, kid: str) -> str:
        key = self.keys().get(kid)
        if key is None and self.newer_keys is not None:
            key = self.newer_keys().get(kid)
        if key is None or kid == "current":
            raise _invalid()
        return key


def rotated(keys: dict[str, str], now: datetime) -> dict[str, str]:
    """Return the keys after a rotation: a new one is current, and those go that no living token was signed with.

    A kid is `k` and when it was made, in seconds; a key was in use until the next one was made (and a process may
    have held on to it for the five minutes for which secrets are cached).
    """
    made = sorted((int(kid[1:]), kid) for kid in keys if kid != "current")
    out_of_use = now.timestamp() - (ACCESS_LIFE + CACHED).total_seconds()
    kept = {
        kid: keys[kid]
        for (_, kid), (successor_made, _) in itertools.pairwise([*made, (int(now.timestamp()), "")])
        if successor_made > out_of_use
    }
    kid = f"k{int(now.timestamp())}"
    return {**kept, "current": kid, kid: secrets.token_urlsafe(KEY_BYTES)}


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
