"""Walks every route with things that really exist: as their owner, as strangers, by API keys, after revocation."""

import functools
import re
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.api.endpoint import Route, Who
from chalicelib.api.routing import every_route
from chalicelib.core.caller import Origin, Role, Scope
from chalicelib.core.ids import new_id
from chalicelib.wiring import library as this_process
from tests.conftest import new_caller, newcomer
from tests.doors import PASSWORD, Door

NAMES = {f"{route.method} {route.path}": route for route in every_route()}
OWNED = [
    name
    for name, route in NAMES.items()
    if re.search(r"\{\w+_id\}", name) and route.who in {Who.USER, Who.WRITER}
]
GUARDED = [name for name, route in NAMES.items() if route.who is not Who.ANYONE]
WRITES = [name for name in GUARDED if not name.startswith("GET ") or NAMES[name].who is Who.ADMIN]

SHARES = {
    "POST /v1/files/{file_id}/grants",
    "DELETE /v1/files/{file_id}/grants/{user_id}",
    "POST /v1/files/{file_id}/links",
    "PATCH /v1/links/{link_id}",
    "DELETE /v1/links/{link_id}",
    "POST /v1/file-requests",
    "PATCH /v1/file-requests/{file_request_id}",
    "DELETE /v1/file-requests/{file_request_id}",
}
FOR_SESSIONS = {
    "POST /v1/auth/logout",
    "POST /v1/auth/logout-all",
    "POST /v1/auth/verify-email/resend",
    "PATCH /v1/me",
    "DELETE /v1/me",
    "POST /v1/me/password",
    "PUT /v1/me/avatar",
    "DELETE /v1/me/avatar",
    "GET /v1/me/sessions",
    "DELETE /v1/me/sessions/{session_id}",
    "GET /v1/me/api-keys",
    "POST /v1/me/api-keys",
    "DELETE /v1/me/api-keys/{key_id}",
}
READS = {"POST /v1/exports", "POST /v1/exports/zip", "DELETE /v1/exports/{export_id}"}
"""They change nothing in the library."""
HIDDEN = re.compile(r"(file|upload|link|session|key|account|export|request|category)_not_found")
SHA = "ab" * 32
NOTHING_WRITTEN = {
    "PUT /v1/me/avatar": (404, "file_not_found"),  # there is no picture
    "DELETE /v1/files/{file_id}/thumbnail": (204, ""),  # none was chosen
    "POST /v1/files/{file_id}/reprocess": (409, "file_not_examined"),  # it has just come in
    "DELETE /v1/jobs/{job_id}": (409, "job_ended"),  # so small a job is done at once
}
"""What answers these requests before they would write, whoever asks."""
TAGGING: dict[str, Any] = {"action": "tag", "tags": ["x"]}


def scope_of(name: str) -> Scope | None:
    """Return the scope that a route is declared here to need: by its kind, but for the lists above."""
    if name in FOR_SESSIONS:
        return None
    if name in SHARES:
        return Scope.SHARE
    if "/v1/admin/" in name:
        return Scope.ADMIN
    return Scope.READ if name.startswith("GET ") or name in READS else Scope.WRITE


def a_file(door: Door) -> str:
    return str(door.upload("a.txt", new_id().encode())["id"])


def a_link(door: Door) -> str:
    return str(door.ok("POST", f"/v1/files/{a_file(door)}/links", 201, json={})["id"])


def a_request(door: Door) -> str:
    return str(door.ok("POST", "/v1/file-requests", 201, json={"name": "Photos"})["id"])


def a_session(door: Door) -> str:
    door.pair()
    return str(door.get("/v1/me/sessions")["items"][0]["id"])


def a_key(door: Door) -> str:
    return str(door.ok("POST", "/v1/me/api-keys", 201, json={"name": "x", "scopes": ["read"]})["id"])


def a_tag(door: Door) -> str:
    door.upload("a.txt", new_id().encode(), tags="sea")
    return "sea"


