"""Editing a file as a careless, a hurried and a hostile client would."""

from typing import Any

import pytest

from tests.doors import Door


@pytest.fixture
def path(ana: Door) -> str:
    file = ana.upload("Photo One.TXT", b"1", tags="Sea,Sun", caption="before")
    return f"/v1/files/{file['id']}"


def test_of_two_who_read_the_same_version_one_writes(ana: Door, path: str) -> None:
    read = ana("GET", path)
    guard = {"If-Match": read.headers["ETag"]}
    written = ana("PATCH", path, json={"caption": "mine"}, headers=guard)
    assert written.json()["version"] == read.json()["version"] + 1
    assert written.headers["ETag"] == f'"{written.json()["version"]}"'
    for method, body in (("PATCH", {"caption": "theirs"}), ("DELETE", None)):
        problem = ana.refused(method, path, 412, "version_mismatch", json=body, headers=guard)
        assert problem["version"] == written.json()["version"]
    ana.refused("DELETE", f"{path}?permanent=true", 412, "version_mismatch", headers=guard)
    assert ana.get(path)["caption"] == "mine"
    ana.refused("PATCH", path, 400, "malformed", json={"caption": "x"}, headers={"If-Match": "W/1"})


def test_an_edit_that_changes_nothing_is_no_version_and_no_entry(ana: Door, path: str) -> None:
    before = ana.get(path)
    same = {
        name: before[name] for name in ("filename", "caption", "tags", "category", "visibility", "custom")
    }
    for body in ({}, same, {"tags": [" Sea ", "Sun", "SEA"]}):
        assert ana.ok("PATCH", path, 200, json=body) == before
    actions = [entry["action"] for entry in ana.get(f"{path}/activity")["items"]]
    assert "file.changed" not in actions


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("b.txt", "b.txt"),
        ("  naïve résumé.TXT ", "naïve résumé.TXT"),
        ("e\u0301.txt", "é.txt"),
        ("..txt", "..txt"),
        ("a.tar.txt", "a.tar.txt"),
    ],
)
def test_a_new_name_keeps_the_extension(name: str, kept: str, ana: Door, path: str) -> None:
    assert ana.ok("PATCH", path, 200, json={"filename": name})["filename"] == kept


@pytest.mark.parametrize(
    "name",
    ["b.jpg", "b", "txt", ".txt", "b.txt.exe", "a/b.txt", "a\\b.txt", "\u202etxt.gpj.txt", "b\n.txt", " "],
)
def test_a_name_with_another_extension_or_of_signs_that_deceive_is_refused(
    name: str, ana: Door, path: str
) -> None:
    before = ana.get(path)
    assert ana("PATCH", path, json={"filename": name}).status_code == 422
    assert ana.get(path) == before


@pytest.mark.parametrize(
    "body",
    [
        {"size": 1},
        {"owner_id": "x"},
        {"status": "ready"},
        {"tags": None},
        {"tags": [""]},
        {"tags": ["t" * 65]},
        {"tags": [f"t{n}" for n in range(21)]},
        {"visibility": None},
        {"visibility": "everyone"},
        {"caption": "c" * 2001},
        {"custom": []},
        {"custom": {"a": "x" * 9000}},
        {"content_id": ""},
        {"category": "none"},
        {"caption": 1},
        [],
    ],
)
def test_what_no_edit_may_set_is_refused_and_changes_nothing(body: Any, ana: Door, path: str) -> None:
    before = ana.get(path)
    assert ana("PATCH", path, json=body).status_code in {400, 422}
    assert ana.get(path) == before


def test_every_edit_is_in_the_activity_log_with_what_was_before_and_after(ana: Door, path: str) -> None:
    file = ana.get(path)
    change = {"caption": None, "tags": ["Moon", "Sea"], "custom": {"a": [1.5, None]}, "content_id": "post/1"}
    changed = ana.ok("PATCH", path, 200, json=change)
    assert {name: changed[name] for name in change} == change
    [entry] = ana.get(f"{path}/activity?action=file.changed")["items"]
    assert (entry["actor"], entry["target"]) == (file["owner_id"], file["id"])
    assert entry["details"] == {
        "caption": {"before": "before", "after": None},
        "tags": {"before": ["Sea", "Sun"], "after": ["Moon", "Sea"]},
        "custom": {"before": {}, "after": {"a": [1.5, None]}},
        "content_id": {"before": None, "after": "post/1"},
    }
    assert entry["request_id"]
