"""Texts as files hold them: decoded with what is known of their encoding, mended where a program got it wrong.

A text in a file is data of unknown make. What comes out of here is one line of printable text in NFC without controls
and without marks that turn its direction, and never longer than asked for.
"""

import codecs
import re
import unicodedata

MAX_TEXT = 500
_LOOKED_AT = 8
"""Characters looked at for each that is kept: mending makes texts shorter, never longer."""
_TIMES = 3
_CUT = 3  # bytes of one character that may be missing at a cut
_LOST = "\ufffd"
_JOINER = "\u200d"  # part of many emoji
_CONTROLS = {"Cc", "Cf", "Cs", "Co", "Cn"}  # Cf holds the bidirectional overrides that make names lie
_WINDOWS = {bytes([byte]).decode("cp1252", "ignore"): byte for byte in range(0x80, 0xA0)}


def cleaned(value: object, *, most: int = MAX_TEXT) -> object:
    """`value`, if it is a string, mended, as one line of printable text of at most `most` characters."""
    if not isinstance(value, str):
        return value
    whole = mended(value[: _LOOKED_AT * most]).encode("utf-8", "replace").decode("utf-8")
    printable = "".join(" " if c.isspace() else c for c in whole if c.isspace() or not _is_control(c))
    return " ".join(unicodedata.normalize("NFC", printable).split())[:most].rstrip()


def mended(text: str) -> str:
    """`text`, or what it was before UTF-8 was taken for Latin-1 or Windows-1252, up to three times over."""
    for _ in range(_TIMES):
        before = None if text.isascii() else _as_utf8(text)
        if before is None:
            break
        text = before
    return text


def decoded(raw: bytes) -> str:
    """The text of bytes whose encoding nobody told: UTF-16 with its mark, UTF-8, else Windows-1252."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "".join(raw[at : at + 1].decode("cp1252", "ignore") or chr(raw[at]) for at in range(len(raw)))


def rescued(text: str, *places: bytes) -> str:
    """A text in which a program has put U+FFFD for bytes that it could not decode, as those bytes say it.

    `places` are pieces of the file where the text may stand; where it does not, it is returned as it is.
    """
    if _LOST not in text:
        return text
    parts = (re.escape(part.encode()) for part in re.split(f"{_LOST}+", text))
    pattern = re.compile(rb"[\x80-\xff]{1,64}".join(parts))
    return next((decoded(found[0]) for place in places if (found := pattern.search(place))), text)


def from_windows(raw: bytes) -> str:
    """The text of the XP* fields of EXIF: UTF-16, little-endian, up to its end mark."""
    return raw.decode("utf-16-le", "replace").partition("\x00")[0]


def _as_utf8(text: str) -> str | None:
    raw = bytearray()
    for character in text:
        byte = _WINDOWS.get(character, ord(character))
        if byte > 0xFF:  # noqa: PLR2004 - no byte
            return None
        raw.append(byte)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data" and error.start >= len(raw) - _CUT and error.start > 0
        kept = raw[: error.start].decode("utf-8") if cut else ""
        return None if kept.isascii() else kept  # plain letters and one odd one: that one was meant


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in _CONTROLS and character != _JOINER
