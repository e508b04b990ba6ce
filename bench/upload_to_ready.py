"""How long from the first request of an upload until its file is ready, and until its thumbnail is there.

One client uploads photos of 2 MB, 12 megapixels, one after another: on an idle machine, beside as many idle loops as
the machine has processors, and while a queue of videos is worked off. The loops stand back as far as the videos do, so
what videos take beyond them is the queue's doing, and not the processors'. Beside it, bare Pillow making both pictures
of the same photo in this process, and how busy the machine was with other things. `python -m bench.upload_to_ready`
"""

import io
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from PIL import Image

from bench._machine import ROOT, Client, eventually, machine

PHOTOS, VIDEOS, MEGABYTES = 25, 60, 2.0
NICENESS = 10
"""Of the workers for videos: infra/local/runner.py."""
_numbers = count()


def photo() -> bytes:
    """Return a photo of about 2 MB that no other is like."""
    noise = Image.effect_noise((1000, 750), 40).resize((4000, 3000), Image.Resampling.BICUBIC)
    ramps = Image.linear_gradient("L").resize(noise.size), Image.radial_gradient("L").resize(noise.size)
    picture = Image.merge("RGB", (noise, *ramps))
    for quality in range(90, 40, -4):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, comment=str(next(_numbers)))
        if out.tell() <= MEGABYTES * 1e6:
            break
    return out.getvalue()


def relabelled(content: bytes) -> bytes:
    """Return the same photo as content of its own: only its comment differs."""
    at = content.index(b"\xff\xfe") + 4
    label = str(next(_numbers)).encode()
    comment = b"\xff\xfe" + (len(label) + 2).to_bytes(2) + label
    return content[: at - 4] + comment + content[at - 2 + int.from_bytes(content[at - 2 : at]) :]


def timed(client: Client, content: bytes) -> tuple[float, float]:
    """Return the milliseconds from the first request to `ready`, and to the thumbnail."""
    started = time.perf_counter()
    path = f"/v1/files/{client.upload('photo.jpg', content)}"
    eventually(lambda: client("GET", path)["status"] == "ready")
    ready = time.perf_counter()
    eventually(lambda: "thumbnail" in client("GET", path)["renditions"])
    return 1000 * (ready - started), 1000 * (time.perf_counter() - started)


def report(label: str, figures: list[tuple[float, float]]) -> None:
    """Print both distributions."""
    for what, values in zip(("ready", "thumbnail"), zip(*figures, strict=True), strict=True):
        ordered = sorted(values)
        late = ordered[int(0.95 * (len(ordered) - 1))]
        print(f"{label:<24} {what:<10} p50 {statistics.median(ordered):6.0f} ms   p95 {late:6.0f} ms")


def bare(content: bytes) -> float:
    """Return the milliseconds that bare Pillow takes for both pictures."""
    started = time.perf_counter()
    picture = Image.open(io.BytesIO(content))
    picture.draft("RGB", (2048, 1536))
    picture.thumbnail((2048, 2048))
    picture.save(io.BytesIO(), "JPEG", quality=85)
    picture.thumbnail((300, 300))
    picture.save(io.BytesIO(), "JPEG", quality=85)
    return 1000 * (time.perf_counter() - started)


@contextmanager
def loops() -> Iterator[None]:
    """Keep every processor busy until the block ends."""
    command = [sys.executable, "-c", f"import os\nos.nice({NICENESS})\nwhile True: pass"]
    running = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


def main() -> None:
    """Run the three cases."""
    original = photo()
    print(
        f"photo: {len(original) / 1e6:.1f} MB; bare Pillow for both pictures: "
        f"{statistics.median(bare(original) for _ in range(5)):.0f} ms"
    )
    film = (ROOT / "tests/media/samples/faststart.mp4").read_bytes()
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with machine() as client:
        timed(client, relabelled(original))
        report("idle", [timed(client, relabelled(original)) for _ in range(PHOTOS)])
        with loops():
            report("beside idle loops", [timed(client, relabelled(original)) for _ in range(PHOTOS)])
        films = [film + b"\0\0\0\x10free" + next(_numbers).to_bytes(8) for _ in range(VIDEOS)]
        videos = [client.upload(f"{number}.mp4", content) for number, content in enumerate(films)]
        waiting = threading.Event()
        behind: list[tuple[float, float]] = []
        while len(behind) < PHOTOS and not waiting.is_set():
            behind.append(timed(client, relabelled(original)))
            last = client("GET", f"/v1/files/{videos[-1]}")
            if "poster" in last["renditions"]:
                waiting.set()
        report(f"behind {VIDEOS} videos", behind)
        print(f"{len(behind)} photos came in before the last video was done")


if __name__ == "__main__":
    main()
