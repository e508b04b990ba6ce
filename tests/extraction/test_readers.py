"""Each reader on content made for the purpose, in this process; and each finds the same in its cage."""

import importlib
import io
import json
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pypdf
import pytest
from PIL import Image, PngImagePlugin

from chalicelib.extraction.errors import Damaged, FileFault, Rejected
from chalicelib.extraction.examine import _zygote, examine
from chalicelib.extraction.filetypes import TYPES
from chalicelib.extraction.models import DocumentMetadata, Finding, ImageMetadata, TextMetadata
from chalicelib.extraction.readers import READERS, archives, compound, drawings, images, pdf, rich_text, text
from chalicelib.extraction.sniff import WINDOW, sniff
from tests.extraction.conftest import MEDIA
from tests.extraction.sources import Sparse, source_of

CAGED = sorted(
    path.name
    for path in (MEDIA / "samples").iterdir()
    if TYPES[sniff(path.read_bytes()[:WINDOW])].reader not in {None, "media"}
)


def sample(name: str) -> bytes:
    return (MEDIA / "samples" / name).read_bytes()


def outcome(find: object) -> Finding | tuple[str, str]:
    try:
        found: Finding = find()  # type: ignore[operator]  # any callable
    except FileFault as fault:
        return fault.code, fault.detail
    return found


@pytest.mark.parametrize("name", CAGED)
def test_a_reader_finds_the_same_in_its_cage_as_outside(name: str) -> None:
    content = sample(name)
    sniffed = sniff(content)
    kind = TYPES[sniffed].reader
    assert kind is not None
    reader = READERS[kind]
    free = outcome(lambda: importlib.import_module(reader.module).read(source_of(content), sniffed))
    caged = outcome(lambda: _zygote.read(reader.module, source_of(content), sniffed, reader.limits))
    assert caged == free


def test_the_parent_imports_no_parser() -> None:
    script = (
        "import sys, chalicelib.extraction.examine; "
        "foreign = {'PIL', 'pypdf', 'pypdfium2', 'olefile', 'pillow_heif', 'defusedxml', 'boto3', 'chalice'}; "
        "print(sorted(foreign & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, cwd=root
    )
    assert said.stdout.strip() == "[]"


# pictures


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


# drawings


def drawing(content: str) -> ImageMetadata:
    metadata = drawings.read(source_of(content.encode()), "svg").metadata
    assert isinstance(metadata, ImageMetadata)
    return metadata


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="10" height="20px"', (10, 20)),
        ('width="1in" height="25.4mm"', (96, 96)),
        ('width="100%" height="100%" viewBox="0 0 30 40"', (30, 40)),
        ('viewBox="0,0,300,400"', (300, 400)),
        ('width="1e99" height="-5"', (0, 0)),
        ("", (0, 0)),
    ],
)
def test_a_drawings_size_is_in_pixels(attributes: str, size: tuple[int, int]) -> None:
    found = drawing(f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}><g><title>inner</title></g></svg>')
    assert (found.width, found.height, found.title) == (*size, None)


def test_a_drawing_with_entities_is_refused() -> None:
    with pytest.raises(Rejected, match="entities"):
        drawing('<!DOCTYPE svg [<!ENTITY a "b">]><svg><title>&a;</title></svg>')
    assert drawing('<!DOCTYPE svg PUBLIC "a" "b"><svg><title>x</title></svg>').title == "x"


def test_a_drawing_that_is_no_xml_is_damaged() -> None:
    with pytest.raises(Damaged):
        drawing("<svg><unclosed")


# documents in archives


