"""Walks every route of a file as those to whom it is not their own: strangers, the public, and each kind of grantee.

A new route under /v1/files/{file_id} fails this test until it stands in the table with the permission that it takes.
"""

from typing import Any

import pytest

from chalicelib.api.endpoint import Who
from chalicelib.api.routing import every_route
from chalicelib.core.ids import new_id
from tests.conftest import MEDIA, Deliver
from tests.doors import Door

NEEDS = {
    "GET /v1/files/{file_id}": "view",
    "PATCH /v1/files/{file_id}": "edit",
    "DELETE /v1/files/{file_id}": "delete",
    "GET /v1/files/{file_id}/download": "download",
    "GET /v1/files/{file_id}/renditions": "view",
    "GET /v1/files/{file_id}/renditions/{name}": "view",
    "GET /v1/files/{file_id}/thumbnail": "view",
    "PUT /v1/files/{file_id}/thumbnail": "edit",
    "DELETE /v1/files/{file_id}/thumbnail": "edit",
    "GET /v1/files/{file_id}/metadata": "view",
    "GET /v1/files/{file_id}/recommendations": "view",
    "GET /v1/files/{file_id}/similar": "view",
    "GET /v1/files/{file_id}/jobs": "view",
    "GET /v1/files/{file_id}/activity": "share",
    "GET /v1/files/{file_id}/usage": "share",
    "POST /v1/files/{file_id}/reprocess": "edit",
    "POST /v1/files/{file_id}/restore": "delete",
    "POST /v1/files/{file_id}/links": "share",
    "GET /v1/files/{file_id}/links": "share",
    "POST /v1/files/{file_id}/grants": "share",
    "GET /v1/files/{file_id}/grants": "share",
    "DELETE /v1/files/{file_id}/grants/{user_id}": "share",
}
HELD = {"view": {"view"}, "download": {"view", "download"}, "edit": {"view", "download", "edit"}}
PHOTO = (MEDIA / "photo.jpg").read_bytes()
SENT: dict[str, Any] = {
    "PATCH /v1/files/{file_id}": {"json": {"caption": "changed"}},
    "PUT /v1/files/{file_id}/thumbnail": {"files": {"file": ("photo.jpg", PHOTO)}},
    "POST /v1/files/{file_id}/links": {"json": {}},
    "POST /v1/files/{file_id}/grants": {"json": {"email": "someone@example.org", "permission": "view"}},
}
WITHOUT_TOKEN = {f"{route.method} {route.path}" for route in every_route() if route.who is Who.PUBLIC}
OF_FILES = [
    f"{route.method} {route.path}" for route in every_route() if route.path.startswith("/v1/files/{file_id}")
]


def test_the_table_names_every_route_of_a_file() -> None:
    assert set(NEEDS) == set(OF_FILES)


@pytest.fixture
def file(ana: Door, deliver: Deliver) -> Any:
    made = ana.upload("photo.jpg", PHOTO)
    deliver()
    return made


def outcome(door: Door, route: str, file: Any) -> tuple[int, str]:
    method, path = route.split(" ")
    concrete = (
        path.replace("{file_id}", file["id"])
        .replace("{user_id}", file["owner_id"])
        .replace("{name}", "preview")
    )
    answer = door(method, concrete, **SENT.get(route, {}))
    problem = answer.headers.get("Content-Type") == "application/problem+json"
    return answer.status_code, answer.json()["code"] if problem else ""


@pytest.mark.parametrize("permission", HELD)
def test_a_grant_gives_exactly_its_rights_on_every_route(
    ana: Door, ben: Door, file: Any, permission: str
) -> None:
    grants = f"/v1/files/{file['id']}/grants"
    given = ana.ok("POST", grants, 201, json={"email": ben.email, "permission": permission})
    for route, needed in NEEDS.items():
        status, code = outcome(ben, route, file)
        if needed in HELD[permission]:
            assert status in {200, 202, 204, 302}, (route, status, code)
        else:
            assert (status, code) == (403, "permission_missing"), route
    assert set(ben.get(f"/v1/files/{file['id']}")["permissions"]) == HELD[permission]
    ana.ok("DELETE", f"{grants}/{given['user_id']}", 204)
    for route in NEEDS:
        assert outcome(ben, route, file) == (404, "file_not_found"), route


@pytest.mark.parametrize("route", NEEDS)
def test_a_stranger_is_told_that_a_private_file_does_not_exist(
    ana: Door, ben: Door, file: Any, route: str
) -> None:
    assert outcome(ben, route, file) == (404, "file_not_found")
    assert outcome(Door(ana.base_url), route, file) in {(404, "file_not_found"), (401, "unauthenticated")}


def test_a_public_file_is_read_by_anyone_and_changed_by_nobody_else(
    ana: Door, ben: Door, anyone: Door, file: Any
) -> None:
    ana.ok("PATCH", f"/v1/files/{file['id']}", 200, json={"visibility": "public"})
    for route, needed in NEEDS.items():
        reads = needed in {"view", "download"}
        allowed = {(200, ""), (302, "")}
        assert outcome(ben, route, file) in (allowed if reads else {(403, "permission_missing")}), route
        unsigned = allowed if route in WITHOUT_TOKEN else {(401, "unauthenticated")}
        assert outcome(anyone, route, file) in unsigned, route
        assert reads or route not in WITHOUT_TOKEN


def test_a_list_by_owner_shows_what_is_shared_and_nothing_of_whether_there_is_more(
    ana: Door, ben: Door, deliver: Deliver
) -> None:
    shared, public, _ = (ana.upload(f"{n}.txt", n.encode(), tags="secret") for n in ("a", "b", "c"))
    deliver()
    ana.ok("PATCH", f"/v1/files/{public['id']}", 200, json={"visibility": "public"})
    grant = {"email": ben.email, "permission": "download"}
    ana.ok("POST", f"/v1/files/{shared['id']}/grants", 201, json=grant)
    mine = ben.upload("mine.txt", b"mine")["id"]
    owner, own = (door.get("/v1/me")["id"] for door in (ana, ben))
    by_owner = ben.get(f"/v1/files?owner={owner}")
    assert [(one["id"], one["permissions"]) for one in by_owner["items"]] == [
        (shared["id"], ["view", "download"])
    ]
    assert [one["id"] for one in ben.get(f"/v1/files?owner={own}")["items"]] == [mine]
    assert shared["id"] in ben("GET", f"/v1/files/export.csv?owner={owner}&columns=id").text
    empty: dict[str, Any] = {"items": [], "next_cursor": None, "total": None}
    stranger = ben.signed_up("eve")
    for query in (f"owner={owner}", f"owner={new_id()}", f"owner={owner}&tag=secret&sort=size"):
        assert stranger.get(f"/v1/files?{query}") == empty
    assert ben.get(f"/v1/files?owner={owner}&tag=none") == empty
    ben.refused("GET", "/v1/files?owner=everyone", 422, "invalid")
