"""Brings one file into the library: hashed, begun or gone on with, sent whole or in parts, completed.

The library's answers steer it: content that is there is not sent, parts that S3 has are not sent again.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from mediatheque_client.api import SECONDS, Api, Refused, retried
from mediatheque_client.hashing import Fingerprint
from mediatheque_client.memory import Memory

Advance = Callable[[int], None]
SIGNED_AT_ONCE = 20
ALREADY_THERE = 412


class Interrupted(Exception):
    """Someone asked to stop."""


class FileChanged(Exception):
    """The file has changed since it was hashed."""


@dataclass(frozen=True)
class Outcome:
    """What became of a file: uploaded, duplicate or linked."""

    status: str
    file_id: str


@dataclass
class Segment:
    """Some bytes of a file, as requests sends them: with a length, and never all in memory."""

    path: Path
    start: int
    size: int
    advance: Advance
    stop: threading.Event
    sent: int = 0

    def __len__(self) -> int:
        return self.size - self.sent

    def __iter__(self) -> "Segment":
        return self

    def __next__(self) -> bytes:
        chunk = self.read(1 << 18)
        if not chunk:
            raise StopIteration
        return chunk

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises Interrupted, FileChanged."""
        if self.stop.is_set():
            raise Interrupted
        left = self.size - self.sent
        wanted = left if size < 0 else min(size, left)
        with self.path.open("rb") as file:
            file.seek(self.start + self.sent)
            chunk = file.read(wanted)
        if len(chunk) < wanted:
            raise FileChanged(f"{self.path} has become shorter while it was sent.")
        self.sent += len(chunk)
        self.advance(len(chunk))
        return chunk


@dataclass(frozen=True)
class Transfer:
    """Sends files with the same description; threads may share it."""

    api: Api
    memory: Memory
    description: dict[str, Any]
    parallel: int
    stop: threading.Event = field(default_factory=threading.Event)

    def bring(self, path: Path, advance: Advance) -> Outcome:
        """Bring a file in; `advance` hears of every byte that is there. Raises Refused, Interrupted, FileChanged."""
        print_ = Fingerprint.of(path, self.memory, self._check)
        begun = self._under_way(path, print_) or self._begin(path, print_)
        if "outcome" in begun:
            advance(print_.size)
            return Outcome(begun["outcome"], begun["file_id"])
        if begun["mode"] == "single":
            self._put(begun, Segment(path, 0, print_.size, advance, self.stop))
        else:
            self._send_parts(path, print_, begun, advance)
            self.api.call("POST", f"/v1/uploads/{begun['upload_id']}/complete")
        self.memory.put(self._name(path, print_), None)
        return Outcome("uploaded", begun["file_id"])

    def _check(self) -> None:
        if self.stop.is_set():
            raise Interrupted

    def _begin(self, path: Path, print_: Fingerprint) -> dict[str, Any]:
        body = {
            "filename": path.name,
            "size": print_.size,
            "sha256": print_.sha256,
            "composite_sha256": print_.composite,
            **self.description,
        }
        try:
            begun: dict[str, Any] = self.api.call("POST", "/v1/uploads", body)
        except Refused as refusal:
            if refusal.code != "duplicate":
                raise
            return {"outcome": "duplicate", "file_id": refusal.problem["existing_file_id"]}
        if begun["mode"] == "linked":
            return {"outcome": "linked", "file_id": begun["file"]["id"]}
        if begun["mode"] == "multipart":
            self.memory.put(self._name(path, print_), begun["upload_id"])
        return begun

    def _under_way(self, path: Path, print_: Fingerprint) -> dict[str, Any] | None:
        """Return the upload of this file that was interrupted before, with the parts that S3 has."""
        upload_id = self.memory.get(self._name(path, print_))
        if upload_id is None:
            return None
        try:
            upload: dict[str, Any] = self.api.call("GET", f"/v1/uploads/{upload_id}")
        except Refused:
            return None
        if upload["state"] == "completed":
            return {"outcome": "uploaded", "file_id": upload["file_id"]}
        return {**upload, "upload_id": upload_id} if upload["state"] == "open" else None

    def _send_parts(self, path: Path, print_: Fingerprint, begun: dict[str, Any], advance: Advance) -> None:
        size = begun["part_size"]
        there = {part["number"] for part in begun.get("parts", []) if _is_ours(part, print_)}
        advance(sum(min(size, print_.size - (number - 1) * size) for number in there))
        missing = [number for number in range(1, begun["part_count"] + 1) if number not in there]
        with ThreadPoolExecutor(self.parallel) as pool:
            for first in range(0, len(missing), SIGNED_AT_ONCE):
                wanted = [
                    {"number": number, "sha256": print_.parts[number - 1]}
                    for number in missing[first : first + SIGNED_AT_ONCE]
                ]
                address = f"/v1/uploads/{begun['upload_id']}/parts"
                signed = self.api.call("POST", address, {"parts": wanted})["parts"]
                list(pool.map(lambda part: self._put_part(path, size, part, advance), signed))

    def _put_part(self, path: Path, size: int, part: dict[str, Any], advance: Advance) -> None:
        self._put(part, Segment(path, (part["number"] - 1) * size, part["size"], advance, self.stop))

    def _put(self, address: dict[str, Any], segment: Segment) -> None:
        def attempt() -> requests.Response:
            self._check()
            segment.advance(-segment.sent)
            segment.sent = 0
            return requests.put(address["url"], data=segment, headers=address["headers"], timeout=SECONDS)

        answer = retried(attempt)
        if not answer.ok and answer.status_code != ALREADY_THERE:
            raise Refused(
                {
                    "code": f"storage_{answer.status_code}",
                    "detail": f"The storage did not take the bytes ({answer.status_code}). "
                    "If the file was changed meanwhile, send it again.",
                }
            )

    def _name(self, path: Path, print_: Fingerprint) -> str:
        return f"upload:{self.api.url}:{path.resolve()}:{print_.sha256}"


def _is_ours(part: dict[str, Any], print_: Fingerprint) -> bool:
    number = part["number"]
    return bool(number <= len(print_.parts) and part["sha256"] == print_.parts[number - 1])
