"""Builds what accounts share with each other."""

from typing import TYPE_CHECKING

from chalicelib.sharing.grant_store import GrantStore
from chalicelib.sharing.grants import Grants
from chalicelib.sharing.received import Received

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def grants(library: "Library") -> Grants:
    """Build what is shared with named accounts."""
    tables, files = library.tables, library.files
    store = GrantStore(tables, library.settings.files_table)
    beside = (library.limits, library.audit, library.cursors, library.clock)
    return Grants(tables, store, files, library.accounts, *beside)


def received(library: "Library") -> Received:
    """Build the list of the files that others share with one."""
    files = library.files
    return Received(library.grants.store, files, files.owner_active.among, library.cursors)
