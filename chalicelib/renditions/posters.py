"""A still picture for a video: the first of a few places in it that is neither black nor white nor empty.

Places are tried one after another, each with a budget of its own; entropy tells a picture from a flat colour, and
ffmpeg's `thumbnail` picks the most typical of six frames. Where nothing passes, any frame has to do. Wide-gamut video
(PQ, HLG) is brought to the screen's range by extended Reinhard up to 1,000 cd/m2.

Measured: keyframes before the place have negative times and would be dropped silently (hence setpts and passthrough);
a fragmented file's index lies all over the file (hence `+ignidx`); ffmpeg's exit status says nothing, its bytes do.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.extraction.confinement import Limits
from chalicelib.extraction.models import MediaMetadata
from chalicelib.renditions.ffmpeg import Command, Film, run

SIDE = 1280
MIN_ENTROPY = 0.3
MAX_BYTES, MAX_REQUESTS = 24 << 20, 200
LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=15, wall_seconds=20.0)
TOTAL_SECONDS = 40.0
MAX_POSTER = 4 << 20
_LATEST_SECOND = 600.0
_HOPELESS = ("matches no streams", "Decoder not found", "Error opening input", "opening decoder")

_PQ = (
    "pow(max(pow(val/maxval,1/78.84375)-0.8359375,0)/(18.8515625-18.6875*pow(val/maxval,1/78.84375)),"
    "1/0.1593017578125)*49.26"
)
_HLG = (
    "pow(if(lte(val/maxval,0.5),pow(val/maxval,2)/3,"
    "(exp((val/maxval-0.55991073)/0.17883277)+0.28466892)/12),1.2)*4.926"
)
_LIGHT = {"smpte2084": _PQ, "arib-std-b67": _HLG}
_TONE = "st(0,{light})*0+maxval*min(1,ld(0)*(1+ld(0)/24.27)/(1+ld(0)))"
_GAMMA = "maxval*if(lte(val/maxval,0.0031308),12.92*val/maxval,1.055*pow(val/maxval,1/2.4)-0.055)"
_BT2020_TO_BT709 = "1.6605:-0.5876:-0.0728:0:-0.1246:1.1329:-0.0083:0:-0.0182:-0.1006:1.1187:0"
_HD_LINES = 720


@dataclass(frozen=True)
class _Try:
    at: float
    choose: bool
    index: bool = True


def poster(film: Film, metadata: MediaMetadata) -> bytes | None:
    """Return a JPEG of at most SIDE pixels, or None where no frame can be had. Raises as `ffmpeg.run` does."""
    broken, deadline = False, time.monotonic() + TOTAL_SECONDS
    picture = _filters(metadata)
    for attempt in _tries(metadata.duration_seconds or 0.0):
        if time.monotonic() > deadline:
            break
        if broken and attempt.index:
            continue
        film.source.allow(MAX_BYTES, MAX_REQUESTS)
        ended = run(film, _command(attempt, picture))
        if ended.output[:3] == b"\xff\xd8\xff" and ended.output[-2:] == b"\xff\xd9":
            return ended.output
        if not film.source.spent and any(words in ended.log for words in _HOPELESS):
            break  # no other place in it will do better
        broken = broken or film.source.spent or ended.timed_out
    return None


def _tries(duration: float) -> Iterator[_Try]:
    known = [min(duration * part, _LATEST_SECOND) for part in (0.1, 0.3, 0.6, 0.85)]
    places = known if duration > 1.5 else [] if duration else [1.0]  # noqa: PLR2004 - shorter: its start will do
    yield from (_Try(at, choose=True) for at in (*places, 0.0))
    yield from (_Try(at, choose=False) for at in places[:1])
    yield _Try(0.0, choose=True, index=False)
    yield _Try(0.0, choose=False, index=False)


def _command(attempt: _Try, picture: str) -> Command:
    place = f"-noaccurate_seek -ss {attempt.at:.3f} -t 2 -an -sn -dn -max_pixels {36 << 20}"
    chosen = (
        f",entropy,metadata=mode=select:key=lavfi.entropy.normalized_entropy.normal.Y:value={MIN_ENTROPY}"
    )
    choosing = f"{chosen}:function=greater,thumbnail=6" if attempt.choose else ""
    frame = "-filter_threads 1 -frames:v 1 -fps_mode passthrough -map_metadata -1 -threads 1"
    jpeg = "-c:v mjpeg -q:v 2 -huffman default -f image2pipe pipe:1"
    return Command(
        before=[*([] if attempt.index else ["-fflags", "+ignidx"]), *place.split()],
        after=["-map", "0:V:0", "-vf", picture + choosing, *frame.split(), *jpeg.split()],
        limits=LIMITS,
        max_output=MAX_POSTER,
    )


def _filters(metadata: MediaMetadata) -> str:
    """Return what makes a frame a picture: square pixels, fitted, in a JPEG's colours; ffmpeg has turned it before."""
    stream = next((s for s in metadata.streams if s.type == "video" and not s.attached_picture), None)
    size = f"w='{_fit('iw*sar')}':h='{_fit('ih')}'"
    target = "out_color_matrix=bt601:out_range=pc"
    if stream is not None and stream.color_transfer in _LIGHT:
        tone = _each_colour(_TONE.format(light=_LIGHT[stream.color_transfer]))
        matrix = f"colorchannelmixer={_BT2020_TO_BT709}"
        bright = f"scale={size}:in_color_matrix=bt2020,format=gbrp16le,{tone},{matrix},{_each_colour(_GAMMA)}"
        scaled = f"{bright},scale={target}"
    else:
        # ffmpeg takes BT.601 where a stream does not say; everybody else takes BT.709 for high definition
        untold = stream is not None and stream.color_space is None and (stream.height or 0) >= _HD_LINES
        scaled = f"scale={size}:{target}" + (":in_color_matrix=bt709" if untold else "")
    return f"{scaled},format=yuvj420p,setsar=1,setpts=PTS-STARTPTS"


def _fit(side: str) -> str:
    return f"2*max(1,trunc({side}*min(1,{SIDE}/max(iw*sar,ih))/2))"


def _each_colour(expression: str) -> str:
    return "lutrgb=" + ":".join(f"{colour}='{expression}'" for colour in "rgb")
