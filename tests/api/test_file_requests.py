"""File requests through HTTP: people without an account send files, and learn nothing of what is there."""

import hashlib
from typing import Any

import pytest
import requests

from chalicelib.core.caller import Role
from chalicelib.core.ids import new_id
from chalicelib.wiring import library as this_process
from tests.conftest import MEDIA, Deliver, newcomer
from tests.doors import Door

PHOTO = (MEDIA / "photo.jpg").read_bytes()


def ask(door: Door, **terms: Any) -> Any:
    return door.ok("POST", "/v1/file-requests", 201, json={"name": "Photos of the party"} | terms)


def offer(content: bytes, filename: str = "photo.jpg", **more: str) -> dict[str, Any]:
    sha256 = hashlib.sha256(content).hexdigest()
    return {"filename": filename, "size": len(content), "sha256": sha256, **more}


def send(door: Door, token: str, content: bytes, filename: str = "photo.jpg", **more: str) -> str:
    """Send a file as the page does, and return the path under which it is on its way."""
    expected = door.ok("POST", f"/r/{token}/uploads", 201, json=offer(content, filename, **more))
    assert (
        requests.put(expected["url"], data=content, headers=expected["headers"], timeout=10).status_code
        == 200
    )
    path = f"/r/{token}/uploads/{expected['upload_id']}"
    door.ok("POST", f"{path}/sent", 202)
    return path


def test_a_file_that_someone_sends_is_in_the_library_with_tags_and_sender(
    ana: Door, anyone: Door, do_jobs: Deliver, deliver: Deliver
) -> None:
    made = ask(ana, tags=["party"], message="As many as you like!")
    asked = anyone.get(f"/r/{made['token']}")
    assert (asked["name"], asked["files_left"], asked["message"]) == (
        made["name"],
        100,
        "As many as you like!",
    )
    assert "owner" not in str(asked)
    send(anyone, made["token"], PHOTO, "čaj 茶.jpg", sender="Aunt Eva")
    assert ana.get("/v1/files")["items"] == []
    do_jobs()
    deliver()
    [file] = ana.get("/v1/files?tag=party")["items"]
    assert (file["filename"], file["status"], file["custom"]) == (
        "čaj 茶.jpg",
        "ready",
        {"sender": "Aunt Eva"},
    )
    request = ana.get(f"/v1/file-requests/{made['id']}")
    assert (request["files"], request["bytes"]) == (1, len(PHOTO))
    done = [one["action"] for one in ana.get("/v1/me/activity?action=request.")["items"]]
    assert done == ["request.received", "request.created"]
    assert ana.get("/v1/files?q=eva")["items"] == [file]


def test_a_sender_cannot_tell_whether_the_library_has_a_file(
    ana: Door, anyone: Door, do_jobs: Deliver, deliver: Deliver
) -> None:
    made = ask(ana)
    answers = []
    for number in range(3):
        answer = anyone("POST", f"/r/{made['token']}/uploads", json=offer(PHOTO))
        expected = answer.json()
        assert ana.get("/v1/me")["id"] not in answer.text
        put = requests.put(expected["url"], data=PHOTO, headers=expected["headers"], timeout=10)
        sent = anyone("POST", f"/r/{made['token']}/uploads/{expected['upload_id']}/sent")
        answers.append((answer.status_code, sorted(expected), put.status_code, sent.status_code, sent.text))
        do_jobs()
        deliver()
        assert len(ana.get("/v1/files")["items"]) == number + 1
    assert answers == [answers[0]] * 3
    assert this_process().blobs.quotas.standing(ana.get("/v1/me")["id"]).used == len(PHOTO)


