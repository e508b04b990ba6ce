"""Copies the journal's log into its file beside the event loop, so that the log stays small.

SQLite reuses a WAL from its beginning only when a checkpoint has copied all of it. A thread copies nearly
everything; what was written meanwhile is little, and the writer copies that itself after its next commit.
"""

import logging
import sqlite3
import threading
from pathlib import Path

logger = logging.getLogger(__name__)

LOG_BYTES = 16 << 20  # a log of this size is copied
PERIOD = 0.5  # seconds between two looks at the log


class Checkpoints:
    """The checkpoint thread of one SQLite file in WAL mode."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._rest_left = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="journal-checkpoint")
        self._thread.start()

    def finish(self, database: sqlite3.Connection) -> None:
        """Copy what the thread left, in the writer's thread after a commit (at most 23 ms were measured)."""
        if self._rest_left:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._rest_left = False

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        while not self._stop.wait(PERIOD):
            try:
                self._look(database)
            except (OSError, sqlite3.Error) as error:
                logger.warning("checkpoint: %s", error)
        database.close()

    def _look(self, database: sqlite3.Connection) -> None:
        if self._rest_left or self._log.stat().st_size <= LOG_BYTES:
            return
        _busy, in_log, copied = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        self._rest_left = copied < in_log
