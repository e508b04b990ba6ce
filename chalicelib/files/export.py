"""Files as a table for spreadsheets (CSV, RFC 4180).

Names and captions are other people's text: what a spreadsheet would take for a formula is neutralised by an
apostrophe before it (OWASP, "CSV Injection").
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from chalicelib.core.clock import to_text
from chalicelib.core.paging import Page
from chalicelib.files.models import File

COLUMNS: dict[str, Callable[[File], str]] = {
    "id": lambda file: file.id,
    "filename": lambda file: file.filename,
    "type": lambda file: file.type,
    "mime_type": lambda file: file.mime_type,
    "size": lambda file: str(file.size),
    "status": lambda file: file.status.value,
    "category": lambda file: file.category or "",
    "tags": lambda file: ", ".join(file.tags),
    "caption": lambda file: file.caption or "",
    "content_id": lambda file: file.content_id or "",
    "sha256": lambda file: file.sha256,
    "created_at": lambda file: to_text(file.created_at),
    "updated_at": lambda file: to_text(file.updated_at),
}
MAX_ROWS = 5000
MAX_BYTES = 4_000_000
"""What a function may answer is 6 MB, as JSON in which line ends and quotes are escaped."""
BYTE_ORDER_MARK = "\ufeff"
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What makes a cell a formula when it comes first; some spreadsheets take the full-width forms, too."""


def heading(columns: Sequence[str], *, mark: bool) -> str:
    """Return a table's first line; `mark` begins with a byte order mark, from which Excel learns the encoding."""
    return (BYTE_ORDER_MARK if mark else "") + _lines([columns])


def rows(files: Iterable[File], columns: Sequence[str]) -> str:
    """Return the lines of some files."""
    return _lines([_harmless(COLUMNS[name](file)) for name in columns] for file in files)


def export(
    find: Callable[[str | None], Page[File]], cursor: str | None, columns: Sequence[str], *, mark: bool
) -> tuple[str, str | None]:
    """Return a table of the pages from a cursor on, as many as one answer may carry, and where to go on.

    `find` reads the page after a cursor. A part that does not begin at the beginning has no heading.
    """
    parts = [heading(columns, mark=mark)] if cursor is None else []
    count = size = 0
    while True:
        page = find(cursor)
        parts.append(rows(page.items, columns))
        count, size, cursor = count + len(page.items), size + len(parts[-1].encode()), page.next_cursor
        if cursor is None or count >= MAX_ROWS or size >= MAX_BYTES:
            return "".join(parts), cursor


def _lines(cells: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(cells)
    return text.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
