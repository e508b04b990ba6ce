"""SVG drawings: size and title from the root element, with entities refused. They are never rendered here."""

import re
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from chalicelib.extraction.errors import Damaged, Rejected
from chalicelib.extraction.models import Finding, ImageMetadata
from chalicelib.extraction.source import ByteSource, opened

MAX_SIDE = 1_000_000
_MOST_ELEMENTS = 10_000
_LENGTH = re.compile(r"\s*\+?(\d{0,9}(?:\.\d{0,9})?)\s*(px|pt|pc|in|cm|mm|)\s*")
_PIXELS_PER_UNIT = {"px": 1, "": 1, "pt": 96 / 72, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4}


def read(source: ByteSource, sniffed: str) -> Finding:
    """Width and height in CSS pixels (CSS 2.1 units; the view box where they are relative) and the title."""
    try:
        root, title = _root_and_title(source)
    except DefusedXmlException:
        raise Rejected(
            "unsafe_document", "The drawing defines XML entities, which are not accepted."
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise Damaged(repr(error)) from error
    box = _view_box(root.get("viewBox", ""))
    width = _pixels(root.get("width", "")) or box[0]
    height = _pixels(root.get("height", "")) or box[1]
    return Finding(
        metadata=ImageMetadata(format=sniffed.upper(), width=width, height=height, frames=1, title=title)
    )


def _root_and_title(source: ByteSource) -> tuple[Element, str | None]:
    """The root element and the text of a <title> directly below it, which SVG 1.1 wants first."""
    root: Element | None = None
    depth = 0
    for count, (event, element) in enumerate(
        iterparse(opened(source), events=("start", "end"), forbid_entities=True)
    ):
        root = element if root is None else root
        depth += 1 if event == "start" else -1
        if event == "end" and depth == 1 and element.tag.rpartition("}")[2] == "title":
            return root, element.text
        if count > _MOST_ELEMENTS:
            break
    if root is None:
        raise Damaged("no root element")
    return root, None


def _pixels(length: str) -> int:
    match = _LENGTH.fullmatch(length)
    if not match or match[1] in {"", "."}:
        return 0
    return min(round(float(match[1]) * _PIXELS_PER_UNIT[match[2]]), MAX_SIDE)


def _view_box(value: str) -> tuple[int, int]:
    parts = value.replace(",", " ").split()
    return (_pixels(parts[2]), _pixels(parts[3])) if len(parts) == 4 else (0, 0)  # noqa: PLR2004 - x y width height
