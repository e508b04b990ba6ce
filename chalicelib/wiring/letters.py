"""Builds what admins do with messages that failed five times."""

from typing import TYPE_CHECKING

from chalicelib.aws.queue import Queue
from chalicelib.letters.service import DeadLetters, Lane

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def dead_letters(library: "Library") -> DeadLetters:
    """Build the lanes of all queues that keep what failed."""
    settings = library.settings

    def lane(queue: Queue, dead_url: str) -> Lane:
        return Lane(queue, Queue(lambda: library.clients.sqs, dead_url))

    lanes = {
        "extraction": lane(library.queue, settings.extraction_dead_letters_url),
        "media": lane(library.slow_lane, settings.media_dead_letters_url),
        "jobs": lane(library.jobs_queue, settings.jobs_dead_letters_url),
    }
    return DeadLetters(lanes, library.tables, library.audit)
