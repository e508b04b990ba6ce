"""Builds what makes exports, for the doors that need it."""

from typing import TYPE_CHECKING

from chalicelib.aws.agenda import Agenda
from chalicelib.core.ids import in_sequence
from chalicelib.exports.archives import ARCHIVE, Archiving
from chalicelib.exports.service import Exports
from chalicelib.exports.store import ExportStore
from chalicelib.exports.tables import TABLE, Tabulation
from chalicelib.exports.writing import Writing

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def build_exports(library: "Library") -> Exports:
    """Build the exports; a further kind is a further maker."""
    files, table = library.files, library.settings.files_table
    writing = Writing(
        tables=library.tables,
        store=ExportStore(library.tables, table),
        agenda=Agenda(library.tables, table, "exports"),
        listed=library.organising.jobs.listed,
        bucket=library.bucket,
        storage=library.parts.storage,
        makers={TABLE: Tabulation(files), ARCHIVE: Archiving(files)},
        clock=files.clock,
    )
    jobs, cursors = library.organising.jobs.queue, files.catalogue.cursors
    return Exports(
        writing, jobs, library.audit, library.limits, cursors, in_sequence(library.organising.new_id)
    )
