"""What sound looks like: the peaks of its whole length, and the cover that comes with it.

ffmpeg decodes and its astats filter tells the peak of every slice over all channels, so no sample reaches Python.
Peaks are written as audiowaveform's JSON (BBC, "audiowaveform data file format", version 2, 8 bits), which peaks.js
and wavesurfer.js draw as it is.
"""

import json
import math
import signal
from itertools import pairwise

from chalicelib.extraction.confinement import Limits
from chalicelib.extraction.errors import Failed
from chalicelib.extraction.models import MediaMetadata
from chalicelib.renditions.ffmpeg import Command, Film, run

BUCKETS = 800
MAX_WAVEFORM_BYTES = 512 << 20
"""Decoding means reading everything: a larger recording has no waveform."""
WAVEFORM_LIMITS = Limits(memory_bytes=512 << 20, cpu_seconds=60, wall_seconds=75.0)
COVER_LIMITS = Limits(memory_bytes=512 << 20, cpu_seconds=5, wall_seconds=10.0)
COVER_BYTES, COVER_REQUESTS = 24 << 20, 200
MAX_COVER = 16 << 20
_KEY = "lavfi.astats.Overall.Peak_level"
_ENDED_BY_LIMIT = {-signal.SIGXCPU, -signal.SIGKILL}
_MOST_SAMPLES = 1 << 20
_SLICES = 4 * BUCKETS
_FULL = 127


def peaks(film: Film, metadata: MediaMetadata) -> bytes:
    """Return the waveform as JSON. Raises Failed(too_long_for_waveform, sound_not_decoded), and as `run` does."""
    if film.source.size > MAX_WAVEFORM_BYTES:
        raise Failed("too_long_for_waveform", "The recording is too large for a waveform.")
    rate = (
        next((s.sample_rate for s in metadata.streams if s.type == "audio" and s.sample_rate), None) or 48_000
    )
    step = _step(rate, metadata.duration_seconds)
    film.source.allow(2 * film.source.size + (4 << 20), 64 + film.source.size // (256 << 10))
    ended = run(film, _peak_command(step))
    if ended.timed_out or ended.status in _ENDED_BY_LIMIT or film.source.spent:
        raise Failed("too_long_for_waveform", "Decoding the recording takes too long for a waveform.")
    levels = _levels(ended.output)
    if not levels:
        raise Failed("sound_not_decoded", "The sound could not be decoded.")
    return json.dumps(_waveform(levels, rate, step), separators=(",", ":")).encode()


def cover(film: Film) -> bytes | None:
    """Return the picture that is embedded in the file, as it is embedded: as untrusted as any upload."""
    film.source.allow(COVER_BYTES, COVER_REQUESTS)
    copying = "-map 0:v -map -0:V? -c:v copy -frames:v 1 -f image2pipe pipe:1"
    command = Command(["-an", "-sn", "-dn"], copying.split(), COVER_LIMITS, MAX_COVER)
    return run(film, command).output or None


def _step(rate: int, duration: float | None) -> int:
    """Return the samples in a slice: some slices for each bucket, however long the recording is."""
    wanted = int(duration * rate / _SLICES) if duration else rate // 10
    return max(64, min(wanted, _MOST_SAMPLES))


def _peak_command(step: int) -> Command:
    astats = "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level"
    filters = f"asetnsamples=n={step}:p=0,{astats},ametadata=mode=print:key={_KEY}:file=-"
    after = ["-map", "0:a:0", "-af", filters, "-filter_threads", "1", "-f", "null", "-"]
    return Command(["-vn", "-sn", "-dn"], after, WAVEFORM_LIMITS, max_output=32 << 20)


def _levels(output: bytes) -> list[float]:
    """Read the peaks, 0 to 1, from ffmpeg's lines; silence is `-inf` decibels."""
    prefix = f"{_KEY}=".encode()
    values = (line[len(prefix) :] for line in output.splitlines() if line.startswith(prefix))
    return [_level(value) for value in values]


def _level(written: bytes) -> float:
    try:
        decibels = float(written)
    except ValueError:
        return 0.0
    return 0.0 if math.isnan(decibels) else float(10 ** (min(decibels, 0.0) / 20))


def _waveform(levels: list[float], rate: int, step: int) -> dict[str, object]:
    count = min(BUCKETS, len(levels))
    edges = [number * len(levels) // count for number in range(count + 1)]
    highest = [round(_FULL * max(levels[first:last])) for first, last in pairwise(edges)]
    return {
        "version": 2,
        "channels": 1,
        "sample_rate": rate,
        "samples_per_pixel": max(1, step * len(levels) // count),
        "bits": 8,
        "length": count,
        "data": [value for peak in highest for value in (-peak, peak)],
    }
