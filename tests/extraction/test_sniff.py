"""Sniffing: total, and not impressed by what content pretends to be."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.extraction.filetypes import TYPES
from chalicelib.extraction.sniff import WINDOW, sniff

MAGICS = [
    b"\xff\xd8\xff",
    b"RIFF",
    b"\x00\x00\x00\x18ftyp",
    b"OggS\x00",
    b"PK\x03\x04",
    b"<svg",
    b"<!--",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
]


@given(
    st.binary(max_size=WINDOW + 10)
    | st.builds(bytes.__add__, st.sampled_from(MAGICS), st.binary(max_size=600))
)
def test_any_bytes_have_a_known_type(content: bytes) -> None:
    assert sniff(content) in TYPES


@given(st.text(min_size=1, max_size=300))
def test_marked_utf_8_and_plain_utf_8_are_the_same_to_it(text: str) -> None:
    if not text.startswith("\ufeff") and not any(ord(c) < 32 for c in text):
        assert sniff(text.encode()) == sniff(b"\xef\xbb\xbf" + text.encode()) or sniff(text.encode()) not in {
            "text",
            "html",
        }


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.txt", "a")
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "unknown"),
        (b"\x00\x01\x02\x03", "unknown"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "executable"),
        (b"MZ is how this sentence starts", "text"),
        (b"\x7fELF\x02\x01\x01", "executable"),
        (b"#!/bin/sh\nrm -rf ~\n", "script"),
        (b"\xef\xbb\xbf#!/bin/sh\n", "script"),
        (b"#EXTM3U\n#EXTINF:10,\nhttp://example.org/a.ts\n", "playlist"),
        (b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">', "playlist"),
        (b"ffconcat version 1.0\nfile 'a'\n", "playlist"),
        (b"<!DOCTYPE html><title>x</title>", "html"),
        (b"  \n<HTML>", "html"),
        (b"<!-- a --><!-- b -->\n<script>alert(1)</script>", "html"),
        ("<html>".encode("utf-16"), "html"),
        (b"<!-- never closed", "html"),
        (b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', "html"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "svg"),
        (b'<?xml version="1.0"?><!-- c --><!DOCTYPE svg PUBLIC "a" "b"><svg:svg xmlns:svg="x">', "svg"),
        (b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "svg"),
        (b'<?xml version="1.0"?><note/>', "xml"),
        (b"<3 this is only text", "text"),
        ("naïve café".encode("latin-1"), "text"),
        ("世界".encode("utf-16"), "text"),
        (b"junk before\n%PDF-1.4", "text"),
        (b"\x00junk before\n%PDF-1.4", "pdf"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "mov"),
        (b"\x00\x00\x00\x14ftyp3gp5\x00\x00\x00\x003gp5", "3gp"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "heic"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif", "avif"),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "mov"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "webm"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "wav"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "wav"),
        (b"RIFF\x00\x00\x00\x00ACONanih", "unknown"),
        (b"FORM\x00\x00\x00\x00AIFCFVER", "aiff"),
        (b"\xff\xf1P\x80", "aac"),
        (b"\xff\xfb\x90d", "mp3"),
        (b"\xff\xff\xff\xff", "text"),
        ((b"G" + bytes(187)) * 4, "mpegts"),
        ((bytes(4) + b"G" + bytes(187)) * 4, "mpegts"),
        (b"\x00\x00\x01\x00\x01\x00" + bytes(16), "ico"),
        (bytes(257) + b"ustar\x0000" + bytes(100), "archive"),
        (b"\x1f\x8b\x08", "archive"),
        (zipped(), "zip"),
    ],
)
def test_content_is_called_by_its_name(content: bytes, name: str) -> None:
    assert sniff(content) == name


def test_only_the_window_is_looked_at() -> None:
    assert sniff(b" " * WINDOW + b"<html>") == "text"


def test_many_comments_cost_no_more_than_one() -> None:
    assert sniff(b"<!-- -->" * 500 + b"<html>") == "html"
    assert sniff(b"<!--" * 1000) == "html"
