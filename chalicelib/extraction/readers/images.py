"""Pictures: what their headers say. No pixel is decoded, so size on disk hardly matters and bombs stay wrapped."""

import io
import warnings
from collections.abc import Callable
from typing import BinaryIO

import pillow_heif
from PIL import Image, UnidentifiedImageError

from chalicelib.extraction.errors import BudgetSpent, Damaged, Rejected
from chalicelib.extraction.models import Finding, ImageMetadata
from chalicelib.extraction.readers import exif, iptc, xmp
from chalicelib.extraction.readers.frames import Frames, gif_frames, tiff_frames, webp_picture
from chalicelib.extraction.source import ByteSource, opened

MAX_PIXELS = 200_000_000
MAX_FRAMES = 10_000

_PILLOW_FORMATS = {
    "jpeg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "gif": ("GIF",),
    "bmp": ("BMP", "DIB"),
    "tiff": ("TIFF",),
    "heic": ("HEIF",),
    "avif": ("AVIF",),
    "jp2": ("JPEG2000",),
}
_COUNTERS: dict[str, Callable[[BinaryIO, int], Frames]] = {"gif": gif_frames, "tiff": tiff_frames}
_MALFORMED = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
)
_TEXT_CHUNKS = {
    "Title": "title",
    "Description": "description",
    "Comment": "description",
    "Author": "artist",
    "Copyright": "copyright",
    "Software": "software",
}

pillow_heif.register_heif_opener()
Image.init()
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def read(source: ByteSource, sniffed: str) -> Finding:
    """Dimensions, frames and what EXIF, IPTC, XMP and text chunks say; the first of them that says something counts.

    Raises Damaged, Rejected, BudgetSpent.
    """
    find = {"ico": _icon, "webp": _webp}.get(sniffed, _through_pillow)
    try:
        with warnings.catch_warnings(action="ignore"):
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            metadata = find(opened(source), sniffed)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    if metadata.width * metadata.height > MAX_PIXELS:
        raise _too_many_pixels()
    if not metadata.width or not metadata.height:
        raise Damaged("no width or height")
    if (metadata.frames or 0) > MAX_FRAMES:
        raise Rejected("too_many_frames", f"The picture has more than {MAX_FRAMES} frames.")
    return Finding(metadata=metadata)


def _too_many_pixels() -> Rejected:
    return Rejected("too_many_pixels", f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels.")


def _through_pillow(file: BinaryIO, sniffed: str) -> ImageMetadata:
    try:
        picture = Image.open(file, formats=_PILLOW_FORMATS[sniffed])
        described = _described(picture, sniffed)
    except _MALFORMED as error:
        raise Damaged(repr(error)) from error
    frames = _frames(file, picture, sniffed)
    return ImageMetadata(
        format=sniffed.upper(),
        width=picture.width,
        height=picture.height,
        mode=picture.mode,
        frames=frames.count,
        duration_seconds=frames.seconds,
        **described,
    )


def _frames(file: BinaryIO, picture: Image.Image, sniffed: str) -> Frames:
    counter = _COUNTERS.get(sniffed)
    if counter is None:
        return Frames(getattr(picture, "n_frames", 1))
    try:
        return counter(file, MAX_FRAMES + 1)
    except BudgetSpent:
        return Frames(None)


def _described(picture: Image.Image, sniffed: str) -> exif.Described:
    described = exif.described(_exif(picture, sniffed))
    if isinstance(packet := picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp"), str | bytes):
        described = xmp.described(packet) | described
    described = iptc.described(picture) | described
    for chunk, name in _TEXT_CHUNKS.items() if sniffed == "png" else ():
        if text := picture.info.get(chunk):
            described.setdefault(name, str(text))  # type: ignore[misc]  # the names are keys of Described
    return described


def _exif(picture: Image.Image, sniffed: str) -> Image.Exif:
    if sniffed != "png":
        return picture.getexif()
    found = Image.Exif()  # getexif() of a PNG decodes the whole picture to find late chunks
    found.load(picture.info.get("exif", b""))
    return found


def _webp(file: BinaryIO, _sniffed: str) -> ImageMetadata:
    picture = webp_picture(file, MAX_FRAMES + 1)
    described = exif.Described()
    if picture.exif:
        found = Image.Exif()
        found.load(picture.exif)
        described = exif.described(found)
    if picture.xmp:
        described = xmp.described(picture.xmp) | described
    return ImageMetadata(
        format="WEBP",
        width=picture.width,
        height=picture.height,
        frames=picture.frames.count,
        duration_seconds=picture.frames.seconds,
        **described,
    )


def _icon(file: BinaryIO, _sniffed: str) -> ImageMetadata:
    """The largest picture of an icon, by its directory of 16-byte entries; a side of 0 means 256 pixels."""
    file.seek(4, io.SEEK_SET)
    count = int.from_bytes(file.read(2), "little")
    directory = file.read(16 * count)
    if not count or len(directory) < 16 * count:
        raise Damaged("the icon's directory is cut off")
    sizes = [(directory[at] or 256, directory[at + 1] or 256) for at in range(0, len(directory), 16)]
    width, height = max(sizes)
    return ImageMetadata(format="ICO", width=width, height=height, frames=count)
