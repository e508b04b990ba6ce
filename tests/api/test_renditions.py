"""Renditions, raw facts and job histories through HTTP."""

import hashlib
import io
from datetime import datetime
from typing import Any

import pytest
import requests
from PIL import Image

from tests.conftest import MEDIA, Deliver
from tests.doors import Door, put

PHOTO = (MEDIA / "photo.jpg").read_bytes()


@pytest.fixture
def photo(ana: Door, deliver: Deliver) -> Any:
    """Return a photo of Ana's, ready."""
    return brought_in(ana, deliver, "photo.jpg", PHOTO)


def brought_in(door: Door, deliver: Deliver, name: str, content: bytes) -> Any:
    begun = door.begin(name, content)
    assert put(begun, content).status_code == 200
    assert deliver() == {"batchItemFailures": []}
    return door.get(f"/v1/files/{begun['file_id']}")


def test_a_photo_shows_its_renditions_with_their_addresses(ana: Door, photo: Any) -> None:
    assert photo["status"] == "ready"
    assert set(photo["renditions"]) == {"thumbnail", "preview"}
    thumbnail = photo["renditions"]["thumbnail"]
    assert (thumbnail["width"], thumbnail["height"], thumbnail["mime_type"]) == (225, 300, "image/jpeg")
    delivery = ana.get(f"{thumbnail['url']}?redirect=false")
    answer = requests.get(delivery["url"], timeout=10)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert len(answer.content) == thumbnail["size"]
    assert ana.get(f"/v1/files/{photo['id']}/renditions")["renditions"] == photo["renditions"]


def test_a_thumbnail_is_a_redirect_to_the_picture(ana: Door, photo: Any) -> None:
    answer = ana("GET", f"/v1/files/{photo['id']}/thumbnail")
    assert answer.status_code == 302
    picture = requests.get(answer.headers["Location"], timeout=10)
    with Image.open(io.BytesIO(picture.content)) as shown:
        assert shown.size == (225, 300)


def test_originals_are_never_altered(ana: Door, photo: Any) -> None:
    delivery = ana.get(f"/v1/files/{photo['id']}/download?redirect=false")
    content = requests.get(delivery["url"], timeout=10).content
    assert hashlib.sha256(content).hexdigest() == photo["sha256"] == hashlib.sha256(PHOTO).hexdigest()


def test_a_rendition_that_is_not_there_is_not_found(ana: Door, deliver: Deliver, photo: Any) -> None:
    ana.refused("GET", f"/v1/files/{photo['id']}/renditions/waveform", 404, "rendition_not_found")
    words = brought_in(ana, deliver, "a.txt", b"words")
    assert words["renditions"] == {}
    ana.refused("GET", f"/v1/files/{words['id']}/thumbnail", 404, "rendition_not_found")


def test_nobody_sees_renditions_facts_or_jobs_of_a_strangers_file(ben: Door, photo: Any) -> None:
    for path in ("renditions", "renditions/thumbnail", "thumbnail", "metadata", "jobs"):
        ben.refused("GET", f"/v1/files/{photo['id']}/{path}", 404, "file_not_found")
    ben.refused("POST", f"/v1/files/{photo['id']}/reprocess", 404, "file_not_found")


def test_audio_and_video_go_through_the_slow_lane(ana: Door, deliver: Deliver) -> None:
    video = brought_in(ana, deliver, "film.mp4", (MEDIA / "faststart.mp4").read_bytes())
    assert set(video["renditions"]) == {"poster", "thumbnail"}
    sound = brought_in(ana, deliver, "song.mp3", (MEDIA / "cover.mp3").read_bytes())
    assert set(sound["renditions"]) == {"thumbnail", "preview", "waveform", "peaks"}
    delivery = ana.get(f"/v1/files/{sound['id']}/renditions/peaks?redirect=false")
    assert requests.get(delivery["url"], timeout=10).json()["length"] > 100


def test_metadata_comes_with_the_raw_facts(ana: Door, photo: Any) -> None:
    answer = ana.get(f"/v1/files/{photo['id']}/metadata")
    assert answer["metadata"] == photo["metadata"]
    assert len(photo["metadata"]["perceptual_hash"]) == 16
    assert answer["facts"]["sniffed"] == "jpeg"
    assert answer["extractor_version"] >= 1


def test_the_history_tells_what_was_done_and_what_it_took(ana: Door, photo: Any) -> None:
    drawn, read = ana.get(f"/v1/files/{photo['id']}/jobs")["items"]
    assert (read["work"], read["attempt"], read["outcome"], read["code"]) == ("extraction", 1, "done", None)
    assert (drawn["work"], drawn["attempt"], drawn["outcome"], drawn["code"]) == (
        "renditions",
        1,
        "done",
        None,
    )
    assert 0 < read["bytes_read"] <= len(PHOTO)
    assert drawn["bytes_read"] == len(PHOTO)
    assert drawn["requests"] == 1
    assert drawn["milliseconds"] >= 0
    moments = (read["started_at"], read["ended_at"], drawn["started_at"])
    assert sorted(moments, key=datetime.fromisoformat) == list(moments)


