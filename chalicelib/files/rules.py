"""Rules of files: their states, and which names will do."""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from chalicelib.catalogue.models import Entry
from chalicelib.files.models import (
    File,
    FileChanged,
    FilenameInvalid,
    FileNotFound,
    FileNotReady,
    NotAPicture,
    Status,
)

#   pending ── bytes arrived ──> processing ── examined ──> ready | failed | rejected
# A linked file starts in its final state, a form upload in processing. Nothing leaves a final state.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.PROCESSING, Status.READY, Status.FAILED, Status.REJECTED}),
    Status.PROCESSING: frozenset({Status.READY, Status.FAILED, Status.REJECTED}),
    Status.READY: frozenset(),
    Status.FAILED: frozenset(),
    Status.REJECTED: frozenset(),
}
OPEN = frozenset({Status.PENDING, Status.PROCESSING})
SERVABLE = frozenset({Status.READY, Status.FAILED})
MAX_FILENAME = 255
KEPT_IN_TRASH = timedelta(days=30)
# Controls, surrogates, and the marks that turn the direction of text: "gpj.exe" can pose as "exe.jpg" with them.
FORBIDDEN_CATEGORIES = {"Cc", "Cs"}
BIDI_MARKS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
FORBIDDEN = set("/\\") | BIDI_MARKS | {"\u2028", "\u2029", "\ufeff"}

TITLES = ("title", "creator", "album", "description")
"""What of the common vocabulary is a title, for those who search by words; its keywords are, too."""
OLDER_TITLES = ("title", "artist", "album", "author", "subject")
"""The same for metadata of extractors that had no common vocabulary."""
UNKNOWN_TYPE = "application/octet-stream"
PLAYED = frozenset({"audio", "video"})
PLAY_LIFE = timedelta(hours=1)
DOWNLOAD_LIFE = timedelta(minutes=5)
PUBLIC_LIFE = timedelta(minutes=1)
"""Addresses that anyone may ask for end soon after the file is made private."""
SHOWN = frozenset(
    {f"image/{name}" for name in ("jpeg", "png", "gif", "webp", "avif", "bmp")}
    | {f"video/{name}" for name in ("mp4", "webm", "ogg")}
    | {f"audio/{name}" for name in ("mpeg", "mp4", "aac", "ogg", "flac", "wav", "webm")}
)
"""What today's browsers show or play by themselves."""
SCRIPTABLE = frozenset({"image/svg+xml", "text/html", "application/xhtml+xml", "text/xml", "application/xml"})


def normal_filename(filename: str) -> str:
    """Return a name in NFC, or raise FilenameInvalid with the reason."""
    name = unicodedata.normalize("NFC", filename).strip()
    if not name or name in {".", ".."}:
        raise FilenameInvalid("Give the file a name.")
    if len(name) > MAX_FILENAME:
        raise FilenameInvalid(
            f"The name may have at most {MAX_FILENAME} characters.", max_length=MAX_FILENAME
        )
    if any(char in FORBIDDEN or unicodedata.category(char) in FORBIDDEN_CATEGORIES for char in name):
        raise FilenameInvalid(
            "The name must not contain slashes, control characters or marks that turn its direction."
        )
    return name


def extension_of(filename: str) -> str:
    """Return the extension in small letters without its dot; empty when there is none."""
    return PurePosixPath(filename).suffix.lstrip(".").casefold()


def check_same_extension(filename: str, extension: str) -> None:
    """Refuse a new name with another extension: the content would no longer be what the name says."""
    if extension_of(filename) != extension:
        raise FilenameInvalid(
            f'Keep the extension: the name must end with ".{extension}".', extension=extension
        )


def check_version(file: File, expected: int | None) -> None:
    """Raise FileChanged when the caller expects another version than the file has."""
    if expected is not None and expected != file.version:
        raise FileChanged(
            "The file has changed since you read it. Read it again and repeat.", version=file.version
        )


def owned(file: File | None, user_id: str) -> File:
    """Return the file if it is the user's; anything else looks as if it did not exist."""
    if file is None or file.owner_id != user_id:
        raise unknown_file()
    return file


def unknown_file() -> FileNotFound:
    """Return the one answer for files that are not there and for those that are not for the caller."""
    return FileNotFound("There is no such file.")


