"""XMP packets (ISO 16684-1), with document types and entities refused: the properties that a library shows.

A property stands as an element or, written short, as an attribute of its description; a text in several languages is
taken in its default, a list of people or words whole.
"""

import contextlib
import re
from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from chalicelib.extraction.models import Position
from chalicelib.extraction.readers.exif import Described

MAX_PACKET = 1 << 20
_MOST_ITEMS = 64
_ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_DC = "{http://purl.org/dc/elements/1.1/}"
_XMP = "{http://ns.adobe.com/xap/1.0/}"
_EXIF = "{http://ns.adobe.com/exif/1.0/}"
_TIFF = "{http://ns.adobe.com/tiff/1.0/}"
_PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_TEXTS = {
    "title": (f"{_DC}title", f"{_PHOTOSHOP}Headline"),
    "description": (f"{_DC}description",),
    "copyright": (f"{_DC}rights",),
    "language": (f"{_DC}language",),
    "camera_make": (f"{_TIFF}Make",),
    "camera_model": (f"{_TIFF}Model",),
    "lens": ("{http://cipa.jp/exif/1.0/}LensModel", "{http://ns.adobe.com/exif/1.0/aux/}Lens"),
    "software": (f"{_XMP}CreatorTool",),
}
_TIMES = {
    "taken_at": (f"{_EXIF}DateTimeOriginal", f"{_PHOTOSHOP}DateCreated"),
    "created_at": (f"{_XMP}CreateDate",),
    "modified_at": (f"{_XMP}ModifyDate",),
}
_DEGREES = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([NSEW])")


def described(packet: str | bytes) -> Described:
    """What the packet says; nothing when it is malformed, too large or has a document type."""
    raw = packet.encode("utf-8", "replace") if isinstance(packet, str) else packet
    try:
        root = fromstring(raw[:MAX_PACKET].strip(b"\x00 \t\r\n"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return Described()
    known = _properties(root)
    found = _listed(known) | _timed(known)
    for field, names in _TEXTS.items():
        if text := next((known[name][0] for name in names if name in known), None):
            found[field] = text  # type: ignore[literal-required] # named by our own table
    if position := _position(known):
        found["position"] = position
    return found


def _listed(known: dict[str, list[str]]) -> Described:
    found = Described()
    if people := known.get(f"{_DC}creator"):
        found["artist"] = ", ".join(people)
    if words := known.get(f"{_DC}subject"):
        found["keywords"] = tuple(words)
    return found


def _timed(known: dict[str, list[str]]) -> Described:
    found = Described()
    for field, names in _TIMES.items():
        if moment := next((m for name in names for m in map(_moment, known.get(name, [])) if m), None):
            found[field] = moment  # type: ignore[literal-required] # named by our own table
    return found


def _properties(root: Element) -> dict[str, list[str]]:
    """The values of every property, by its qualified name; the first one of a name counts."""
    found: dict[str, list[str]] = {}
    for element in root.iter():
        for name, value in element.attrib.items():
            if value.strip():
                found.setdefault(name, [value.strip()])
        if values := list(_values(element)):
            found.setdefault(str(element.tag), values)
    return found


def _values(element: Element) -> Iterator[str]:
    items = [item for container in element for item in container if item.tag == _ITEM]
    items.sort(key=lambda item: item.get(_LANGUAGE) != "x-default")
    for each in items[:_MOST_ITEMS] or [element]:
        if text := (each.text or "").strip():
            yield text


def _moment(text: str) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(text) if len(text) > len("2024-05") else None
    return None


def _position(known: dict[str, list[str]]) -> Position | None:
    latitude = _degrees(known.get(f"{_EXIF}GPSLatitude", [""])[0], "NS", 90)
    longitude = _degrees(known.get(f"{_EXIF}GPSLongitude", [""])[0], "EW", 180)
    if latitude is None or longitude is None:
        return None
    return Position(latitude=latitude, longitude=longitude)


def _degrees(text: str, sides: str, most: int) -> float | None:
    """A coordinate as XMP writes it: `48,51.504N` or `48,51,30N`."""
    match = _DEGREES.fullmatch(text.strip())
    if not match or match[4] not in sides:
        return None
    total = round(float(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600, 7)
    return None if total > most else -total if match[4] in "SW" else total
