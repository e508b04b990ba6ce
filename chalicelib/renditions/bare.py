"""Copies of pictures without what they tell beside the picture: where, when, with what and by whom it was taken.

Works on the file's own segments, so pixels are the original's to the bit; nothing is decoded. What is kept is named
here, all else goes: positions and other EXIF, XMP, IPTC, comments, makers' notes, embedded thumbnails, further pictures
and films behind the first (as phones append them). Kept are the colour profile and the orientation.

JPEG: ITU-T T.81 annex B. PNG: third edition, chapter 5. WebP: Google, "WebP Container Specification".
"""

import struct
import zlib
from collections.abc import Callable, Iterator

UPRIGHT = 1
ORIENTATION = 0x0112
EXIF = b"Exif\0\0"
PNG = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs acTL fcTL fdAT".split()
)
WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
WEBP_EXIF, WEBP_XMP = 0x08, 0x04
SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a segment: TEM and the restart markers."""
APP0, APP1, APP2, APP14, APP15, COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
JFIF = b"JFIF\0"
JFIF_FIXED = 12
"""Bytes of a JFIF segment before the size of its thumbnail."""


class Unstrippable(Exception):
    """The content is not built as its type says."""


def bare(mime_type: str, content: bytes) -> bytes:
    """Return a picture without anything that is not needed to show it. Raises Unstrippable."""
    try:
        return STRIPPERS[mime_type](content)
    except (struct.error, IndexError) as fault:
        raise Unstrippable("The content ends too early.") from fault


def _jpeg(content: bytes) -> bytes:
    if content[:2] != bytes((0xFF, SOI)):
        raise Unstrippable("This does not begin as a JPEG does.")
    kept, orientation = bytearray(), UPRIGHT
    for marker, segment in _segments(content):
        body = segment[4:]
        if marker == APP1 and body.startswith(EXIF):
            orientation = orientation_of(body[len(EXIF) :]) if orientation == UPRIGHT else orientation
        elif marker == APP0 and body.startswith(JFIF):
            kept += _segment(APP0, body[:JFIF_FIXED] + b"\0\0")
        elif not (APP0 <= marker <= APP15 or marker == COMMENT) or _is_needed(marker, body):
            kept += segment
    head = bytes((0xFF, SOI))
    return head + (_segment(APP1, EXIF + _tiff(orientation)) if orientation != UPRIGHT else b"") + bytes(kept)


def _is_needed(marker: int, body: bytes) -> bool:
    """Tell whether an application's segment changes how the picture looks."""
    return (marker == APP2 and body.startswith(b"ICC_PROFILE\0")) or (
        marker == APP14 and body.startswith(b"Adobe")
    )


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield all segments up to the end of the first picture; a scan's with the coded data behind it."""
    at = 2
    while True:
        if content[at] != 0xFF:  # noqa: PLR2004 - what begins every marker
            raise Unstrippable("There is something between two segments.")
        marker = content[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte
            at += 1
            continue
        end = at + 2 if marker in ALONE or marker == EOI else at + 2 + _length(content, at + 2)
        if marker == SOS:
            end = _end_of_scan(content, end)
        if end > len(content):
            raise Unstrippable("A segment is longer than the file.")
        yield marker, content[at:end]
        if marker == EOI:
            return
        at = end


def _length(content: bytes, at: int) -> int:
    [length] = struct.unpack_from(">H", content, at)
    if length < 2:  # noqa: PLR2004 - the length's own bytes
        raise Unstrippable("A segment has no room for its length.")
    return int(length)


def _end_of_scan(content: bytes, at: int) -> int:
    """Return where the coded data ends: at the first marker that is neither a stuffed zero nor a restart."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0:
            raise Unstrippable("The picture has no end.")
        if content[at + 1] != 0 and content[at + 1] not in ALONE and content[at + 1] != 0xFF:  # noqa: PLR2004 - fill
            return at
        at += 1 if content[at + 1] == 0xFF else 2  # noqa: PLR2004 - fill


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _png(content: bytes) -> bytes:
    if not content.startswith(PNG):
        raise Unstrippable("This does not begin as a PNG does.")
    kept, orientation = bytearray(), UPRIGHT
    for kind, chunk in _chunks(content):
        if kind == b"eXIf":
            orientation = orientation_of(chunk[8:-4])
        if kind in {b"IDAT", b"IEND"} and orientation != UPRIGHT:
            kept += _chunk(b"eXIf", _tiff(orientation))
            orientation = UPRIGHT
        if kind in PNG_KEPT:
            kept += chunk
    return PNG + bytes(kept)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield all chunks of a PNG up to its end."""
    at, kind = len(PNG), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise Unstrippable("A chunk is longer than the file.")
        yield kind, content[at:end]
        at = end


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _webp(content: bytes) -> bytes:
    riff, size, form = struct.unpack_from("<4sI4s", content)
    if riff != b"RIFF" or form != b"WEBP" or size + 8 > len(content):
        raise Unstrippable("This does not begin as a WebP does.")
    kept, at, orientation = bytearray(), 12, UPRIGHT
    while at < size + 8:
        kind, length = struct.unpack_from("<4sI", content, at)
        end = at + 8 + length + length % 2
        if at + 8 + length > len(content):
            raise Unstrippable("A chunk is longer than the file.")
        if kind == b"EXIF":
            orientation = orientation_of(content[at + 8 : at + 8 + length].removeprefix(EXIF))
        elif kind in WEBP_KEPT:
            kept += content[at:end]
        at = end
    return _riff(kept, orientation)


def _riff(kept: bytearray, orientation: int) -> bytes:
    """Return the container around chunks; only an extended one has a place for an orientation, and tells of it."""
    extended = kept.startswith(b"VP8X")
    if extended:
        kept[8] &= 0xFF ^ (WEBP_EXIF | WEBP_XMP)
    if extended and orientation != UPRIGHT:
        tiff = _tiff(orientation)
        kept[8] |= WEBP_EXIF
        kept += struct.pack("<4sI", b"EXIF", len(tiff)) + tiff
    return struct.pack("<4sI4s", b"RIFF", len(kept) + 4, b"WEBP") + bytes(kept)


def orientation_of(tiff: bytes) -> int:
    """Return the orientation (1 to 8) that EXIF's first directory tells; upright where it cannot be read."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return UPRIGHT
    try:
        [first] = struct.unpack_from(f"{order}I", tiff, 4)
        [count] = struct.unpack_from(f"{order}H", tiff, first)
        for number in range(count):
            tag, kind, values, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * number)
            if tag == ORIENTATION:
                sound = kind == 3 and values == 1 and 1 <= value <= 8  # noqa: PLR2004 - one SHORT
                return int(value) if sound else UPRIGHT
    except struct.error:
        return UPRIGHT
    return UPRIGHT


def _tiff(orientation: int) -> bytes:
    """Return EXIF that tells an orientation and nothing else; of an even length."""
    return struct.pack("<4sIHHHIHHI", b"II*\0", 8, 1, ORIENTATION, 3, 1, orientation, 0, 0)


STRIPPERS: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
}
