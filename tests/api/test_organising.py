from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.core.ids import new_id
from tests.conftest import Deliver
from tests.doors import Door


def names(door: Door, query: str) -> list[str]:
    return [item["filename"] for item in door.get(f"/v1/files?sort=filename&{query}")["items"]]


def tags(door: Door, query: str = "") -> dict[str, int]:
    return {tag["name"]: tag["files"] for tag in door.get(f"/v1/tags?{query}")["items"]}


@pytest.fixture
def album(ana: Door) -> list[str]:
    """Return the ids of three tagged files."""
    return [
        ana.upload("a.txt", b"1", tags="Sea,Sun")["id"],
        ana.upload("b.txt", b"22", tags="sea,New York")["id"],
        ana.upload("c.txt", b"333", tags="seaside")["id"],
    ]


def test_tags_are_counted_at_once_and_suggested_by_their_beginning(ana: Door, album: list[str]) -> None:
    assert {name.casefold(): files for name, files in tags(ana).items()} == {
        "new york": 1,
        "sea": 2,
        "seaside": 1,
        "sun": 1,
    }
    assert set(tags(ana, "prefix=SEAS")) == {"seaside"}
    first = ana.get("/v1/tags?limit=2")
    rest = ana.get(f"/v1/tags?limit=10&cursor={first['next_cursor']}")
    assert [tag["name"].casefold() for tag in first["items"] + rest["items"]] == [
        "new york",
        "sea",
        "seaside",
        "sun",
    ]
    ana.ok("DELETE", f"/v1/files/{album[2]}", 204)
    assert "seaside" not in tags(ana)


def test_a_tag_is_renamed_on_all_files_and_found_under_its_new_name(ana: Door, album: list[str]) -> None:
    job = ana.ok("PATCH", f"/v1/tags/{quote('New York')}", 200, json={"name": "Boston"})
    assert (job["state"], job["done"], job["failed"]) == ("finished", 1, 0)
    assert names(ana, "tag=boston") == ["b.txt"]
    assert names(ana, "tag=new york") == names(ana, "q=york") == []
    assert tags(ana, "prefix=b") == {"Boston": 1}
    ana.ok("PATCH", "/v1/tags/boston", 200, json={"name": "BOSTON"})
    assert tags(ana, "prefix=b") == {"BOSTON": 1}
    assert ana.get(f"/v1/files/{album[1]}")["tags"] == ["sea", "BOSTON"]
    ana.refused("PATCH", "/v1/tags/nowhere", 404, "tag_not_found", json={"name": "x"})


def test_tags_that_get_the_same_name_become_one(ana: Door, album: list[str]) -> None:
    ana.ok("PATCH", "/v1/tags/sun", 200, json={"name": "sea"})
    assert names(ana, "tag=sea") == ["a.txt", "b.txt"]
    assert ana.get(f"/v1/files/{album[0]}")["tags"] == ["sea"]
    assert tags(ana, "prefix=sun") == {}


def test_a_deleted_tag_leaves_the_files(ana: Door, album: list[str]) -> None:
    assert ana.ok("DELETE", "/v1/tags/SEA", 200)["done"] == 2
    assert names(ana, "") == ["a.txt", "b.txt", "c.txt"]
    assert [ana.get(f"/v1/files/{file_id}")["tags"] for file_id in album] == [
        ["Sun"],
        ["New York"],
        ["seaside"],
    ]


def own_categories(door: Door) -> list[Any]:
    return [one for one in door.get("/v1/categories")["items"] if not one["shared"]]


def test_a_category_is_made_given_renamed_and_counted(ana: Door) -> None:
    category = ana.ok("POST", "/v1/categories", 201, json={"name": " Holidays "})
    ana.refused("POST", "/v1/categories", 409, "category_exists", json={"name": "holidays"})
    first = ana.upload("a.txt", b"1", category=category["id"])
    second = ana.upload("b.txt", b"2")
    assert first["category"] == category["id"]
    ana.ok("PATCH", f"/v1/files/{second['id']}", 200, json={"category": category["id"]})
    assert names(ana, f"category={category['id']}") == ["a.txt", "b.txt"]
    path = f"/v1/categories/{category['id']}"
    renamed = ana("PATCH", path, json={"name": "Travel"}, headers={"If-Match": '"1"'})
    assert (renamed.json()["name"], renamed.headers["ETag"]) == ("Travel", '"2"')
    ana.refused("PATCH", path, 412, "version_mismatch", json={"name": "x"}, headers={"If-Match": '"1"'})
    [listed] = own_categories(ana)
    assert (listed["name"], listed["files"]) == ("Travel", 2)
    ana.ok("POST", "/v1/categories", 201, json={"name": "Holidays"})


