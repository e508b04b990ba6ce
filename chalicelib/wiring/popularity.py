"""Builds what adds up how often files are used."""

from typing import TYPE_CHECKING

from chalicelib.popularity.service import Popularity
from chalicelib.popularity.store import UseStore

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def popularity(library: "Library") -> Popularity:
    """Build what adds up uses, and lists what is used most."""
    store = UseStore(library.tables, library.settings.files_table)
    return Popularity(store, library.files, library.cursors, library.clock)