def packed(members: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def document(content: bytes) -> DocumentMetadata:
    metadata = archives.read(source_of(content), "zip").metadata
    assert isinstance(metadata, DocumentMetadata)
    return metadata


MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
TYPES_PART = f'<Types><Override PartName="/word/renamed.xml" ContentType="{MAIN}"/></Types>'
CORE = (
    '<c xmlns:dc="d"><dc:title>T\u0000</dc:title>'.replace("\u0000", "")
    + "<dc:creator>A</dc:creator><created>2024-01-02T03:04:05Z</created><modified>no date</modified></c>"
)


def test_a_word_file_reports_its_pages_words_and_times() -> None:
    app = "<Properties><Pages>12</Pages><Words>3456</Words><Application>Writer</Application></Properties>"
    found = document(
        packed({"[Content_Types].xml": TYPES_PART, "docProps/core.xml": CORE, "docProps/app.xml": app})
    )
    assert (found.format, found.pages, found.words, found.counted) == ("DOCX", 12, 3456, "reported")
    assert (found.title, found.author, found.application) == ("T", "A", "Writer")
    assert found.created_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found.modified_at is None


def test_macros_are_mentioned() -> None:
    assert document(packed({"[Content_Types].xml": TYPES_PART, "word/vbaProject.bin": b"x"})).has_scripts
    assert not document(packed({"[Content_Types].xml": TYPES_PART})).has_scripts


def test_a_book_is_described_by_its_package_document() -> None:
    container = '<container><rootfiles><rootfile full-path="a/b.opf"/></rootfiles></container>'
    package = (
        '<p xmlns:dc="d"><dc:title>Book</dc:title><dc:creator>W</dc:creator><dc:language>pt</dc:language></p>'
    )
    found = archives.read(
        source_of(
            packed(
                {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "a/b.opf": package}
            )
        ),
        "zip",
    )
    assert found.found_type == "epub"
    assert isinstance(found.metadata, DocumentMetadata)
    assert (found.metadata.title, found.metadata.author, found.metadata.language) == ("Book", "W", "pt")


def test_an_opendocument_with_a_password_says_so_and_counts_nothing() -> None:
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    odt = {"mimetype": "application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": manifest}
    found = document(packed(odt | {"content.xml": b"\x00garbage"}))
    assert (found.format, found.encrypted, found.pages) == ("ODT", "user", None)


def test_an_opendocument_text_reports_its_statistics() -> None:
    meta = (
        '<m xmlns:m="m"><document-statistic m:page-count="7" m:word-count="99"/><generator>LO</generator></m>'
    )
    found = document(packed({"mimetype": "application/vnd.oasis.opendocument.text", "meta.xml": meta}))
    assert (found.pages, found.words, found.counted, found.application) == (7, 99, "reported", "LO")


@pytest.mark.parametrize(
    "members", [{}, {"a.txt": "a"}, {"mimetype": "text/plain"}, {"[Content_Types].xml": "<Types/>"}]
)
def test_any_other_archive_is_refused_as_an_archive(members: dict[str, str | bytes]) -> None:
    with pytest.raises(Rejected) as refused:
        document(packed(members))
    assert refused.value.code == "archive"


def test_a_part_that_unfolds_too_far_is_a_bomb() -> None:
    bomb = packed(
        {"[Content_Types].xml": TYPES_PART, "docProps/core.xml": b" " * (archives.MOST_MEMBER_BYTES + 1)}
    )
    assert len(bomb) < 100_000
    with pytest.raises(Rejected) as refused:
        document(bomb)
    assert refused.value.code == "decompression_bomb"


def test_a_part_that_unfolds_further_than_its_directory_says_is_damaged() -> None:
    honest = packed({"[Content_Types].xml": TYPES_PART, "docProps/core.xml": b"<a>" + b" " * 100_000})
    entry = honest.rindex(b"PK\x01\x02")
    lying = honest[: entry + 24] + struct.pack("<I", 10) + honest[entry + 28 :]
    with pytest.raises(Damaged):
        document(lying)


def test_a_document_type_inside_a_part_is_refused() -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><c>&b;</c>'
    with pytest.raises(Rejected) as refused:
        document(packed({"[Content_Types].xml": TYPES_PART, "docProps/core.xml": laughs}))
    assert refused.value.code == "unsafe_document"


@pytest.mark.parametrize("cut", [30, 300, 3000])
def test_a_cut_off_archive_is_damaged(cut: int) -> None:
    with pytest.raises(Damaged):
        document(sample("report.docx")[:cut])


# compound files


def compound_document(content: bytes) -> DocumentMetadata:
    metadata = compound.read(source_of(content), "ole").metadata
    assert isinstance(metadata, DocumentMetadata)
    return metadata


def renamed(content: bytes, old: str, new: str) -> bytes:
    """A compound file whose directory calls a stream by another name."""
    name = new.encode("utf-16-le")
    at = content.index(old.encode("utf-16-le") + b"\x00\x00")
    return content[:at] + name.ljust(64, b"\x00") + struct.pack("<H", len(name) + 2) + content[at + 66 :]


def test_an_encrypted_office_file_needs_a_password() -> None:
    found = compound.read(source_of(renamed(sample("book.xls"), "Workbook", "EncryptedPackage")), "ole")
    assert found.found_type == "ooxml"
    assert isinstance(found.metadata, DocumentMetadata)
    assert found.metadata.encrypted == "user"


def test_an_encrypted_word_file_says_so() -> None:
    content = bytearray(sample("report.doc"))
    base = content.index(b"\xec\xa5")
    content[base + 11] |= 1
    assert compound_document(bytes(content)).encrypted == "user"
    assert compound_document(sample("report.doc")).encrypted is None


def test_any_other_compound_file_is_refused() -> None:
    with pytest.raises(Rejected) as refused:
        compound_document(renamed(sample("book.xls"), "Workbook", "Something"))
    assert refused.value.code == "type_not_allowed"


@pytest.mark.parametrize("name", ["book.xls", "deck.ppt", "report.doc"])
def test_a_compound_file_that_ends_after_its_header_is_damaged(name: str) -> None:
    with pytest.raises(Damaged):
        compound_document(sample(name)[:600])


# PDF


def written(pages: int = 2, password: str | None = None, **information: str) -> bytes:
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 300)
    writer.add_metadata({f"/{name}": value for name, value in information.items()})
    if password is not None:
        writer.encrypt(password, algorithm="RC4-128")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def paged(content: bytes) -> DocumentMetadata:
    metadata = pdf.read(source_of(content), "pdf").metadata
    assert isinstance(metadata, DocumentMetadata)
    return metadata


