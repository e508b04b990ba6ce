"""Files of all owners over HTTP."""

from chalicelib.core.ids import new_id
from tests.doors import Door


def names(door: Door, query: str) -> list[str]:
    return [file["filename"] for file in door.get(f"/v1/admin/files?{query}")["items"]]


def test_an_admin_sees_changes_and_deletes_what_others_have(admin: Door, ana: Door, ben: Door) -> None:
    tag = new_id()
    mine, theirs = ana.upload("ana.txt", b"1", tags=tag), ben.upload("ben.txt", b"2", tags=tag)
    assert names(admin, f"limit=2&tag={tag}&status=processing") == ["ben.txt", "ana.txt"]
    owner = mine["owner_id"]
    assert names(admin, f"owner={owner}&sort=filename&q={tag}") == ["ana.txt"]
    admin.refused("GET", "/v1/admin/files?q=sea", 422, "owner_needed")
    admin.refused("GET", "/v1/admin/files?owner=ana", 422, "invalid")
    first = admin.get(f"/v1/admin/files?limit=1&tag={tag}")
    assert [file["id"] for file in first["items"]] == [theirs["id"]]
    second = admin.get(f"/v1/admin/files?limit=1&tag={tag}&cursor={first['next_cursor']}")
    assert [file["id"] for file in second["items"]] == [mine["id"]]

    path = f"/v1/admin/files/{mine['id']}"
    etag = admin("GET", path).headers["ETag"]
    changed = admin.ok("PATCH", path, 200, json={"caption": "moderated"}, headers={"If-Match": etag})
    assert (changed["caption"], changed["owner_id"]) == ("moderated", owner)
    admin.refused("PATCH", path, 412, "version_mismatch", json={"caption": ""}, headers={"If-Match": etag})
    admin.refused("PATCH", path, 422, "category_unknown", json={"category": mine["id"]})
    admin.ok("DELETE", path, 204)
    assert [file["id"] for file in ana.get("/v1/trash")["items"]] == [mine["id"]]
    assert mine["id"] not in str(admin.get("/v1/admin/files?limit=5"))
    admin.ok("DELETE", f"{path}?permanent=true", 204)
    admin.refused("GET", path, 404, "file_not_found")

    entries = ana.get("/v1/me/activity?action=file.")["items"]
    assert [entry["action"] for entry in entries] == ["file.erased", "file.trashed", "file.changed"]
    who = admin.get("/v1/me")["id"]
    assert {entry["actor"] for entry in entries} == {who}
    assert entries[2]["details"] == {"caption": {"before": None, "after": "moderated"}}
    assert admin.get(f"/v1/admin/activity?user={owner}&action=file.changed")["items"][0]["actor"] == who
