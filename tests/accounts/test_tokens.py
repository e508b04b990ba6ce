import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from chalicelib.accounts.models import Account, TokenInvalid
from chalicelib.accounts.tokens import ACCESS_LIFE, CACHED, AccessTokens, OpaqueToken, rotated
from chalicelib.core.caller import Origin, Role
from chalicelib.core.clock import now

KEYS = {"current": "k2", "k1": "1" * 64, "k2": "2" * 64}
ORIGIN = Origin("203.0.113.7")
ACCOUNT = Account("user-1", "ana@example.org", None, Role.VIEWER, "hash", now())
TOKENS = AccessTokens(lambda: KEYS, now)


def claims(**changes: Any) -> dict[str, Any]:
    moment = datetime.now(UTC)
    return {
        "iss": "mediatheque",
        "aud": "mediatheque",
        "sub": "user-1",
        "role": "viewer",
        "sid": "session-1",
        "iat": moment,
        "exp": moment + ACCESS_LIFE,
        **changes,
    }


def token(key: str = KEYS["k2"], algorithm: str = "HS256", **changes: Any) -> str:
    headers = {"kid": "k2", "typ": "at+jwt"} | changes.pop("headers", {})
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def test_a_token_names_the_caller_it_was_issued_to() -> None:
    caller = TOKENS.read(TOKENS.issue(ACCOUNT, "session-1"), ORIGIN)
    assert (caller.user_id, caller.role, caller.session_id) == ("user-1", Role.VIEWER, "session-1")
    assert caller.origin is ORIGIN


def test_a_token_of_the_former_key_is_good_for_its_life() -> None:
    former = AccessTokens(lambda: KEYS | {"current": "k1"}, now)
    assert TOKENS.read(former.issue(ACCOUNT, "session-1"), ORIGIN).user_id == "user-1"


def test_the_made_up_token_of_these_tests_is_good_when_nothing_is_wrong() -> None:
    assert TOKENS.read(token(), ORIGIN).user_id == "user-1"


def unsigned() -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, default=str).encode()).decode().rstrip("=")

    body = claims() | {"iat": 0, "exp": 9_999_999_999}
    return f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': 'k2'})}.{part(body)}."


BAD = {
    "no signature": unsigned(),
    "another algorithm": token(algorithm="HS512"),
    "another key": token(key="3" * 64),
    "unknown kid": token(headers={"kid": "k9"}),
    "the pointer as kid": token(key="k2" * 32, headers={"kid": "current"}),
    "no kid": token(headers={"kid": ""}),
    "an ID token": token(headers={"typ": "JWT"}),
    "another issuer": token(iss="elsewhere"),
    "another audience": token(aud="elsewhere"),
    "expired": token(exp=datetime.now(UTC) - timedelta(seconds=1)),
    "from the future": token(iat=datetime.now(UTC) + timedelta(hours=1)),
    "an unknown role": token(role="owner"),
    "no role": token(role=None),
    "altered": token()[:-2] + "AA",
    "no token": "nonsense",
    "nothing": "",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_token_is_refused_that_is(bad: str) -> None:
    with pytest.raises(TokenInvalid):
        TOKENS.read(bad, ORIGIN)


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "role", "sid", "iat", "exp"])
def test_a_token_without_any_of_its_claims_is_refused(claim: str) -> None:
    body = claims()
    del body[claim]
    incomplete = jwt.encode(body, KEYS["k2"], algorithm="HS256", headers={"kid": "k2", "typ": "at+jwt"})
    with pytest.raises(TokenInvalid):
        TOKENS.read(incomplete, ORIGIN)


def test_a_refresh_token_is_read_back_and_only_its_hash_tells_of_the_secret() -> None:
    fresh = OpaqueToken.new("user-1", "session-1")
    assert OpaqueToken.parse(str(fresh)) == fresh
    assert fresh.secret not in fresh.hash
    assert len(fresh.secret) >= 43


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d"])
def test_what_is_no_refresh_token_is_refused(text: str) -> None:
    with pytest.raises(TokenInvalid):
        OpaqueToken.parse(text)


def test_a_rotation_makes_a_new_key_current_and_keeps_what_living_tokens_need() -> None:
    moment = now().replace(microsecond=0)
    first = rotated({"current": "k1", "k1": "1" * 64}, moment)
    assert set(first) == {"current", "k1", first["current"]}
    assert first["current"] != "k1"
    assert len(first[first["current"]]) >= 64
    soon = rotated(first, moment + ACCESS_LIFE)
    assert set(soon) == {"current", "k1", first["current"], soon["current"]}
    later = rotated(soon, moment + ACCESS_LIFE + CACHED)
    assert "k1" not in later
    assert set(later) == {"current", first["current"], soon["current"], later["current"]}


def test_a_key_that_is_not_known_yet_is_looked_for_once_more() -> None:
    behind = AccessTokens(lambda: {"current": "k1", "k1": KEYS["k1"]}, now, lambda: KEYS)
    assert behind.read(TOKENS.issue(ACCOUNT, "session-1"), ORIGIN).user_id == "user-1"
    with pytest.raises(TokenInvalid):
        behind.read(token(headers={"kid": "k9"}), ORIGIN)
