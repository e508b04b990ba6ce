"""A bare copy shows the same picture, to the bit, and tells nothing else."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from chalicelib.renditions.bare import STRIPPERS, Unstrippable, bare, orientation_of
from tests.conftest import MEDIA

SECRETS = (b"SecretCamera", b"SecretPlace", b"SecretNote", b"SecretTail")
GPS = 0x8825
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">SecretPlace</x:xmpmeta>'


def telling(mime_type: str, orientation: int = 6, **options: Any) -> bytes:
    """Return a picture that tells a place, a camera, a note and an orientation, and has a colour profile."""
    picture = Image.effect_mandelbrot((40, 30), (-2, -1, 1, 1), 50).convert("RGB")
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "SecretCamera"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (48.0, 51.0, 29.0)
    exif.get_ifd(GPS)[3] = "E"
    exif.get_ifd(GPS)[4] = (2.0, 17.0, 40.0)
    out = io.BytesIO()
    picture.save(out, FORMATS[mime_type], exif=exif, icc_profile=PROFILE, **options)
    return ADDED[mime_type](out.getvalue())


def jpeg_with_more(content: bytes) -> bytes:
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + XMP
    more = [
        (0xE1, xmp),
        (0xED, b"Photoshop 3.0\0SecretPlace"),
        (0xFE, b"SecretNote"),
        (0xE2, b"FPXR\0SecretNote"),
    ]
    segments = b"".join(struct.pack(">BBH", 0xFF, one, len(body) + 2) + body for one, body in more)
    return content[:2] + segments + content[2:] + b"\xff\xd8 SecretTail"


def png_with_more(content: bytes) -> bytes:
    chunks = b""
    for kind, body in ((b"tEXt", b"Comment\0SecretNote"), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)):
        checked = kind + body
        chunks += struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))
    return content[:33] + chunks + content[33:] + b"SecretTail"


def webp_with_more(content: bytes) -> bytes:
    more = b"XMP " + struct.pack("<I", len(XMP)) + XMP + b"\0" * (len(XMP) % 2)
    whole = content[12:] + more
    return b"RIFF" + struct.pack("<I", len(whole) + 4) + b"WEBP" + whole + b"SecretTail"


ADDED: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": jpeg_with_more,
    "image/png": png_with_more,
    "image/webp": webp_with_more,
}


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


@pytest.mark.parametrize("mime_type", STRIPPERS)
def test_a_copy_has_the_same_pixels_profile_and_orientation_and_nothing_else(mime_type: str) -> None:
    content = telling(mime_type)
    assert sum(secret in content for secret in SECRETS) == len(SECRETS) - (mime_type == "image/webp")
    copy = bare(mime_type, content)
    before, after = opened(content), opened(copy)
    assert after.tobytes() == before.tobytes()
    assert after.info["icc_profile"] == before.info["icc_profile"]
    assert dict(after.getexif()) == {0x0112: 6}
    assert not after.getexif().get_ifd(GPS)
    assert not [secret for secret in SECRETS if secret in copy]
    assert bare(mime_type, copy) == copy
    assert "EXIF" not in str(opened(bare(mime_type, telling(mime_type, orientation=1))).info.get("exif", b""))


def test_the_coded_data_of_a_photo_are_the_same_bytes() -> None:
    for name in ("photo.jpg", "progressive.jpg", "cmyk.jpg", "grey.jpg"):
        content = (MEDIA / name).read_bytes()
        copy = bare("image/jpeg", content)
        scan = content[content.rindex(b"\xff\xda") : content.rindex(b"\xff\xd9")]
        assert scan in copy
        assert opened(copy).tobytes() == opened(content).tobytes()
        assert opened(copy).mode == opened(content).mode


def test_a_jpeg_with_restarts_and_fill_bytes_is_read_whole() -> None:
    content = telling("image/jpeg", restart_marker_blocks=1)
    assert b"\xff\xd0" in content
    filled = content.replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1)
    assert opened(bare("image/jpeg", filled)).tobytes() == opened(content).tobytes()


def test_an_animation_stays_one() -> None:
    for name, mime_type in (("animated.webp", "image/webp"),):
        content = (MEDIA / name).read_bytes()
        assert getattr(opened(bare(mime_type, content)), "n_frames", 1) == getattr(
            opened(content), "n_frames", 1
        )


@pytest.mark.parametrize("mime_type", STRIPPERS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_is_broken_is_refused_or_made_bare(mime_type: str, data: st.DataObject) -> None:
    content = bytearray(telling(mime_type))
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=5)):
        content[at] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    try:
        copy = bare(mime_type, bytes(content))
    except Unstrippable:
        return
    assert len(copy) <= len(content) + 40


def test_an_orientation_is_read_in_both_byte_orders_and_never_amiss() -> None:
    assert orientation_of(struct.pack(">4sIHHHIHHI", b"MM\0*", 8, 1, 0x0112, 3, 1, 8, 0, 0)) == 8
    assert orientation_of(struct.pack("<4sIHHHIHHI", b"II*\0", 8, 1, 0x0112, 3, 1, 9, 0, 0)) == 1
    assert orientation_of(b"II*\0\xff\xff\xff\xff") == 1
    assert orientation_of(b"") == 1
