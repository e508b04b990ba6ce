"""What it takes to pack large files into one ZIP: bytes a second, calls, and the worker's memory.

    python -m bench.archive [files of 256 MiB]

The files lie in an embedded AWS (all are one content, so that only the archive takes room); a process of its own packs
them as the jobs function would, and tells its peak of memory. Fails when the archive is not whole, or when the peak is
over a quarter of the function's memory.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import boto3
import requests

from bench._library import embedded_library
from bench._machine import ROOT
from bench.export import MEMORY_MB, files_of
from chalicelib.blobs.models import object_key
from chalicelib.core.caller import Caller, Role
from chalicelib.core.ids import new_id
from chalicelib.exports.archives import Archive, wanted
from chalicelib.wiring import Library

FILES = 12
SIZE = 256 << 20
SHARE = 4
CHUNK = 1 << 24


def bring_in(library: Library, owner: Caller, content: Path, count: int) -> list[str]:
    """Put the content, and write the records of so many files that point to it."""
    made = [
        replace(file, filename=f"{number}.mp4", mime_type="video/mp4", size=SIZE, sha256="0" * 64)
        for number, file in enumerate(files_of(owner.user_id, count))
    ]
    boto3.client("s3").upload_file(
        str(content), library.settings.bucket_name, object_key(owner.user_id, "0" * 64)
    )
    for file in made:
        library.tables.commit([library.files.store.put_new(file)])
    return [file.id for file in made]


def is_whole(path: Path, count: int, crc: int) -> bool:
    """Tell whether an archive has all the files, each with the sum that was counted beforehand."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        return (
            archive.testzip() is None
            and len(entries) == count
            and all((entry.file_size, entry.CRC) == (SIZE, crc) for entry in entries)
        )


def measure(library: Library, folder: Path, count: int) -> None:
    """Pack so many files, and judge."""
    content, crc = folder / "content", 0
    with content.open("wb") as file:
        for _ in range(SIZE // CHUNK):
            some = os.urandom(CHUNK)
            crc = zlib.crc32(some, crc)
            file.write(some)
    owner = Caller(new_id(), Role.OPERATOR, "")
    ids = bring_in(library, owner, content, count)
    export = library.exports.begin(owner, wanted(Archive(tuple(ids)), "films.zip", count))
    command = [sys.executable, "-m", "bench.export", "worker", owner.user_id, export.id]
    said = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    done = library.exports.get(owner, export.id)
    link, path, began = library.exports.link(done), folder / "films.zip", time.perf_counter()
    with requests.get(link.url if link else "", timeout=60, stream=True) as answer, path.open("wb") as file:
        for chunk in answer.iter_content(CHUNK):
            file.write(chunk)
    fetched = time.perf_counter() - began
    rate = done.size / said["seconds"] / 1e6
    print(
        f"{count} files, {done.size / 1e9:.2f} GB in {len(done.parts)} parts: {said['seconds']:.1f} s, {rate:.0f} MB/s "
        f"(fetching it takes {fetched:.1f} s), {said['steps']} steps, {said['calls']:,} calls, "
        f"peak {said['peak_mb']:.0f} MB of {MEMORY_MB}"
    )
    sys.exit(not is_whole(path, count, crc) or said["peak_mb"] > MEMORY_MB / SHARE)


def main() -> None:
    """Start an embedded AWS and measure on it."""
    with embedded_library() as library, tempfile.TemporaryDirectory(prefix="bench-") as beside:
        measure(library, Path(beside), int(sys.argv[1]) if sys.argv[1:] else FILES)


if __name__ == "__main__":
    main()
