from urllib.parse import unquote

import requests

from chalicelib.core.ids import new_id
from tests.conftest import MEDIA, Deliver
from tests.doors import Door

VIDEO = (MEDIA / "faststart.mp4").read_bytes()


def test_the_list_is_newest_first_and_pages_to_its_end(ana: Door) -> None:
    ids = [ana.upload(f"{n}.txt", str(n).encode())["id"] for n in range(5)]
    found: list[str] = []
    path = "/v1/files?limit=2"
    while True:
        page = ana.get(path)
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        path = f"/v1/files?limit=2&cursor={page['next_cursor']}"
    assert found == ids[::-1]


def test_the_list_refuses_what_it_does_not_understand(ana: Door) -> None:
    ana.refused("GET", "/v1/files?limit=0", 422, "invalid")
    ana.refused("GET", "/v1/files?limit=101", 422, "invalid")
    ana.refused("GET", "/v1/files?colour=red", 422, "invalid")
    ana.refused("GET", "/v1/files?cursor=AAAA", 400, "cursor_invalid")


def names(door: Door, query: str) -> list[str]:
    return [item["filename"] for item in door.get(f"/v1/files?{query}")["items"]]


def test_filters_combine_with_each_other_and_with_any_order(ana: Door, deliver: Deliver) -> None:
    ana.upload("b.txt", b"1", tags="Sea,Sun", content_id="post/7")
    ana.upload("A.txt", b"333", tags="sea")
    second = ana.upload("c.csv", b"2,2\n", tags="sun", visibility="public")
    deliver()
    assert names(ana, "tag=SEA&sort=filename") == ["A.txt", "b.txt"]
    assert names(ana, "tag=sea&tag=sun") == ["b.txt"]
    assert names(ana, "type=document&ext=TXT&status=ready&sort=-size") == ["A.txt", "b.txt"]
    assert names(ana, "min_size=2&max_size=3") == ["A.txt"]
    assert names(ana, "content_id=post/7&sort=size") == ["b.txt"]
    assert names(ana, "visibility=public&tag=sun") == ["c.csv"]
    assert names(ana, "visibility=private&tag=sun") == ["b.txt"]
    assert names(ana, "type=image") == names(ana, "status=failed") == []
    assert names(ana, f"created_after={second['created_at']}") == ["c.csv"]
    assert names(ana, f"created_before={second['created_at']}&sort=filename") == ["A.txt", "b.txt"]
    ana.refused("GET", "/v1/files?sort=colour", 422, "invalid")
    ana.refused("GET", "/v1/files?created_after=yesterday", 422, "invalid")


def test_words_find_files_by_name_tags_caption_and_own_fields_in_any_script(ana: Door) -> None:
    ana.upload(
        "IMG_1234.txt", b"1", caption="Étés à la plage", metadata='{"place": {"city": "Łódź"}, "n": [77]}'
    )
    ana.upload("東京旅行.txt", b"2", tags="New York")
    for asked in (
        "img",
        "1234",
        "img_1234.txt",
        "ete",
        "PLAGE",
        "pla",
        "lodz",
        "77",
        "img plage&type=document",
    ):
        assert names(ana, f"q={asked}") == ["IMG_1234.txt"], asked
    for asked in ("旅行", "京", "york", "york txt"):
        assert names(ana, f"q={asked}&sort=filename") == ["東京旅行.txt"], asked
    for asked in ("pl", "plages", "234", "行旅", "img york"):
        assert names(ana, f"q={asked}") == [], asked


def test_a_cursor_belongs_to_its_filters_and_its_order(ana: Door) -> None:
    for number in range(3):
        ana.upload(f"{number}.txt", str(number).encode())
    cursor = ana.get("/v1/files?limit=1&ext=txt")["next_cursor"]
    assert names(ana, f"limit=1&ext=txt&cursor={cursor}") == ["1.txt"]
    ana.refused("GET", f"/v1/files?limit=1&cursor={cursor}", 400, "cursor_invalid")
    ana.refused("GET", f"/v1/files?ext=txt&sort=size&cursor={cursor}", 400, "cursor_invalid")


def test_a_search_puts_the_best_first_and_says_why(ana: Door, deliver: Deliver) -> None:
    ana.upload("beach house.txt", b"1")
    ana.upload("house.txt", b"2", tags="beach")
    ana.upload("a.txt", b"3", caption="house on the beach")
    ana.upload("beachhouse.txt", b"4", metadata='{"where": "house"}')
    ana.upload("house.csv", b"5,5\n", caption="beach")
    deliver()
    page = ana.get("/v1/search?q=beach house&ext=txt")
    assert [(item["filename"], item["matched"]) for item in page["items"]] == [
        ("beach house.txt", ["filename"]),
        ("house.txt", ["filename", "tags"]),
        ("beachhouse.txt", ["filename", "custom"]),
        ("a.txt", ["caption"]),
    ]
    scores = [item["score"] for item in page["items"]]
    assert scores == sorted(scores, reverse=True)
    first = ana.get("/v1/search?q=beach&title=house&limit=1")
    assert [item["filename"] for item in first["items"]] == ["beach house.txt"]
    rest = ana.get(f"/v1/search?q=beach&title=house&cursor={first['next_cursor']}")
    assert {item["filename"] for item in rest["items"]} == {"house.txt", "house.csv"}
    ana.refused("GET", "/v1/search?q=...", 422, "invalid")
    ana.refused("GET", f"/v1/search?q=house&cursor={first['next_cursor']}", 400, "cursor_invalid")


