"""Walks every registered route as everyone who might call it.

A new route fails this test until it stands in the table, with who may call it.
"""

import re
from datetime import timedelta
from typing import Any

import jwt
import pytest

import app
from chalicelib.accounts.models import Account
from chalicelib.accounts.tokens import AccessTokens
from chalicelib.api.routing import every_route
from chalicelib.core.caller import Role
from chalicelib.core.clock import Clock, now
from chalicelib.core.ids import new_id
from chalicelib.wiring import library as this_process
from tests.doors import Door

ANYONE = {"anonymous", "viewer", "operator", "admin"}
PUBLIC = set(ANYONE)
"""No token is needed, but a bad one is refused."""
USERS = ANYONE - {"anonymous"}
WRITERS = USERS - {"viewer"}
ADMINS = {"admin"}
WHO = {
    "GET /ping": ANYONE,
    "GET /version": ANYONE,
    "GET /health": ANYONE,
    "GET /openapi.json": ANYONE,
    "GET /postman.json": ANYONE,
    "GET /docs": ANYONE,
    "GET /docs/{asset}": ANYONE,
    "GET /account/{page}": ANYONE,
    "POST /v1/auth/register": ANYONE,
    "POST /v1/auth/login": ANYONE,
    "POST /v1/auth/refresh": ANYONE,
    "POST /v1/auth/logout": USERS,
    "POST /v1/auth/logout-all": USERS,
    "POST /v1/auth/verify-email": ANYONE,
    "POST /v1/auth/verify-email/resend": USERS,
    "POST /v1/auth/password-reset": ANYONE,
    "POST /v1/auth/password-reset/confirm": ANYONE,
    "GET /v1/me": USERS,
    "PATCH /v1/me": USERS,
    "DELETE /v1/me": USERS,
    "GET /v1/me/activity": USERS,
    "GET /v1/files/{file_id}/activity": USERS,
    "GET /v1/admin/activity": ADMINS,
    "GET /v1/admin/users": ADMINS,
    "GET /v1/admin/stats": ADMINS,
    "GET /v1/admin/files": ADMINS,
    "GET /v1/admin/files/{file_id}": ADMINS,
    "PATCH /v1/admin/files/{file_id}": ADMINS,
    "DELETE /v1/admin/files/{file_id}": ADMINS,
    "GET /v1/admin/categories": ADMINS,
    "POST /v1/admin/categories": ADMINS,
    "PATCH /v1/admin/categories/{shared_category_id}": ADMINS,
    "DELETE /v1/admin/categories/{shared_category_id}": ADMINS,
    "GET /v1/admin/limits": ADMINS,
    "PUT /v1/admin/limits": ADMINS,
    "GET /v1/admin/jobs": ADMINS,
    "POST /v1/admin/jobs/redrive": ADMINS,
    "POST /v1/admin/users": ADMINS,
    "GET /v1/admin/users/{user_id}": ADMINS,
    "PATCH /v1/admin/users/{user_id}": ADMINS,
    "DELETE /v1/admin/users/{user_id}": ADMINS,
    "POST /v1/me/password": USERS,
    "PUT /v1/me/avatar": USERS,
    "DELETE /v1/me/avatar": USERS,
    "GET /v1/me/sessions": USERS,
    "DELETE /v1/me/sessions/{session_id}": USERS,
    "GET /v1/me/api-keys": USERS,
    "POST /v1/me/api-keys": USERS,
    "DELETE /v1/me/api-keys/{key_id}": USERS,
    "POST /v1/files": WRITERS,
    "POST /v1/uploads": WRITERS,
    "POST /v1/uploads/batch": WRITERS,
    "GET /v1/uploads/{upload_id}": WRITERS,
    "POST /v1/uploads/{upload_id}/parts": WRITERS,
    "POST /v1/uploads/{upload_id}/complete": WRITERS,
    "DELETE /v1/uploads/{upload_id}": WRITERS,
    "GET /v1/files": USERS,
    "GET /v1/search": USERS,
    "GET /v1/files/export.csv": USERS,
    "GET /v1/files/{file_id}/recommendations": USERS,
    "GET /v1/files/{file_id}/similar": USERS,
    "POST /v1/exports": USERS,
    "POST /v1/exports/zip": USERS,
    "POST /v1/file-requests": WRITERS,
    "GET /v1/file-requests": USERS,
    "GET /v1/file-requests/{file_request_id}": USERS,
    "PATCH /v1/file-requests/{file_request_id}": WRITERS,
    "DELETE /v1/file-requests/{file_request_id}": WRITERS,
    "GET /r/{request_token}": ANYONE,
    "POST /r/{request_token}/uploads": ANYONE,
    "POST /r/{request_token}/uploads/{parcel_id}/sent": ANYONE,
    "GET /v1/exports": USERS,
    "GET /v1/exports/{export_id}": USERS,
    "DELETE /v1/exports/{export_id}": USERS,
    "GET /v1/contents/{content}/files": USERS,
    "POST /v1/contents/{content}/files": WRITERS,
    "DELETE /v1/contents/{content}": WRITERS,
    "GET /v1/tags": USERS,
    "PATCH /v1/tags/{tag}": WRITERS,
    "DELETE /v1/tags/{tag}": WRITERS,
    "GET /v1/categories": USERS,
    "POST /v1/categories": WRITERS,
    "PATCH /v1/categories/{category_id}": WRITERS,
    "DELETE /v1/categories/{category_id}": WRITERS,
    "POST /v1/files/bulk": WRITERS,
    "POST /v1/jobs": WRITERS,
    "GET /v1/jobs": USERS,
    "GET /v1/jobs/{job_id}": WRITERS,
    "DELETE /v1/jobs/{job_id}": WRITERS,
    "GET /v1/me/stats": USERS,
    "GET /v1/files/{file_id}": PUBLIC,
    "PATCH /v1/files/{file_id}": WRITERS,
    "DELETE /v1/files/{file_id}": WRITERS,
    "GET /v1/files/{file_id}/download": PUBLIC,
    "GET /v1/files/{file_id}/renditions": PUBLIC,
    "GET /v1/files/{file_id}/renditions/{name}": PUBLIC,
    "GET /v1/files/{file_id}/thumbnail": PUBLIC,
    "PUT /v1/files/{file_id}/thumbnail": WRITERS,
    "DELETE /v1/files/{file_id}/thumbnail": WRITERS,
    "GET /v1/files/{file_id}/metadata": PUBLIC,
    "GET /v1/files/{file_id}/jobs": USERS,
    "POST /v1/files/{file_id}/reprocess": WRITERS,
    "GET /v1/files/popular": USERS,
    "GET /v1/files/{file_id}/usage": USERS,
    "GET /v1/admin/files/popular": ADMINS,
    "GET /v1/trash": USERS,
    "DELETE /v1/trash": WRITERS,
    "POST /v1/files/{file_id}/restore": WRITERS,
    "POST /v1/files/{file_id}/links": WRITERS,
    "GET /v1/files/{file_id}/links": USERS,
    "GET /v1/links": USERS,
    "PATCH /v1/links/{link_id}": WRITERS,
    "DELETE /v1/links/{link_id}": WRITERS,
    "POST /v1/files/{file_id}/grants": WRITERS,
    "GET /v1/files/{file_id}/grants": USERS,
    "DELETE /v1/files/{file_id}/grants/{user_id}": USERS,
    "GET /v1/shared-with-me": USERS,
    "GET /s/{token}": ANYONE,
    "POST /s/{token}/unlock": ANYONE,
    "GET /s/{token}/download": ANYONE,
    "GET /s/{token}/thumbnail": ANYONE,
}
EVERY = [f"{route.method} {route.path}" for route in every_route()]


