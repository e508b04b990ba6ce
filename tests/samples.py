"""The sample media, what other tools measured in them, and how a file that has come in is held against that."""

import json
from typing import Any

from tests.conftest import MEDIA
from tests.doors import Door, put

FACTS: dict[str, dict[str, Any]] = json.loads((MEDIA.parent / "facts.json").read_text())
SAMPLES = sorted(FACTS)
REFUSED_BY_NAME = {"archive.zip", "page.html"}
FORM_SIZED = 100_000
RENDITIONS = {
    "image": {"thumbnail", "preview"},
    "video": {"thumbnail", "poster"},
    "audio": {"waveform", "peaks"},
    "document": set[str](),
}


def upload(door: Door, name: str) -> str:
    """Bring a sample in, small ones in a form and larger ones straight to storage; return the file's id."""
    content = (MEDIA / name).read_bytes()
    if len(content) < FORM_SIZED:
        return str(door.upload(name, content)["id"])
    begun = door.begin(name, content)
    assert put(begun, content).status_code == 200
    return str(begun["file_id"])


def listed(door: Door) -> list[Any]:
    """Return everything in the list, through all its pages."""
    items: list[Any] = []
    path = "/v1/files?limit=20"
    while True:
        page = door.get(path)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        path = f"/v1/files?limit=20&cursor={page['next_cursor']}"


def is_whole(file: Any) -> bool:
    """Tell whether a file is examined and has the renditions that its type has."""
    if file["status"] in {"pending", "processing"}:
        return False
    expected = RENDITIONS["image" if file["extension"] == "pdf" else file["type"]]
    return file["extension"] == "svg" or expected <= set(file["renditions"])


def agree(file: Any, facts: dict[str, Any]) -> list[str]:
    """Return where a ready file differs from what other tools measured."""
    metadata = file["metadata"]
    differing: list[str] = [
        name
        for name in ("width", "height", "pages", "sheets", "slides", "orientation", "title", "camera_model")
        if name in facts and metadata.get(name) != facts[name]
    ]
    duration = facts.get("duration_seconds")
    if duration is not None and abs(metadata["duration_seconds"] - duration) > 0.1:
        differing.append("duration_seconds")
    codecs = [stream["codec"] for stream in metadata.get("streams", [])]
    if "streams" in facts and codecs != [stream["codec"] for stream in facts["streams"]]:
        differing.append("streams")
    return differing + (["kind"] if file["type"] != facts["kind"] else [])
