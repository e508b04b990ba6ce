"""Accounts over HTTP: what changes, what ends, and what a limit looks like."""

import re

import pytest

from chalicelib.core.ids import new_id
from infra.local.embedded_aws.process import EmbeddedAws
from tests.conftest import MEDIA, Deliver
from tests.doors import PASSWORD, Door
from tests.mailbox import mails_to, token_in

NEW = "staple battery horse"


def test_an_address_is_confirmed_by_the_mail_that_registration_sends(
    ana: Door, do_jobs: Deliver, aws: EmbeddedAws
) -> None:
    assert ana.get("/v1/me")["email_verified"] is False
    assert do_jobs() == {"batchItemFailures": []}
    (mail,) = mails_to(aws, ana.email)
    ana.ok("POST", "/v1/auth/verify-email", 204, json={"token": token_in(mail)})
    assert ana.get("/v1/me")["email_verified"] is True
    ana.refused("POST", "/v1/auth/verify-email", 410, "mailed_token_invalid", json={"token": token_in(mail)})


def test_a_forgotten_password_is_reset_by_mail(ana: Door, do_jobs: Deliver, aws: EmbeddedAws) -> None:
    do_jobs()
    ana.ok("POST", "/v1/auth/password-reset", 202, json={"email": ana.email})
    do_jobs()
    token = token_in(mails_to(aws, ana.email)[-1])
    body = {"token": token, "new_password": NEW}
    ana.ok("POST", "/v1/auth/password-reset/confirm", 204, json=body)
    ana.refused("PATCH", "/v1/me", 401, "token_invalid", json={"name": "Ana"})
    assert ana.pair(NEW)


def test_a_reset_is_answered_alike_for_any_address(ana: Door) -> None:
    answers = [
        ana("POST", "/v1/auth/password-reset", json={"email": email})
        for email in (ana.email, f"nobody-{new_id()}@example.org")
    ]
    told = [
        (answer.status_code, answer.content, set(answer.headers), answer.headers["RateLimit-Policy"])
        for answer in answers
    ]
    assert told[0] == told[1]
    assert told[0][0] == 202


def test_a_limit_tells_how_one_stands_and_when_to_come_back(ana: Door) -> None:
    statuses = []
    for left in (2, 1, 0):
        answer = ana("POST", "/v1/auth/verify-email/resend")
        statuses.append(answer.status_code)
        assert re.fullmatch(rf'"resend";r={left};t=\d+', answer.headers["RateLimit"])
        assert answer.headers["RateLimit-Policy"] == '"resend";q=3;w=3600'
    assert statuses == [202] * 3
    refused = ana("POST", "/v1/auth/verify-email/resend")
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["limit"]) == (429, "rate_exceeded", "resend")
    assert int(refused.headers["Retry-After"]) == problem["retry_after"] > 0
    assert refused.headers["RateLimit"].startswith('"resend";r=0;t=')


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(ana: Door) -> None:
    other = ana.pair()
    body = {"password": PASSWORD, "new_password": NEW}
    ana.refused("POST", "/v1/me/password", 403, "password_wrong", json=body | {"password": "wrong"})
    ana.ok("POST", "/v1/me/password", 204, json=body)
    assert len(ana.get("/v1/me/sessions")["items"]) == 1
    ana.ok("PATCH", "/v1/me", 200, json={"name": "Ana"})
    stranger = Door(ana.base_url, other["access_token"])
    stranger.refused("PATCH", "/v1/me", 401, "token_invalid", json={"name": "Eve"})
    refresh = {"refresh_token": other["refresh_token"]}
    ana.refused("POST", "/v1/auth/refresh", 401, "token_invalid", json=refresh)


def test_sessions_are_listed_and_ended_one_by_one(ana: Door) -> None:
    other = Door(ana.base_url, ana.pair()["access_token"])
    listed = ana.get("/v1/me/sessions")["items"]
    assert [one["current"] for one in listed] == [False, True]
    assert listed[0]["agent"].startswith("python-requests")
    ana.ok("DELETE", f"/v1/me/sessions/{listed[0]['id']}", 204)
    assert [one["current"] for one in ana.get("/v1/me/sessions")["items"]] == [True]
    other.refused("PATCH", "/v1/me", 401, "token_invalid", json={"name": "Eve"})
    ana.ok("PATCH", "/v1/me", 200, json={"name": "Ana"})
    ana.refused("DELETE", f"/v1/me/sessions/{listed[0]['id']}", 404, "session_not_found")


