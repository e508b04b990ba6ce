"""Documents that are ZIP archives of XML: Office Open XML, OpenDocument, EPUB. Everything else in a ZIP is refused.

Only named members are read, through a streaming parser that refuses document types, and only up to a size: neither a
nested bomb nor a billion laughs gets a chance to unfold.
"""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from chalicelib.extraction.errors import Damaged, Rejected
from chalicelib.extraction.models import DocumentMetadata, Finding
from chalicelib.extraction.source import ByteSource, opened

MOST_MEMBERS = 20_000
MOST_MEMBER_BYTES = 64 << 20
_MALFORMED = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    EOFError,
    ValueError,
    NotImplementedError,
    LookupError,
    OSError,
)

type ArchiveType = Literal["docx", "xlsx", "pptx", "odt", "ods", "odp", "epub"]

_BY_MIMETYPE: dict[bytes, ArchiveType] = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
    b"application/epub+zip": "epub",
}
_BY_MAIN_PART: tuple[tuple[str, ArchiveType], ...] = (
    ("wordprocessingml", "docx"),
    ("spreadsheetml", "xlsx"),
    ("presentationml", "pptx"),
)
_TEXTS = {
    "title": "title",
    "creator": "author",
    "initial-creator": "author",
    "subject": "subject",
    "description": "description",
    "rights": "copyright",
    "keywords": "keywords",
    "keyword": "keywords",
    "language": "language",
    "generator": "application",
    "Application": "application",
}
_DATES = {
    "created": "created_at",
    "creation-date": "created_at",
    "modified": "modified_at",
    "date": "modified_at",
}


@dataclass
class _Counts:
    """What the parts of a document add up to."""

    pages: int | None = None
    sheets: int | None = None
    slides: int | None = None
    words: int | None = None
    counted: Literal["exact", "reported"] | None = None


@dataclass
class _Described:
    texts: dict[str, str] = field(default_factory=dict)
    dates: dict[str, datetime] = field(default_factory=dict)


def read(source: ByteSource, sniffed: str) -> Finding:  # noqa: ARG001 - readers are called alike
    """Which document the archive is, its pages, sheets or slides and what it says of itself."""
    try:
        with zipfile.ZipFile(opened(source)) as archive:
            if len(archive.infolist()) > MOST_MEMBERS:
                raise Rejected("archive", f"The file is an archive of more than {MOST_MEMBERS} members.")
            return _document(archive)
    except DefusedXmlException:
        raise Rejected(
            "unsafe_document", "The document defines XML entities, which are not accepted."
        ) from None
    except _MALFORMED as error:
        raise Damaged(repr(error)) from error


def _document(archive: zipfile.ZipFile) -> Finding:
    kind, main_part = _identified(archive)
    encrypted = _is_encrypted(archive, kind)
    described = _Described() if encrypted and kind == "epub" else _described(archive, kind)
    counts = _Counts() if encrypted else _counts(archive, kind, main_part)
    metadata = DocumentMetadata(
        format=kind.upper(),
        pages=counts.pages,
        sheets=counts.sheets,
        slides=counts.slides,
        words=counts.words,
        counted=counts.counted,
        encrypted="user" if encrypted else None,
        has_scripts=any(
            name.endswith("vbaProject.bin") or name.startswith("Basic/") for name in archive.namelist()
        ),
        **described.texts,
        **described.dates,
    )
    return Finding(metadata=metadata, found_type=kind)


def _identified(archive: zipfile.ZipFile) -> tuple[ArchiveType, str]:
    """The document's type and the name of its main part. Raises Rejected when it is just an archive."""
    names = set(archive.namelist())
    if "mimetype" in names:
        with archive.open("mimetype") as member:
            stated = member.read(100).strip()
        if kind := _BY_MIMETYPE.get(stated):
            return kind, "content.xml"
    if "[Content_Types].xml" in names:
        for element in _elements(archive, "[Content_Types].xml"):
            content_type = element.get("ContentType", "")
            for word, kind in _BY_MAIN_PART:
                if word in content_type and content_type.endswith(".main+xml"):
                    return kind, element.get("PartName", "").lstrip("/")
    raise Rejected("archive", "The file is an archive, and archives are not accepted.")


