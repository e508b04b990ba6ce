"""Builds what is known of content, and of the work on it."""

from typing import TYPE_CHECKING

from chalicelib.extraction.history import History
from chalicelib.extraction.jobs import Jobs
from chalicelib.extraction.store import FactsStore, JobStore

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def history(library: "Library") -> History:
    """Build what was found, and the attempts at finding it."""
    tables, table, clock = library.tables, library.settings.metadata_table, library.clock
    return History(FactsStore(tables, table, clock), Jobs(JobStore(tables, table), clock, library.new_id))
