"""EXIF (CIPA DC-008), as far as a library shows it. Every value may be of the wrong type: such a value is not there."""

import contextlib
import math
from datetime import datetime
from typing import SupportsFloat, TypedDict

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from chalicelib.extraction.models import Position


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


_MOST_ORIENTATIONS = 8


def described(exif: Image.Exif) -> Described:
    """What the EXIF block says. Fields that are absent or malformed are left out."""
    details, place = exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)
    found = Described()
    orientation = exif.get(Base.Orientation)
    if isinstance(orientation, int) and 1 <= orientation <= _MOST_ORIENTATIONS:
        found["orientation"] = orientation
    if taken := _moment(details.get(Base.DateTimeOriginal), details.get(Base.OffsetTimeOriginal)):
        found["taken_at"] = taken
    if position := _position(place):
        found["position"] = position
    texts = {
        "camera_make": exif.get(Base.Make),
        "camera_model": exif.get(Base.Model),
        "lens": details.get(Base.LensModel),
        "title": _windows_text(exif.get(Base.XPTitle)),
        "description": exif.get(Base.ImageDescription),
        "artist": exif.get(Base.Artist),
        "copyright": exif.get(Base.Copyright),
        "software": exif.get(Base.Software),
    }
    found.update({name: text for name, value in texts.items() if (text := _text(value))})  # type: ignore[typeddict-item]
    return found


def _text(value: object) -> str | None:
    """Pillow reads ASCII fields as Latin-1; many cameras and programs write UTF-8 into them."""
    if not isinstance(value, str):
        return None
    with contextlib.suppress(UnicodeError):  # then it was Latin-1, or never bytes
        value = value.encode("latin-1").decode("utf-8")
    return value.strip("\x00 ") or None


def _windows_text(value: object) -> str | None:
    raw: object = value
    with contextlib.suppress(ValueError, TypeError):  # then it is no sequence of bytes
        raw = bytes(value) if isinstance(value, tuple) else value
    return raw.decode("utf-16-le", "replace").rstrip("\x00") if isinstance(raw, bytes) else None


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