def test_the_files_of_a_deleted_category_go_to_another_or_to_none(ana: Door) -> None:
    one, other = (ana.ok("POST", "/v1/categories", 201, json={"name": n})["id"] for n in ("one", "other"))
    file = ana.upload("a.txt", b"1", category=one)["id"]
    ana.refused("DELETE", f"/v1/categories/{one}?move_to={new_id()}", 422, "category_unknown")
    ana.ok("DELETE", f"/v1/categories/{one}?move_to={other}", 200)
    assert ana.get(f"/v1/files/{file}")["category"] == other
    ana.ok("DELETE", f"/v1/categories/{other}", 200)
    assert ana.get(f"/v1/files/{file}")["category"] is None
    ana.refused("DELETE", f"/v1/categories/{other}", 404, "category_not_found")
    assert own_categories(ana) == []


def test_a_category_of_someone_else_is_no_category(ana: Door, ben: Door) -> None:
    theirs = ana.ok("POST", "/v1/categories", 201, json={"name": "mine"})["id"]
    file = ben.upload("a.txt", b"1")["id"]
    ben.refused("PATCH", f"/v1/files/{file}", 422, "category_unknown", json={"category": theirs})
    ben.refused("PATCH", f"/v1/categories/{theirs}", 404, "category_not_found", json={"name": "x"})
    ben.refused(
        "POST",
        "/v1/files",
        422,
        "category_unknown",
        files={"file": ("b.txt", b"2")},
        data={"category": theirs},
    )
    assert own_categories(ben) == []


def bulk(door: Door, ids: list[str], **what: Any) -> list[tuple[str, str | None]]:
    items = door.ok("POST", "/v1/files/bulk", 200, json={"ids": ids, **what})["items"]
    assert [item["id"] for item in items] == ids
    return [(item["result"], item["code"]) for item in items]


def test_many_files_change_at_once_with_a_result_each(ana: Door, ben: Door, album: list[str]) -> None:
    theirs = ben.upload("x.txt", b"1")["id"]
    ids = [*album, theirs, new_id()]
    missing = ("failed", "file_not_found")
    assert bulk(ana, ids, action="tag", tags=["sea"]) == [
        ("unchanged", None),
        ("unchanged", None),
        ("done", None),
        missing,
        missing,
    ]
    assert names(ana, "tag=sea") == ["a.txt", "b.txt", "c.txt"]
    assert bulk(ana, ids[:1], action="untag", tags=["SEA", "sun"]) == [("done", None)]
    assert bulk(ana, album, action="delete") == [("done", None)] * 3
    assert names(ana, "") == []
    assert bulk(ana, album, action="restore") == [("done", None)] * 3
    assert names(ana, "") == ["a.txt", "b.txt", "c.txt"]
    assert bulk(ana, album[:2], action="visibility", visibility="public") == [("done", None)] * 2
    assert bulk(ana, album, action="visibility", visibility="public")[2] == ("done", None)
    assert bulk(ana, album[1:], action="visibility", visibility="private") == [("done", None)] * 2
    assert names(ana, "visibility=public") == ["a.txt"]
    for wrong in ({"action": "visibility"}, {"action": "delete", "visibility": "public"}):
        ana.refused("POST", "/v1/files/bulk", 422, "invalid", json={"ids": album, **wrong})
    full = [f"t{n}" for n in range(20)]
    assert bulk(ana, album[2:], action="tag", tags=full) == [("failed", "too_many_tags")]
    ana.refused("POST", "/v1/files/bulk", 422, "invalid", json={"ids": album, "action": "tag"})
    ana.refused("POST", "/v1/files/bulk", 422, "invalid", json={"ids": [new_id()] * 101, "action": "delete"})
    assert ben.get(f"/v1/files/{theirs}")["tags"] == []


