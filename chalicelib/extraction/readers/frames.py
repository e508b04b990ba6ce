"""How many frames a picture has and how long they last, from block and chunk headers alone.

Pillow answers this for GIF and TIFF by loading every frame's tables, and opens a WebP only by reading it whole; for
untrusted files the walk has to be cheap and to stop at a given number of frames.
"""

import io
from dataclasses import dataclass
from typing import BinaryIO, Literal

from chalicelib.extraction.errors import BudgetSpent, Damaged

_GIF_EXTENSION, _GIF_IMAGE, _GIF_GRAPHIC_CONTROL = b"\x21", b"\x2c", b"\xf9"
_CENTISECONDS = 100
_MILLISECONDS = 1000
_MAX_METADATA_CHUNK = 256 << 10


@dataclass(frozen=True)
class Frames:
    """The number of frames, None when nobody could count them, and the seconds of one pass through an animation."""

    count: int | None
    seconds: float | None = None


@dataclass
class WebpPicture:
    """What a WebP's chunks say of it."""

    width: int = 0
    height: int = 0
    frames: Frames = Frames(1)
    exif: bytes = b""
    xmp: bytes = b""


def gif_frames(file: BinaryIO, most: int) -> Frames:
    """Walk a GIF's blocks (GIF89a specification) up to `most` images; a truncated file counts as far as it goes."""
    file.seek(10)
    _skip_colours(file, _byte(file))
    file.seek(2, io.SEEK_CUR)
    count = delay = 0
    while count < most:
        block = file.read(1)
        if block == _GIF_EXTENSION:
            delay += _gif_extension(file)
        elif block == _GIF_IMAGE:
            count += 1
            file.seek(8, io.SEEK_CUR)
            _skip_colours(file, _byte(file))
            file.seek(1, io.SEEK_CUR)
            _skip_sub_blocks(file)
        else:
            break
    return Frames(max(count, 1), delay / _CENTISECONDS if count > 1 else None)


def _byte(file: BinaryIO) -> int:
    return int.from_bytes(file.read(1))


def _skip_colours(file: BinaryIO, flags: int) -> None:
    # the packed field's top bit says that a table follows, its low bits how large it is
    at = file.tell() if flags & 0x80 else None
    if at is not None:
        file.seek(at + (3 << ((flags & 7) + 1)))


def _skip_sub_blocks(file: BinaryIO) -> None:
    while size := _byte(file):
        file.seek(size, io.SEEK_CUR)


def _gif_extension(file: BinaryIO) -> int:
    """Skip an extension; the delay in hundredths of a second when it is a graphic control."""
    if file.read(1) != _GIF_GRAPHIC_CONTROL:
        _skip_sub_blocks(file)
        return 0
    control = file.read(_byte(file))
    _skip_sub_blocks(file)
    return int.from_bytes(control[1:3], "little")


def tiff_frames(file: BinaryIO, most: int) -> Frames:
    """Follow the chain of a TIFF's or BigTIFF's image directories, up to `most` of them."""
    file.seek(0)
    header = file.read(16)
    order: Literal["little", "big"] = "little" if header[:2] == b"II" else "big"
    big = int.from_bytes(header[2:4], order) == 43  # noqa: PLR2004 - BigTIFF's version number
    entry_count, entry, pointer = (8, 20, 8) if big else (2, 12, 4)
    following = int.from_bytes(header[8:16] if big else header[4:8], order)
    count = 0
    while following and count < most:
        count += 1
        file.seek(following)
        entries = int.from_bytes(file.read(entry_count), order)
        file.seek(following + entry_count + entries * entry)
        following = int.from_bytes(file.read(pointer), order)
    return Frames(count)


def webp_picture(file: BinaryIO, most_frames: int) -> WebpPicture:
    """Walk a WebP's RIFF chunks (RFC 9649). Raises Damaged when no chunk gives its dimensions."""
    picture = WebpPicture()
    size = file.seek(0, io.SEEK_END)
    at, count, delay = 12, 0, 0
    try:
        while at + 8 <= size and count < most_frames:
            file.seek(at)
            name, length = file.read(4), int.from_bytes(file.read(4), "little")
            if name == b"ANMF":
                count += 1
                delay += int.from_bytes(file.read(16)[12:15], "little")
            else:
                _webp_chunk(picture, name, file, length)
            at += 8 + length + (length & 1)
    except BudgetSpent:
        count = -1
    if not picture.width:
        raise Damaged("no dimensions in the WebP's chunks")
    picture.frames = (
        Frames(None) if count < 0 else Frames(max(count, 1), delay / _MILLISECONDS if count else None)
    )
    return picture


def _webp_chunk(picture: WebpPicture, name: bytes, file: BinaryIO, length: int) -> None:
    if name in {b"VP8X", b"VP8 ", b"VP8L"} and not picture.width:
        picture.width, picture.height = _webp_dimensions(name, file.read(10))
    elif name == b"EXIF" and length <= _MAX_METADATA_CHUNK:
        picture.exif = file.read(length)
    elif name == b"XMP " and length <= _MAX_METADATA_CHUNK:
        picture.xmp = file.read(length)


def _webp_dimensions(name: bytes, head: bytes) -> tuple[int, int]:
    if name == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if name == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF
