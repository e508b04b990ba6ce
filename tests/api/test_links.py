from typing import Any

import pytest
import requests

from chalicelib.core.ids import new_id
from tests.conftest import MEDIA, Deliver
from tests.doors import Door

PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PHOTO = (MEDIA / "photo.jpg").read_bytes()


@pytest.fixture
def photo(ana: Door, deliver: Deliver) -> Any:
    file = ana.upload("<Strand> & Meer.jpg", PHOTO)
    deliver()
    return file


def link_to(ana: Door, file: Any, **terms: Any) -> Any:
    return ana.ok("POST", f"/v1/files/{file['id']}/links", 201, json=terms)


def test_a_link_is_made_listed_changed_and_revoked(ana: Door, photo: Any) -> None:
    made = link_to(ana, photo, name="for Ben", expires_in=3600, max_downloads=3, password="open sesame")
    assert made["url"] == f"{ana.base_url}/s/{made['token']}"
    secrets = {made.pop("url"), made.pop("token")}
    assert (made["has_password"], made["max_downloads"], made["downloads"]) == (True, 3, 0)
    for path in ("/v1/links", f"/v1/files/{photo['id']}/links"):
        assert ana.get(path) == {"items": [made], "next_cursor": None, "total": None}
    path = f"/v1/links/{made['id']}"
    changed = ana("PATCH", path, json={"password": None}, headers={"If-Match": '"1"'})
    assert (changed.json()["has_password"], changed.headers["ETag"]) == (False, '"2"')
    ana.refused("PATCH", path, 412, "version_mismatch", json={"name": "x"}, headers={"If-Match": '"1"'})
    ana.refused("PATCH", path, 422, "invalid", json={"max_downloads": 0})
    ana.ok("DELETE", path, 204)
    ana.refused("DELETE", path, 404, "link_not_found")
    assert ana.get("/v1/links")["items"] == []
    assert all(secret not in str(ana.get("/v1/links")) for secret in secrets)


def test_a_program_gets_json_and_nothing_of_the_owner(ana: Door, anyone: Door, photo: Any) -> None:
    token = link_to(ana, photo, max_downloads=2)["token"]
    answer = anyone("GET", f"/s/{token}")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "name": None,
        "filename": "<Strand> & Meer.jpg",
        "extension": "jpg",
        "type": "image",
        "mime_type": "image/jpeg",
        "size": len(PHOTO),
        "status": "ready",
        "allow_download": True,
        "downloads_left": 2,
        "expires_at": None,
        "thumbnail": f"{ana.base_url}/s/{token}/thumbnail",
    }
    picture = anyone("GET", f"/s/{token}/thumbnail")
    assert picture.status_code == 302
    assert requests.get(picture.headers["Location"], timeout=10).headers["Content-Type"] == "image/jpeg"


def test_downloads_are_led_to_storage_until_they_are_used_up(ana: Door, anyone: Door, photo: Any) -> None:
    path = f"/s/{link_to(ana, photo, max_downloads=2)['token']}"
    answer = anyone("GET", f"{path}/download")
    assert (answer.status_code, answer.content) == (302, b"")
    content = requests.get(answer.headers["Location"], timeout=10)
    assert content.content == PHOTO
    assert content.headers["Content-Disposition"].startswith("attachment; ")
    twin = anyone.get(f"{path}/download?redirect=false&disposition=inline")
    assert requests.get(twin["url"], timeout=10).headers["Content-Disposition"].startswith("inline; ")
    assert anyone.refused("GET", f"{path}/download", 410, "link_used_up")["max_downloads"] == 2
    anyone.refused("GET", path, 410, "link_used_up")


def test_a_program_unlocks_a_link_by_header(ana: Door, anyone: Door, photo: Any) -> None:
    path = f"/s/{link_to(ana, photo, password='open sesame')['token']}"
    anyone.refused("GET", path, 423, "link_locked")
    anyone.refused("GET", f"{path}/download", 423, "link_locked")
    anyone.refused("POST", f"{path}/unlock", 423, "link_password_wrong", json={"password": "guess"})
    key = requests.post(
        anyone.base_url + f"{path}/unlock", json={"password": "open sesame"}, timeout=10
    ).json()["key"]
    assert anyone.get(path, headers={"X-Link-Key": key})["filename"] == photo["filename"]
    other = f"/s/{link_to(ana, photo, password='open sesame')['token']}"
    anyone.refused("GET", other, 423, "link_locked", headers={"X-Link-Key": key})


def test_a_browser_unlocks_a_link_by_its_form(ana: Door, photo: Any) -> None:
    token = link_to(ana, photo, password="open sesame")["token"]
    url, browser = f"{ana.base_url}/s/{token}", requests.Session()
    locked = browser.get(url, headers=PAGE, timeout=10)
    assert locked.status_code == 423
    assert f'action="{token}/unlock"' in locked.text
    assert photo["filename"] not in locked.text
    wrong = browser.post(f"{url}/unlock", data={"password": "guess"}, headers=PAGE, timeout=10)
    assert (wrong.status_code, wrong.url) == (423, f"{url}?password=wrong")
    assert "That is not this link" in wrong.text
    opened = browser.post(f"{url}/unlock", data={"password": "open sesame"}, headers=PAGE, timeout=10)
    assert (opened.status_code, opened.url) == (200, url)
    [cookie] = list(iter(browser.cookies))
    assert (cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == (f"/s/{token}", True)
    assert browser.get(f"{url}/download", timeout=10).content == PHOTO


def test_the_page_shows_the_picture_and_asks_nothing_of_others(ana: Door, anyone: Door, photo: Any) -> None:
    token = link_to(ana, photo, name='"><script>alert(1)</script>')["token"]
    answer = anyone("GET", f"/s/{token}?fbclid=x", headers=PAGE)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert "&lt;Strand&gt; &amp; Meer.jpg" in answer.text
    source = answer.text.split('<img src="')[1].split('"')[0].replace("&amp;", "&")
    assert len(requests.get(source, timeout=10).content) == photo_preview(ana, photo)["size"]


def photo_preview(ana: Door, photo: Any) -> Any:
    return ana.get(f"/v1/files/{photo['id']}")["renditions"]["preview"]


def test_a_counted_or_looking_only_page_does_not_hold_the_originals_address(
    ana: Door, anyone: Door, photo: Any
) -> None:
    for terms in ({"max_downloads": 3}, {"allow_download": False}):
        path = f"/s/{link_to(ana, photo, **terms)['token']}"
        page = anyone("GET", path, headers=PAGE).text
        assert "/originals/" not in page
        assert "/preview" in page
        assert ("/download" in page) == ("max_downloads" in terms)
    anyone.refused("GET", f"{path}/download", 403, "download_not_allowed")


@pytest.mark.parametrize("path", ["/s/unknown", "/s/unknown/download"])
def test_a_browser_is_told_in_words_what_a_program_is_told_in_json(anyone: Door, path: str) -> None:
    anyone.refused("GET", path, 404, "link_not_found")
    page = anyone("GET", path, headers=PAGE)
    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such link." in page.text


def test_only_the_owner_manages_links(ana: Door, ben: Door, photo: Any) -> None:
    made = link_to(ana, photo)
    ben.refused("POST", f"/v1/files/{photo['id']}/links", 404, "file_not_found", json={})
    ben.refused("GET", f"/v1/files/{photo['id']}/links", 404, "file_not_found")
    for link in (made["id"], new_id()):
        ben.refused("PATCH", f"/v1/links/{link}", 404, "link_not_found", json={"name": "mine"})
        ben.refused("DELETE", f"/v1/links/{link}", 404, "link_not_found")
