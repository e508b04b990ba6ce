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


def exports(library: "Library") -> Exports:
    """Build the exports; a further kind is a further maker."""
    files, table = library.files, library.settings.files_table
    writing = Writing(
        tables=library.tables,
        store=ExportStore(library.tables, table),
        agenda=Agenda(library.tables, table, "exports"),
        listed=library.job_list,
        bucket=library.bucket,
        storage=library.storage,
        makers={TABLE: Tabulation(files), ARCHIVE: Archiving(files)},
        clock=library.clock,
    )
    new_id = in_sequence(library.new_id)
    return Exports(writing, library.jobs_queue, library.audit, library.limits, library.cursors, new_id)