def a_shared_category(_: Door) -> str:
    admin = new_caller(Role.ADMIN)
    return this_process().files.catalogue.categories.add(admin, f"Art {new_id()}", shared=True).id


MADE: dict[str, Callable[[Door], str]] = {
    "{file_id}": a_file,
    "{upload_id}": lambda door: str(door.begin("a.txt", new_id().encode())["upload_id"]),
    "{link_id}": a_link,
    "{session_id}": a_session,
    "{key_id}": a_key,
    "{user_id}": lambda door: str(newcomer(door.base_url, "eve").get("/v1/me")["id"]),
    "{name}": lambda _: "thumbnail",
    "{tag}": a_tag,
    "{content}": lambda _: "post-1",
    "{category_id}": lambda door: str(door.ok("POST", "/v1/categories", 201, json={"name": "Art"})["id"]),
    "{shared_category_id}": a_shared_category,
    "{file_request_id}": a_request,
    "{export_id}": lambda door: str(door.ok("POST", "/v1/exports", 202, json={})["id"]),
    "{job_id}": lambda door: str(door("POST", "/v1/jobs", json=TAGGING | {"filter": {}}).json()["id"]),
}
"""How to make what a path names; a new parameter needs its line."""


def things(door: Door, name: str) -> str:
    """Return the concrete path of a route to something of this door's, made for it."""
    path = re.sub(r"\{\w+\}", lambda found: MADE[found[0]](door), NAMES[name].path)
    if "/grants/" in path:
        eve = this_process().administration.get(path.rsplit("/", 1)[1])
        door.ok("POST", path.rsplit("/", 1)[0], 201, json={"email": eve.email, "permission": "view"})
    if path.endswith("/restore"):
        door.ok("DELETE", path.removesuffix("/restore"), 204)
    return path


@functools.cache
def somebody() -> str:
    """Return the address of an account."""
    email = f"somebody-{new_id()}@example.org"
    this_process().accounts.open(email, PASSWORD, None, Origin(), role=Role.VIEWER)
    return email


def arguments(name: str, path: str) -> dict[str, Any]:
    """Return what a request to a route brings, so that it would succeed if it may."""
    upload = {"filename": "b.txt", "size": 5, "sha256": SHA}
    bodies: dict[str, Any] = {
        "DELETE /v1/me": {"password": PASSWORD},
        "POST /v1/me/password": {"password": PASSWORD, "new_password": "staple battery horse"},
        "PUT /v1/me/avatar": {"file_id": new_id()},
        "PUT /v1/files/{file_id}/thumbnail": {"file_id": new_id()},
        "POST /v1/me/api-keys": {"name": "more", "scopes": ["read"]},
        "POST /v1/admin/users": {"email": f"{new_id()}@example.org"},
        "PATCH /v1/admin/users/{user_id}": {"quota": 5},
        "POST /v1/uploads": upload,
        "POST /v1/uploads/batch": {"uploads": [upload]},
        "POST /v1/uploads/{upload_id}/parts": {"parts": [{"number": 1, "sha256": SHA}]},
        "PATCH /v1/me": {"name": "Ana"},
        "PATCH /v1/files/{file_id}": {"caption": path[-12:]},
        "PATCH /v1/links/{link_id}": {"name": "for Ben"},
        "POST /v1/files/{file_id}/links": {},
        "POST /v1/files/{file_id}/grants": {"email": somebody(), "permission": "view"},
        "POST /v1/files/bulk": TAGGING | {"ids": [new_id()]},
        "POST /v1/contents/{content}/files": {"ids": [new_id()]},
        "POST /v1/jobs": TAGGING | {"filter": {}},
        "POST /v1/exports": {},
        "POST /v1/exports/zip": {"filter": {}},
        "POST /v1/file-requests": {"name": "Photos"},
        "PATCH /v1/file-requests/{file_request_id}": {"name": "Pictures"},
        "POST /v1/categories": {"name": "Sea"},
        "PATCH /v1/categories/{category_id}": {"name": "Sea"},
        "PATCH /v1/tags/{tag}": {"name": "ocean"},
    }
    if NAMES[name].form:
        return {"files": {"file": ("c.txt", new_id().encode())}}
    return {"json": bodies[name]} if name in bodies else {}


