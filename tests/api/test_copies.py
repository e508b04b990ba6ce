"""Copies without metadata through HTTP: others never get the original where they are to get a copy."""

import io
from typing import Any

import pytest
import requests
from PIL import Image

from tests.conftest import MEDIA, Deliver
from tests.doors import Door, put
from tests.renditions.test_bare import GPS, SECRETS, opened, telling


def brought_in(door: Door, deliver: Deliver, name: str, content: bytes) -> Any:
    begun = door.begin(name, content)
    assert put(begun, content).status_code == 200
    deliver()
    return door.get(f"/v1/files/{begun['file_id']}")


def tells_nothing(content: bytes) -> bool:
    return not any(secret in content for secret in SECRETS) and not opened(content).getexif().get_ifd(GPS)


def fetched(door: Door, path: str) -> bytes:
    return requests.get(door.get(f"{path}?redirect=false")["url"], timeout=10).content


@pytest.fixture
def photo(ana: Door, deliver: Deliver) -> Any:
    """Return a photo of Ana's that tells where it was taken."""
    found = brought_in(ana, deliver, "photo.jpg", telling("image/jpeg"))
    assert found["metadata"]["common"]["location"]
    return found


@pytest.mark.parametrize("mime_type", ["image/jpeg", "image/png", "image/webp"])
def test_a_link_gives_a_copy_without_metadata(
    ana: Door, anyone: Door, deliver: Deliver, mime_type: str
) -> None:
    content = telling(mime_type)
    file = brought_in(ana, deliver, f"photo.{mime_type[6:]}", content)
    body = {"strip_metadata": True, "max_downloads": 1}
    link = ana.ok("POST", f"/v1/files/{file['id']}/links", 201, json=body)
    assert link["strip_metadata"] is True
    way = f"/s/{link['token']}"
    anyone.refused("GET", f"{way}/download?redirect=false", 409, "file_not_ready")
    deliver()
    answer = requests.get(anyone.get(f"{way}/download?redirect=false")["url"], timeout=10)
    assert answer.headers["Content-Type"] == mime_type
    assert file["filename"] in answer.headers["Content-Disposition"]
    assert tells_nothing(answer.content)
    assert opened(answer.content).tobytes() == opened(content).tobytes()
    anyone.refused("GET", f"{way}/download", 410, "link_used_up")
    assert ana.get("/v1/links")["items"][0]["downloads"] == 1
    assert fetched(ana, f"/v1/files/{file['id']}/download") == content


def test_a_copy_is_made_once_and_told_in_the_history(ana: Door, deliver: Deliver, photo: Any) -> None:
    for _ in range(2):
        ana.ok("POST", f"/v1/files/{photo['id']}/links", 201, json={"strip_metadata": True})
        deliver()
    done = [job["work"] for job in ana.get(f"/v1/files/{photo['id']}/jobs")["items"]]
    assert done.count("copy") == 1


def test_everyone_but_those_granted_a_download_gets_a_public_photo_without_metadata(
    ana: Door, ben: Door, anyone: Door, deliver: Deliver, photo: Any
) -> None:
    path = f"/v1/files/{photo['id']}"
    changed = ana.ok("PATCH", path, 200, json={"visibility": "public", "strip_metadata": True})
    assert (changed["strip_metadata"], changed["metadata"]) == (True, photo["metadata"])
    for door in (anyone, ben):
        door.refused("GET", f"{path}/download?redirect=false", 409, "file_not_ready")
    deliver()
    for door in (anyone, ben):
        assert door.get(path)["metadata"] is None
        assert door.get(f"{path}/metadata") == {"metadata": None, "extractor_version": None, "facts": None}
        assert tells_nothing(fetched(door, f"{path}/download"))
        for rendition in ("thumbnail", "preview"):
            assert tells_nothing(fetched(door, f"{path}/renditions/{rendition}"))
    ben.refused("PATCH", path, 403, "permission_missing", json={"strip_metadata": False})
    assert fetched(ana, f"{path}/download") == telling("image/jpeg")
    for permission, whole in (("view", False), ("download", True), ("edit", True)):
        ana.ok("POST", f"{path}/grants", 201, json={"email": ben.email, "permission": permission})
        assert tells_nothing(fetched(ben, f"{path}/download")) is not whole
        assert (ben.get(path)["metadata"] == photo["metadata"]) is whole
        [shared] = ben.get("/v1/shared-with-me")["items"]
        assert (shared["metadata"] == photo["metadata"]) is whole
    ben.refused("PATCH", path, 403, "permission_missing", json={"strip_metadata": False})
    ana.ok("PATCH", path, 200, json={"strip_metadata": False})
    assert fetched(anyone, f"{path}/download") == telling("image/jpeg")
    assert anyone.get(path)["metadata"] == photo["metadata"]


def test_a_file_that_strips_does_so_behind_plain_links_too(
    ana: Door, anyone: Door, deliver: Deliver, photo: Any
) -> None:
    link = ana.ok("POST", f"/v1/files/{photo['id']}/links", 201, json={})
    ana.ok("PATCH", f"/v1/files/{photo['id']}", 200, json={"strip_metadata": True})
    deliver()
    assert tells_nothing(fetched(anyone, f"/s/{link['token']}/download"))


def test_what_cannot_be_stripped_is_never_given_whole(ana: Door, anyone: Door, deliver: Deliver) -> None:
    notes = brought_in(ana, deliver, "notes.txt", b"words")
    ana.refused(
        "POST", f"/v1/files/{notes['id']}/links", 409, "metadata_stays", json={"strip_metadata": True}
    )
    ana.refused("PATCH", f"/v1/files/{notes['id']}", 409, "metadata_stays", json={"strip_metadata": True})
    whole = (MEDIA / "photo.jpg").read_bytes()
    broken = brought_in(ana, deliver, "broken.jpg", whole[: len(whole) - 40])
    assert broken["status"] == "ready"
    link = ana.ok("POST", f"/v1/files/{broken['id']}/links", 201, json={"strip_metadata": True})
    deliver()
    anyone.refused("GET", f"/s/{link['token']}/download", 409, "metadata_stays")
    assert ana.get("/v1/links")["items"][0]["downloads"] == 0


def test_a_link_is_made_to_strip_later_and_a_copy_outlives_reprocessing(
    ana: Door, anyone: Door, deliver: Deliver, photo: Any
) -> None:
    link = ana.ok("POST", f"/v1/files/{photo['id']}/links", 201, json={})
    assert not tells_nothing(fetched(anyone, f"/s/{link['token']}/download"))
    ana.ok("PATCH", f"/v1/links/{link['id']}", 200, json={"strip_metadata": True})
    deliver()
    ana.ok("POST", f"/v1/files/{photo['id']}/reprocess", 202)
    deliver()
    assert tells_nothing(fetched(anyone, f"/s/{link['token']}/download"))


def test_the_page_of_a_link_that_strips_shows_no_original(ana: Door, anyone: Door, deliver: Deliver) -> None:
    small = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(small, "PNG")
    file = brought_in(ana, deliver, "small.png", small.getvalue())
    link = ana.ok("POST", f"/v1/files/{file['id']}/links", 201, json={"strip_metadata": True})
    page = anyone("GET", f"/s/{link['token']}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "/originals/" not in page.text
