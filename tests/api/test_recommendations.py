from typing import Any

from tests.conftest import Deliver
from tests.doors import Door


def recommended(door: Door, file_id: str, query: str = "") -> list[Any]:
    found: list[Any] = door.get(f"/v1/files/{file_id}/recommendations{query}")["items"]
    return found


def test_what_goes_with_a_file_is_found_and_explained(ana: Door, deliver: Deliver) -> None:
    category = ana.ok("POST", "/v1/categories", 201, json={"name": "Travel"})["id"]
    about = ana.upload("a.txt", b"1", tags="Sea,Sun", category=category)["id"]
    same = ana.upload("b.txt", b"2", tags="sea,sun", category=category)["id"]
    one_tag = ana.upload("c.txt", b"3", tags="SUN")["id"]
    near = ana.upload("d.txt", b"4")["id"]
    gone = ana.upload("e.txt", b"5", tags="sea,sun")["id"]
    deliver()
    ana.ok("DELETE", f"/v1/files/{gone}", 204)
    found = recommended(ana, about)
    assert [one["id"] for one in found] == [same, one_tag, near]
    assert [one["reasons"]["tags"] for one in found] == [["sea", "sun"], ["sun"], []]
    best = found[0]["reasons"]
    assert best["by_tags"] > best["by_category"] > 0 < best["by_time"]
    assert best["seconds"] < 3600
    for one in found:
        parts = one["reasons"]
        assert one["score"] == round(parts["by_tags"] + parts["by_category"] + parts["by_time"], 3)
    assert [one["id"] for one in recommended(ana, about, "?limit=1")] == [same]
    ana.refused("GET", f"/v1/files/{about}/recommendations?limit=21", 422, "invalid")


def test_only_what_one_may_see_is_recommended_and_ones_own_comes_first(
    ana: Door, ben: Door, deliver: Deliver
) -> None:
    about = ana.upload("a.txt", b"1", tags="sea,sun")["id"]
    private = ana.upload("private.txt", b"2", tags="sea,sun")["id"]
    public = ana.upload("public.txt", b"3", tags="sea,sun")["id"]
    granted = ana.upload("granted.txt", b"4", tags="sea")["id"]
    own = ben.upload("own.txt", b"5", tags="sun")["id"]
    deliver()
    ben.refused("GET", f"/v1/files/{about}/recommendations", 404, "file_not_found")
    ana.ok("PATCH", f"/v1/files/{public}", 200, json={"visibility": "public"})
    for file_id in (about, granted):
        grant = {"email": ben.email, "permission": "view"}
        ana.ok("POST", f"/v1/files/{file_id}/grants", 201, json=grant)
    found = recommended(ben, about)
    assert [one["id"] for one in found] == [own, public, granted]
    assert [one["permissions"] for one in found[1:]] == [["view", "download"], ["view"]]
    assert [one["id"] for one in recommended(ben, own)] == [about, granted]
    assert {one["id"] for one in recommended(ana, about)} == {private, public, granted}
    ana.ok("PATCH", f"/v1/files/{public}", 200, json={"visibility": "private"})
    assert [one["id"] for one in recommended(ben, about)] == [own, granted]
