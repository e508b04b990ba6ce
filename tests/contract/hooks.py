"""What Schemathesis must know of this API: whose requests these are, and which things there are.

CONTRACT (JSON) brings the address, an admin's login and the ids of things that exist. A path parameter of the right
form becomes one that exists, so that requests get past "there is no such thing"; others stay as they were made up.
"""

# ruff: noqa: ARG001, ARG002 - Schemathesis calls by these names
import base64
import json
import os
from typing import Any

import requests
import schemathesis

from chalicelib.core.ids import is_id, new_id
from tests.doors import PASSWORD

SETTING = json.loads(os.environ["CONTRACT"])
ENDING = ("/v1/auth/logout", "/v1/auth/logout-all", "/v1/me/sessions/{session_id}", "/v1/me/password")
"""Routes after which a session may be over: each request to them comes from an account of its own."""


def asked(path: str, body: dict[str, str]) -> Any:
    return requests.post(SETTING["base_url"] + path, json=body, timeout=30).json()


def token_of(email: str) -> str:
    return str(asked("/v1/auth/login", {"email": email, "password": PASSWORD})["access_token"])


def new_account() -> str:
    email = f"{new_id()}@example.org"
    asked("/v1/auth/register", {"email": email, "password": PASSWORD})
    return email


@schemathesis.auth()
class SignedIn:
    """An admin, who may do everything."""

    def get(self, case: Any, context: Any) -> str:
        return token_of(SETTING["admin"])

    def set(self, case: Any, data: str, context: Any) -> None:
        token = token_of(new_account()) if case.operation.path in ENDING else data
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(context: Any, case: Any, **options: Any) -> None:
    """Mend what no schema can say before a request goes out."""
    if (case.path_parameters or {}).get("user_id") == SETTING["admin_id"]:  # a list may have told the id
        case.path_parameters["user_id"] = SETTING["things"]["user_id"]
    cursor = (case.query or {}).get("cursor")
    if isinstance(cursor, str) and 0 < len(cursor) <= 2048 and not sealed(cursor):
        del case.query["cursor"]  # of the right form, but not issued here: 400, as the description says
    if (case.headers or {}).get("If-Match", "").isdigit():  # Schemathesis sends '"0"' without its quotes
        case.headers["If-Match"] = f'"{case.headers["If-Match"]}"'
    if isinstance(case.body, dict) and "sha256" in case.body and isinstance(case.body.get("filename"), str):
        case.body["filename"] += ".txt"  # which extensions are taken is a setting


def sealed(cursor: str) -> bool:
    """Tell whether it may be a cursor that this API gave: a signature, then JSON."""
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[16:17] == b"{"
    except ValueError:
        return False


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Name things that exist, where the name has the right form."""
    if path_parameters is None:
        return None
    return {name: existing(name, value) for name, value in path_parameters.items()}


def existing(name: str, value: Any) -> Any:
    known = SETTING["things"].get(name)
    fits = is_id(value) if name.endswith("_id") else isinstance(value, str) and len(value) % 2
    return known if known and fits else value


@schemathesis.hook
def map_headers(context: Any, headers: Any) -> Any:
    """Take a new Idempotency-Key for each request."""
    if isinstance(headers, dict) and "Idempotency-Key" in headers and len(headers["Idempotency-Key"]) % 2:
        return {**headers, "Idempotency-Key": new_id()}
    return headers
