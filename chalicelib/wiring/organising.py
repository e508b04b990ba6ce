"""Builds the same change to many files."""

from typing import TYPE_CHECKING

from chalicelib.aws.agenda import Agenda
from chalicelib.organising.jobs import EditJobs
from chalicelib.organising.service import Organising
from chalicelib.organising.store import EditJobStore

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def organising(library: "Library") -> Organising:
    """Build what changes many files, at once or as a job."""
    tables, table = library.tables, library.settings.files_table
    store, agenda = EditJobStore(tables, table), Agenda(tables, table, "jobs")
    return Organising(
        jobs=EditJobs(tables, store, agenda, library.job_list, library.jobs_queue, library.clock),
        files=library.files,
        audit=library.audit,
        clock=library.clock,
        new_id=library.new_id,
        page_of=library.file_administration.page,
    )
