"""Counts uses in the process and passes them on in batches, so that a busy process pays one call in thirty seconds.

The first use after a quiet time is passed on at once; those of the next thirty seconds wait in memory for the first
one after that, or until there are enough for a message. A process that ends takes with it what it counted in its last
half minute; a use is never counted twice (docs/decisions/0032).
"""

import json
import threading
from collections import Counter
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.aws.queue import Queue
from chalicelib.core.clock import Clock
from chalicelib.core.ids import NewId
from chalicelib.core.job import Job, Kind
from chalicelib.core.log import log

EVERY = timedelta(seconds=30)
MOST_FILES = 19
"""Files in one message: five writes each, and one that marks it as counted, are one transaction."""


class Use(StrEnum):
    """What was asked for: to have a file, or to look at it."""

    DOWNLOAD = "downloads"
    VIEW = "views"


class Tally:
    """What this process has counted and not yet passed on."""

    def __init__(self, queue: Queue, clock: Clock, new_id: NewId) -> None:
        self._queue, self._clock, self._new_id = queue, clock, new_id
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = {}
        self._passed_on: datetime | None = None

    def note(self, file_id: str, use: Use) -> None:
        """Count one use; one call when the counts are due to be passed on, and none else.

        A queue that is away does not keep anyone from a file: the counts wait for the next use.
        """
        due = self._taken(file_id, use)
        if not due:
            return
        try:
            self._queue.send(message(self._new_id(), due).to_text())
        except Exception as fault:  # noqa: BLE001 - whatever it is, the file is delivered and the counts are kept
            log.warning("uses not passed on", exc_info=fault)
            with self._lock:
                for one, counts in due.items():
                    self._counts.setdefault(one, Counter()).update(counts)

    def _taken(self, file_id: str, use: Use) -> dict[str, Counter[str]]:
        """Count a use, and take out what is to be passed on now."""
        with self._lock:
            self._counts.setdefault(file_id, Counter())[use.value] += 1
            now = self._clock()
            waits = self._passed_on is not None and now - self._passed_on < EVERY
            if waits and len(self._counts) < MOST_FILES:
                return {}
            self._passed_on = now
            return {one: self._counts.pop(one) for one in list(self._counts)[:MOST_FILES]}


def message(batch: str, counts: dict[str, Counter[str]]) -> Job:
    """Return the message that carries counts; `batch` makes it count once."""
    return Job(Kind.USES, {"batch": batch, "counts": json.dumps(counts)})


def counts_in(about: dict[str, str]) -> dict[str, Counter[str]]:
    """Read what `message` wrote."""
    return {file_id: Counter(counts) for file_id, counts in json.loads(about["counts"]).items()}
