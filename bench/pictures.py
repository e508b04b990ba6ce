"""Drawing in a confined child beside bare Pillow, and what bombs cost: time and the child's peak memory.

48 megapixels as JPEG (both sizes; Pillow with draft() in this process), as PNG, and pictures that are refused. Times
are the best of some rounds in turns. Memory is the peak resident size of a fresh interpreter that does nothing but
draw once (VmHWM: ru_maxrss begins with the parent's). `python -m bench.pictures`
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from PIL import Image

from chalicelib.extraction.errors import FileFault
from chalicelib.extraction.examine import examine
from chalicelib.extraction.source import RangedSource
from chalicelib.renditions.studio import draw

ROUNDS = 5
MOST_TIMES, MOST_MEGABYTES = 1.3, 200
DRAWING = """
import os, re, sys
from chalicelib.extraction.source import RangedSource
from chalicelib.renditions import pictures
descriptor = os.open(sys.argv[1], os.O_RDONLY)
size = os.fstat(descriptor).st_size
fetch = lambda first, last: os.pread(descriptor, last - first + 1, first)
pictures.read(RangedSource(fetch, size, max_requests=9999), "jpeg")
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def source(content: bytes) -> RangedSource:
    """Return bytes as a source that allows to read all of them."""
    return RangedSource(
        lambda first, last: content[first : last + 1], len(content), max_bytes=1 << 30, max_requests=9999
    )


def photo(width: int, height: int, form: str) -> bytes:
    """Return a picture with as much detail as photos have."""
    noise = Image.effect_noise((width // 8, height // 8), 40).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    ramps = Image.linear_gradient("L").resize(noise.size), Image.radial_gradient("L").resize(noise.size)
    out = io.BytesIO()
    Image.merge("RGB", (noise, *ramps)).save(out, form, quality=88, compress_level=1)
    return out.getvalue()


def bare(content: bytes) -> None:
    """Make both pictures with Pillow alone."""
    picture = Image.open(io.BytesIO(content))
    picture.draft("RGB", (2048, 1536))
    picture.thumbnail((2048, 2048))
    picture.save(io.BytesIO(), "JPEG", quality=85)
    picture.thumbnail((300, 300))
    picture.save(io.BytesIO(), "JPEG", quality=85)


def seconds(act: Callable[[], object]) -> float:
    """Return how long it takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def megabytes(content: bytes) -> float:
    """Return the peak resident size of a fresh interpreter that reads a JPEG from a file and draws it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        run = subprocess.run([sys.executable, "-c", DRAWING, file.name], check=True, capture_output=True)
    return int(run.stdout) / 1024


def main() -> int:
    """Print the table; exit status 1 when a limit does not hold."""
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    large = photo(8000, 6000, "JPEG")
    draw(source(large), "jpeg")
    ours, theirs = [], []
    for _ in range(ROUNDS):  # in turns, so that a noisy machine slows both
        ours.append(seconds(lambda: draw(source(large), "jpeg")))
        theirs.append(seconds(lambda: bare(large)))
    ratio = min(ours) / min(theirs)
    memory = megabytes(large)
    print(
        f"48 MP JPEG of {len(large) / 1e6:.0f} MB: {min(ours):.3f} s confined, "
        f"{min(theirs):.3f} s bare Pillow: x{ratio:.2f} (at most {MOST_TIMES})"
    )
    print(f"48 MP JPEG: {memory:.0f} MB resident at the peak (at most {MOST_MEGABYTES})")
    png = photo(8000, 6000, "PNG")
    print(f"48 MP PNG of {len(png) / 1e6:.0f} MB: {seconds(lambda: draw(source(png), 'png')):.2f} s")
    for side in (12_000, 30_000):
        refused(side)
    return int(ratio > MOST_TIMES or memory > MOST_MEGABYTES)


def refused(side: int) -> None:
    """Print what refusing a bomb takes."""
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG", compress_level=9)
    content = out.getvalue()
    started = time.perf_counter()
    code = examine(source(content), None).code
    try:
        draw(source(content), "png")
    except FileFault as fault:
        code = code or fault.code
    took = time.perf_counter() - started
    print(f"PNG of {side} x {side} in {len(content) / 1e3:.0f} kB: {code} after {took:.2f} s")


if __name__ == "__main__":
    sys.exit(main())
