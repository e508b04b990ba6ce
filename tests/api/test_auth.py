import pytest

from chalicelib.core.ids import new_id
from tests.conftest import Deliver
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


def test_who_tried_to_sign_in_is_in_the_owners_log_and_in_nobody_elses(
    admin: Door, ana: Door, do_jobs: Deliver
) -> None:
    do_jobs()
    user_id = ana.get("/v1/me")["id"]
    agent = {"User-Agent": "guesser/1"}
    wrong = {"email": ana.email.upper(), "password": "not this one"}
    ana.refused("POST", "/v1/auth/login", 401, "credentials_wrong", json=wrong, headers=agent)
    nobody = f"nobody-{new_id()}@example.org"
    ana.refused("POST", "/v1/auth/login", 401, "credentials_wrong", json={**wrong, "email": nobody})
    admin.ok("PATCH", f"/v1/admin/users/{user_id}", 200, json={"status": "disabled"})
    right = {"email": ana.email, "password": PASSWORD}
    ana.refused("POST", "/v1/auth/login", 403, "account_disabled", json=right)
    assert do_jobs() == {"batchItemFailures": []}
    entries = admin.get(f"/v1/admin/activity?user={user_id}&action=session.refused")["items"]
    assert [entry["details"]["reason"] for entry in entries] == ["account_disabled", "credentials_wrong"]
    assert (entries[1]["actor"], entries[1]["agent"], entries[1]["address"]) == (
        "unknown",
        "guesser/1",
        "127.0.0.1",
    )
    assert entries[0]["at"] > entries[1]["at"]
    every = admin.get("/v1/admin/activity?action=session.refused&limit=100")["items"]
    assert [entry["owner"] for entry in every if entry["id"] >= entries[1]["id"]] == [user_id, user_id]
