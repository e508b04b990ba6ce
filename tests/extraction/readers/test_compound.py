"""Compound files of the nineties."""

import struct

import pytest

from chalicelib.extraction.errors import Damaged, Rejected
from chalicelib.extraction.models import DocumentMetadata
from chalicelib.extraction.readers import compound
from tests.extraction.sources import sample, source_of


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
