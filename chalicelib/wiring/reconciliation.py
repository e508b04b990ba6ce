"""Builds what compares bucket and tables, which only the sweep does."""

from typing import TYPE_CHECKING

from chalicelib.reconciliation.service import Reconciliation
from chalicelib.reconciliation.store import Bookmarks

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def reconciliation(library: "Library") -> Reconciliation:
    """Build what compares bucket and tables."""
    bookmarks = Bookmarks(library.tables, library.settings.files_table)
    compared = (library.blobs, library.uploads, library.bucket, library.storage)
    return Reconciliation(bookmarks, *compared, library.clock)
