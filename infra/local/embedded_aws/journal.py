"""The write-ahead journal: one SQLite file that always holds the acknowledged state.

Why SQLite and not an own log with snapshots: its WAL is the log, its checkpoint is the snapshot and the
truncation, and its recovery after a kill is proven. Nothing here forks, copies the state or stalls the event
loop to take a snapshot, and start-up reads rows instead of replaying requests, so no signatures, clocks or
generated ids are involved.

The services add rows while they handle a request; `settle` writes all rows added so far in one transaction.
It is awaited before every reply, so a reply means "written":

* fsync off: the transaction is in the operating system's cache before the reply. It survives kill -9 of this
  process; a power cut leaves an intact file that may lack the last seconds.
* fsync on: the transaction is on the disk before the reply; one fsync, in a worker thread, serves all
  requests that wait at that moment.
"""

import asyncio
import fcntl
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from .checkpoints import Checkpoints

logger = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS items
    (t INTEGER, pk TEXT, sk TEXT, item TEXT, PRIMARY KEY (t, pk, sk)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages
    (id INTEGER PRIMARY KEY, q INTEGER, mid TEXT, message TEXT, UNIQUE (q, mid));
CREATE TABLE IF NOT EXISTS flights (q INTEGER, mid TEXT, state TEXT, PRIMARY KEY (q, mid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
WRITE_FAILED = 70  # exit status when the disk no longer takes the journal

type SqlValue = str | int | float | None
type Row = tuple[str, tuple[SqlValue, ...]]


class FolderInUseError(Exception):
    """Another embedded AWS runs on the same folder."""


def dumps(value: object, default: Callable[[object], object] | None = None) -> str:
    """Compact JSON, as all rows hold it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=default)


def _lock_file(path: Path) -> IO[str]:
    """Two processes on one journal would each believe in their own memory."""
    held = path.open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise FolderInUseError(f"another embedded AWS uses {path.parent}") from None
    return held


class Journal:
    """The rows of all services; opens `path` or makes it, `FolderInUseError` if somebody else holds it."""

    def __init__(self, path: Path, *, fsync: bool = False) -> None:
        self._held = _lock_file(path.with_name(path.name + ".lock"))
        self.fsync = fsync
        self.database = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if fsync else 'NORMAL'}",
            "wal_autocheckpoint=0",
            "journal_size_limit=67108864",
            "cache_size=-32000",
        ):
            self.database.execute(f"PRAGMA {pragma}")
        self.database.executescript(SCHEMA)
        rows = self.database.execute("SELECT id, name FROM names")
        self.names: dict[str, int] = {name: number for number, name in rows}
        self._lock = threading.RLock()
        self._write_lock = threading.Lock()
        self._rows: list[Row] = []
        self._added = 0  # rows ever added
        self._written = 0  # rows safely written
        self._writing: asyncio.Future[None] | None = None
        self._writer = ThreadPoolExecutor(1, "journal-writer") if fsync else None
        self._checkpoints = Checkpoints(path)

    def add(self, sql: str, *arguments: SqlValue) -> None:
        """Add a row to the current reply's transaction; callable from any thread."""
        with self._lock:
            self._rows.append((sql, arguments))
            self._added += 1

    def number(self, name: str) -> int:
        """The small number that stands for a table or queue in the rows."""
        with self._lock:
            found = self.names.get(name)
            if found is None:
                found = max(self.names.values(), default=0) + 1
                self.add("INSERT INTO names VALUES (?,?)", found, name)
                self.names[name] = found
            return found

    def put_state(self, name: str, text: str) -> None:
        """Add a row that replaces the state called `name`."""
        self.add("INSERT OR REPLACE INTO state VALUES (?,?)", name, text)

    def delete_state(self, name: str) -> None:
        """Add a row that removes the state called `name`."""
        self.add("DELETE FROM state WHERE name=?", name)

    def delete_states(self, pattern: str) -> None:
        """Add a row that removes all states whose names match the GLOB `pattern`."""
        self.add("DELETE FROM state WHERE name GLOB ?", pattern)

    def states(self, pattern: str) -> list[tuple[str, str]]:
        """(name, text) of the written states whose names match the GLOB `pattern`, by name."""
        sql = "SELECT name, value FROM state WHERE name GLOB ? ORDER BY name"
        return self.database.execute(sql, (pattern,)).fetchall()

    def clear(self) -> None:
        """Add rows that remove everything."""
        for statement in (
            "DELETE FROM items",
            "DELETE FROM messages",
            "DELETE FROM flights",
            "DELETE FROM state",
        ):
            self.add(statement)

    def flush(self) -> None:
        """Write everything added so far and wait for it, in the calling thread."""
        if self._writer:
            self._writer.submit(self._write_all).result()
        else:
            self._write_all()

    async def settle(self) -> None:
        """Return when everything added before this call is written (and synced, if asked for)."""
        if not self.fsync:
            if self._rows:
                self._write_all()
            return
        target = self._added
        while self._written < target:
            if self._writing is None:
                await self._write_in_thread()
            else:
                await asyncio.shield(self._writing)
                await asyncio.sleep(0)

    async def _write_in_thread(self) -> None:
        rows, upto = self._take()
        self._writing = asyncio.get_running_loop().run_in_executor(self._writer, self._write, rows)
        try:
            await asyncio.shield(self._writing)
        finally:
            self._writing = None
        self._written = max(self._written, upto)

    def _write_all(self) -> None:
        with self._write_lock:  # a reset writes from a thread of its own
            self._write(self._take()[0])

    def _take(self) -> tuple[list[Row], int]:
        with self._lock:
            rows, self._rows = self._rows, []
            return rows, self._added

    def _write(self, rows: list[Row]) -> None:
        if not rows:
            return
        try:
            self._execute(rows)
            self._checkpoints.finish(self.database)
        except BaseException:
            # Memory is now ahead of the disk (disk full, I/O error). No reply leaves from here on; the next
            # start comes up with what was acknowledged.
            logger.critical("journal write failed; stopping before anything unwritten is told", exc_info=True)
            logging.shutdown()
            os._exit(WRITE_FAILED)

    def _execute(self, rows: list[Row]) -> None:
        execute = self.database.execute
        if len(rows) == 1:
            execute(*rows[0])
            return
        execute("BEGIN")
        for sql, arguments in rows:
            execute(sql, arguments)
        execute("COMMIT")

    def close(self) -> None:
        """Write what is left, fold the log into the file and release the folder."""
        self.flush()
        self._checkpoints.stop()
        if self._writer:
            self._writer.shutdown()
        self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.database.close()
        self._held.close()
