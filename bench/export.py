"""What it takes to export a library of 100,000 files as a table: rows a second, calls, and the worker's memory.

    python -m bench.export [files]

The library is written straight into the tables of an embedded AWS; then a process of its own takes the export from
its first message to its end, as the jobs function would, and tells its peak of memory. Fails when a row is missing or
doubled, or when the peak is over the function's memory.
"""

import csv
import io
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import requests

from bench._library import embedded_library
from bench._machine import ROOT
from chalicelib.aws.clients import Clients
from chalicelib.aws.expressions import pack
from chalicelib.aws.meter import metered
from chalicelib.aws.table import Put
from chalicelib.catalogue.models import Criteria
from chalicelib.core.caller import Caller, Role
from chalicelib.core.ids import first_id_at, new_id
from chalicelib.exports.models import ExportState
from chalicelib.exports.tables import Table, wanted
from chalicelib.files.export import COLUMNS
from chalicelib.files.models import File, Status
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build

FILES = 100_000
MEMORY_MB = 1024
"""Of the jobs function, as the template says."""
BATCH = 25
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def files_of(owner_id: str, count: int) -> Iterator[File]:
    """Yield files as people have them, a second apart."""
    for number in range(count):
        at = BEGAN + timedelta(seconds=number)
        file_id = f"{first_id_at(at)}-7000-8000-{number:012x}"
        name = f"IMG_{number:06d} summer at the sea.jpg"
        yield File(
            *(file_id, owner_id, name, "jpg", "image", "image/jpeg", 2_000_000 + number, f"{number:064x}"),
            *(Status.READY, at, at),
            caption="The beach, early in the morning, before anybody came",
            tags=("sea", "summer"),
        )


def write(library: Library, owner_id: str, count: int) -> None:
    """Write each file's record and its row in the list of all files, which are all that an export reads."""
    rows = (
        {write.table: {"PutRequest": {"Item": pack(write.item)}}}
        for file in files_of(owner_id, count)
        for write in library.files.admit(file)
        if isinstance(write, Put) and write.item["pk"] in {f"file#{file.id}", f"{owner_id}#all"}
    )
    client = boto3.client("dynamodb")

    def send(batch: tuple[dict[str, Any], ...]) -> None:
        request: dict[str, list[Any]] = {}
        for row in batch:
            for table, put in row.items():
                request.setdefault(table, []).append(put)
        client.batch_write_item(RequestItems=request)

    with ThreadPoolExecutor(4) as pool:
        for some in itertools.batched(itertools.batched(rows, BATCH), 64):
            list(pool.map(send, some))


def worker(owner_id: str, export_id: str) -> None:
    """Take an export to its end, and print what that took."""
    library = build(Settings.from_environment(), Clients())
    began, steps = time.perf_counter(), 0
    with metered() as receipt:
        while True:
            export = library.exports.advance(owner_id, export_id)
            steps += 1
            if export is None or export.state is not ExportState.RUNNING:
                break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 << (20 if sys.platform == "darwin" else 10)
    )
    took = time.perf_counter() - began
    print(json.dumps({"seconds": took, "peak_mb": peak, "steps": steps, "calls": len(receipt.calls)}))


def measure(library: Library, count: int) -> None:
    """Export a library of so many files, and judge."""
    owner = Caller(new_id(), Role.OPERATOR, "")
    write(library, owner.user_id, count)
    export = library.exports.begin(owner, wanted(Table(Criteria(), tuple(COLUMNS)), count))
    command = [sys.executable, "-m", "bench.export", "worker", owner.user_id, export.id]
    said = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    done = library.exports.get(owner, export.id)
    link = library.exports.link(done)
    text = requests.get(link.url, timeout=60).content.decode() if link else ""
    names = [row["filename"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    print(
        f"{count:,} rows, {done.size / 1e6:.1f} MB in {len(done.parts)} parts: {said['seconds']:.1f} s, "
        f"{count / said['seconds']:,.0f} rows/s, {said['steps']} steps, {said['calls']:,} calls, "
        f"peak {said['peak_mb']:.0f} MB of {MEMORY_MB}"
    )
    whole = len(names) == len(set(names)) == count
    sys.exit(not whole or said["peak_mb"] > MEMORY_MB)


def main() -> None:
    """Start an embedded AWS and measure on it; or be the worker."""
    if sys.argv[1:2] == ["worker"]:
        worker(*sys.argv[2:4])
        return
    with embedded_library() as library:
        measure(library, int(sys.argv[1]) if sys.argv[1:] else FILES)


if __name__ == "__main__":
    main()