def ask(door: Door, name: str, path: str) -> tuple[int, str]:
    answer = door(NAMES[name].method, path, **arguments(name, path))
    assert answer.status_code < 500, answer.text
    is_problem = answer.headers.get("Content-Type", "").endswith("problem+json")
    return answer.status_code, answer.json()["code"] if is_problem else ""


@pytest.fixture(scope="module")
def strangers(base_url: str) -> dict[Role, Door]:
    """Return someone of each role who owns nothing."""
    return {role: newcomer(base_url, role.value, role) for role in Role}


@pytest.mark.parametrize("name", OWNED)
def test_what_is_somebodys_is_there_for_its_owner_and_for_no_stranger(
    base_url: str, strangers: dict[Role, Door], name: str
) -> None:
    owner = newcomer(base_url, "admin", Role.ADMIN)
    path = things(owner, name)
    for role, stranger in strangers.items():
        status, code = ask(stranger, name, path)
        refused = "forbidden" if role is Role.VIEWER and NAMES[name].who is Who.WRITER else "not_found"
        assert status in {403, 404}, (role, status, code)
        assert code.endswith(refused), (role, code)
    status, code = ask(owner, name, path)
    assert status not in {401, 403, 422}, (status, code)
    assert not HIDDEN.fullmatch(code)


@pytest.fixture(scope="module")
def dead_keys(base_url: str) -> list[str]:
    """Return a key that was revoked, and made-up ones."""
    admin = newcomer(base_url, "admin", Role.ADMIN)
    body = {"name": "all", "scopes": [scope.value for scope in Scope]}
    made = admin.ok("POST", "/v1/me/api-keys", 201, json=body)
    admin.ok("DELETE", f"/v1/me/api-keys/{made['id']}", 204)
    return [made["key"], made["key"][:-2] + "xx", "mdt_a.b.c"]


@pytest.fixture(scope="module")
def keys(base_url: str) -> dict[Scope, Door]:
    """Return doors of an admin's API keys, one for each scope."""
    admin = newcomer(base_url, "admin", Role.ADMIN)
    bodies = {scope: {"name": scope.value, "scopes": [scope.value]} for scope in Scope}
    texts = {
        scope: admin.ok("POST", "/v1/me/api-keys", 201, json=body)["key"] for scope, body in bodies.items()
    }
    return {scope: Door(base_url, text) for scope, text in texts.items()}


def nowhere(route: Route) -> str:
    return re.sub(r"\{\w+\}", lambda _: new_id(), route.path)


@pytest.mark.parametrize("name", GUARDED)
def test_an_api_key_opens_just_the_routes_of_its_scope(keys: dict[Scope, Door], name: str) -> None:
    opened = set()
    for scope, door in keys.items():
        answer = door(NAMES[name].method, nowhere(NAMES[name]))
        problem = answer.json() if answer.headers.get("Content-Type", "").endswith("problem+json") else {}
        if problem.get("code") != "scope_missing":
            opened.add(scope)
            assert answer.status_code not in {401, 403}
    assert opened == ({scope_of(name)} - {None})


@pytest.mark.parametrize("name", GUARDED)
def test_a_revoked_or_made_up_key_opens_nothing(base_url: str, dead_keys: list[str], name: str) -> None:
    for text in dead_keys:
        answer = Door(base_url, text)(NAMES[name].method, nowhere(NAMES[name]))
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("name", WRITES)
def test_a_session_that_has_ended_writes_nothing_and_administers_nothing(base_url: str, name: str) -> None:
    owner = newcomer(base_url, "admin", Role.ADMIN)
    path = things(owner, name)
    ended = owner.signed_in()
    ended.ok("POST", "/v1/auth/logout", 204)
    assert ask(ended, name, path) in {(401, "token_invalid"), NOTHING_WRITTEN.get(name)}
