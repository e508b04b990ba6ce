"""A table has every file that fits, once, though files come and go while it is made."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from chalicelib.catalogue.models import Criteria, Order
from chalicelib.core.caller import Caller
from chalicelib.exports.models import Export, ExportState
from chalicelib.exports.service import Exports
from chalicelib.exports.tables import Table, wanted
from chalicelib.wiring import Library
from tests.conftest import FakeClock, a_request

FILES = 230


@pytest.fixture
def names(library: Library, caller: Caller, clock: FakeClock) -> list[str]:
    """Return the names of enough files for three pages, half of them tagged; no more than may come in a minute."""
    found = [f"{number:03d}.txt" for number in range(FILES)]
    for number, name in enumerate(found):
        tags = ("sea",) if number % 2 else ()
        library.uploads.begin(caller, a_request(name, str(number).encode(), tags=tags))
        clock.advance(timedelta(seconds=1))
    return found


def table(exports: Exports, export: Export) -> list[dict[str, str]]:
    link = exports.link(export)
    assert link is not None
    answer = requests.get(link.url, timeout=10)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        answer.headers["Content-Disposition"]
        == "attachment; filename=\"files.csv\"; filename*=UTF-8''files.csv"
    )
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def test_files_that_fit_throughout_are_in_the_table_once(
    library: Library, caller: Caller, names: list[str]
) -> None:
    exports = replace(library.exports, writing=replace(library.exports.writing, pieces=1))
    catalogue = library.files.catalogue
    asked = Table(Criteria(tags=("sea",)), ("id", "filename", "tags"))
    export = exports.begin(caller, wanted(asked, catalogue.expected(caller.user_id, asked.criteria)))
    assert export.wanted.expected == FILES // 2
    gone = library.files.find(caller, asked.criteria, limit=100).items[-3:]
    while export.state is ExportState.RUNNING:
        library.uploads.begin(caller, a_request(f"new-{export.files}.txt", b"new", tags=("sea",)))
        found = exports.advance(caller.user_id, export.id)
        assert found is not None
        export = found
        if export.files == 100:
            library.files.throw_away(caller, gone[0].id, None)
            library.files.throw_away(caller, library.files.find(caller, limit=100).items[2].id, None)
    rows = table(exports, export)
    throughout = set(names[1::2]) - {gone[0].filename}
    found_names = [row["filename"] for row in rows]
    assert len(set(found_names)) == len(found_names) == export.files
    assert throughout <= set(found_names)
    assert {row["tags"] for row in rows} == {"sea"}


def test_a_table_has_the_order_and_the_columns_asked_for(library: Library, caller: Caller) -> None:
    exports, names = library.exports, ["a.txt", "b.txt", "c.txt"]
    for name in ("b.txt", "a.txt", "c.txt"):
        library.uploads.begin(caller, a_request(name, name.encode()))
    asked = Table(Criteria(), ("filename", "size"), Order.NAME, descending=False, mark=True)
    export = exports.advance(caller.user_id, exports.begin(caller, wanted(asked, None)).id)
    assert export is not None
    rows = table(exports, export)
    assert [row["\ufefffilename"] for row in rows] == names
    assert export.files == len(names)
