import io
import zipfile
from typing import Any

import requests

from chalicelib.core.ids import new_id
from tests.conftest import Deliver
from tests.doors import Door


def test_an_export_is_begun_followed_fetched_and_removed(ana: Door, ben: Door, do_jobs: Deliver) -> None:
    ana.upload("=cmd.txt", b"1", tags="sea")
    ana.upload("b.txt", b"22")
    body = {"filter": {"tag": ["sea"]}, "columns": ["filename", "size", "tags"], "bom": True}
    begun = ana("POST", "/v1/exports", json=body)
    export = begun.json()
    assert (begun.status_code, export["state"], export["url"]) == (202, "running", None)
    assert (export["expected"], export["files"]) == (1, 0)
    path = begun.headers["Location"]
    assert ana.get(path) == export
    do_jobs()
    done = ana.get(path)
    assert (done["state"], done["files"], done["kind"]) == ("finished", 1, "table")
    assert requests.get(done["url"], timeout=10).content.decode() == (
        "\ufefffilename,size,tags\r\n'=cmd.txt,1,sea\r\n"
    )
    assert [one["id"] for one in ana.get("/v1/exports")["items"]] == [export["id"]]
    assert ben.get("/v1/exports")["items"] == []
    ben.refused("GET", path, 404, "export_not_found")
    ben.refused("DELETE", path, 404, "export_not_found")
    ana.ok("DELETE", path, 204)
    do_jobs()
    assert requests.get(done["url"], timeout=10).status_code == 404
    ana.refused("GET", path, 404, "export_not_found")
    ana.refused("DELETE", path, 404, "export_not_found")


def test_files_are_packed_into_one_archive(ana: Door, ben: Door, do_jobs: Deliver, deliver: Deliver) -> None:
    first, second = ana.upload("tea.txt", b"tea", tags="sea"), ana.upload("tea.txt", b"more tea")
    deliver()
    body = {"ids": [first["id"], second["id"], first["id"]], "name": "\u8336"}
    begun = ana("POST", "/v1/exports/zip", json=body)
    assert (begun.status_code, begun.json()["kind"], begun.json()["expected"]) == (202, "archive", 2)
    by_filter = ana.ok("POST", "/v1/exports/zip", 202, json={"filter": {"tag": ["sea"]}})
    do_jobs()
    done = ana.get(begun.headers["Location"])
    assert (done["state"], done["files"], done["expected_size"], done["error"]) == ("finished", 2, 11, None)
    answer = requests.get(done["url"], timeout=10)
    assert answer.headers["Content-Disposition"].endswith("filename*=UTF-8''%E8%8C%B6.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "tea.txt": b"tea",
            "tea (2).txt": b"more tea",
        }
    assert ana.get(f"/v1/exports/{by_filter['id']}")["files"] == 1
    ben.refused("GET", begun.headers["Location"], 404, "export_not_found")


def test_a_file_that_another_lends_is_packed(
    ana: Door, ben: Door, do_jobs: Deliver, deliver: Deliver
) -> None:
    file = ana.upload("tea.txt", b"tea")["id"]
    deliver()
    ana.ok("POST", f"/v1/files/{file}/grants", 201, json={"email": ben.email, "permission": "download"})
    export = ben.ok("POST", "/v1/exports/zip", 202, json={"ids": [file]})["id"]
    do_jobs()
    assert ben.get(f"/v1/exports/{export}")["files"] == 1


def test_what_cannot_be_packed_is_refused(ana: Door, ben: Door, deliver: Deliver) -> None:
    file = ana.upload("tea.txt", b"tea")["id"]
    deliver()
    wrong: list[dict[str, Any]] = [
        {},
        {"ids": []},
        {"ids": ["x"]},
        {"ids": [file], "filter": {}},
        {"filter": {}, "name": "a/b"},
    ]
    for body in wrong:
        answer = ana("POST", "/v1/exports/zip", json=body)
        assert answer.status_code == 422, answer.text
    for ids in ([new_id()], [file]):
        ben.refused("POST", "/v1/exports/zip", 404, "file_not_found", json={"ids": ids})


def test_exports_are_listed_newest_first_in_pages(ana: Door) -> None:
    ids = [ana.ok("POST", "/v1/exports", 202, json={})["id"] for _ in range(3)]
    first = ana.get("/v1/exports?limit=2")
    rest = ana.get(f"/v1/exports?cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None


def test_the_same_request_again_begins_no_second_export(ana: Door) -> None:
    headers = {"Idempotency-Key": new_id()}
    one, other = (ana.ok("POST", "/v1/exports", 202, json={}, headers=headers) for _ in range(2))
    assert one["id"] == other["id"]
    assert len(ana.get("/v1/exports")["items"]) == 1


def test_what_cannot_be_exported_is_refused(ana: Door) -> None:
    wrong: list[dict[str, Any]] = [
        {"columns": ["password"]},
        {"columns": []},
        {"filter": {"owner": new_id()}},
        {"format": "xlsx"},
        {"sort": "colour"},
    ]
    for body in wrong:
        ana.refused("POST", "/v1/exports", 422, "invalid", json=body)
    ana.refused("GET", "/v1/exports?cursor=nonsense", 400, "cursor_invalid")
