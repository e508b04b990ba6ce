"""Administration over HTTP."""

from dataclasses import replace
from typing import Any

from chalicelib.core.ids import new_id
from infra.local.embedded_aws.process import EmbeddedAws
from tests.conftest import Deliver
from tests.doors import PASSWORD, Door
from tests.mailbox import mails_to, token_in


def me(door: Door) -> Any:
    return door.get("/v1/me")


def test_an_admin_opens_an_account_whose_owner_chooses_the_password(
    admin: Door, do_jobs: Deliver, aws: EmbeddedAws
) -> None:
    email = f"new-{new_id()}@example.org"
    answer = admin("POST", "/v1/admin/users", json={"email": email, "role": "viewer"})
    assert answer.status_code == 201
    assert admin.get(answer.headers["Location"]) == answer.json()
    do_jobs()
    mail = next(mail for mail in mails_to(aws, email) if "password" in mail["Subject"])
    body = {"token": token_in(mail), "new_password": PASSWORD}
    admin.ok("POST", "/v1/auth/password-reset/confirm", 204, json=body)
    assert me(replace(Door(admin.base_url), email=email).signed_in())["role"] == "viewer"
    admin.refused("POST", "/v1/admin/users", 409, "email_taken", json={"email": email})


def test_a_user_is_found_changed_with_if_match_and_disabled_at_once(admin: Door, ana: Door) -> None:
    (listed,) = admin.get(f"/v1/admin/users?role=operator&status=active&q={ana.email}")["items"]
    user = f"/v1/admin/users/{listed['id']}"
    read = admin("GET", user)
    changed = admin("PATCH", user, json={"quota": 1000}, headers={"If-Match": read.headers["ETag"]})
    assert changed.json()["quota"] == 1000
    match = {"If-Match": read.headers["ETag"]}
    admin.refused("PATCH", user, 412, "version_mismatch", json={"quota": 5}, headers=match)
    admin.ok("PATCH", user, 200, json={"status": "disabled"})
    ana.refused("PATCH", "/v1/me", 401, "token_invalid", json={"name": "Ana"})
    ana.refused(
        "POST", "/v1/auth/login", 403, "account_disabled", json={"email": ana.email, "password": PASSWORD}
    )
    admin.refused("PATCH", user, 422, "invalid", json={"status": "deleting"})
    actions = [entry["action"] for entry in admin.get(f"/v1/admin/activity?user={listed['id']}")["items"]]
    assert actions == ["account.administered", "account.administered", "session.started", "account.opened"]


def test_an_admin_who_is_no_more_is_refused_reading_too(admin: Door) -> None:
    admin.get("/v1/admin/users?limit=1")
    admin.ok("POST", "/v1/auth/logout", 204)
    admin.refused("GET", "/v1/admin/users?limit=1", 401, "token_invalid")


def test_a_deleted_user_is_gone_with_a_receipt(admin: Door, ana: Door, do_jobs: Deliver) -> None:
    ana.upload("a.txt", new_id().encode())
    user_id = me(ana)["id"]
    admin.ok("DELETE", f"/v1/admin/users/{user_id}", 202)
    ana.refused("POST", "/v1/files", 401, "token_invalid", files={"file": ("b.txt", new_id().encode())})
    assert do_jobs() == {"batchItemFailures": []}
    admin.refused("GET", f"/v1/admin/users/{user_id}", 404, "account_not_found")
    receipt = admin.get(f"/v1/admin/activity?user={user_id}&action=account.erased")["items"]
    assert [(entry["details"]["files"], entry["actor"]) for entry in receipt] == [(1, me(admin)["id"])]


def test_who_leaves_says_the_password_again(ana: Door, do_jobs: Deliver) -> None:
    ana.refused("DELETE", "/v1/me", 403, "password_wrong", json={"password": "not this one"})
    ana.refused("DELETE", "/v1/me", 422, "invalid", json={})
    ana.ok("DELETE", "/v1/me", 202, json={"password": PASSWORD})
    ana.refused("PATCH", "/v1/me", 401, "token_invalid", json={"name": "Ana"})
    do_jobs()
    ana.refused(
        "POST", "/v1/auth/login", 401, "credentials_wrong", json={"email": ana.email, "password": PASSWORD}
    )


def test_everybody_reads_what_happened_in_their_own_library(anyone: Door, ben: Door) -> None:
    ana = anyone.signed_up("ana")
    file = ana.upload("a.txt", new_id().encode())["id"]
    ana.ok("PATCH", f"/v1/files/{file}", 200, json={"caption": "at the sea"})
    mine = ana.get("/v1/me/activity?limit=100")["items"]
    assert [entry["action"] for entry in mine] == [
        "file.changed",
        "upload.begun",
        "session.started",
        "account.opened",
    ]
    assert mine[0]["details"]["caption"] == {"before": None, "after": "at the sea"}
    assert {entry["address"] for entry in mine} == {"127.0.0.1"}
    assert ana.get("/v1/me/activity?action=file.")["items"] == mine[:1]
    assert ana.get(f"/v1/files/{file}/activity")["items"] == mine[:2]
    ben.refused("GET", f"/v1/files/{file}/activity", 404, "file_not_found")
    assert file not in str(ben.get("/v1/me/activity"))
    ana.refused("GET", "/v1/me/activity?since=yesterday", 422, "invalid")


def test_everything_is_listed_for_admins_by_action_and_time(admin: Door, ana: Door) -> None:
    since = ana.get("/v1/me/activity")["items"][-1]["at"]
    found = admin.get(f"/v1/admin/activity?action=account.opened&since={since}&limit=100")["items"]
    assert me(ana)["id"] in {entry["target"] for entry in found}
    assert {entry["action"] for entry in found} == {"account.opened"}
