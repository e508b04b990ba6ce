"""XMP packets (ISO 16684): the Dublin Core title, description and creator, with document types and entities refused."""

from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from chalicelib.extraction.readers.exif import Described

MAX_PACKET = 1 << 20
_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
_ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"


def described(packet: str | bytes) -> Described:
    """What the packet says; nothing when it is malformed, too large or has a document type."""
    raw = packet.encode("utf-8", "replace") if isinstance(packet, str) else packet
    try:
        root = fromstring(raw[:MAX_PACKET].strip(b"\x00 "), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return Described()
    found = Described()
    if title := _first(root, "title"):
        found["title"] = title
    if description := _first(root, "description"):
        found["description"] = description
    if artist := _first(root, "creator"):
        found["artist"] = artist
    if rights := _first(root, "rights"):
        found["copyright"] = rights
    return found


def _first(root: Element, name: str) -> str | None:
    element = root.find(f".//{_DUBLIN_CORE}{name}")
    if element is None:
        return None
    item = element.find(f".//{_ITEM}")
    text = (item if item is not None else element).text
    return text.strip() or None if text else None
