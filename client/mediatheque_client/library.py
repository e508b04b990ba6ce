"""What one does with files that are in the library: list, search, fetch, remove."""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from mediatheque_client.api import SECONDS, Api, Refused, retried
from mediatheque_client.output import Output, human_size

PAGE = 100


def list_files(api: Api, options: argparse.Namespace, output: Output) -> int:
    """Print the newest files."""
    for file in _pages(api, "/v1/files", {}, options.limit):
        _show(file, output)
    return 0


def search(api: Api, options: argparse.Namespace, output: Output) -> int:
    """Print the files that have the words, best first."""
    for file in _pages(api, "/v1/search", {"q": options.words}, options.limit):
        _show(file, output)
    return 0


def remove(api: Api, options: argparse.Namespace, output: Output) -> int:
    """Move files to the trash, or erase them; one that fails does not keep the others."""
    failures = 0
    for file_id in options.file_ids:
        try:
            api.call("DELETE", f"/v1/files/{file_id}{'?permanent=true' if options.permanent else ''}")
            output.say({"id": file_id, "removed": True}, f"removed {file_id}")
        except Refused as refusal:
            failures += 1
            output.error(refusal.code, f"{file_id}: {refusal}", id=file_id)
    return min(failures, 1)


def download(api: Api, options: argparse.Namespace, output: Output) -> int:
    """Fetch a file; nothing appears under its name before all of it is here and its hash is right."""
    file = api.call("GET", f"/v1/files/{options.file_id}")
    target = Path(options.output or _safe(file["filename"]))
    draft = target.with_name(f".{target.name}.part")
    delivery = api.call("GET", f"/v1/files/{options.file_id}/download?redirect=false")
    try:
        sha256 = _fetch(delivery["url"], draft)
        if sha256 != file["sha256"]:
            output.error("hash_differs", f"{target.name}: the bytes are not those that the library names.")
            return 1
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    output.say({"id": file["id"], "path": str(target), "size": file["size"]}, f"{target}")
    return 0


def _fetch(url: str, target: Path) -> str:
    digest = hashlib.sha256()
    answer = retried(lambda: requests.get(url, stream=True, timeout=SECONDS))
    if not answer.ok:
        raise Refused(
            {"code": f"storage_{answer.status_code}", "detail": "The storage does not give the file."}
        )
    with target.open("wb") as file:
        for chunk in answer.iter_content(1 << 20):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _pages(api: Api, path: str, query: dict[str, str], limit: int) -> Iterator[Any]:
    left = limit or sys.maxsize
    cursor: str | None = None
    while left > 0:
        asked = {**query, "limit": str(min(left, PAGE))} | ({"cursor": cursor} if cursor else {})
        page = api.call("GET", f"{path}?{urlencode(asked)}")
        yield from page["items"]
        left -= len(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _show(file: Any, output: Output) -> None:
    size = human_size(file["size"])
    output.say(file, f"{file['id']}  {file['status']:<10}  {size:>9}  {_safe(file['filename'])}")


def _safe(filename: str) -> str:
    """Return a name fit for a terminal and a folder: whoever named the file, it stays one name in this folder."""
    name = "".join(char if char.isprintable() and char not in "/\\" else "_" for char in filename)
    return "_" + name if name.startswith((".", "-")) or not name else name
