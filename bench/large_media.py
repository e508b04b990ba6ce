"""What the metadata of large files costs in bytes and requests, beside ffprobe on the same file on disk.

Made on the spot: films of 25 minutes, as a sample repeated 500 times, in each container; one of them stretched to two
gigabytes by zeros before the index at its end; and a WAV of two gigabytes. Both are sparse.
`python -m bench.large_media`
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chalicelib.extraction.examine import examine
from chalicelib.extraction.source import RangedSource
from chalicelib.extraction.tools import MediaTools, find_media_tools

MOST_BYTES, MOST_REQUESTS = 6_000_000, 10
LOOPS = 500
GIGABYTES = 2
SAMPLES = Path(__file__).parents[1] / "tests/media/samples"


def made(folder: Path, ffmpeg: str, name: str, *options: str) -> Path:
    """Repeat a sample, its streams copied, so that the index is as long as a film's."""
    path = folder / name
    sample = SAMPLES / ("clip.avi" if name.endswith("avi") else "faststart.mp4")
    looped = ["-stream_loop", str(LOOPS), "-i", str(sample), "-c", "copy", *options]
    subprocess.run([ffmpeg, "-v", "error", "-y", *looped, str(path)], check=True)
    return path


def long_wav(folder: Path) -> Path:
    """Make a WAV of two gigabytes, sparse."""
    path = folder / "long.wav"
    size = GIGABYTES * 10**9
    head = b"RIFF" + (size + 36).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += (
        b"\x01\x00\x02\x00"
        + (48_000).to_bytes(4, "little")
        + (192_000).to_bytes(4, "little")
        + b"\x04\x00\x10\x00"
    )
    with path.open("wb") as file:
        file.write(head + b"data" + size.to_bytes(4, "little"))
        file.truncate(size + 44)
    return path


def stretched(path: Path, name: str) -> Path:
    """Return a copy whose media data (`mdat`) has two gigabytes more before the index at the end (`moov`), sparse."""
    content = path.read_bytes()
    media, index = content.index(b"mdat") - 4, content.rindex(b"moov") - 4
    hole = GIGABYTES * 10**9
    size = int.from_bytes(content[media : media + 4]) + hole
    copy = path.with_name(name)
    with copy.open("wb") as file:
        file.write(content[:media] + size.to_bytes(4) + content[media + 4 : index])
        file.seek(hole, os.SEEK_CUR)
        file.write(content[index:])
    return copy


def measured(path: Path, tools: MediaTools) -> bool:
    """Print a line for one file; tell whether it is inside the budget."""
    descriptor = os.open(path, os.O_RDONLY)
    size = os.fstat(descriptor).st_size
    source = RangedSource(lambda first, last: os.pread(descriptor, last - first + 1, first), size)
    facts = examine(source, tools)
    os.close(descriptor)
    started = time.perf_counter()
    command = [str(tools.ffprobe), "-v", "error", "-show_format", "-show_streams", str(path)]
    bare = subprocess.run(
        ["ffprobe", *command[1:]] if shutil.which("ffprobe") else command, check=False, capture_output=True
    )
    alone = time.perf_counter() - started
    inside = source.bytes_read <= MOST_BYTES and source.requests <= MOST_REQUESTS
    print(
        f"{path.name:<16} {size / 1e6:7.0f} MB  {facts.outcome:<8} {source.bytes_read / 1e6:6.2f} MB "
        f"{source.requests:3d} requests  {facts.seconds:5.2f} s   ffprobe on disk {alone:5.2f} s "
        f"(status {bare.returncode})  {'' if inside else 'OVER THE BUDGET'}"
    )
    return inside and facts.outcome == "read"


def main() -> int:
    """Print the table; exit status 1 when a budget does not hold."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        print("The files are made by an ffmpeg with encoders, which is not on PATH: nothing measured.")
        return 0
    tools = find_media_tools(os.environ)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mov = made(folder, ffmpeg, "end.mov")
        files = [
            stretched(mov, "index_at_end.mov"),
            made(folder, ffmpeg, "front.mp4", "-movflags", "+faststart"),
            made(folder, ffmpeg, "film.mkv"),
            made(folder, ffmpeg, "film.avi"),
            long_wav(folder),
        ]
        inside = [measured(path, tools) for path in files]
        return int(not all(inside))


if __name__ == "__main__":
    sys.exit(main())
