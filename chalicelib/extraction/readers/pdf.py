"""PDF: pages and document information by pdfium and by pypdf, so that a file which troubles one is read by the other.

pdfium counts when the two differ: it is what draws the pages. pypdf says what pdfium does not: scripts, encryption.
"""

import contextlib
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Literal

import pypdf
import pypdfium2
from pypdf.generic import DictionaryObject, IndirectObject, PdfObject, StreamObject

from chalicelib.extraction.errors import BudgetSpent, Damaged
from chalicelib.extraction.models import DocumentMetadata, Finding
from chalicelib.extraction.readers import xmp
from chalicelib.extraction.readers.exif import Described
from chalicelib.extraction.source import ByteSource, opened

MOST_PAGES = 1_000_000
MOST_POINTS = 1e8
MOST_LENIENT_BYTES = 8 << 20
# ISO 32000: D:YYYYMMDDHHmmSSOHH'mm', all after the year optional; LibreOffice writes Z'
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*(?:(Z)|([+-])(\d\d)'?(\d\d)?)?")
_FIRST = ("0001", "01", "01", "00", "00", "00")
_INFORMATION = ("Title", "Author", "Subject", "Keywords", "Creator", "CreationDate", "ModDate")

for _module in pkgutil.walk_packages(pypdf.__path__, "pypdf."):  # it imports much only when a file needs it
    with contextlib.suppress(ImportError):
        importlib.import_module(_module.name)


@dataclass
class _Opinion:
    """What one library found."""

    pages: int | None = None
    information: dict[str, str] = field(default_factory=dict)
    version: str | None = None
    size: tuple[float, float] | None = None
    encrypted: Literal["owner", "user"] | None = None
    has_scripts: bool = False
    language: str | None = None
    described: Described = field(default_factory=Described)
    trouble: str = ""
    spent: bool = False


def read(source: ByteSource, sniffed: str) -> Finding:
    """Pages, document information, size of the first page, encryption, scripts.

    Raises Damaged when neither library opens it, BudgetSpent when they could have with more reading.
    """
    fast, careful = _by_pdfium(opened(source)), _by_pypdf(opened(source), strict=True)
    if careful.trouble and source.size <= MOST_LENIENT_BYTES:
        careful = _by_pypdf(opened(source), strict=False)
    pages = fast.pages or careful.pages
    encrypted = careful.encrypted or fast.encrypted
    if pages is None and encrypted != "user":
        if fast.spent or careful.spent:
            raise BudgetSpent("neither library came far enough")
        raise Damaged(f"pdfium: {fast.trouble} pypdf: {careful.trouble}")
    stated = fast.information | careful.information
    metadata = DocumentMetadata(
        format=sniffed.upper(),
        pages=pages,
        counted="exact" if pages is not None else None,
        page_width_points=fast.size[0] if fast.size else None,
        page_height_points=fast.size[1] if fast.size else None,
        format_version=careful.version or fast.version,
        title=stated.get("Title") or careful.described.get("title"),
        author=stated.get("Author") or careful.described.get("artist"),
        subject=stated.get("Subject"),
        keywords=stated.get("Keywords") or ", ".join(careful.described.get("keywords", ())) or None,
        description=careful.described.get("description"),
        language=careful.language or careful.described.get("language"),
        copyright=careful.described.get("copyright"),
        application=stated.get("Creator"),
        created_at=_moment(stated.get("CreationDate")),
        modified_at=_moment(stated.get("ModDate")),
        encrypted=encrypted,
        has_scripts=careful.has_scripts,
    )
    return Finding(metadata=metadata)


@contextlib.contextmanager
def _noting_trouble(opinion: _Opinion) -> Iterator[None]:
    """Both libraries throw nearly anything at broken files: what was found before still counts."""
    try:
        yield
    except BudgetSpent:
        opinion.spent, opinion.trouble = True, "the budget is spent"
    except Exception as trouble:  # noqa: BLE001 - RecursionError, AttributeError and friends are all "damaged"
        opinion.trouble = opinion.trouble or f"{type(trouble).__name__}: {trouble}"[:200]


def _by_pypdf(file: BinaryIO, *, strict: bool) -> _Opinion:
    """Not strict, pypdf mends what it can, and for that visits every object: nothing for large files."""
    opinion = _Opinion()
    with _noting_trouble(opinion):
        document = pypdf.PdfReader(file, strict=strict)
        opinion.version = document.pdf_header.removeprefix("%PDF-")[:8]
        if document.is_encrypted:
            opinion.encrypted = "owner"  # pypdf may lack the cipher to find out more
            opinion.encrypted = "owner" if document.decrypt("") else "user"
        if opinion.encrypted != "user":
            _look_inside(document, opinion)
    return opinion


def _look_inside(document: pypdf.PdfReader, opinion: _Opinion) -> None:
    catalogue = document.trailer["/Root"].get_object()
    if not isinstance(catalogue, DictionaryObject):
        raise Damaged("no document catalogue")
    with _noting_trouble(opinion):
        opinion.pages = _page_count(catalogue)
    with _noting_trouble(opinion):
        opinion.has_scripts = _has_scripts(catalogue)
    with _noting_trouble(opinion):
        opinion.language = str(catalogue.get("/Lang") or "") or None
    with _noting_trouble(opinion):
        information = document.metadata or DictionaryObject()
        opinion.information = {
            key: str(value) for key in _INFORMATION if (value := information.get(f"/{key}"))
        }
    with _noting_trouble(opinion):
        packet = catalogue.get("/Metadata")
        stream = packet.get_object() if isinstance(packet, IndirectObject) else packet
        if isinstance(stream, StreamObject) and len(stream._data) <= xmp.MAX_PACKET:  # noqa: SLF001 - still packed
            opinion.described = xmp.described(stream.get_data())


def _page_count(catalogue: DictionaryObject) -> int | None:
    """The root's /Count: counting the leaves would mean a read for every page."""
    root = _dictionary(catalogue.get("/Pages"))
    count = root.get("/Count") if root else None
    number = count.get_object() if isinstance(count, PdfObject) else count
    return int(number) if isinstance(number, int) and 0 < number <= MOST_PAGES else None


def _has_scripts(catalogue: DictionaryObject) -> bool:
    names = _dictionary(catalogue.get("/Names"))
    if "/AA" in catalogue or (names and "/JavaScript" in names):
        return True
    action = _dictionary(catalogue.get("/OpenAction"))
    return bool(action and action.get("/S") in {"/JavaScript", "/Launch"})


def _moment(value: str | None) -> datetime | None:
    match = _DATE.match(value or "")
    if not match:
        return None
    year, month, day, hour, minute, second = (
        part or default for part, default in zip(match.groups(), _FIRST, strict=False)
    )
    zone = "+00:00" if match[7] else f"{match[8]}{match[9]}:{match[10] or '00'}" if match[8] else ""
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second}{zone}")
    return None


def _dictionary(value: object) -> DictionaryObject | None:
    found = value.get_object() if isinstance(value, IndirectObject) else value
    return found if isinstance(found, DictionaryObject) else None


def _by_pdfium(file: BinaryIO) -> _Opinion:
    opinion = _Opinion()
    with _noting_trouble(opinion):
        try:
            document = pypdfium2.PdfDocument(file)
        except pypdfium2.PdfiumError as error:
            if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
                opinion.encrypted = "user"
            raise
        opinion.pages = len(document) or None
        opinion.version = _version(document.get_version())
        opinion.information = {
            key: text for key in _INFORMATION if (text := document.get_metadata_value(key))
        }
        if opinion.pages:
            width, height = document.get_page_size(0)
            opinion.size = (width, height) if 0 < width < MOST_POINTS and 0 < height < MOST_POINTS else None
    return opinion


def _version(number: int | None) -> str | None:
    return f"{number // 10}.{number % 10}" if number else None