def _is_encrypted(archive: zipfile.ZipFile, kind: ArchiveType) -> bool:
    if kind in {"odt", "ods", "odp"} and "META-INF/manifest.xml" in archive.namelist():
        return any(
            _local(element) == "encryption-data" for element in _elements(archive, "META-INF/manifest.xml")
        )
    return any(member.flag_bits & 1 for member in archive.infolist())


def _elements(archive: zipfile.ZipFile, name: str) -> Iterator[Element]:
    """A member's elements as they end, each emptied after it was looked at; none when there is no such member."""
    if name not in archive.NameToInfo:
        return
    if archive.getinfo(name).file_size > MOST_MEMBER_BYTES:
        raise Rejected(
            "decompression_bomb", f"A part of the document is larger than {MOST_MEMBER_BYTES >> 20} MB."
        )
    with archive.open(name) as member:
        for _, element in iterparse(member, forbid_dtd=True):
            yield element
            element.clear()


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _described(archive: zipfile.ZipFile, kind: ArchiveType) -> _Described:
    parts = {"odt": ["meta.xml"], "ods": ["meta.xml"], "odp": ["meta.xml"], "epub": [_package_part(archive)]}
    described = _Described()
    for part in parts.get(kind, ["docProps/core.xml", "docProps/app.xml"]):
        for element in _elements(archive, part):
            name, text = _local(element), (element.text or "").strip()
            if (
                text and name == "keyword" and "keywords" in described.texts
            ):  # OpenDocument has one element each
                described.texts["keywords"] += f", {text}"
            elif text and name in _TEXTS:
                described.texts.setdefault(_TEXTS[name], text)
            if text and name in _DATES and (moment := _moment(text)):
                described.dates.setdefault(_DATES[name], moment)
    return described


def _package_part(archive: zipfile.ZipFile) -> str:
    """The name of an EPUB's package document (EPUB 3.3, META-INF/container.xml)."""
    roots = (
        e.get("full-path", "")
        for e in _elements(archive, "META-INF/container.xml")
        if _local(e) == "rootfile"
    )
    return next(roots, "")


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:26] if "T" in text and "." in text else text)
    except ValueError:
        return None


def _counts(archive: zipfile.ZipFile, kind: ArchiveType, main_part: str) -> _Counts:
    if kind == "xlsx":
        return _Counts(sheets=_count(archive, main_part, "sheet"), counted="exact")
    if kind == "pptx":
        return _Counts(slides=_count(archive, main_part, "sldId"), counted="exact")
    if kind == "ods":
        return _Counts(sheets=_count(archive, main_part, "table"), counted="exact")
    if kind == "odp":
        return _Counts(slides=_count(archive, main_part, "page"), counted="exact")
    return _Counts() if kind == "epub" else _reported(archive)


def _count(archive: zipfile.ZipFile, part: str, name: str) -> int:
    return sum(_local(element) == name for element in _elements(archive, part))


def _reported(archive: zipfile.ZipFile) -> _Counts:
    """What the writing program noted when it last saved: app.xml of docx, document-statistic of odt."""
    counts = _Counts()
    for part in ("docProps/app.xml", "meta.xml"):
        for element in _elements(archive, part):
            if _local(element) == "document-statistic":
                noted = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
                counts.pages, counts.words = (
                    _number(noted.get("page-count")),
                    _number(noted.get("word-count")),
                )
            if _local(element) == "Pages":
                counts.pages = _number(element.text)
            if _local(element) == "Words":
                counts.words = _number(element.text)
    counts.counted = "reported" if counts.pages else None
    return counts


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 - digits of any count
