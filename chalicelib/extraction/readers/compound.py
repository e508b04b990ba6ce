"""Word, Excel and PowerPoint files of 1997 to 2003, and encrypted Office files: OLE compound files, by olefile."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import olefile

from chalicelib.extraction.errors import Damaged, Rejected
from chalicelib.extraction.models import DocumentMetadata, Finding
from chalicelib.extraction.source import ByteSource, opened

MOST_STREAM_BYTES = 64 << 20
_MALFORMED = (
    OSError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
)

type CompoundType = Literal["doc", "xls", "ppt", "ooxml"]

_MAIN_STREAMS: tuple[tuple[str, CompoundType], ...] = (
    ("EncryptedPackage", "ooxml"),
    ("WordDocument", "doc"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("PowerPoint Document", "ppt"),
)
_BIFF_BOUND_SHEET, _BIFF_END, _BIFF_FILE_PASS = 0x85, 0x0A, 0x2F
_PPT_DOCUMENT, _PPT_SLIDE_LIST, _PPT_SLIDE = 0x03E8, 0x0FF0, 0x03F3
_WORD_ENCRYPTED_FLAG = 0x0100


def read(source: ByteSource, sniffed: str) -> Finding:  # noqa: ARG001 - readers are called alike
    """Which document it is, its pages, sheets or slides and its summary. Raises Damaged, Rejected."""
    try:
        with olefile.OleFileIO(opened(source)) as container:
            return _document(container)
    except _MALFORMED as error:
        raise Damaged(repr(error)) from error


def _document(container: "olefile.OleFileIO[str]") -> Finding:
    stream, kind = next(((s, k) for s, k in _MAIN_STREAMS if container.exists(s)), (None, None))
    if stream is None or kind is None:
        raise Rejected("type_not_allowed", "The file is a container of no accepted type.")
    if kind == "ooxml":
        return Finding(metadata=DocumentMetadata(format="OOXML", encrypted="user"), found_type=kind)
    summary: dict[str, object] = vars(container.get_metadata())
    code_page = summary["codepage"]
    pages = _count(summary["num_pages"]) if kind == "doc" else None
    sheets, protected = _sheets(_stream(container, stream)) if kind == "xls" else (None, False)
    slides = _slides(_stream(container, stream)) if kind == "ppt" else None
    metadata = DocumentMetadata(
        format=kind.upper(),
        pages=pages,
        sheets=sheets,
        slides=slides,
        counted="exact" if sheets is not None or slides is not None else "reported" if pages else None,
        words=_count(summary["num_words"]),
        title=_text(summary["title"], code_page),
        author=_text(summary["author"], code_page),
        subject=_text(summary["subject"], code_page),
        keywords=_text(summary["keywords"], code_page),
        application=_text(summary["creating_application"], code_page),
        created_at=_moment(summary["create_time"]),
        modified_at=_moment(summary["last_saved_time"]),
        encrypted="user" if protected or (kind == "doc" and _word_is_encrypted(container)) else None,
        has_scripts=any(container.exists(name) for name in ("Macros", "_VBA_PROJECT_CUR")),
    )
    return Finding(metadata=metadata, found_type=kind)


def _stream(container: "olefile.OleFileIO[str]", name: str) -> bytes:
    if container.get_size(name) > MOST_STREAM_BYTES:
        raise Rejected(
            "decompression_bomb", f"A part of the document is larger than {MOST_STREAM_BYTES >> 20} MB."
        )
    return container.openstream(name).read()


def _word_is_encrypted(container: "olefile.OleFileIO[str]") -> bool:
    base = container.openstream("WordDocument").read(12)  # FibBase, [MS-DOC] 2.5.2
    return bool(int.from_bytes(base[10:12], "little") & _WORD_ENCRYPTED_FLAG)


def _sheets(workbook: bytes) -> tuple[int, bool]:
    """The BoundSheet8 records before the first substream's end ([MS-XLS] 2.4.28), and whether a FilePass came first."""
    sheets, at = 0, 0
    while at + 4 <= len(workbook):
        record, size = (
            int.from_bytes(workbook[at : at + 2], "little"),
            int.from_bytes(workbook[at + 2 : at + 4], "little"),
        )
        if record == _BIFF_FILE_PASS:
            return 0, True
        if record == _BIFF_END:
            break
        sheets += record == _BIFF_BOUND_SHEET
        at += 4 + size
    return sheets, False


def _slides(presentation: bytes) -> int:
    """The slides in the last saved document's list ([MS-PPT] 2.4.14.3); earlier saves leave their own behind."""
    counts = [
        sum(kind == _PPT_SLIDE for _, kind, _ in _records(entries))
        for _, kind, document in _records(presentation)
        if kind == _PPT_DOCUMENT
        for instance, inner, entries in _records(document)
        if inner == _PPT_SLIDE_LIST and instance == 0
    ]
    return counts[-1] if counts else 0


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Instance, type and content of the records in `stream`, without those nested in them."""
    at = 0
    while at + 8 <= len(stream):
        size = int.from_bytes(stream[at + 4 : at + 8], "little")
        kind = int.from_bytes(stream[at + 2 : at + 4], "little")
        content = stream[at + 8 : at + 8 + size] if kind in {_PPT_DOCUMENT, _PPT_SLIDE_LIST} else b""
        yield int.from_bytes(stream[at : at + 2], "little") >> 4, kind, content
        at += 8 + size


def _text(value: object, code_page: object) -> str | None:
    if isinstance(value, str):
        return value or None
    if not isinstance(value, bytes):
        return None
    names: dict[object, str] = {65001: "utf-8", 1200: "utf-16-le", 10000: "mac_roman"}
    try:
        return value.decode(names.get(code_page, f"cp{code_page}"), "replace") or None
    except (LookupError, OSError):  # an unknown code page, or one whose codec may not be loaded any more
        return value.decode("latin-1") or None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _moment(value: object) -> datetime | None:
    """FILETIMEs are UTC; programs that know no time write 1601 or 1970."""
    known = isinstance(value, datetime) and value.year > 1980  # noqa: PLR2004 - older than the format
    return value.replace(tzinfo=UTC) if known and isinstance(value, datetime) else None
