"""The kind of export that is a table of files, for spreadsheets."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter

from chalicelib.catalogue.models import Criteria, Order, Sort
from chalicelib.exports.models import Export, Piece, Wanted
from chalicelib.files.export import heading, rows
from chalicelib.files.service import Files

TABLE = "table"
PAGE = 100


@dataclass(frozen=True)
class Table:
    """Which files, in which order, and which columns; `mark` begins with a byte order mark."""

    criteria: Criteria
    columns: tuple[str, ...]
    order: Order = Order.CREATED
    descending: bool = True
    mark: bool = False


_tables = TypeAdapter(Table)


def wanted(table: Table, expected: int | None) -> Wanted:
    """Return the export of a table."""
    return Wanted(TABLE, _tables.dump_json(table).decode(), "files.csv", "text/csv; charset=utf-8", expected)


@dataclass(frozen=True)
class Tabulation:
    """Makes tables, a page of files a piece."""

    files: Files

    def __call__(self, export: Export) -> Iterator[Piece]:
        """Yield the pieces from the export's position on."""
        table = _tables.validate_json(export.wanted.asked)
        sort, position = Sort(table.order, table.descending), export.position
        text = heading(table.columns, mark=table.mark) if position is None else ""
        while True:
            found, position = self.files.walk(
                export.owner_id, table.criteria, sort, limit=PAGE, after=position
            )
            yield Piece((text + rows(found, table.columns)).encode(), len(found), position)
            if position is None:
                return
            text = ""