def test_the_table_names_every_route_of_the_app_and_no_other() -> None:
    registered = {f"{method} {path}" for path, methods in app.app.routes.items() for method in methods}
    assert registered == set(EVERY) == set(WHO)


def token_of(role: Role, clock: Clock = now, **changes: Any) -> str:
    """Return a token as the library signs it, but for the changes."""
    account = Account(new_id(), "x@example.org", None, role, "hash", now())
    return (
        AccessTokens(this_process().keys, clock).issue(account, new_id()) if not changes else forged(changes)
    )


def forged(changes: dict[str, Any]) -> str:
    claims = {"iss": "mediatheque", "aud": "mediatheque", "sub": new_id(), "role": "admin", "sid": new_id()}
    moment = now()
    body = {**claims, "iat": moment, "exp": moment + timedelta(minutes=5)}
    return jwt.encode(body, "0" * 64, algorithm="HS256", headers={"kid": "k1", "typ": "at+jwt", **changes})


def asked(base_url: str, route: str, token: str | None) -> tuple[int, str]:
    method, path = route.split(" ")
    concrete = re.sub(r"\{\w+_id\}", lambda _: new_id(), path)
    concrete = concrete.replace("{asset}", "start.js").replace("{token}", "no-such-token")
    concrete = concrete.replace("{page}", "verify-email")
    answer = Door(base_url, token)(method, concrete)
    code = (
        answer.json().get("code", "")
        if answer.headers.get("Content-Type", "").endswith("problem+json")
        else ""
    )
    return answer.status_code, code


@pytest.mark.parametrize("route", EVERY)
def test_a_route_admits_just_the_roles_that_it_declares(base_url: str, route: str) -> None:
    admitted = set()
    for who in ANYONE:
        token = None if who == "anonymous" else token_of(Role(who))
        status, code = asked(base_url, route, token)
        if code not in {"unauthenticated", "forbidden"}:
            admitted.add(who)
            assert status < 500, (route, who, status)
        elif who == "anonymous":
            assert (status, code) == (401, "unauthenticated")
        else:
            assert (status, code) == (403, "forbidden")
    assert admitted == WHO[route]


@pytest.mark.parametrize("route", [route for route in EVERY if WHO[route] is not ANYONE])
def test_a_bad_token_opens_nothing(base_url: str, route: str) -> None:
    expired = token_of(Role.ADMIN, lambda: now() - timedelta(hours=1))
    for token in (expired, forged({}), forged({"kid": "k9"}), "nonsense", token_of(Role.ADMIN)[:-3]):
        status, code = asked(base_url, route, token)
        assert (status, code) == (401, "token_invalid")


def test_a_header_that_is_no_bearer_token_is_refused(anyone: Door) -> None:
    anyone.refused("GET", "/v1/me", 401, "unauthenticated", headers={"Authorization": "Basic YTpi"})


def test_a_viewer_reads_but_does_not_write(base_url: str) -> None:
    viewer = Door(base_url, token_of(Role.VIEWER))
    assert viewer.get("/v1/files")["items"] == []
    problem = viewer.refused("POST", "/v1/uploads", 403, "forbidden", json={})
    assert problem["role"] == "viewer"
