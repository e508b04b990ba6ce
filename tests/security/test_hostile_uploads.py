"""All hostile files through the whole product: begun and sent through HTTP, examined by the event, asked for again.

None crashes anything, none takes long, none makes a child of the worker call anybody, none is served as something
that it is not. What each must become stands in `tests/media/hostile.json`, and why it has no pictures if it should.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.embedded_aws.process import EmbeddedAws
from tests.conftest import MEDIA, Deliver
from tests.doors import Door, put
from tests.extraction.sources import NAMED_PORT, listening
from tests.security.connections import Watcher

EXPECTED: dict[str, dict[str, str]] = json.loads((MEDIA.parent / "hostile.json").read_text())
SECONDS = 20.0
SHOWN_INLINE = ("image/", "video/", "audio/", "application/pdf", "text/plain")
pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")


@pytest.fixture(scope="module")
def hostile() -> dict[str, bytes]:
    """Return the hostile files by name, never unpacked to disk."""
    with tarfile.open(MEDIA.parent / "hostile.tar.gz") as archive:
        members = ((m.name.removeprefix("hostile/"), archive.extractfile(m)) for m in archive.getmembers())
        return {name: member.read() for name, member in members if member}


def pid_of(aws: EmbeddedAws) -> int:
    assert aws._child is not None
    return aws._child.pid


def port_of(aws: EmbeddedAws) -> int:
    return int(aws.endpoint_url.rpartition(":")[2])


def begin(door: Door, name: str, content: bytes) -> requests.Response:
    body = {"filename": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return door("POST", "/v1/uploads", json={**body, "on_duplicate": "link"})


def outcome(door: Door, deliver: Deliver, name: str, content: bytes) -> tuple[str, str | None]:
    """Upload a file and say what it became, and which pictures were made of it, in the words of the list."""
    answer = begin(door, name, content)
    if answer.status_code >= 400:
        return f"refused: {answer.json()['code']}", None
    begun = answer.json()
    if begun["mode"] == "single":
        assert put(begun, content).status_code in {200, 412}
        assert deliver() == {"batchItemFailures": []}
    file = door.get(f"/v1/files/{begun['file_id'] if begun['mode'] == 'single' else begun['file']['id']}")
    served_as_it_is(door, file)
    if file["status"] != "ready":
        return f"{file['status']}: {file['error']['code']}", None
    return str(file["mime_type"]), pictures(file)


def pictures(file: Any) -> str | None:
    """Say which renditions a file has, or why not; None where its type has none."""
    made = "+".join(sorted(file["renditions"]))
    return made or file["metadata"].get("renditions_problem")


def served_as_it_is(door: Door, file: Any) -> None:
    """Check how a file is delivered when a page wants to show it."""
    path = f"/v1/files/{file['id']}/download?redirect=false&disposition=inline"
    if file["status"] not in {"ready", "failed"}:
        door.refused("GET", path, 409, "file_not_ready")
        return
    delivered = requests.get(door.get(path)["url"], timeout=30)
    disposition, content_type = delivered.headers["Content-Disposition"], delivered.headers["Content-Type"]
    if disposition.startswith("inline"):
        assert content_type.startswith(SHOWN_INLINE)
        assert "svg" not in content_type
    assert "html" not in content_type
    assert not set(disposition) & set("\r\n\u202e")


def expected(name: str, content: bytes) -> set[str]:
    """Return what a file may become: as examined, or refused by its name before a byte moves."""
    refused = {"refused: filename_invalid", "refused: extension_not_allowed", "refused: invalid"}
    by_name = not name.isprintable() or set("/\\") & set(name) or len(name) > 255
    allowed = EXPECTED[name]["file"] != "rejected: extension_not_allowed" and not name.endswith(".m3u8")
    return {EXPECTED[name]["file"]} if allowed and content and not by_name else refused


def test_every_hostile_file_meets_its_end_and_nothing_calls_anybody(
    aws: EmbeddedAws, ana: Door, deliver: Deliver, hostile: dict[str, bytes]
) -> None:
    became: dict[str, tuple[str, str | None]] = {}
    slowest = 0.0
    with listening() as (port, callers), Watcher(pid_of(aws), port_of(aws)) as watcher:
        for name, content in hostile.items():
            started = time.monotonic()
            became[name] = outcome(ana, deliver, name, content.replace(NAMED_PORT, port))
            slowest = max(slowest, time.monotonic() - started)
    ends = {name: end for name, (end, _) in became.items()}
    assert {name: end for name, end in ends.items() if end not in expected(name, hostile[name])} == {}
    made = {name: made for name, (_, made) in became.items() if made != EXPECTED[name].get("pictures")}
    assert {name: one for name, one in made.items() if not ends[name].startswith("refused")} == {}
    assert len(became) == len(EXPECTED) == 52
    assert slowest < SECONDS
    assert callers == []
    assert watcher.seen == set()
    assert watcher.rounds > 100
    assert watcher.children


def test_the_watcher_sees_a_child_that_calls_somebody(aws: EmbeddedAws) -> None:
    address = aws.endpoint_url.removeprefix("http://").split(":")
    call = f"import socket,sys; s=socket.create_connection(('{address[0]}',{address[1]})); print(); sys.stdin.read()"
    command = [sys.executable, "-u", "-c", call]
    with (
        Watcher(pid_of(aws), port_of(aws)) as watcher,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child,
    ):
        assert child.stdout is not None
        child.stdout.readline()
        rounds = watcher.rounds
        while watcher.rounds < rounds + 3:
            pass
        child.communicate()
    assert {seen.split(":")[1] for seen in watcher.seen} == {f"{port_of(aws):04X}"}
