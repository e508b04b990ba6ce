"""Plain text: its encoding and, up to 4 MB, its lines and words; whether it is JSON or a table."""

import csv
import json
import re
from dataclasses import dataclass

import charset_normalizer

from chalicelib.extraction.errors import BudgetSpent, Damaged
from chalicelib.extraction.models import MAX_EXCERPT, Finding, TextMetadata
from chalicelib.extraction.sniff import byte_order_mark
from chalicelib.extraction.source import ByteSource

MOST_BYTES = 4 << 20
_SAMPLE_BYTES = 64 << 10
_TABLE_ROWS = 20
_MAX_COLUMNS = 16_384
_DELIMITERS = ",;\t|"
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CANDIDATES = (
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "shift_jis",
    "gb18030",
    "big5",
    "euc_kr",
    "euc_jp",
)


@dataclass(frozen=True)
class _Table:
    delimiter: str | None = None
    columns: int | None = None


def read(source: ByteSource, sniffed: str) -> Finding:
    """Encoding, counts and shape of the text. Raises Damaged when there are binary characters in it."""
    raw = _beginning(source)
    complete = len(raw) == source.size
    encoding = _encoding(raw, complete=complete)
    text = raw.decode(encoding, "replace").removeprefix("\ufeff")
    if _BINARY.search(text):
        raise Damaged("control characters in a text")
    json_valid = _is_json(text) if complete else None
    table = _table(text) if sniffed == "text" and not json_valid else _Table()
    metadata = TextMetadata(
        encoding="utf-8" if encoding == "ascii" else encoding,
        complete=complete,
        lines=len(text.splitlines()) if complete else None,
        words=len(text.split()) if complete else None,
        json_valid=json_valid,
        delimiter=table.delimiter,
        columns=table.columns,
        excerpt=text[: 2 * MAX_EXCERPT] or None,
    )
    return Finding(metadata=metadata)


def _beginning(source: ByteSource) -> bytes:
    raw = bytearray()
    try:
        while len(raw) < min(MOST_BYTES, source.size):
            raw += source.read(len(raw), 1 << 20)
    except BudgetSpent:
        if not raw:
            raise
    return bytes(raw)


def _encoding(raw: bytes, *, complete: bool) -> str:
    if mark := byte_order_mark(raw):
        return mark[0]
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        # a cut in the middle of a character is no other encoding
        if not complete and error.start > len(raw) - 4:
            return "utf-8"
    else:
        return "utf-8"
    matches = list(charset_normalizer.from_bytes(raw[:_SAMPLE_BYTES], cp_isolation=list(_CANDIDATES)))
    if not matches:
        return "latin-1"
    # of code pages that read it alike, or read something else as plausible, the most common one
    best = matches[0]
    alike = [one for one in matches if (one.chaos, one.coherence) == (best.chaos, best.coherence)]
    names = {name for one in alike for name in one.could_be_from_charset}
    return next((name for name in _CANDIDATES if name in names), best.encoding)


def _is_json(text: str) -> bool | None:
    if not text.lstrip().startswith(("{", "[", '"')):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    except RecursionError:
        return None  # deeper than Python follows; nobody can say
    return True


def _table(text: str) -> _Table:
    """The delimiter by which the first lines fall into the same number (at least 2) of columns, if there is one."""
    lines = [line for line in text[:_SAMPLE_BYTES].splitlines()[: _TABLE_ROWS + 1] if line.strip()][
        :_TABLE_ROWS
    ]
    best = _Table()
    for delimiter in _DELIMITERS:
        try:
            widths = {len(row) for row in csv.reader(lines, delimiter=delimiter)}
        except csv.Error:
            continue
        columns = max(widths, default=0)
        if len(lines) > 1 and len(widths) == 1 and max(best.columns or 1, 1) < columns <= _MAX_COLUMNS:
            best = _Table(delimiter, columns)
    return best