def test_only_what_was_asked_for_is_taken(ana: Door, anyone: Door) -> None:
    token = ask(ana, types=["image"], max_files=2, max_bytes=len(PHOTO) + 10)["token"]
    path = f"/r/{token}/uploads"
    anyone.refused("POST", path, 415, "not_asked_for", json=offer(b"words", "a.txt"))
    anyone.refused("POST", path, 415, "extension_not_allowed", json=offer(b"words", "a.exe"))
    anyone.refused("POST", path, 413, "file_too_large", json=offer(PHOTO) | {"size": 1 << 30})
    anyone.refused("POST", path, 409, "request_full", json=offer(PHOTO) | {"size": len(PHOTO) + 11})
    anyone.refused("POST", path, 422, "filename_invalid", json=offer(PHOTO, "../a.jpg"))
    send(anyone, token, PHOTO)
    anyone.refused("POST", path, 409, "request_full", json=offer(b"x" * 11, "b.jpg"))
    send(anyone, token, b"\xff\xd8", "b.jpg")
    anyone.refused("POST", path, 409, "request_full", json=offer(b"x", "c.jpg"))
    assert anyone.get(f"/r/{token}")["files_left"] == 0


def test_storage_takes_no_other_bytes_than_were_offered(ana: Door, anyone: Door, do_jobs: Deliver) -> None:
    token = ask(ana)["token"]
    expected = anyone.ok("POST", f"/r/{token}/uploads", 201, json=offer(PHOTO))
    for content in (PHOTO[:-1], PHOTO + b"x", PHOTO[:-1] + b"x"):
        assert (
            requests.put(expected["url"], data=content, headers=expected["headers"], timeout=10).status_code
            >= 400
        )
    path = f"/r/{token}/uploads/{expected['upload_id']}/sent"
    anyone.refused("POST", path, 409, "bytes_missing")
    anyone.refused("POST", path.replace(expected["upload_id"], new_id()), 404, "parcel_not_found")
    other = ask(ana)["token"]
    anyone.refused("POST", path.replace(token, other), 404, "parcel_not_found")
    do_jobs()
    assert ana.get("/v1/files")["items"] == []


def test_an_owner_changes_lists_and_ends_requests(
    ana: Door, ben: Door, anyone: Door, do_jobs: Deliver
) -> None:
    first, second = ask(ana), ask(ana)
    assert [one["id"] for one in ana.get("/v1/file-requests")["items"]] == [second["id"], first["id"]]
    assert ben.get("/v1/file-requests")["items"] == []
    path = f"/v1/file-requests/{first['id']}"
    ben.refused("GET", path, 404, "request_not_found")
    changed = ana.ok("PATCH", path, 200, json={"max_files": 1, "types": ["video"], "tags": ["x"]})
    assert (changed["max_files"], changed["types"], changed["version"]) == (1, ["video"], 2)
    ana.refused("PATCH", path, 412, json={"name": "b"}, headers={"If-Match": '"1"'}, code="version_mismatch")
    way = send(anyone, second["token"], PHOTO)
    ana.ok("DELETE", f"/v1/file-requests/{second['id']}", 204)
    anyone.refused("GET", f"/r/{second['token']}", 404, "request_not_found")
    anyone.refused("POST", f"/r/{second['token']}/uploads", 404, "request_not_found", json=offer(PHOTO))
    anyone("POST", f"{way}/sent")
    do_jobs()
    assert ana.get("/v1/files")["items"] == []


def test_what_the_owner_has_no_room_for_is_refused(ana: Door, anyone: Door, base_url: str) -> None:
    token = ask(ana)["token"]
    admin = newcomer(base_url, "admin", Role.ADMIN)
    admin.ok("PATCH", f"/v1/admin/users/{ana.get('/v1/me')['id']}", 200, json={"quota": 1000})
    anyone.refused("POST", f"/r/{token}/uploads", 413, "no_room", json=offer(PHOTO))


@pytest.mark.parametrize("accept", ["text/html,*/*", "application/json"])
def test_people_see_a_page_and_programs_json(ana: Door, anyone: Door, accept: str) -> None:
    made = ask(ana, name="<script>alert(1)</script>", message="<b>hi</b>")
    answer = anyone("GET", f"/r/{made['token']}", headers={"Accept": accept})
    assert answer.headers["Cache-Control"] == "no-store"
    if accept == "application/json":
        assert answer.json()["message"] == "<b>hi</b>"
        return
    assert "<b>hi</b>" not in answer.text
    assert "<script>alert" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "unsafe" not in policy
    gone = anyone("GET", f"/r/{made['token']}x", headers={"Accept": accept})
    assert (gone.status_code, "There is no such request" in gone.text) == (404, True)
