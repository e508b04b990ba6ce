"""Builds what changes many files at once, and the list of everybody's background jobs."""

from chalicelib.aws.agenda import Agenda
from chalicelib.aws.queue import Queue
from chalicelib.core.ids import NewId
from chalicelib.files.service import Files
from chalicelib.jobs.service import JobList
from chalicelib.jobs.store import JobListStore
from chalicelib.organising.jobs import EditJobs
from chalicelib.organising.service import Organising
from chalicelib.organising.store import EditJobStore
from chalicelib.wiring.administering import build_file_administration


def build_organising(files: Files, jobs: Queue, new_id: NewId) -> Organising:
    """Build it, over the queue of jobs."""
    tables, table, catalogue = files.tables, files.store.table, files.catalogue
    listed = JobList(JobListStore(tables, table), catalogue.counters, catalogue.cursors)
    agenda = Agenda(tables, table, "jobs")
    return Organising(
        jobs=EditJobs(tables, EditJobStore(tables, table), agenda, listed, jobs, files.clock),
        files=files,
        audit=files.audit,
        clock=files.clock,
        new_id=new_id,
        page_of=build_file_administration(files).page,
    )
