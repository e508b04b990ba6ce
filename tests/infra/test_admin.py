import jwt
import pytest

from chalicelib.accounts.models import Status, TokenInvalid
from chalicelib.aws.clients import Clients
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.ids import new_id
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build
from infra import admin


@pytest.fixture
def email() -> str:
    return f"admin-{new_id()}@example.org"


def test_the_first_admin_gets_a_password_that_signs_in(library: Library, email: str) -> None:
    made = admin.ensure(library, email)
    assert made["created"] is True
    pair = library.sessions.log_in(email, str(made["password"]), Origin())
    assert library.sessions.access_tokens.read(pair.access_token, Origin()).role is Role.ADMIN


def test_the_second_time_nothing_is_made_and_no_password_shown(library: Library, email: str) -> None:
    admin.ensure(library, email)
    assert admin.ensure(library, email.upper()) == {"created": False, "email": email.upper()}


def test_a_lost_admin_is_given_back_with_a_new_password_and_no_sessions(library: Library, email: str) -> None:
    first = admin.ensure(library, email)
    pair = library.sessions.log_in(email, str(first["password"]), Origin())
    user_id = library.sessions.access_tokens.read(pair.access_token, Origin()).user_id
    other = Caller(new_id(), Role.ADMIN, new_id())
    admin.ensure(library, f"second-{email}")
    changes = {"role": Role.VIEWER, "status": Status.DISABLED}
    library.administration.change(other, user_id, changes, None)

    made = admin.reset(library, email)
    assert made["reset"] is True
    with pytest.raises(TokenInvalid):
        library.sessions.refresh(pair.refresh_token, Origin())
    pair = library.sessions.log_in(email, str(made["password"]), Origin())
    caller = library.sessions.access_tokens.read(pair.access_token, Origin())
    assert caller.role is Role.ADMIN
    library.sessions.require_live(caller)


def test_a_reset_of_nobody_opens_the_account(library: Library, email: str) -> None:
    made = admin.reset(library, email)
    assert (made["reset"], made["created"]) == (False, True)


def test_after_a_rotation_old_and_new_tokens_are_good_in_every_process(
    settings: Settings, clients: Clients, email: str
) -> None:
    here, there = build(settings, clients), build(settings, clients)
    made = admin.ensure(here, email)

    def token(library: Library) -> str:
        return library.sessions.log_in(email, str(made["password"]), Origin()).access_token

    old = token(there)
    there.keys._read_at -= 60  # what it has cached is a minute old
    rotation = admin.rotate_keys(here)
    assert jwt.get_unverified_header(token(here))["kid"] == rotation["current"]
    for library in (here, there):
        for one in (old, token(here)):
            assert library.sessions.access_tokens.read(one, Origin()).role is Role.ADMIN
