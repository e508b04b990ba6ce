"""Thumbnail and preview of a picture, drawn in a confined child (`extraction.zygote` loads this module by its name).

The eye's view: turned as EXIF says, colours in sRGB, the first frame of an animation, transparency kept. Opaque
pictures become JPEG, which is encoded ten times faster than WebP at this size; those with transparency become WebP.
A JPEG is decoded at the smallest of its own scales that is large enough, so 48 megapixels cost 50 MB; one that misses
the preview's side by a little is taken as it is: 4,000 x 3,000 become 2,000 x 1,500 in a third of the time.
"""

import contextlib
import io
import warnings
from typing import BinaryIO

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageCms, ImageOps

from chalicelib.extraction.errors import Damaged, Failed
from chalicelib.extraction.source import ByteSource, opened
from chalicelib.renditions.fingerprints import perceptual_hash, thumbhash
from chalicelib.renditions.models import PREVIEW_SIDE, THUMBNAIL_SIDE, Drawn, Picture

MAX_DECODED_PIXELS = 100_000_000
_FORMATS = {
    "jpeg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "gif": ("GIF",),
    "webp": ("WEBP",),
    "bmp": ("BMP", "DIB"),
    "tiff": ("TIFF",),
    "heic": ("HEIF",),
    "avif": ("AVIF",),
    "jp2": ("JPEG2000",),
    "ico": ("ICO",),
}
_MALFORMED = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError)
_DEEP_GREY_TO_8_BITS = 1 / 256
_LARGE_ENOUGH = 0.95
"""How much of the preview's side a JPEG's own scale must give to be taken."""

pillow_heif.register_heif_opener()
pillow_heif.options.DECODE_THREADS = 1
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
Image.init()
Image.MAX_IMAGE_PIXELS = None  # our own limit counts what is decoded, not what is stored
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def read(source: ByteSource, sniffed: str) -> Drawn:
    """Draw the picture in `source`. Raises Damaged, Failed(picture_too_large), BudgetSpent."""
    return draw(_decoded(opened(source), sniffed))


def draw(picture: Image.Image) -> Drawn:
    """Return both sizes of a decoded picture, and its fingerprints."""
    preview = _for_the_eye(picture)
    thumbnail = preview.copy()
    thumbnail.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return Drawn(
        thumbnail=_encoded(thumbnail),
        preview=_encoded(preview),
        placeholder=thumbhash(thumbnail),
        perceptual_hash=perceptual_hash(thumbnail),
    )


def _decoded(file: BinaryIO, sniffed: str) -> Image.Image:
    with warnings.catch_warnings(action="ignore"):
        try:
            picture = Image.open(file, formats=_FORMATS[sniffed])
            picture.draft(picture.mode, _fitted(picture.size, round(_LARGE_ENOUGH * PREVIEW_SIDE)))
            if picture.width * picture.height > MAX_DECODED_PIXELS:
                most = MAX_DECODED_PIXELS // 1_000_000
                raise Failed("picture_too_large", f"Pictures of more than {most} megapixels are not drawn.")
            picture.load()
        except _MALFORMED as error:
            raise Damaged(repr(error)) from error
    return picture


def _for_the_eye(picture: Image.Image) -> Image.Image:
    """Resize first and turn the few pixels that are left; colours are converted last, for the same reason."""
    size = _fitted(picture.size)
    plain = _resizable(picture)
    small = plain if plain.size == size else plain.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    small.info = dict(picture.info)
    with contextlib.suppress(*_MALFORMED):  # damaged EXIF: shown as it is stored
        orientation = picture.getexif().get(0x0112, 1)
        small = _turned(small, orientation)
    return _opaque(_in_srgb(small, picture.info.get("icc_profile")))


def _fitted(size: tuple[int, int], side: int = PREVIEW_SIDE) -> tuple[int, int]:
    """Return the size inside a square, never enlarged, no side below one pixel."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _resizable(picture: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be interpolated: palettes and deep greys cannot."""
    if picture.mode in {"L", "RGB", "CMYK", "LAB", "YCbCr"}:
        # a colour key, as PNG and GIF have, is transparency too
        return picture.convert("RGBA") if "transparency" in picture.info else picture
    if picture.mode.startswith("I") or picture.mode == "F":
        return _eight_bits(picture)
    return picture.convert("RGBA")


def _eight_bits(picture: Image.Image) -> Image.Image:
    if picture.mode == "F":
        low, high = picture.getextrema()
        scale = 255 / ((float(high) - float(low)) or 1)  # type: ignore[arg-type]  # one band: two numbers
        return picture.point(lambda value: value * scale - float(low) * scale).convert("L")  # type: ignore[arg-type]
    return picture.convert("I").point(lambda value: value * _DEEP_GREY_TO_8_BITS).convert("L")


def _turned(picture: Image.Image, orientation: object) -> Image.Image:
    exif = picture.getexif()
    exif[0x0112] = orientation
    return ImageOps.exif_transpose(picture)


def _in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    if isinstance(profile, bytes):
        with contextlib.suppress(
            ImageCms.PyCMSError, *_MALFORMED
        ):  # a broken profile: the colours as they are
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(own):
                converted = ImageCms.profileToProfile(picture, own, _SRGB, outputMode=mode)
                return converted or picture
    return picture if picture.mode == mode else picture.convert(mode)


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema()[0] == 255:  # noqa: PLR2004 - fully opaque
        return picture.convert("RGB")
    return picture


def _encoded(picture: Image.Image) -> Picture:
    out = io.BytesIO()
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)  # without EXIF, profile and comments: none of them is for strangers' eyes
    if picture.mode == "RGBA":
        bare.save(out, "WEBP", quality=85, method=2)
    else:
        bare.save(out, "JPEG", quality=85)
    return Picture.model_construct(
        mime_type="image/webp" if picture.mode == "RGBA" else "image/jpeg",
        width=picture.width,
        height=picture.height,
        content=out.getvalue(),
    )
