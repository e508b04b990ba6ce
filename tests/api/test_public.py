"""Public files, read without a token."""

import requests

from tests.conftest import MEDIA, Deliver
from tests.doors import Door


def test_a_public_file_is_read_and_downloaded_without_a_token(
    ana: Door, anyone: Door, deliver: Deliver
) -> None:
    file = ana.upload("a.txt", b"words", visibility="public")
    deliver()
    path = f"/v1/files/{file['id']}"
    answer = anyone("GET", path)
    assert (answer.json()["visibility"], answer.json()["permissions"]) == ("public", ["view", "download"])
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["Vary"] == "Authorization"
    again = anyone("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, "public, max-age=60")
    download = anyone("GET", f"{path}/download")
    assert download.headers["Cache-Control"] == "public, max-age=30"
    assert "X-Amz-Expires=60&" in download.headers["Location"]
    assert requests.get(download.headers["Location"], timeout=10).content == b"words"


def test_its_owner_and_other_users_get_answers_that_no_cache_keeps(
    ana: Door, ben: Door, deliver: Deliver
) -> None:
    file = ana.upload("a.txt", b"words", visibility="public")
    deliver()
    for door in (ana, ben):
        assert door("GET", f"/v1/files/{file['id']}").headers["Cache-Control"] == "no-store"
        assert door("GET", f"/v1/files/{file['id']}/download").headers["Cache-Control"] == "no-store"


def test_a_file_made_private_again_is_gone_for_others_at_once(
    ana: Door, ben: Door, anyone: Door, deliver: Deliver
) -> None:
    begun = ana.begin("a.txt", b"words")
    requests.put(begun["url"], data=b"words", headers=begun["headers"], timeout=10)
    deliver()
    path = f"/v1/files/{begun['file_id']}"
    anyone.refused("GET", path, 404, "file_not_found")
    ana.ok("PATCH", path, 200, json={"visibility": "public"})
    assert ben.get(path)["id"] == begun["file_id"]
    anyone.get(path)
    ana.ok("PATCH", path, 200, json={"visibility": "private"})
    for door in (ben, anyone):
        door.refused("GET", path, 404, "file_not_found")
        door.refused("GET", f"{path}/download", 404, "file_not_found")


def test_a_bad_token_does_not_pass_for_none(ana: Door, deliver: Deliver) -> None:
    file = ana.upload("a.txt", b"words", visibility="public")
    deliver()
    Door(ana.base_url, "nonsense").refused("GET", f"/v1/files/{file['id']}", 401, "token_invalid")


def test_addresses_live_as_long_as_their_purpose_needs(ana: Door, anyone: Door, deliver: Deliver) -> None:
    film = ana.upload("film.webm", (MEDIA / "clip.webm").read_bytes(), visibility="public")
    deliver()
    path = f"/v1/files/{film['id']}/download"
    lives = {
        (door is ana, how): door.get(f"{path}?redirect=false&disposition={how}")["url"]
        for door in (ana, anyone)
        for how in ("attachment", "inline")
    }
    seconds = {key: int(url.split("X-Amz-Expires=")[1].split("&")[0]) for key, url in lives.items()}
    assert seconds == {
        (True, "attachment"): 300,
        (True, "inline"): 3600,
        (False, "attachment"): 60,
        (False, "inline"): 3600,
    }