def test_a_pdf_tells_its_pages_size_and_information() -> None:
    found = paged(written(3, Title="Título\u202e", Author="世界", CreationDate="D:20240102030405-05'30'"))
    assert (found.pages, found.page_width_points, found.page_height_points) == (3, 200, 300)
    assert (found.title, found.author) == ("Título", "世界")
    assert found.created_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(-timedelta(hours=5, minutes=30)))


@pytest.mark.parametrize(
    ("date", "year"), [("D:2024", 2024), ("20240230", None), ("soon", None), ("D:20240102Z", 2024)]
)
def test_dates_of_a_pdf_may_stop_anywhere_or_be_none(date: str, year: int | None) -> None:
    created = paged(written(CreationDate=date)).created_at
    assert (created.year if created else None) == year


def test_a_pdf_that_needs_a_password_is_valid_and_keeps_its_secrets() -> None:
    found = paged(written(2, password="secret", Title="Hidden"))
    assert (found.encrypted, found.title) == ("user", None)


def test_a_pdf_that_anybody_may_open_is_read_in_spite_of_its_owners_password() -> None:
    found = paged(written(2, password="", Title="Open"))
    assert (found.encrypted, found.pages, found.title) == ("owner", 2, "Open")


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"<<" * 5000, written()[:200]])
def test_a_pdf_that_neither_library_opens_is_damaged(content: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Damaged):
            paged(content)


# texts


def plain(content: bytes, sniffed: str = "text") -> TextMetadata:
    metadata = text.read(source_of(content), sniffed).metadata
    assert isinstance(metadata, TextMetadata)
    return metadata


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"plain", "utf-8"),
        ("naïve".encode(), "utf-8"),
        ("\ufeffnaïve".encode(), "utf-8"),
        ("naïve".encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + "naïve".encode("utf-16-be"), "utf-16-be"),
        ("Il était une fois, à l'orée d'une forêt, une très vieille maison.".encode("latin-1"), "cp1252"),
    ],
)
def test_the_encoding_of_a_text_is_told(content: bytes, encoding: str) -> None:
    assert plain(content).encoding == encoding


def test_lines_and_words_are_counted() -> None:
    found = plain(b"one two\r\nthree\n\nfour")
    assert (found.lines, found.words) == (4, 4)


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    content = "äöü\n".encode() * (text.MOST_BYTES // 7 + 10)
    source = source_of(content)
    found = text.read(source, "text").metadata
    assert isinstance(found, TextMetadata)
    assert (found.encoding, found.complete, found.lines, found.json_valid) == ("utf-8", False, None, None)
    assert source.bytes_read <= text.MOST_BYTES + (1 << 20)


@pytest.mark.parametrize(
    ("content", "valid"),
    [
        (b'{"a": 1}', True),
        (b"[1, 2", False),
        (b"just words", False),
        (b"[" * 100_000 + b"]" * 100_000, None),
        (json.dumps("text").encode(), True),
    ],
)
def test_json_is_told_from_what_is_none(content: bytes, valid: bool | None) -> None:  # noqa: FBT001 - parametrised
    assert plain(content).json_valid is valid


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (b"a,b,c\n1,2,3\n", (",", 3)),
        (b"a;b\n1,5;2,5\n", (";", 2)),
        (b"a\tb\n1\t2\n", ("\t", 2)),
        (b'a,b\n"x, y",z\n', (",", 2)),
        (b"no table at all\nbut two lines\n", (None, None)),
        (b"a,b,c\n1,2\n", (None, None)),
    ],
)
def test_a_table_is_told_by_its_delimiter(content: bytes, shape: tuple[str | None, int | None]) -> None:
    found = plain(content)
    assert (found.delimiter, found.columns) == shape


def test_binary_content_after_a_textual_beginning_is_no_text() -> None:
    with pytest.raises(Damaged):
        plain(b"text " * 2000 + b"\x00\x01")


def test_an_rtf_file_says_what_its_information_group_says() -> None:
    content = (
        rb"{\rtf1\ansi\ansicpg1252{\info{\title Caf\'e9 \u8364?\{x\}}{\author A. B.}{\keywords k}"
        rb"\nofpages3\nofwords120}}"
    )
    found = rich_text.read(source_of(content), "rtf").metadata
    assert isinstance(found, DocumentMetadata)
    assert (found.title, found.author, found.keywords) == ("Café €{x}", "A. B.", "k")
    assert (found.pages, found.words, found.counted) == (3, 120, "reported")


def test_an_rtf_file_without_information_or_with_an_unknown_code_page_is_still_one() -> None:
    found = rich_text.read(source_of(rb"{\rtf1\ansicpg999{\title \'e9}}"), "rtf").metadata
    assert isinstance(found, DocumentMetadata)
    assert found.title == "é"
    assert rich_text.read(source_of(rb"{\rtf1 Hello}"), "rtf").metadata.about == "document"
