"""Builds the list of background jobs."""

from typing import TYPE_CHECKING

from chalicelib.jobs.service import JobList
from chalicelib.jobs.store import JobListStore

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def job_list(library: "Library") -> JobList:
    """Build the list of all background jobs, whatever they do."""
    store = JobListStore(library.tables, library.settings.files_table)
    return JobList(store, library.counters, library.cursors)
