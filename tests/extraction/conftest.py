"""Sources over bytes in memory, the media folder, and every set of media tools that this machine has."""

import json
import os
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.extraction.errors import MediaToolsMissing
from chalicelib.extraction.limited import Zygote
from chalicelib.extraction.tools import MediaTools, find_media_tools
from tests.extraction.sources import MEDIA


def _all_tools() -> list[MediaTools]:
    """The layer's own build where MEDIA_TOOLS_DIR names one, and the system's: both have to give the same facts."""
    found = []
    for environ in (os.environ, {"PATH": os.environ.get("PATH", "")}):
        try:
            tools = find_media_tools(environ)
        except MediaToolsMissing:
            continue
        if tools not in found:
            found.append(tools)
    return found


@pytest.fixture(params=_all_tools(), ids=lambda tools: str(tools.ffprobe.parent))
def tools(request: pytest.FixtureRequest) -> MediaTools:
    found: MediaTools = request.param
    return found


@pytest.fixture(scope="session")
def hostile() -> dict[str, bytes]:
    """The hostile files by name, never unpacked to disk."""
    with tarfile.open(MEDIA / "hostile.tar.gz") as archive:
        members = ((m.name.removeprefix("hostile/"), archive.extractfile(m)) for m in archive.getmembers())
        return {name: member.read() for name, member in members if member}


@pytest.fixture(scope="session")
def expected() -> dict[str, dict[str, Any]]:
    facts: dict[str, dict[str, Any]] = json.loads((MEDIA / "facts.json").read_text())
    return facts


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """A fork server with the readers of `tests.extraction.misbehaving`."""
    server = Zygote(("tests.extraction.misbehaving",))
    yield server
    server.close()
