"""What the metadata of large files costs in bytes and requests, beside the bare tool on the same file on disk.

Made on the spot, one after another: films of two hours and two gigabytes (MPEG-4 at 2.1 Mb/s and AAC, so their
indexes are as long as real ones) in each container, a WAV of two gigabytes (sparse), and pictures of 100 megapixels.
Bare ffprobe for the films, bare Pillow for the pictures. `python -m bench.large_media`
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from chalicelib.extraction.examine import examine
from chalicelib.extraction.models import MediaMetadata
from chalicelib.extraction.source import RangedSource
from chalicelib.extraction.tools import MediaTools, find_media_tools

FILM = (6_000_000, 10)
PICTURE = (128 << 10, 10)
SECONDS, LOOPS = 20, 360
GIGABYTES = 2
SIDE = 10_000
CONTAINERS = {
    "index_at_end.mp4": "",
    "index_in_front.mp4": "-movflags +faststart",
    "film.mkv": "",
    "film.avi": "",
    "fragmented.mp4": "-movflags +empty_moov+default_base_moof+frag_keyframe",
}


def clip(folder: Path, ffmpeg: str) -> Path:
    """Make some seconds of a film."""
    path = folder / "clip.mp4"
    sources = f"-f lavfi -i testsrc2=s=640x360:r=25:d={SECONDS} -f lavfi -i sine=d={SECONDS}:r=48000"
    rate = "-c:v mpeg4 -b:v 2100k -minrate 2100k -maxrate 2100k -bufsize 2M -g 50 -c:a aac -b:a 128k"
    subprocess.run([ffmpeg, "-v", "error", *sources.split(), *rate.split(), str(path)], check=True)
    return path


def looped(path: Path, ffmpeg: str, name: str, options: str) -> Path:
    """Repeat a clip, its streams copied, to the length of a film."""
    film = path.with_name(name)
    copying = ["-stream_loop", str(LOOPS - 1), "-i", str(path), "-c", "copy", *options.split()]
    subprocess.run([ffmpeg, "-v", "error", *copying, str(film)], check=True)
    return film


def long_wav(folder: Path) -> Path:
    """Make a WAV of two gigabytes, sparse."""
    path = folder / "long.wav"
    size = GIGABYTES * 10**9
    head = b"RIFF" + (size + 36).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += b"\x01\x00\x02\x00" + (48_000).to_bytes(4, "little") + (192_000).to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(head + b"\x04\x00\x10\x00data" + size.to_bytes(4, "little"))
        file.truncate(size + 44)
    return path


def picture(folder: Path, name: str) -> Path:
    """Make a picture of 100 megapixels."""
    path = folder / name
    gradient = Image.linear_gradient("L").resize((SIDE, SIDE))
    gradient.save(path, **({"compression": "raw"} if name.endswith("tif") else {}))
    return path


def measured(path: Path, tools: MediaTools, budget: tuple[int, int], bare: Callable[[Path], object]) -> bool:
    """Print a line for one file and remove it; tell whether it is inside the budget."""
    descriptor = os.open(path, os.O_RDONLY)
    size = os.fstat(descriptor).st_size
    source = RangedSource(lambda first, last: os.pread(descriptor, last - first + 1, first), size)
    facts = examine(source, tools)
    os.close(descriptor)
    started = time.perf_counter()
    bare(path)
    alone = time.perf_counter() - started
    path.unlink()
    inside = facts.outcome == "read" and source.bytes_read <= budget[0] and source.requests <= budget[1]
    cut = isinstance(facts.metadata, MediaMetadata) and not facts.metadata.complete
    print(
        f"{path.name:<19} {size / 1e6:6.0f} MB  {source.bytes_read / 1e6:6.3f} MB {source.requests:3d} requests "
        f"{facts.seconds:6.2f} s   bare tool {alone:5.2f} s  {'cut, and says so' if cut else ''}"
        f"{'' if inside else f'OVER THE BUDGET ({facts.outcome})'}"
    )
    return inside


def main() -> int:
    """Print the table; exit status 1 when a budget does not hold."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        print("The films are made by an ffmpeg with encoders, which is not on PATH: nothing measured.")
        return 0
    tools = find_media_tools(os.environ)

    def probe(path: Path) -> object:
        command = [
            shutil.which("ffprobe") or str(tools.ffprobe),
            "-v",
            "error",
            "-show_format",
            "-show_streams",
        ]
        return subprocess.run([*command, str(path)], check=False, capture_output=True)

    Image.MAX_IMAGE_PIXELS = None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        original = clip(folder, ffmpeg)
        inside = [
            measured(looped(original, ffmpeg, film, options), tools, FILM, probe)
            for film, options in CONTAINERS.items()
        ]
        inside.append(measured(long_wav(folder), tools, FILM, probe))
        inside += [
            measured(picture(folder, each), tools, PICTURE, Image.open)
            for each in ("large.jpg", "large.png", "large.tif")
        ]
    return int(not all(inside))


if __name__ == "__main__":
    sys.exit(main())
