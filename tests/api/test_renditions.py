"""Renditions, raw facts and job histories through HTTP."""

import hashlib
import io
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
    assert read["started_at"] <= read["ended_at"] <= drawn["started_at"]


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