def test_the_title_that_a_file_has_in_itself_is_found(ana: Door, deliver: Deliver) -> None:
    ana.upload("report.pdf", (MEDIA / "report.pdf").read_bytes())
    deliver()
    [file] = ana.get("/v1/files")["items"]
    word = file["metadata"]["title"].split()[0]
    [hit] = ana.get(f"/v1/search?title={word}")["items"]
    assert (hit["id"], hit["filename"]) == (file["id"], "report.pdf")
    assert "title" in hit["matched"]


def test_what_has_not_changed_is_not_sent_again(ana: Door) -> None:
    file = ana.upload("a.txt", b"words")
    first = ana("GET", f"/v1/files/{file['id']}")
    again = ana("GET", f"/v1/files/{file['id']}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_rename_guarded_by_the_version_loses_no_other_change(ana: Door) -> None:
    file = ana.upload("a.txt", b"words")
    path, guard = f"/v1/files/{file['id']}", {"If-Match": '"1"'}
    renamed = ana("PATCH", path, json={"filename": "b.txt"}, headers=guard)
    assert (renamed.json()["filename"], renamed.headers["ETag"]) == ("b.txt", '"2"')
    ana.refused("PATCH", path, 412, "version_mismatch", json={"filename": "c.txt"}, headers=guard)
    ana.refused("DELETE", path, 412, "version_mismatch", headers=guard)
    for other in (guard, {"If-Match": '"0"'}):
        ana.refused("DELETE", f"{path}?permanent=true", 412, "version_mismatch", headers=other)
    ana.refused("PATCH", path, 400, "malformed", json={"filename": "c.txt"}, headers={"If-Match": "2"})
    assert ana.get(path)["filename"] == "b.txt"


def test_fields_are_set_and_cleared(ana: Door) -> None:
    path = f"/v1/files/{ana.upload('a.txt', b'words', caption='x')['id']}"
    changed = ana.ok("PATCH", path, 200, json={"caption": None, "tags": ["a", "b", "a"], "custom": {"k": 1}})
    assert (changed["caption"], changed["tags"], changed["custom"]) == (None, ["a", "b"], {"k": 1})
    ana.refused("PATCH", path, 422, "invalid", json={"tags": None})
    ana.refused("PATCH", path, 422, "invalid", json={"filename": None})
    ana.refused("PATCH", path, 422, "invalid", json={"size": 1})


def test_a_download_leads_to_the_bytes_under_their_own_name(ana: Door, deliver: Deliver) -> None:
    file = ana.upload("Über Bord.mp4", VIDEO)
    ana.refused("GET", f"/v1/files/{file['id']}/download", 409, "file_not_ready")
    deliver()
    answer = ana("GET", f"/v1/files/{file['id']}/download?disposition=inline")
    assert (answer.status_code, answer.content) == (302, b"")
    bytes_ = requests.get(answer.headers["Location"], headers={"Range": "bytes=100-199"}, timeout=10)
    assert (bytes_.status_code, bytes_.content) == (206, VIDEO[100:200])
    assert bytes_.headers["Content-Range"] == f"bytes 100-199/{len(VIDEO)}"
    assert bytes_.headers["Content-Type"] == "video/mp4"
    disposition = bytes_.headers["Content-Disposition"]
    assert disposition.startswith("inline; ")
    assert unquote(disposition.split("''")[1]) == "Über Bord.mp4"


def test_a_download_without_redirect_names_the_address(ana: Door, deliver: Deliver) -> None:
    file = ana.upload("a.txt", b"words")
    deliver()
    delivery = ana.get(f"/v1/files/{file['id']}/download?redirect=false")
    answer = requests.get(delivery["url"], timeout=10)
    assert answer.content == b"words"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert delivery["expires_at"].endswith("Z")


def test_a_deleted_file_comes_back_from_the_trash_and_an_erased_one_does_not(ana: Door) -> None:
    file = ana.upload("a.txt", b"words")
    path = f"/v1/files/{file['id']}"
    ana.ok("DELETE", path, 204)
    assert ana.get("/v1/files")["items"] == []
    assert [item["id"] for item in ana.get("/v1/trash")["items"]] == [file["id"]]
    assert ana.ok("POST", f"{path}/restore", 200)["trashed_at"] is None
    assert [item["id"] for item in ana.get("/v1/files")["items"]] == [file["id"]]
    ana.ok("DELETE", f"{path}?permanent=true", 204)
    ana.refused("GET", path, 404, "file_not_found")
    assert ana.get("/v1/trash")["items"] == []


def test_only_the_owner_sees_a_file(ana: Door, ben: Door) -> None:
    theirs = ana.upload("a.txt", b"words")["id"]
    for file_id, code in ((theirs, "file_not_found"), (new_id(), "file_not_found")):
        path = f"/v1/files/{file_id}"
        problems = [
            ben.refused("GET", path, 404, code),
            ben.refused("PATCH", path, 404, code, json={"caption": "mine"}),
            ben.refused("DELETE", path, 404, code),
            ben.refused("GET", f"{path}/download", 404, code),
            ben.refused("POST", f"{path}/restore", 404, code),
        ]
        assert {problem["detail"] for problem in problems} == {"There is no such file."}
    ben.refused("GET", "/v1/files/not-an-id", 404, "not_found")
    assert ben.get("/v1/files")["items"] == []
