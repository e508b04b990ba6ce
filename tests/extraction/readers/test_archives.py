"""Documents in ZIP archives: what they say, and what they may not unfold to."""

import io
import struct
import zipfile
from datetime import UTC, datetime

import pytest

from chalicelib.extraction.errors import Damaged, Rejected
from chalicelib.extraction.models import DocumentMetadata
from chalicelib.extraction.readers import archives
from tests.extraction.sources import sample, source_of


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
