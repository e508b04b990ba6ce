import pytest

from tests.doors import PASSWORD, Door


def test_from_registration_to_the_own_account(anyone: Door) -> None:
    ana = anyone.signed_up("ana")
    me = ana.get("/v1/me")
    assert me["email"] == ana.email
    assert me["role"] == "operator"
    assert "password" not in str(me)


def test_registration_says_where_the_account_is(anyone: Door) -> None:
    body = {"email": "first.last+tag@example.org", "password": PASSWORD, "name": "Ana"}
    answer = anyone("POST", "/v1/auth/register", json=body)
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/v1/me"
    assert answer.headers["ETag"] == '"1"'
    anyone.refused("POST", "/v1/auth/register", 409, "email_taken", json=body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "no address", "password": PASSWORD}, "email"),
        ({"email": "a@example.org"}, "password"),
        ({"email": "a@example.org", "password": PASSWORD, "role": "admin"}, "role"),
        ({"email": "a@example.org", "password": 12345678901}, "password"),
    ],
)
def test_a_field_that_will_not_do_is_named(anyone: Door, body: dict[str, object], field: str) -> None:
    problem = anyone.refused("POST", "/v1/auth/register", 422, "invalid", json=body)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_weak_password_is_refused_with_advice(anyone: Door) -> None:
    problem = anyone.refused(
        "POST",
        "/v1/auth/register",
        422,
        "weak_password",
        json={"email": "a@example.org", "password": "short"},
    )
    assert "at least 10 characters" in problem["detail"]


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(ana: Door) -> None:
    wrong = {"email": ana.email, "password": "wrong password"}
    unknown = {"email": f"x{ana.email}", "password": "wrong password"}
    problems = [
        ana.refused("POST", "/v1/auth/login", 401, "credentials_wrong", json=body)
        for body in (wrong, unknown)
    ]
    assert {**problems[0], "request_id": ""} == {**problems[1], "request_id": ""}


def test_a_session_goes_on_by_refreshing_and_ends_with_a_reused_token(ana: Door) -> None:
    first = ana.ok("POST", "/v1/auth/login", 200, json={"email": ana.email, "password": PASSWORD})
    second = ana.ok("POST", "/v1/auth/refresh", 200, json={"refresh_token": first["refresh_token"]})
    assert (second["token_type"], second["expires_in"]) == ("bearer", 900)
    for token in (first, second):
        ana.refused(
            "POST", "/v1/auth/refresh", 401, "token_invalid", json={"refresh_token": token["refresh_token"]}
        )


def test_signing_out_ends_the_session(ana: Door) -> None:
    pair = ana.ok("POST", "/v1/auth/login", 200, json={"email": ana.email, "password": PASSWORD})
    signed_in = Door(ana.base_url, pair["access_token"])
    signed_in.ok("POST", "/v1/auth/logout", 204)
    ana.refused(
        "POST", "/v1/auth/refresh", 401, "token_invalid", json={"refresh_token": pair["refresh_token"]}
    )