def test_reprocessing_answers_at_once_and_works_in_the_background(
    ana: Door, deliver: Deliver, photo: Any
) -> None:
    ana.ok("POST", f"/v1/files/{photo['id']}/reprocess", 202)
    assert deliver() == {"batchItemFailures": []}
    assert len(ana.get(f"/v1/files/{photo['id']}/jobs")["items"]) == 4
    again = ana.get(f"/v1/files/{photo['id']}")
    assert again["version"] > photo["version"]
    assert again["renditions"] == photo["renditions"]


def test_what_has_not_arrived_cannot_be_reprocessed(ana: Door) -> None:
    begun = ana.begin("a.txt", b"words")
    ana.refused("POST", f"/v1/files/{begun['file_id']}/reprocess", 409, "file_not_examined")


def thumbnail(door: Door, file: Any) -> Image.Image:
    delivery = door.get(f"/v1/files/{file['id']}/thumbnail?redirect=false")
    return Image.open(io.BytesIO(requests.get(delivery["url"], timeout=10).content))


def flat(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 400), colour).save(out, "PNG")
    return out.getvalue()


def is_of(picture: Image.Image, colour: tuple[int, int, int]) -> bool:
    pixel = picture.convert("RGB").getpixel((20, 20))
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 10 for a, b in zip(pixel, colour, strict=True))


def test_a_picture_in_a_form_becomes_the_thumbnail_until_it_is_dropped(
    ana: Door, deliver: Deliver, photo: Any
) -> None:
    path = f"/v1/files/{photo['id']}/thumbnail"
    ana.ok("PUT", path, 202, files={"file": ("red.png", flat("red"))})
    assert deliver() == {"batchItemFailures": []}
    assert is_of(thumbnail(ana, photo), (255, 0, 0))
    shown = ana.get(f"/v1/files/{photo['id']}")["renditions"]
    assert (shown["thumbnail"]["width"], shown["thumbnail"]["height"]) == (300, 200)
    assert shown["preview"] == photo["renditions"]["preview"]
    ana.ok("DELETE", path, 204)
    assert ana.get(f"/v1/files/{photo['id']}")["renditions"] == photo["renditions"]
    ana.ok("DELETE", path, 204)


def test_a_chosen_thumbnail_survives_reprocessing(ana: Door, deliver: Deliver, photo: Any) -> None:
    ana.ok("PUT", f"/v1/files/{photo['id']}/thumbnail", 202, files={"file": ("red.png", flat("red"))})
    deliver()
    ana.ok("POST", f"/v1/files/{photo['id']}/reprocess", 202)
    deliver()
    assert is_of(thumbnail(ana, photo), (255, 0, 0))


def test_the_thumbnail_of_another_file_is_taken_at_once(ana: Door, deliver: Deliver, photo: Any) -> None:
    words = brought_in(ana, deliver, "a.txt", b"words")
    blue = brought_in(ana, deliver, "blue.png", flat("blue"))
    chosen = ana.ok("PUT", f"/v1/files/{words['id']}/thumbnail", 200, json={"file_id": blue["id"]})
    assert chosen["renditions"]["thumbnail"]["mime_type"] == "image/jpeg"
    ana.ok("DELETE", f"/v1/files/{blue['id']}?permanent=true", 204)
    assert is_of(thumbnail(ana, words), (0, 0, 255))
    plain = brought_in(ana, deliver, "b.txt", b"other words")
    body = {"file_id": plain["id"]}
    ana.refused("PUT", f"/v1/files/{photo['id']}/thumbnail", 409, "no_thumbnail", json=body)


def test_only_a_picture_that_can_be_drawn_becomes_a_thumbnail(
    ana: Door, deliver: Deliver, photo: Any
) -> None:
    path = f"/v1/files/{photo['id']}/thumbnail"
    ana.refused("PUT", path, 415, "not_a_picture", files={"file": ("a.png", b"#!/bin/sh\n")})
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    ana.refused("PUT", path, 415, "not_a_picture", files={"file": ("a.svg", svg)})
    ana.ok("PUT", path, 202, files={"file": ("cut.png", flat("red")[:200])})
    assert deliver() == {"batchItemFailures": []}
    assert ana.get(f"/v1/files/{photo['id']}")["renditions"] == photo["renditions"]
    job = ana.get(f"/v1/files/{photo['id']}/jobs")["items"][0]
    assert (job["work"], job["code"]) == ("miniature", "damaged")


def test_a_thumbnail_is_chosen_only_for_the_version_that_is_named(ana: Door, photo: Any) -> None:
    path = f"/v1/files/{photo['id']}/thumbnail"
    old = {"If-Match": '"1"'}
    ana.refused("PUT", path, 412, "version_mismatch", json={"file_id": photo["id"]}, headers=old)


def test_nobody_chooses_thumbnails_for_strangers_or_of_strangers(ana: Door, ben: Door, photo: Any) -> None:
    path = f"/v1/files/{photo['id']}/thumbnail"
    ben.refused("PUT", path, 404, "file_not_found", json={"file_id": photo["id"]})
    ben.refused("DELETE", path, 404, "file_not_found")
    form = {"file": ("red.png", flat("red"))}
    ben.refused("PUT", path, 404, "file_not_found", files=form)
    assert ana.get(f"/v1/files/{photo['id']}")["renditions"] == photo["renditions"]
