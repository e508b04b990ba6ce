"""Tags, bulk work and contents as hostile and careless clients use them: odd names, others' things, twice, too late."""

from urllib.parse import quote

import pytest

from chalicelib.core.ids import new_id
from tests.doors import Door

ODD = ("a/b", "50%", "what?", "#1", "x|y", "🎉", "a+b c", "...", "ünï", "東京/大阪", "%2F", "it's")


def path_of(tag: str) -> str:
    return f"/v1/tags/{quote(tag, safe='')}"


@pytest.mark.parametrize("tag", ODD)
def test_a_tag_of_any_signs_is_listed_found_renamed_and_deleted(tag: str, ana: Door) -> None:
    file = ana.ok("POST", "/v1/files", 201, files={"file": ("a.txt", b"1")})["id"]
    ana.ok("PATCH", f"/v1/files/{file}", 200, json={"tags": [tag, "other"]})
    assert tag in [one["name"] for one in ana.get("/v1/tags", params={"prefix": tag})["items"]]
    assert [one["id"] for one in ana.get("/v1/files", params={"tag": tag})["items"]] == [file]
    assert ana.ok("PATCH", path_of(tag), 200, json={"name": f"{tag}2"})["done"] == 1
    ana.refused("PATCH", path_of(tag), 404, "tag_not_found", json={"name": "x"})
    assert ana.ok("DELETE", path_of(f"{tag}2"), 200)["done"] == 1
    ana.refused("DELETE", path_of(f"{tag}2"), 404, "tag_not_found")
    assert ana.get(f"/v1/files/{file}")["tags"] == ["other"]


@pytest.mark.parametrize("name", [".", "..", " . ", "\uff0e", "\u2025"])
def test_what_no_address_can_name_is_no_tag_and_no_content(name: str, ana: Door) -> None:
    """Clients fold segments of one or two dots: `/v1/tags/..` becomes `/v1/`."""
    file = ana.upload("a.txt", b"1", tags="sea")
    path = f"/v1/files/{file['id']}"
    refused = [
        ana.refused("PATCH", path, 422, "invalid", json={"tags": ["fine", name]}),
        ana.refused("PATCH", "/v1/tags/sea", 422, "invalid", json={"name": name}),
        ana.refused(
            "POST", "/v1/files", 422, "invalid", files={"file": ("b.txt", b"2")}, data={"tags": name}
        ),
        ana.refused("PATCH", path, 422, "invalid", json={"content_id": name}),
    ]
    body = {"ids": [file["id"]], "action": "tag", "tags": [name]}
    refused.append(ana.refused("POST", "/v1/files/bulk", 422, "invalid", json=body))
    assert all("no address can name" in one["errors"][0]["message"] for one in refused)
    assert ana.get(path)["version"] == file["version"]


@pytest.mark.parametrize("content", ["post/7", "50%", "a b?c=#d", "東京", "..%2F..", "a" * 200])
def test_a_content_of_any_name_has_its_own_files(content: str, ana: Door, ben: Door) -> None:
    path = f"/v1/contents/{quote(content, safe='')}"
    mine, thrown = (ana.upload(f"{n}.txt", n.encode())["id"] for n in ("a", "b"))
    theirs = ben.upload("c.txt", b"c", content_id=content)["id"]
    ana.ok("DELETE", f"/v1/files/{thrown}", 204)
    attached = ana.ok("POST", f"{path}/files", 200, json={"ids": [mine, theirs, thrown, mine]})["items"]
    assert [(one["id"], one["result"]) for one in attached] == [
        (mine, "done"),
        (theirs, "failed"),
        (thrown, "done"),
    ]
    assert [one["id"] for one in ana.get(f"{path}/files")["items"]] == [mine]
    assert ana.ok("DELETE", path, 200)["done"] == 1
    assert ana.ok("DELETE", path, 200)["done"] == 0
    assert [one["id"] for one in ben.get(f"{path}/files")["items"]] == [theirs]
    assert ana.get(f"/v1/files/{mine}")["content_id"] is None


def test_bulk_work_does_nothing_to_what_is_not_ones_own(ana: Door, ben: Door) -> None:
    theirs = ben.upload("x.txt", b"1", tags="sea")["id"]
    category = ben.ok("POST", "/v1/categories", 201, json={"name": "mine"})["id"]
    before = ben.get(f"/v1/files/{theirs}")
    for action in ({"action": "delete"}, {"action": "tag", "tags": ["x"]}, {"action": "restore"}):
        [item] = ana.ok("POST", "/v1/files/bulk", 200, json={"ids": [theirs], **action})["items"]
        assert (item["result"], item["code"]) == ("failed", "file_not_found")
        if action["action"] != "restore":
            assert ana.ok("POST", "/v1/jobs", 200, json={"filter": {"tag": "sea"}, **action})["done"] == 0
    body = {"action": "categorise", "category": category}
    ana.refused("POST", "/v1/files/bulk", 422, "category_unknown", json={"ids": [theirs], **body})
    ana.refused("POST", "/v1/jobs", 422, "category_unknown", json={"filter": {}, **body})
    assert ben.get(f"/v1/files/{theirs}") == before
    for wrong in (False, True, "x", -1):
        body = {"filter": {"min_size": wrong}, "action": "delete"}
        ana.refused("POST", "/v1/jobs", 422, "invalid", json=body)
    ana.refused("POST", "/v1/jobs", 422, "invalid", json={"filter": {}, "action": "restore"})
    ana.refused("GET", f"/v1/jobs/{new_id()}", 404, "job_not_found")


def test_bulk_work_leaves_counts_that_counting_finds(ana: Door) -> None:
    files = [ana.upload(f"{n}.txt", str(n).encode(), tags="Sea,Sun")["id"] for n in range(5)]
    bulk = {"ids": files[:3], "action": "untag", "tags": ["SEA"]}
    for _ in range(2):
        ana.ok("POST", "/v1/files/bulk", 200, json=bulk)
    ana.ok("POST", "/v1/files/bulk", 200, json={"ids": files[2:4], "action": "delete"})
    ana.ok("POST", "/v1/jobs", 200, json={"filter": {"tag": "sun"}, "action": "tag", "tags": ["sea", "Moon"]})
    counted = {tag["name"].casefold(): tag["files"] for tag in ana.get("/v1/tags")["items"]}
    assert counted == {"moon": 3, "sea": 3, "sun": 3}
    stats = ana.get("/v1/me/stats")
    assert (stats["all"]["files"], stats["trash"]["files"]) == (3, 2)
    ana.ok("POST", "/v1/files/bulk", 200, json={"ids": files, "action": "restore"})
    counted = {tag["name"].casefold(): tag["files"] for tag in ana.get("/v1/tags")["items"]}
    assert counted == {"moon": 3, "sea": 4, "sun": 5}
