"""Near-duplicates of real pictures through HTTP, from upload to trash."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.conftest import MEDIA, Deliver
from tests.doors import Door

Change = Callable[[Image.Image], Image.Image]


def picture(name: str, change: Change = lambda one: one, form: str = "JPEG", quality: int = 90) -> bytes:
    out = io.BytesIO()
    with Image.open(MEDIA / name) as original:
        upright = original.transpose(Image.Transpose.ROTATE_270) if name == "photo.jpg" else original
        change(upright.convert("RGB")).save(out, form, quality=quality)
    return out.getvalue()


def cropped(one: Image.Image) -> Image.Image:
    width, height = one.size
    return one.crop((width // 50, height // 50, width - width // 50, height - height // 50))


ALIKE: dict[str, bytes] = {
    "small.jpg": picture("photo.jpg", lambda one: one.resize((150, 200))),
    "coarse.jpg": picture("photo.jpg", quality=15),
    "other.webp": picture("photo.jpg", form="WEBP", quality=50),
    "cropped.jpg": picture("photo.jpg", cropped),
    "grey.png": picture("photo.jpg", lambda one: one.convert("L").convert("RGB"), "PNG"),
}
OTHERS = ("plain.png", "progressive.jpg", "alpha.png", "animated.gif", "photo.avif", "bitmap.bmp")


def similar(door: Door, file_id: str, query: str = "") -> dict[str, int]:
    items = door.get(f"/v1/files/{file_id}/similar{query}")["items"]
    assert [item["distance"] for item in items] == sorted(item["distance"] for item in items)
    return {item["filename"]: item["distance"] for item in items}


@pytest.fixture
def photo(ana: Door, deliver: Deliver) -> Any:
    """Return a photo of Ana's that has a near-duplicate."""
    made = ana.upload("photo.jpg", (MEDIA / "photo.jpg").read_bytes())
    ana.upload("small.jpg", ALIKE["small.jpg"])
    deliver()
    return made


def named(door: Door, filename: str) -> Any:
    [found] = [one for one in door.get("/v1/files?limit=100")["items"] if one["filename"] == filename]
    return found


def test_smaller_recompressed_converted_and_cropped_copies_are_found_and_nothing_else(
    ana: Door, deliver: Deliver, photo: Any
) -> None:
    for name, content in list(ALIKE.items())[1:]:
        ana.upload(name, content)
    for name in OTHERS:
        ana.upload(name, (MEDIA / name).read_bytes())
    deliver()
    found = similar(ana, photo["id"])
    assert found.keys() == ALIKE.keys()
    assert max(found[name] for name in ALIKE if name != "cropped.jpg") <= 4
    assert similar(ana, photo["id"], "?max_distance=16").keys() == ALIKE.keys()
    exact = {name: bits for name, bits in found.items() if bits <= 1}
    assert similar(ana, photo["id"], "?max_distance=1") == exact
    assert len(similar(ana, photo["id"], "?limit=2")) == 2
    assert similar(ana, named(ana, "plain.png")["id"]) == {}
    assert "photo.jpg" in similar(ana, named(ana, "cropped.jpg")["id"])
    for query in ("max_distance=17", "max_distance=-1", "limit=51", "limit=0"):
        ana.refused("GET", f"/v1/files/{photo['id']}/similar?{query}", 422, "invalid")
    words = ana.upload("a.txt", b"words")["id"]
    deliver()
    problem = ana.refused("GET", f"/v1/files/{words}/similar", 409, "nothing_to_compare")
    assert problem["file_status"] == "ready"


def test_what_is_in_the_trash_is_not_similar_until_it_is_back_and_never_once_erased(
    ana: Door, photo: Any
) -> None:
    small = named(ana, "small.jpg")["id"]
    ana.ok("DELETE", f"/v1/files/{small}", 204)
    assert "small.jpg" not in similar(ana, photo["id"])
    assert "photo.jpg" in similar(ana, small)
    ana.ok("POST", f"/v1/files/{small}/restore", 200)
    assert "small.jpg" in similar(ana, photo["id"])
    ana.ok("DELETE", f"/v1/files/{small}?permanent=true", 204)
    assert "small.jpg" not in similar(ana, photo["id"])


def test_a_second_file_of_the_same_content_is_found_at_once_and_reprocessing_changes_nothing(
    ana: Door, deliver: Deliver, photo: Any
) -> None:
    content = (MEDIA / "photo.jpg").read_bytes()
    again = ana.upload("again.jpg", content, on_duplicate="link")
    assert again["status"] == "ready"
    before = similar(ana, photo["id"])
    assert before["again.jpg"] == 0
    ana.ok("POST", f"/v1/files/{photo['id']}/reprocess", 202)
    deliver()
    assert similar(ana, photo["id"]) == before


def test_only_what_one_may_see_is_similar(ana: Door, ben: Door, deliver: Deliver, photo: Any) -> None:
    own = ben.upload("mine.jpg", ALIKE["coarse.jpg"])["id"]
    deliver()
    assert similar(ben, own) == {}
    ben.refused("GET", f"/v1/files/{photo['id']}/similar", 404, "file_not_found")
    grant = {"email": ben.email, "permission": "view"}
    ana.ok("POST", f"/v1/files/{photo['id']}/grants", 201, json=grant)
    assert similar(ben, own).keys() == {"photo.jpg"}
    assert similar(ben, photo["id"]).keys() == {"mine.jpg"}
    [shown] = ben.get(f"/v1/files/{own}/similar")["items"]
    assert shown["permissions"] == ["view"]
    ben_id = ben.get("/v1/me")["id"]
    ana.ok("DELETE", f"/v1/files/{photo['id']}/grants/{ben_id}", 204)
    assert similar(ben, own) == {}
    ben.refused("GET", f"/v1/files/{photo['id']}/similar", 404, "file_not_found")
