"""PDF by two libraries."""

import io
import warnings
from datetime import datetime, timedelta, timezone

import pypdf
import pytest

from chalicelib.extraction.errors import Damaged
from chalicelib.extraction.models import DocumentMetadata
from chalicelib.extraction.readers import pdf
from tests.extraction.sources import source_of


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
