"""Builds what admins and the sweep do with the files of all owners."""

from typing import TYPE_CHECKING

from chalicelib.catalogue.everyone import Everyone
from chalicelib.files.administration import FileAdministration
from chalicelib.files.trash import Trash
from chalicelib.sharing.leftovers import Leftovers

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def file_administration(library: "Library") -> FileAdministration:
    """Build what lists and changes the files of all owners."""
    everyone = Everyone(library.tables, library.settings.tags_table, library.clock)
    return FileAdministration(library.files, everyone)


def trash(library: "Library") -> Trash:
    """Build what empties the trash."""
    return Trash(library.files)


def leftovers(library: "Library") -> Leftovers:
    """Build what ends links and grants of erased files."""
    erased = library.files.later.erased
    return Leftovers(library.tables, library.links.store, library.grants, erased, library.clock)
