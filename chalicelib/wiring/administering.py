"""Builds what admins and the sweep do with the files of all owners."""

import functools

from chalicelib.catalogue.everyone import Everyone
from chalicelib.files.administration import FileAdministration
from chalicelib.files.service import Files
from chalicelib.files.trash import Trash
from chalicelib.sharing.grants import Grants
from chalicelib.sharing.leftovers import Leftovers
from chalicelib.sharing.service import Links


class Administering:
    """The part of the library that knows no owners; built when first asked for."""

    files: Files
    links: Links
    grants: Grants

    @functools.cached_property
    def file_administration(self) -> FileAdministration:
        """Return what admins do with files."""
        return build_file_administration(self.files)

    @functools.cached_property
    def trash(self) -> Trash:
        """Return what empties the trash."""
        return Trash(self.files)

    @functools.cached_property
    def leftovers(self) -> Leftovers:
        """Return what ends links and grants of erased files."""
        files = self.files
        return Leftovers(files.tables, self.links.store, self.grants, files.later.erased, files.clock)


def build_file_administration(files: Files) -> FileAdministration:
    """Build what lists and changes the files of all owners."""
    postings = files.catalogue.store
    return FileAdministration(files, Everyone(postings.tables, postings.table, files.clock))
