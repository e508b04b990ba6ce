"""`mediatheque upload`: every file under the given paths, several at once, each with its own outcome."""

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from mediatheque_client.api import Api, Refused
from mediatheque_client.memory import uploads
from mediatheque_client.output import Output
from mediatheque_client.transfer import FileChanged, Interrupted, Outcome, Transfer

FINAL = {"ready", "failed", "rejected"}
ASKED_EVERY = 0.5


def run(api: Api, options: argparse.Namespace, output: Output) -> int:
    """Upload; return 0 when everything is in the library."""
    given = {"tags": options.tag, "caption": options.caption}
    description: dict[str, Any] = {name: value for name, value in given.items() if value}
    description["on_duplicate"] = "link" if options.link else "reject"
    paths = list(_files([Path(path) for path in options.paths], hidden=options.hidden))
    transfer = Transfer(api, uploads(), description, options.jobs)
    with _bars(output) as bars, ThreadPoolExecutor(options.jobs) as pool:
        one = _One(transfer, bars, output, wait=options.wait)
        results = [pool.submit(one.bring, path) for path in paths]
        try:
            taken = [result.result() for result in results]
        except BaseException:
            transfer.stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return 0 if all(taken) else 1


class _One:
    """Brings one file in and tells what became of it."""

    def __init__(self, transfer: Transfer, bars: Progress, output: Output, *, wait: bool) -> None:
        self._transfer, self._bars, self._output, self._wait = transfer, bars, output, wait

    def bring(self, path: Path) -> bool:
        """Return whether the file is in the library."""
        try:
            return self._tell(path, self._transfer_with_bar(path))
        except Refused as refusal:
            return self._failed(path, refusal.code, str(refusal))
        except (FileChanged, OSError) as error:
            return self._failed(path, "unreadable", str(error))
        except Interrupted:
            return False

    def _transfer_with_bar(self, path: Path) -> Outcome:
        bar = self._bars.add_task(path.name, total=path.stat().st_size)
        try:
            return self._transfer.bring(path, lambda size: self._bars.advance(bar, size))
        finally:
            self._bars.remove_task(bar)

    def _tell(self, path: Path, outcome: Outcome) -> bool:
        file = self._settled(outcome.file_id) if self._wait else None
        thing = {"path": str(path), "outcome": outcome.status, "file_id": outcome.file_id}
        if file is None:
            self._output.say(thing, f"{outcome.status:<10} {path}")
            return True
        reason = f": {file['error']['message']}" if file["error"] else ""
        self._output.say(
            {**thing, "status": file["status"], "error": file["error"]},
            f"{outcome.status:<10} {file['status']:<9} {path}{reason}",
        )
        return bool(file["status"] == "ready")

    def _settled(self, file_id: str) -> Any:
        while True:
            file = self._transfer.api.call("GET", f"/v1/files/{file_id}")
            if file["status"] in FINAL:
                return file
            if self._transfer.stop.wait(ASKED_EVERY):
                raise Interrupted

    def _failed(self, path: Path, code: str, message: str) -> bool:
        self._output.error(code, f"{path}: {message}", path=str(path))
        return False


def _files(paths: list[Path], *, hidden: bool) -> Iterator[Path]:
    """Yield the files under the paths in the order of their names; links to folders are not followed."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if hidden or not name.startswith("."))
            yield from (Path(folder) / name for name in sorted(names) if hidden or not name.startswith("."))


def _bars(output: Output) -> Progress:
    quiet = output.as_json or not sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet)
