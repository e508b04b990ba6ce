from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.accounts.keys import MAX_KEYS, ApiKeys
from chalicelib.accounts.models import Account, KeyNotFound, Status, TokenInvalid, TooManyKeys
from chalicelib.accounts.tokens import OpaqueToken
from chalicelib.aws.meter import metered
from chalicelib.core.caller import API_KEY_PREFIX, Caller, Origin, Role, Scope
from chalicelib.core.errors import Forbidden
from chalicelib.core.ids import new_id
from chalicelib.wiring import Library
from tests.conftest import FakeClock, new_caller

ORIGIN = Origin("203.0.113.7", "pytest", "request-1")
READ = frozenset({Scope.READ})


@pytest.fixture
def account(library: Library) -> Account:
    email = f"ana-{new_id()}@example.org"
    return library.accounts.register(email, "correct horse battery", "Ana", ORIGIN)


@pytest.fixture
def owner(account: Account) -> Caller:
    return Caller(account.id, account.role, new_id(), ORIGIN)


@pytest.fixture
def keys(library: Library) -> ApiKeys:
    return library.api_keys


def test_a_key_stands_for_its_owner_within_its_scopes(keys: ApiKeys, owner: Caller) -> None:
    key, text = keys.make(owner, "backup", READ, None)
    caller = keys.read(text, ORIGIN)
    assert (caller.user_id, caller.role, caller.scopes) == (owner.user_id, Role.OPERATOR, READ)
    assert [one.id for one in keys.list(owner)] == [key.id]
    assert text.startswith(API_KEY_PREFIX)


def test_nothing_stored_tells_the_secret(library: Library, keys: ApiKeys, owner: Caller) -> None:
    key, text = keys.make(owner, "backup", READ, None)
    secret = OpaqueToken.parse(text.removeprefix(API_KEY_PREFIX)).secret
    row = library.tables.get(
        library.settings.users_table, {"pk": f"user#{owner.user_id}", "sk": f"key#{key.id}"}
    )
    assert row
    assert secret not in str(row)


def test_a_revoked_key_is_refused_from_then_on(keys: ApiKeys, owner: Caller) -> None:
    key, text = keys.make(owner, "backup", READ, None)
    keys.revoke(owner, key.id)
    with pytest.raises(TokenInvalid):
        keys.read(text, ORIGIN)
    with pytest.raises(KeyNotFound):
        keys.revoke(owner, key.id)


def test_another_ones_key_cannot_be_revoked(keys: ApiKeys, owner: Caller) -> None:
    key, _ = keys.make(owner, "backup", READ, None)
    with pytest.raises(KeyNotFound):
        keys.revoke(new_caller(), key.id)


def test_a_key_ends_when_it_says(keys: ApiKeys, owner: Caller, clock: FakeClock) -> None:
    _, text = keys.make(owner, "backup", READ, timedelta(hours=1))
    clock.advance(timedelta(minutes=59))
    assert keys.read(text, ORIGIN)
    clock.advance(timedelta(minutes=1))
    with pytest.raises(TokenInvalid):
        keys.read(text, ORIGIN)
    assert keys.list(owner) == []


def test_a_forged_key_is_refused(keys: ApiKeys, owner: Caller) -> None:
    _, text = keys.make(owner, "backup", READ, None)
    token = OpaqueToken.parse(text.removeprefix(API_KEY_PREFIX))
    forged = [replace(token, secret="x" * 43), replace(token, id=new_id()), replace(token, user_id=new_id())]
    for rest in (*map(str, forged), "", "a.b.c", "a"):
        with pytest.raises(TokenInvalid):
            keys.read(f"{API_KEY_PREFIX}{rest}", ORIGIN)


def test_a_key_does_no_more_than_its_owner_may_now(
    library: Library, keys: ApiKeys, owner: Caller, account: Account
) -> None:
    _, text = keys.make(owner, "backup", READ, None)
    viewer = replace(account, role=Role.VIEWER, version=2)
    library.tables.commit(library.accounts.store.put_if(account, viewer))
    assert keys.read(text, ORIGIN).role is Role.VIEWER
    disabled = replace(viewer, status=Status.DISABLED, version=3)
    library.tables.commit(library.accounts.store.put_if(viewer, disabled))
    with pytest.raises(TokenInvalid):
        keys.read(text, ORIGIN)


def test_a_use_costs_one_call_and_is_noted_once_a_minute(
    keys: ApiKeys, owner: Caller, clock: FakeClock
) -> None:
    _, text = keys.make(owner, "backup", READ, None)
    counts = []
    for _ in range(3):
        with metered() as receipt:
            keys.read(text, ORIGIN)
        counts.append(len(receipt.calls))
        clock.advance(timedelta(seconds=40))
    assert counts == [2, 1, 2]
    assert keys.list(owner)[0].last_used_at == clock.moment - timedelta(seconds=40)


def test_only_an_admin_makes_an_admins_key(keys: ApiKeys, owner: Caller) -> None:
    with pytest.raises(Forbidden):
        keys.make(owner, "backup", {Scope.ADMIN}, None)


def test_there_is_an_end_to_keys(keys: ApiKeys, owner: Caller) -> None:
    for _ in range(MAX_KEYS):
        keys.make(owner, "backup", READ, None)
    with pytest.raises(TooManyKeys):
        keys.make(owner, "backup", READ, None)
