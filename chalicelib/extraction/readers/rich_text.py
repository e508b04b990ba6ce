r"""RTF: what its \info group says, and its text. Nothing is rendered and no embedded object is opened."""

import re
from collections.abc import Iterator

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
_TOKEN = re.compile(
    r"\\'([0-9a-fA-F]{2})|\\u(-?\d{1,6}) ?(?:\\'[0-9a-fA-F]{2}|\?)?|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|(\\[*])"
    r"|\\([{}\\~_-])|([{}])|([^\\{}\r\n]+)|[\\\r\n]"
)
_NOT_SHOWN = frozenset(
    (
        "fonttbl",
        "colortbl",
        "stylesheet",
        "info",
        "pict",
        "object",
        "header",
        "footer",
        "listtable",
        "xmlnstbl",
    )
)
_BREAKS = frozenset({"par", "line", "tab", "cell", "row", "sect", "page"})


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


def texts(source: ByteSource) -> Iterator[str]:
    """Yield the text that is shown, from the beginning; groups that only carry tables, pictures or data are skipped."""
    head = source.read(0, _HEAD)
    page = _CODE_PAGE.search(head)
    encoding = f"cp{int(page[1])}" if page else "cp1252"
    depth, hidden_from = 0, 0
    for token in _TOKEN.finditer(head.decode("latin-1")):
        brace, word = token[7], token[3]
        depth += (brace == "{") - (brace == "}")
        if hidden_from and depth < hidden_from:
            hidden_from = 0
        if not hidden_from and (token[5] or word in _NOT_SHOWN):
            hidden_from = depth
        if not hidden_from:
            yield _shown(token, encoding)


def _shown(token: re.Match[str], encoding: str) -> str:
    if token[1]:
        return _decoded(bytes.fromhex(token[1]), encoding)
    if token[2]:
        return chr(int(token[2]) % 0x10000)
    if token[3]:
        return " " if token[3] in _BREAKS else ""
    return token[6] or token[8] or ""
