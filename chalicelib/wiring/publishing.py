"""Builds what follows public content to the edge and back, which only workers do."""

from typing import TYPE_CHECKING

from chalicelib.core.ids import in_sequence
from chalicelib.extraction.jobs import Jobs
from chalicelib.publishing.service import Publishing

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def publishing(library: "Library") -> Publishing:
    """Build it; without a distribution there is no edge to tell."""
    history = Jobs(library.history.jobs.store, library.clock, in_sequence(library.new_id))
    edge = library.distribution if library.settings.cdn_distribution_id else None
    return Publishing(library.files, history, library.bucket, edge, library.jobs_queue, library.clock)