@pytest.mark.usefixtures("album")
def test_all_files_that_fit_a_filter_change_as_a_job(ana: Door, ben: Door) -> None:
    job = ana.ok("POST", "/v1/jobs", 200, json={"filter": {"tag": "sea"}, "action": "delete"})
    assert (job["action"], job["state"], job["total"], job["done"]) == ("delete", "finished", 2, 2)
    assert ana.get(f"/v1/jobs/{job['id']}") == job
    assert names(ana, "") == ["c.txt"]
    ana.refused("DELETE", f"/v1/jobs/{job['id']}", 409, "job_ended")
    ben.refused("GET", f"/v1/jobs/{job['id']}", 404, "job_not_found")


def test_statistics_tell_what_is_there(ana: Door, deliver: Deliver, album: list[str]) -> None:
    deliver()
    ana.ok("DELETE", f"/v1/files/{album[1]}", 204)
    stats = ana.get("/v1/me/stats")
    assert stats["all"] == stats["by_type"]["document"] == {"files": 2, "bytes": 4}
    assert stats["by_status"] == {"ready": {"files": 2, "bytes": 4}}
    assert stats["by_extension"] == {"txt": {"files": 2, "bytes": 4}}
    assert stats["trash"] == {"files": 1, "bytes": 2}
    assert list(stats["by_month"].values()) == [{"files": 2, "bytes": 4}]
    assert [file["filename"] for file in stats["recent"]] == ["c.txt", "a.txt"]


def test_files_are_attached_to_foreign_things_and_detached(ana: Door, album: list[str]) -> None:
    path = f"/v1/contents/{quote('post/7', safe='')}"
    attached = ana.ok("POST", f"{path}/files", 200, json={"ids": [*album[:2], new_id()]})
    assert [item["result"] for item in attached["items"]] == ["done", "done", "failed"]
    assert [file["filename"] for file in ana.get(f"{path}/files?sort=-filename")["items"]] == [
        "b.txt",
        "a.txt",
    ]
    assert ana.get(f"{path}/files?type=image")["items"] == []
    assert ana.get(f"{path}/files?tag=sun")["items"][0]["content_id"] == "post/7"
    detached = ana.ok("DELETE", path, 200)
    assert (detached["total"], detached["done"]) == (None, 2)
    assert ana.get(f"{path}/files")["items"] == []
    assert names(ana, "") == ["a.txt", "b.txt", "c.txt"]


def test_files_are_exported_as_a_table_that_no_spreadsheet_takes_for_formulas(ana: Door) -> None:
    ana.upload("=SUM(A1).txt", b"1", caption='say "hi", all', tags="Sea")
    ana.upload("é.txt", b"22", caption="-1+1")
    answer = ana("GET", "/v1/files/export.csv?columns=filename,size,tags,caption&sort=size&bom=true")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.decode() == (
        '\ufefffilename,size,tags,caption\r\n\'=SUM(A1).txt,1,Sea,"say ""hi"", all"\r\né.txt,2,,\'-1+1\r\n'
    )
    assert ana("GET", "/v1/files/export.csv?tag=sea").text.count("\r\n") == 2
    ana.refused("GET", "/v1/files/export.csv?columns=password", 422, "invalid")


def test_the_trash_is_emptied_at_once_for_good_and_for_oneself_only(ana: Door, ben: Door) -> None:
    thrown, theirs = ana.upload("a.txt", b"1")["id"], ben.upload("b.txt", b"2")["id"]
    stays = ana.upload("c.txt", b"3")["id"]
    for door, file in ((ana, thrown), (ben, theirs)):
        door.ok("DELETE", f"/v1/files/{file}", 204)
    job = ana.ok("DELETE", "/v1/trash", 200)
    assert (job["action"], job["state"], job["total"], job["done"]) == ("erase", "finished", 1, 1)
    assert ana.get("/v1/trash")["items"] == []
    ana.refused("POST", f"/v1/files/{thrown}/restore", 404, "file_not_found")
    assert [file["id"] for file in ana.get("/v1/files")["items"]] == [stays]
    assert [file["id"] for file in ben.get("/v1/trash")["items"]] == [theirs]
    assert ana.get("/v1/me/activity?action=file.erased")["items"][0]["target"] == thrown
    assert ana.ok("DELETE", "/v1/trash", 200)["done"] == 0
