"""Builds share links."""

from typing import TYPE_CHECKING

from chalicelib.sharing.service import Links
from chalicelib.sharing.store import LinkStore
from chalicelib.sharing.visits import Visits
from chalicelib.wiring.derived import derived

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def links(library: "Library") -> Links:
    """Build links as owners make them."""
    store = LinkStore(library.tables, library.settings.files_table)
    beside = (library.passwords, library.audit, library.cursors, library.clock, library.new_id)
    return Links(library.tables, store, library.files, *beside)


def visits(library: "Library") -> Visits:
    """Build links as visitors open them."""
    return Visits(
        library.tables,
        LinkStore(library.tables, library.settings.files_table),
        library.files,
        library.renditions,
        library.accounts,
        library.passwords,
        library.limits,
        library.audit,
        secret=lambda: derived(library.keys(), b"unlocked links"),
        clock=library.clock,
    )
