import pytest

from chalicelib.core.caller import Origin, Role
from chalicelib.core.ids import new_id
from chalicelib.wiring import Library
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
