"""Rules of requests: whether one still takes files, and which."""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.inbox.models import (
    FileRequest,
    NotAskedFor,
    RequestChanged,
    RequestExpired,
    RequestFull,
    RequestNotFound,
)

TOKEN_BYTES = 18  # 144 bits in 24 characters


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Return what is stored of a token: with 144 random bits, a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def unknown_request() -> RequestNotFound:
    """Return the one answer for requests that never were, were ended, or whose owner's account has."""
    return RequestNotFound("There is no such request for files. It may have been ended.")


def check_version(request: FileRequest, expected: int | None) -> None:
    """Raise RequestChanged when the caller expects another version than the request has."""
    if expected is not None and expected != request.version:
        raise RequestChanged(
            "The request has changed since you read it. Read it again and repeat.", version=request.version
        )


def changed(before: FileRequest, given: dict[str, Any], now: datetime) -> FileRequest:
    """Return a request with other terms; `expires_in` counts from now."""
    changes = {name: value for name, value in given.items() if name != "expires_in"}
    if "expires_in" in given:
        changes["expires_at"] = now + timedelta(seconds=given["expires_in"])
    return replace(before, **changes, version=before.version + 1)


def check_open(request: FileRequest, now: datetime) -> None:
    """Raise RequestExpired when its time is over."""
    if request.expires_at <= now:
        raise RequestExpired("This request has ended. Ask the one who sent it for a new one.")


def check_wanted(request: FileRequest, kind: str) -> None:
    """Raise NotAskedFor unless files of a type were asked for."""
    if kind not in request.types:
        raise NotAskedFor(
            f"Only files of these types were asked for: {', '.join(request.types)}.",
            types=list(request.types),
        )


def check_room(request: FileRequest, size: int) -> None:
    """Raise RequestFull when a file of so many bytes is more than was asked for."""
    files, room = files_left(request), bytes_left(request)
    if files == 0 or size > room:
        raise RequestFull("More than that was not asked for.", files_left=files, bytes_left=room)


def files_left(request: FileRequest) -> int:
    """Return how many more files may come."""
    return max(0, request.max_files - request.files)


def bytes_left(request: FileRequest) -> int:
    """Return how many more bytes may come."""
    return max(0, request.max_bytes - request.bytes)
