"""EXIF (CIPA DC-008), as far as a library shows it. Every value may be of the wrong type: such a value is not there."""

import contextlib
import math
from datetime import datetime
from typing import SupportsFloat, TypedDict

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from chalicelib.extraction.models import Position
from chalicelib.extraction.repair import decoded, from_windows


class Described(TypedDict, total=False):
    """The descriptive fields of ImageMetadata."""

    orientation: int
    taken_at: datetime
    camera_make: str
    camera_model: str
    lens: str
    position: Position
    title: str
    description: str
    artist: str
    copyright: str
    software: str
    keywords: tuple[str, ...]
    language: str
    created_at: datetime
    modified_at: datetime


_USER_COMMENT, _COMMENT_CODES = 0x9286, 8
_MOST_ORIENTATIONS = 8


def described(exif: Image.Exif) -> Described:
    """What the EXIF block says. Fields that are absent or malformed are left out."""
    details, place = exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)
    found = Described()
    orientation = exif.get(Base.Orientation)
    if isinstance(orientation, int) and 1 <= orientation <= _MOST_ORIENTATIONS:
        found["orientation"] = orientation
    times = {
        "taken_at": (details.get(Base.DateTimeOriginal), details.get(Base.OffsetTimeOriginal)),
        "created_at": (details.get(Base.DateTimeDigitized), details.get(Base.OffsetTimeDigitized)),
        "modified_at": (exif.get(Base.DateTime), details.get(Base.OffsetTime)),
    }
    found.update({name: moment for name, told in times.items() if (moment := _moment(*told))})  # type: ignore[typeddict-item] # named by our own table
    if position := _position(place):
        found["position"] = position
    found.update({name: text for name, text in _texts(exif, details).items() if text})  # type: ignore[typeddict-item] # named by our own table
    if words := _windows_text(exif.get(Base.XPKeywords)):
        found["keywords"] = tuple(word for word in words.split(";") if word.strip())
    return found


def _texts(exif: Image.Exif, details: dict[int, object]) -> dict[str, str | None]:
    """The texts: where an ASCII field is empty, the one that Windows wrote counts, which holds any script."""
    return {
        "camera_make": _text(exif.get(Base.Make)),
        "camera_model": _text(exif.get(Base.Model)),
        "lens": _text(details.get(Base.LensModel)),
        "title": _windows_text(exif.get(Base.XPTitle)),
        "description": _text(exif.get(Base.ImageDescription))
        or _windows_text(exif.get(Base.XPComment))
        or _user_comment(details.get(_USER_COMMENT))
        or _windows_text(exif.get(Base.XPSubject)),
        "artist": _text(exif.get(Base.Artist)) or _windows_text(exif.get(Base.XPAuthor)),
        "copyright": _text(exif.get(Base.Copyright)),
        "software": _text(exif.get(Base.Software)),
    }


def _text(value: object) -> str | None:
    """An ASCII field, which many programs fill with something else; Pillow reads it as Latin-1, or leaves bytes."""
    if isinstance(value, str):
        with contextlib.suppress(UnicodeError):  # then it never was bytes
            value = value.encode("latin-1")
    if isinstance(value, bytes):
        value = decoded(value)
    return value.replace("\x00", " ").strip() or None if isinstance(value, str) else None


def _windows_text(value: object) -> str | None:
    raw: object = value
    with contextlib.suppress(ValueError, TypeError):  # then it is no sequence of bytes
        raw = bytes(value) if isinstance(value, tuple) else value
    return from_windows(raw).strip() or None if isinstance(raw, bytes) else None


def _user_comment(value: object) -> str | None:
    """A comment behind the eight letters that name its encoding; UNICODE is UTF-16 in either order of bytes."""
    if not isinstance(value, bytes):
        return None
    code, raw = value[:_COMMENT_CODES], value[_COMMENT_CODES:]
    if code.startswith(b"UNICODE"):
        big = raw[:1] == b"\x00" or raw.startswith(b"\xfe\xff")
        return raw.decode("utf-16-be" if big else "utf-16-le", "replace").strip("\ufeff\x00 ") or None
    return decoded(raw).strip("\x00 ") or None if code in {b"ASCII\0\0\0", bytes(8)} else None


def _moment(value: object, offset: object) -> datetime | None:
    written = str(value).strip("\x00 ").replace(":", "-", 2)
    for text in (
        f"{written}{str(offset).strip()}",
        written,
    ):  # without an offset the time is the camera's own
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            continue
    return None


def _position(place: dict[int, object]) -> Position | None:
    latitude = _degrees(place.get(GPS.GPSLatitude), place.get(GPS.GPSLatitudeRef), "S")
    longitude = _degrees(place.get(GPS.GPSLongitude), place.get(GPS.GPSLongitudeRef), "W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004 - degrees
        return None
    altitude = _number(place.get(GPS.GPSAltitude))
    if altitude is not None and place.get(GPS.GPSAltitudeRef) in {1, b"\x01"}:
        altitude = -altitude
    return Position(latitude=round(latitude, 7), longitude=round(longitude, 7), altitude=altitude)


def _degrees(value: object, reference: object, negative: str) -> float | None:
    if not isinstance(value, tuple) or len(value) != 3:  # noqa: PLR2004 - degrees, minutes, seconds
        return None
    parts = [_number(part) for part in value]
    if None in parts:
        return None
    total = sum((part or 0.0) / 60.0**i for i, part in enumerate(parts))
    return -total if str(reference).strip("\x00 ").upper() == negative else total


def _number(value: object) -> float | None:
    try:
        number: float = float(value) if isinstance(value, SupportsFloat) else math.nan
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e5 else None  # noqa: PLR2004 - beyond any place on Earth
