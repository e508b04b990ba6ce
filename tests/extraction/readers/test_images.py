"""Pictures: headers only, at a small price, and nothing believed that is not so."""

import io
import struct
import zlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from PIL import Image, PngImagePlugin

from chalicelib.extraction.errors import Damaged, Rejected
from chalicelib.extraction.examine import examine
from chalicelib.extraction.models import ImageMetadata
from chalicelib.extraction.readers import images
from chalicelib.extraction.sniff import sniff
from tests.extraction.sources import Sparse, sample, source_of


def picture(content: bytes) -> ImageMetadata:
    metadata = images.read(source_of(content), sniff(content)).metadata
    assert isinstance(metadata, ImageMetadata)
    return metadata


def saved(format_name: str, size: tuple[int, int] = (8, 6), **options: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "teal").save(target, format_name, **options)
    return target.getvalue()


def huge_jpeg() -> bytes:
    content = bytearray(sample("photo.jpg"))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", 10_000, 10_000)
    return bytes(content)


def huge_png() -> bytes:
    content = sample("plain.png")
    header = b"IHDR" + struct.pack(">II", 10_000, 10_000) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def huge_tiff(size: int) -> Sparse:
    """100 megapixels in strips of 64 KB, with the directory behind them as Pillow and others write it."""
    strips = 4578
    directory_at = size - 60_000
    offsets_at = directory_at + 200
    tags = [
        (256, 4, 1, 10_000),
        (257, 4, 1, 10_000),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, strips, offsets_at),
        (277, 3, 1, 1),
        (278, 4, 1, 7),
        (279, 4, strips, offsets_at + 4 * strips),
    ]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return Sparse(size, ((0, struct.pack("<2sHI", b"II", 42, directory_at)), (directory_at, directory)))


@pytest.mark.parametrize(
    "big",
    [Sparse(40 << 20, ((0, huge_jpeg()),)), Sparse(90 << 20, ((0, huge_png()),)), huge_tiff(286 << 20)],
    ids=["jpeg", "png", "tiff"],
)
def test_the_header_of_a_hundred_megapixels_costs_128_kilobytes_at_most(big: Sparse) -> None:
    found = examine(big.source(), None)
    assert isinstance(found.metadata, ImageMetadata), found
    assert (found.metadata.width, found.metadata.height) == (10_000, 10_000)
    assert found.bytes_read <= 128 << 10


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "JPEG2000"])
def test_dimensions_of_every_format_are_width_by_height(format_name: str) -> None:
    found = picture(saved(format_name))
    assert (found.width, found.height, found.frames) == (8, 6, 1)


@pytest.mark.parametrize("lossless", [True, False])
def test_dimensions_of_plain_webp_of_both_codings(lossless: bool) -> None:  # noqa: FBT001 - parametrised
    found = picture(saved("WEBP", (70, 300), lossless=lossless))
    assert (found.width, found.height, found.frames) == (70, 300, 1)


def test_metadata_of_webp_stands_in_its_chunks() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    found = picture(saved("WEBP", exif=exif.tobytes(), xmp=packet("A title")))
    assert (found.camera_make, found.title) == ("Maker", "A title")


def packet(title: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title><rdf:Alt><rdf:li>{title}</rdf:li></rdf:Alt></dc:title><dc:creator>Ana</dc:creator>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def test_text_and_exif_of_png_are_read_without_decoding_it() -> None:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Title", "From a chunk")
    chunks.add_itxt("Description", "Größe")
    exif = Image.Exif()
    exif[0x0112] = 8
    content = saved("PNG", pnginfo=chunks, exif=exif.tobytes())
    found = picture(content[: content.index(b"IDAT") + 4])
    assert (found.title, found.description, found.orientation) == ("From a chunk", "Größe", 8)


def test_a_title_that_comes_with_entities_is_no_title() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + packet("&a;")
    assert picture(saved("WEBP", xmp=bomb)).title is None


@pytest.mark.parametrize("value", ["2024:05:06 25:00:00", "    :  :     :  :  ", "\x00", "yesterday"])
def test_a_time_that_is_none_is_left_out(value: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = value
    assert picture(saved("JPEG", exif=exif.tobytes())).taken_at is None


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ("+02:00", datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=2)))),
        ("Z", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("nonsense", datetime(2024, 5, 6, 7, 8, 9)),  # noqa: DTZ001 - the camera's own time
        (None, datetime(2024, 5, 6, 7, 8, 9)),  # noqa: DTZ001 - the camera's own time
    ],
)
def test_a_time_carries_its_offset_only_when_there_is_one(offset: str | None, expected: datetime) -> None:
    exif = Image.Exif()
    details = exif.get_ifd(0x8769)
    details[0x9003] = "2024:05:06 07:08:09"
    if offset:
        details[0x9011] = offset
    assert picture(saved("JPEG", exif=exif.tobytes())).taken_at == expected


def test_a_place_on_the_other_side_of_the_world_and_below_the_sea() -> None:
    exif = Image.Exif()
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "S", (33.0, 30.0, 0.0), "W", (70.0, 0.0, 36.0)
    place[5], place[6] = b"\x01", 12.5
    found = picture(saved("JPEG", exif=exif.tobytes())).position
    assert found is not None
    assert (found.latitude, found.longitude, found.altitude) == (-33.5, -70.01, -12.5)


@pytest.mark.parametrize("latitude", [(1.0, 2.0), (999.0, 0.0, 0.0)])
def test_a_place_that_is_none_is_left_out(latitude: tuple[float, ...]) -> None:
    exif = Image.Exif()
    place = exif.get_ifd(0x8825)
    place[2], place[4] = latitude, (1.0, 1.0, 1.0)
    assert picture(saved("JPEG", exif=exif.tobytes())).position is None


def test_too_many_pixels_are_refused_however_few_bytes_they_take() -> None:
    bomb = sample("plain.png")
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + bomb[24:29]
    bomb = bomb[:12] + header + struct.pack(">I", zlib.crc32(header)) + bomb[33:]
    with pytest.raises(Rejected, match="million pixels"):
        picture(bomb)
    with pytest.raises(Rejected, match="million pixels"):
        picture(saved("WEBP")[:12] + b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\xff\x3f" * 2)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n" + bytes(20),
        b"GIF89a",
        b"II*\x00\x08\x00\x00\x00",
        b"RIFF\x10\x00\x00\x00WEBPJUNK\x00\x00\x00\x00",
        b"\x00\x00\x01\x00\x05\x00" + bytes(16),
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
        b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif",
    ],
)
def test_a_picture_without_a_whole_header_is_damaged(content: bytes) -> None:
    with pytest.raises(Damaged):
        picture(content)
