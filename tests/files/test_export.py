import csv
import io
from collections.abc import Callable
from dataclasses import replace

from chalicelib.core.paging import Page
from chalicelib.files.export import COLUMNS, MAX_BYTES, MAX_ROWS, export
from chalicelib.files.models import File, Status
from tests.conftest import FakeClock

NOW = FakeClock()()
FILE = File("1", "ana", "a.txt", "txt", "document", "text/plain", 1, "00", Status.READY, NOW, NOW)


def pages(count: int, file: File) -> Callable[[str | None], Page[File]]:
    """Return a function that reads pages of 100 of so many files, whose cursors are their numbers."""

    def find(cursor: str | None) -> Page[File]:
        first = int(cursor or 0)
        last = min(first + 100, count)
        return Page(
            [replace(file, id=str(n)) for n in range(first, last)], str(last) if last < count else None
        )

    return find


def test_a_table_longer_than_one_answer_goes_on_where_it_ended() -> None:
    find = pages(2 * MAX_ROWS + 7, FILE)
    parts = []
    cursor = None
    while True:
        text, cursor = export(find, cursor, ["id"], mark=True)
        parts.append(text)
        if cursor is None:
            break
    assert len(parts) == 3
    assert "".join(parts).splitlines() == ["\ufeffid", *map(str, range(2 * MAX_ROWS + 7))]


def test_an_answer_stays_within_what_a_function_may_say() -> None:
    text, cursor = export(pages(10_000, replace(FILE, caption="語" * 2000)), None, ["caption"], mark=False)
    assert cursor is not None
    assert len(text.encode()) < MAX_BYTES + 100 * 6010


def test_every_column_comes_back_as_it_was() -> None:
    text, _ = export(pages(1, replace(FILE, filename='a,"b"\n.txt')), None, list(COLUMNS), mark=False)
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["filename"] == 'a,"b"\n.txt'
    assert row["created_at"].endswith("Z")