def check_servable(file: File) -> None:
    """Raise FileNotReady unless the file has bytes that may be given out."""
    if file.status not in SERVABLE:
        raise FileNotReady(
            f"This file is {file.status.value}; it cannot be downloaded.", file_status=file.status.value
        )


def content_disposition(file: File, *, inline: bool) -> str:
    """Return the header under which a file is delivered (RFC 6266): its name in any script, with an ASCII fallback.

    Only what cannot carry script, and was verified, is ever shown inside a browser's page.
    """
    shown = inline and file.status is Status.READY and file.mime_type not in SCRIPTABLE
    return disposition("inline" if shown else "attachment", file.filename)


def disposition(kind: str, filename: str) -> str:
    """Return a Content-Disposition (RFC 6266) with a name in any script, and an ASCII fallback."""
    ascii_name = "".join(char if char.isascii() and char not in '"\\%' else "_" for char in filename)
    return f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(filename, safe='')}"


def is_shown_by_browsers(file: File) -> bool:
    """Tell whether a browser's page can show or play a file, and may: it was verified and cannot carry script."""
    return file.status is Status.READY and file.mime_type in SHOWN


def life_of(file: File, *, inline: bool, public: bool) -> timedelta:
    """Return how long an address for a file's bytes is good: as long as its purpose needs, and no longer.

    Sound and film are played for a while, and a player asks for further ranges under the same address.
    """
    if inline and file.type in PLAYED:
        return PLAY_LIFE
    return PUBLIC_LIFE if public else DOWNLOAD_LIFE


def delivered_type(file: File) -> str:
    """Return the type under which a file is delivered: the verified one, or that of plain bytes."""
    return file.mime_type if file.status is Status.READY else UNKNOWN_TYPE


def entry_of(file: File) -> Entry:
    """Return what the catalogue needs to know of a file."""
    return Entry(
        owner_id=file.owner_id,
        file_id=file.id,
        filename=file.filename,
        size=file.size,
        type=file.type,
        extension=file.extension,
        status=file.status.value,
        visibility=file.visibility.value,
        category=file.category,
        content_id=file.content_id,
        tags=file.tags,
        caption=file.caption or "",
        custom=" ".join(_texts(file.custom)),
        title=_title(file.metadata or {}),
        text=str((file.metadata or {}).get("excerpt", "")) if file.lists_text else "",
        look=look_of(file),
        trashed=file.trashed_at is not None,
    )


def look_of(file: File) -> str:
    """Return the perceptual hash of a picture that is ready; empty for everything else."""
    if file.type != "image" or file.status is not Status.READY:
        return ""
    return str((file.metadata or {}).get("perceptual_hash") or "")


def _title(metadata: Mapping[str, Any]) -> str:
    common = metadata.get("common")
    if common is None:
        return " ".join(str(metadata[name]) for name in OLDER_TITLES if metadata.get(name))
    told = [str(common[name]) for name in TITLES if common.get(name)]
    return " ".join([*told, *map(str, common.get("keywords", ()))])


def _texts(value: object) -> Iterator[str]:
    """Yield the texts and numbers in a JSON value, in its order."""
    match value:
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
        case str() | int() | float() if not isinstance(value, bool):
            yield str(value)


def check_picture(file: File) -> None:
    """Raise NotAPicture unless the file is an image whose content was verified."""
    if file.type != "image" or file.status is not Status.READY:
        raise NotAPicture("Choose an image of yours that is ready.", file_status=file.status.value)


def emptied_at(trashed_at: datetime) -> datetime:
    """Return when a file in the trash is erased."""
    return trashed_at + KEPT_IN_TRASH


def plain(value: object) -> object:
    """Return a value as the activity log keeps it: in JSON's terms."""
    if isinstance(value, tuple):
        return list(value)
    return value if value is None or isinstance(value, str | int | dict) else str(value)


def told(before: File, changes: Mapping[str, Any]) -> dict[str, object]:
    """Return what the activity log tells of changed fields."""
    return {
        name: {"before": plain(getattr(before, name)), "after": plain(changes[name])}
        for name in changes
        if name != "lists_text"
    }


def entered(before: File | None, after: File | None) -> str | None:
    """Return the category that a file comes into with a change: by upload, by hand, or back from the trash."""
    if after is None or after.trashed_at is not None:
        return None
    stays = before is not None and (before.category, before.trashed_at) == (after.category, None)
    return None if stays else after.category
