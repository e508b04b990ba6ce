"""Categories for everybody, over HTTP: admins make them, all see and use them."""

from typing import Any

import pytest

from chalicelib.core.clock import now
from chalicelib.core.ids import new_id
from chalicelib.wiring import library as this_process
from tests.doors import Door

SHARED = "/v1/admin/categories"


@pytest.fixture
def category(admin: Door) -> Any:
    return admin.ok("POST", SHARED, 201, json={"name": f"Holidays {new_id()}"})


def seen(door: Door, category_id: str) -> Any:
    """Return a category as a list shows it to someone, None when it does not."""
    return next((one for one in door.get("/v1/categories")["items"] if one["id"] == category_id), None)


def told(admin: Door, action: str, target: str) -> list[Any]:
    entries = admin.get(f"/v1/admin/activity?action={action}&limit=100")["items"]
    return [entry["details"] for entry in entries if entry["target"] == target]


def test_what_an_admin_makes_everybody_sees_and_uses(
    admin: Door, ana: Door, ben: Door, category: Any
) -> None:
    own = ana.ok("POST", "/v1/categories", 201, json={"name": category["name"]})  # others have their names
    mine = ana.upload("a.txt", b"1", category=category["id"])
    theirs = ben.upload("b.txt", b"22")
    ben.ok("PATCH", f"/v1/files/{theirs['id']}", 200, json={"category": category["id"]})
    for door, file in ((ana, mine), (ben, theirs)):
        found = door.get(f"/v1/files?category={category['id']}")["items"]
        assert [one["id"] for one in found] == [file["id"]]
        assert (seen(door, category["id"])["files"], seen(door, category["id"])["shared"]) == (1, True)
    assert (seen(ana, own["id"])["shared"], seen(ben, own["id"])) == (False, None)
    this_process().files.catalogue.counters.folding.sweep(now())
    (listed,) = [one for one in admin.get(SHARED)["items"] if one["id"] == category["id"]]
    assert (listed["files"], listed["shared"]) == (2, True)
    assert admin.get("/v1/admin/stats")["by_category"][category["id"]] == {"files": 2, "bytes": 3}
    everybodys = admin.get(f"/v1/admin/files?category={category['id']}")["items"]
    assert [one["id"] for one in everybodys] == [theirs["id"], mine["id"]]


def test_only_admins_change_it_and_its_files_stay_in_it(admin: Door, ana: Door, category: Any) -> None:
    file, path = ana.upload("a.txt", b"1", category=category["id"])["id"], f"{SHARED}/{category['id']}"
    for method in ("PATCH", "DELETE"):
        body = {"json": {"name": "mine now"}} if method == "PATCH" else {}
        ana.refused(method, f"/v1/categories/{category['id']}", 404, "category_not_found", **body)
        admin.refused(method, f"{SHARED}/{new_id()}", 404, "category_not_found", **body)
    name = f"Travel {new_id()}"
    changed = admin("PATCH", path, json={"name": name}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["name"]) == (200, name)
    admin.refused("PATCH", path, 412, "version_mismatch", json={"name": "x"}, headers={"If-Match": '"1"'})
    admin.refused("POST", SHARED, 409, "category_exists", json={"name": name.upper()})
    assert (seen(ana, category["id"])["name"], ana.get(f"/v1/files/{file}")["category"]) == (
        name,
        category["id"],
    )
    assert told(admin, "category.renamed", category["id"]) == [{"before": category["name"], "after": name}]
    assert told(admin, "category.made", category["id"]) == [{"name": category["name"]}]


def test_everybodys_files_go_to_another_or_to_none(admin: Door, ana: Door, ben: Door, category: Any) -> None:
    other = admin.ok("POST", SHARED, 201, json={"name": f"Other {new_id()}"})["id"]
    one, first = category["id"], ana.upload("a.txt", b"1", category=category["id"])["id"]
    second, trashed = (ben.upload(f"{n}.txt", n.encode(), category=one)["id"] for n in ("22", "333"))
    ben.ok("DELETE", f"/v1/files/{trashed}", 204)
    own = admin.ok("POST", "/v1/categories", 201, json={"name": new_id()})["id"]
    for nowhere in (new_id(), own):
        admin.refused("DELETE", f"{SHARED}/{one}?move_to={nowhere}", 422, "category_unknown")
    job = admin.ok("DELETE", f"{SHARED}/{one}?move_to={other}", 202)
    assert (job["done"], job["failed"], job["state"]) == (2, 0, "running")  # it goes through them once more
    assert {seen(door, one) for door in (admin, ana, ben)} == {None}
    assert [door.get(f"/v1/files/{file}")["category"] for door, file in ((ana, first), (ben, second))] == [
        other
    ] * 2
    assert ben.ok("POST", f"/v1/files/{trashed}/restore", 200)["category"] is None
    (entry,) = ana.get("/v1/me/activity?action=file.changed")["items"]
    assert entry["details"] == {"category": {"before": one, "after": other}}
    assert entry["actor"] == admin.get("/v1/me")["id"]
    admin.ok("DELETE", f"{SHARED}/{other}", 202)
    assert [door.get(f"/v1/files/{file}")["category"] for door, file in ((ana, first), (ben, second))] == [
        None
    ] * 2
    assert [told(admin, "category.deleted", ended)[0]["files_go_to"] for ended in (one, other)] == [
        other,
        None,
    ]
    ana.refused("PATCH", f"/v1/files/{first}", 422, "category_unknown", json={"category": other})
