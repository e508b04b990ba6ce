"""IPTC-IIM (Information Interchange Model 4.2), which agencies and old programs write beside EXIF or instead of it.

It lies in Photoshop's resource 0x0404 of a JPEG or in tag 33723 of a TIFF. A record says once at its beginning whether
its texts are UTF-8; most do not, and then their encoding is guessed.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Literal

from PIL import Image, TiffTags

from chalicelib.extraction.readers.exif import Described
from chalicelib.extraction.repair import decoded

MAX_RECORD = 256 << 10
MAX_FIELDS = 500
_MARK = 0x1C
_APPLICATION = 2
_RESOURCE, _TIFF_TAG = 0x0404, 33723
_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")
_KEYWORD, _DAY, _TIME = 25, 55, 60
_TEXTS = {5: "title", 80: "artist", 116: "copyright", 120: "description", 135: "language"}

# Pillow takes the tag for a single number and would drop all that follows it
TiffTags.TAGS_V2[_TIFF_TAG] = TiffTags.TagInfo(_TIFF_TAG, "IptcNaaInfo", TiffTags.UNDEFINED, 0)


def described(picture: Image.Image) -> Described:
    """What the picture's IPTC record says; nothing when there is none."""
    found = Described()
    texts: dict[int, str] = {}
    keywords: list[str] = []
    for field, raw in _fields(_record(picture)):
        text = decoded(raw).strip("\x00 ")
        if field == _KEYWORD and text:
            keywords.append(text)
        elif text:
            texts.setdefault(field, text)
    if keywords:
        found["keywords"] = tuple(keywords)
    found.update({name: texts[field] for field, name in _TEXTS.items() if field in texts})  # type: ignore[typeddict-item] # named by our own table
    if taken := _moment(texts.get(_DAY, ""), texts.get(_TIME, "")):
        found["taken_at"] = taken
    return found


def _record(picture: Image.Image) -> bytes:
    resources = picture.info.get("photoshop")
    raw: object = resources.get(_RESOURCE) if isinstance(resources, dict) else None
    if raw is None:
        raw = getattr(picture, "tag_v2", {}).get(_TIFF_TAG)
    if isinstance(raw, tuple):  # written as numbers by most, in either order
        raw = next((each for each in map(partial(_bytes_of, raw), _ORDERS) if each[:1] == b"\x1c"), b"")
    return raw[:MAX_RECORD] if isinstance(raw, bytes) else b""


def _bytes_of(numbers: tuple[object, ...], order: Literal["little", "big"]) -> bytes:
    known = [number for number in numbers[: MAX_RECORD // 4] if isinstance(number, int)]
    with contextlib.suppress(OverflowError):
        return b"".join(number.to_bytes(4, order) for number in known)
    return b""


def _fields(record: bytes) -> Iterator[tuple[int, bytes]]:
    """The application record's fields, until its end or anything that is none; extended lengths are no text's."""
    at = 0
    for _ in range(MAX_FIELDS):
        if at + 5 > len(record) or record[at] != _MARK:
            return
        size = int.from_bytes(record[at + 3 : at + 5])
        if size & 0x8000:
            return
        if record[at + 1] == _APPLICATION:
            yield record[at + 2], record[at + 5 : at + 5 + size]
        at += 5 + size


def _moment(day: str, time: str) -> datetime | None:
    for text in (f"{day}T{time}", day):
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(text)
    return None
