r"""RTF: what its \info group says. Nothing is rendered and no embedded object is opened."""

import re

from chalicelib.extraction.errors import BudgetSpent
from chalicelib.extraction.models import DocumentMetadata, Finding
from chalicelib.extraction.source import ByteSource

_HEAD = 256 << 10
_CODE_PAGE = re.compile(rb"\\ansicpg(\d{2,5})")
_FIELD = re.compile(
    rb"\{\\(title|author|subject|keywords)\s((?:\\[{}\\]|\\'[0-9a-fA-F]{2}|\\u-?\d+ ?\??|[^{}\\]){0,2000})\}"
)
_ESCAPE = re.compile(r"\\'([0-9a-fA-F]{2})|\\u(-?\d{1,6}) ?\??|\\([{}\\])")
_PAGES = re.compile(rb"\\nofpages(\d{1,7})")
_WORDS = re.compile(rb"\\nofwords(\d{1,9})")


def read(source: ByteSource, sniffed: str) -> Finding:
    """Title, author, subject, keywords and the page and word counts that the writing program left."""
    try:
        head = source.read(0, _HEAD)
    except BudgetSpent:
        head = source.read(0, 1024)
    page = _CODE_PAGE.search(head)
    encoding = f"cp{int(page[1])}" if page else "cp1252"
    fields = {m[1].decode(): _unescaped(m[2].decode("latin-1"), encoding) for m in _FIELD.finditer(head)}
    pages, words = _PAGES.search(head), _WORDS.search(head)
    metadata = DocumentMetadata(
        format=sniffed.upper(),
        title=fields.get("title"),
        author=fields.get("author"),
        subject=fields.get("subject"),
        keywords=fields.get("keywords"),
        pages=int(pages[1]) if pages else None,
        words=int(words[1]) if words else None,
        counted="reported" if pages else None,
    )
    return Finding(metadata=metadata)


def _unescaped(text: str, encoding: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        if match[1]:
            return _decoded(bytes.fromhex(match[1]), encoding)
        return chr(int(match[2]) % 0x10000) if match[2] else match[3]

    # a surrogate pair is written as two \u
    return _ESCAPE.sub(replaced, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding, "replace")
    except LookupError:
        return raw.decode("cp1252", "replace")