def test_another_ones_session_cannot_be_ended(ana: Door, ben: Door) -> None:
    (session,) = ben.get("/v1/me/sessions")["items"]
    ana.refused("DELETE", f"/v1/me/sessions/{session['id']}", 404, "session_not_found")
    assert ben.get("/v1/me/sessions")["items"] == [session]


@pytest.mark.parametrize("way", ["/v1/auth/logout", "/v1/auth/logout-all"])
def test_after_signing_out_nothing_is_written_any_more(ana: Door, way: str) -> None:
    file = ana.upload("a.txt", new_id().encode())["id"]
    other = Door(ana.base_url, ana.pair()["access_token"])
    ana.ok("POST", way, 204)
    for method, path in (("PATCH", f"/v1/files/{file}"), ("DELETE", f"/v1/files/{file}")):
        ana.refused(
            method, path, 401, "token_invalid", **({"json": {"caption": "x"}} if method == "PATCH" else {})
        )
    ana.refused("POST", "/v1/files", 401, "token_invalid", files={"file": ("b.txt", new_id().encode())})
    ana.refused("POST", "/v1/auth/logout", 401, "token_invalid")
    if way.endswith("all"):
        other.refused("PATCH", f"/v1/files/{file}", 401, "token_invalid", json={"caption": "x"})
    else:
        other.ok("PATCH", f"/v1/files/{file}", 200, json={"caption": "x"})


def test_a_name_is_changed_unless_the_profile_changed_meanwhile(ana: Door) -> None:
    first = ana("GET", "/v1/me")
    changed = ana("PATCH", "/v1/me", json={"name": " Ana "}, headers={"If-Match": first.headers["ETag"]})
    assert changed.json()["name"] == "Ana"
    match = {"If-Match": first.headers["ETag"]}
    ana.refused("PATCH", "/v1/me", 412, "version_mismatch", json={"name": "B"}, headers=match)
    ana.refused("PATCH", "/v1/me", 422, "invalid", json={"role": "admin"})


def test_an_avatar_is_a_ready_image_of_ones_own(ana: Door, ben: Door, deliver: Deliver) -> None:
    picture = ana.upload("photo.png", (MEDIA / "alpha.png").read_bytes())["id"]
    ana.refused("PUT", "/v1/me/avatar", 409, "not_a_picture", json={"file_id": picture})
    deliver()
    assert ana.ok("PUT", "/v1/me/avatar", 200, json={"file_id": picture})["avatar_file_id"] == picture
    ben.refused("PUT", "/v1/me/avatar", 404, "file_not_found", json={"file_id": picture})
    assert ana.ok("DELETE", "/v1/me/avatar", 200)["avatar_file_id"] is None


def test_a_key_does_what_its_scopes_say_until_it_is_revoked(ana: Door) -> None:
    made = ana.ok("POST", "/v1/me/api-keys", 201, json={"name": "backup", "scopes": ["read"]})
    key = Door(ana.base_url, made["key"])
    assert key.get("/v1/files")["items"] == []
    problem = key.refused("POST", "/v1/uploads", 403, "scope_missing", json={})
    assert problem["scope"] == "write"
    for method, path in (
        ("POST", "/v1/me/api-keys"),
        ("GET", "/v1/me/api-keys"),
        ("POST", "/v1/auth/logout"),
    ):
        key.refused(method, path, 403, "scope_missing")
    (listed,) = ana.get("/v1/me/api-keys")["items"]
    assert listed["last_used_at"] is not None
    assert made["key"] not in str(listed)
    ana.ok("DELETE", f"/v1/me/api-keys/{made['id']}", 204)
    key.refused("GET", "/v1/files", 401, "token_invalid")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "scopes": ["read"], "expires_in": 1},
        {"scopes": ["read"]},
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(ana: Door, body: dict[str, object]) -> None:
    ana.refused("POST", "/v1/me/api-keys", 422, "invalid", json=body)


def test_the_pages_that_mails_link_to_are_there_and_run_no_foreign_code(anyone: Door) -> None:
    for page in ("verify-email", "password-reset"):
        answer = anyone("GET", f"/account/{page}")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert 'src="account.js"' in answer.text
    script = anyone("GET", "/account/account.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    for path in re.findall(r'to: "\.\.(/v1/[^"]+)"', script.text):
        anyone.refused("POST", path, 422, "invalid", json={})
    anyone.refused("GET", "/account/other", 404, "not_found")
