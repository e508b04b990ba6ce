"""Holds the description against the running API.

The suite tries the same requests each time, for less than a minute; `make contract` tries new ones, for as long as one
likes (CONTRACT_SECONDS), and with whatever else Schemathesis takes (CONTRACT_OPTIONS).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.core.caller import Role
from chalicelib.core.ids import new_id
from chalicelib.wiring import library
from tests.conftest import MEDIA, Deliver, new_caller
from tests.doors import PASSWORD, Door

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SECONDS = int(os.environ.get("CONTRACT_SECONDS", "40"))
OPTIONS = os.environ.get("CONTRACT_OPTIONS", "--generation-deterministic")


@pytest.fixture(autouse=True)
def _limits_as_before(outputs: dict[str, str]) -> Iterator[None]:
    """Take back what the requests have set for uploads."""
    assert outputs
    yield
    library().allowances.replace(new_caller(Role.ADMIN), {}, None)


def things(ana: Door, deliver: Deliver) -> dict[str, str]:
    """Make one thing of each kind, and return their names as paths call them."""
    category = ana.ok("POST", "/v1/categories", 201, json={"name": "Trips"})["id"]
    fields = {"tags": "paris", "category": category, "content_id": "post-17"}
    file = ana.upload("photo.jpg", (MEDIA / "photo.jpg").read_bytes(), **fields)["id"]
    deliver()
    link = ana.ok("POST", f"/v1/files/{file}/links", 201, json={})
    key = ana.ok("POST", "/v1/me/api-keys", 201, json={"name": "backup", "scopes": ["read"]})
    return {
        "file_id": file,
        "category_id": category,
        "shared_category_id": ana.ok("POST", "/v1/admin/categories", 201, json={"name": new_id()})["id"],
        "upload_id": ana.begin("notes.txt", b"some words")["upload_id"],
        "link_id": link["id"],
        "token": link["token"],
        "key_id": key["id"],
        "user_id": ana.signed_up("ben").get("/v1/me")["id"],
        "tag": "paris",
        "content": "post-17",
        "name": "thumbnail",
    }


def an_admin(anyone: Door) -> Door:
    email = f"admin-{new_id()}@example.org"
    library().administration.create(new_caller(Role.ADMIN), email, None, Role.ADMIN, PASSWORD)
    return replace(anyone, email=email).signed_in()


def test_nothing_that_the_description_says_is_untrue(anyone: Door, deliver: Deliver, tmp_path: Path) -> None:
    admin = an_admin(anyone)
    setting = {
        "base_url": anyone.base_url,
        "admin": admin.email,
        "admin_id": admin.get("/v1/me")["id"],
        "things": things(admin, deliver),
    }
    environment = {
        **os.environ,
        "CONTRACT": json.dumps(setting),
        "SCHEMATHESIS_HOOKS": "tests.contract.hooks",
        "PYTHONPATH": str(ROOT),
    }
    command = [
        sys.executable, "-m", "schemathesis.cli",
        "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"{anyone.base_url}/openapi.json",
        "--checks", "all",
        "--max-time", str(SECONDS),
        "--max-examples", "5",
        "--no-color",
        "--warnings", "off",
        *OPTIONS.split(),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
