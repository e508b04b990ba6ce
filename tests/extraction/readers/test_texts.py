"""Texts: encodings, counts, JSON, tables, RTF."""

import json

import pytest

from chalicelib.extraction.errors import Damaged
from chalicelib.extraction.models import DocumentMetadata, TextMetadata
from chalicelib.extraction.readers import rich_text, text
from tests.extraction.sources import source_of


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
