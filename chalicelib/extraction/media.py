"""Audio and video: what ffprobe finds, in a limited process that can reach nothing but the bytes of this one file.

Both whitelists are always given: a playlist under the name of a video makes a stock ffprobe fetch whatever addresses
it lists. ffprobe may exit with 0 and say nothing, so only what it says counts. A limit on bytes shows to it as a
truncated file, about which it guesses: a duration after a spent budget is no duration.
"""

import signal
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.extraction import programs, proxy
from chalicelib.extraction.confinement import Limits
from chalicelib.extraction.errors import (
    BudgetSpent,
    Damaged,
    Failed,
    ReaderCrashed,
    ReaderTimedOut,
    ReadingBudgetSpent,
    StoreTooSlow,
)
from chalicelib.extraction.models import MAX_STREAMS, Finding, FoundType, MediaMetadata, Stream
from chalicelib.extraction.repair import rescued
from chalicelib.extraction.source import BLOCK, MOST_BLOCKS_PER_FETCH, RangedSource
from chalicelib.extraction.tools import MediaTools

LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=10, wall_seconds=15)
MAX_OUTPUT = 1 << 20
FRAGMENTED_BYTES, FRAGMENTED_REQUESTS = 6_000_000, 10
_GROWTH = 8
_SLOW_SECONDS = 6.0  # ffprobe gives a read 8 seconds

_ISO = "mov,mp4,m4a,3gp,3g2,mj2"
DEMUXERS: Mapping[str, str] = {
    **dict.fromkeys(("mp4", "mov", "3gp"), _ISO),
    **dict.fromkeys(("webm", "mkv"), "matroska,webm"),
    "mpeg": "mpeg,mpegvideo,mpegts",
    "mpegts": "mpegts",
    "mp3": "mp3,aac,flac",  # all three may start with an ID3 tag
    "aac": "aac",
    "wav": "wav",
    **{name: name for name in ("avi", "asf", "flv", "ogg", "flac", "aiff")},
}
_HOW: Mapping[str, list[str]] = {"avi": ["-seekable", "0"]}
"""An AVI tells all in its head; where it may seek, ffprobe reads the whole index, and that of each gigabyte more."""
_ENTRIES = (
    "format=format_name,duration,bit_rate:format_tags:stream=codec_type,codec_name,profile,width,height,avg_frame_rate,"
    "r_frame_rate,color_space,color_transfer,channels,sample_rate,bit_rate:stream_disposition=attached_pic:stream_tags:"
    "stream_side_data=rotation"
)
_UNTIMED = {"mpegvideo"}  # raw pictures carry no clock, and ffprobe's guess can be a hundredth of the truth
_AFTER_ID3: Mapping[str, FoundType] = {"mp3": "mp3", "aac": "aac", "flac": "flac"}
_LOST = "\ufffd"
_NO_TAGS = {"encoder", "major_brand", "minor_version", "compatible_brands", "handler_name", "vendor_id"}


class _SideData(BaseModel):
    model_config = ConfigDict(extra="ignore")

    rotation: float | None = None


class _Stream(BaseModel):
    """A stream as ffprobe writes it: most numbers are strings."""

    model_config = ConfigDict(extra="ignore")

    codec_type: str = "other"
    codec_name: str | None = None
    profile: str | None = None
    width: int | None = None
    height: int | None = None
    avg_frame_rate: str = "0/0"
    r_frame_rate: str = "0/0"
    color_space: str | None = None
    color_transfer: str | None = None
    channels: int | None = None
    sample_rate: int | None = None
    bit_rate: int | None = None
    disposition: dict[str, int] = {}
    tags: dict[str, str] = {}
    side_data_list: list[_SideData] = []


class _Format(BaseModel):
    model_config = ConfigDict(extra="ignore")

    format_name: str
    duration: float | None = Field(default=None, allow_inf_nan=False)
    bit_rate: int | None = None
    tags: dict[str, str] = {}


class _Probe(BaseModel):
    model_config = ConfigDict(extra="ignore")

    streams: list[_Stream] = []
    format: _Format


def read(source: RangedSource, sniffed: str, tools: MediaTools) -> Finding:
    """Container, duration, streams and tags. Raises FileFault, and what the source's fetch raises."""
    _expect(source, sniffed)
    with proxy.served(source) as served:
        ended = programs.run(_command(tools, served.url, sniffed), LIMITS, max_output=MAX_OUTPUT)
        ended = replace(ended, log=ended.log.replace(served.url, "the file"))
    if served.trouble:
        raise served.trouble[0]
    if ended.status and served.slowest > _SLOW_SECONDS:
        raise StoreTooSlow(f"a range took {served.slowest:.1f} seconds")
    if ended.overflowed:
        raise ReaderCrashed(f"ffprobe wrote more than {MAX_OUTPUT} bytes")
    if ended.timed_out or ended.status in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise ReaderTimedOut
    complete = not source.spent
    probe = _probed(ended, spent=source.spent)
    try:
        finding = _finding(probe, sniffed, _rescued(source, _tags(probe)), complete=complete)
    except ValidationError as nonsense:
        raise Damaged(f"{nonsense.error_count()} impossible values") from None
    if not any(s.codec_type in {"audio", "video"} for s in probe.streams):
        raise Failed("no_streams", "There is neither sound nor picture in the file.", ended.log)
    return finding


def _expect(source: RangedSource, sniffed: str) -> None:
    """Prepare the source: an index comes in few fetches, and fragments, which have none, are read within a limit."""
    source.expect(growth=_GROWTH, first_blocks=1)
    if DEMUXERS[sniffed] == _ISO and any(mark in source.read(0, BLOCK) for mark in (b"mvex", b"moof")):
        source.expect(growth=_GROWTH, first_blocks=MOST_BLOCKS_PER_FETCH)
        source.restrict(FRAGMENTED_BYTES, FRAGMENTED_REQUESTS)


def _command(tools: MediaTools, url: str, sniffed: str) -> list[str]:
    reading = "-probesize 2000000 -analyzeduration 3000000 -fpsprobesize 4 -max_streams 64"
    network = "-protocol_whitelist http,tcp -rw_timeout 8000000 -recv_buffer_size 65536"
    printing = f"-v error -print_format json -show_entries {_ENTRIES}"
    return [
        *(str(tools.ffprobe), *printing.split(), *network.split(), *_HOW.get(sniffed, []), *reading.split()),
        *("-format_whitelist", DEMUXERS[sniffed], "-i", url),
    ]


def _probed(ended: programs.Ended, *, spent: bool) -> _Probe:
    try:
        return _Probe.model_validate_json(ended.output)
    except ValidationError:
        if ended.status < 0:
            raise ReaderCrashed(f"ffprobe ended with status {ended.status}: {ended.log}") from None
        raise ReadingBudgetSpent if spent else Damaged(ended.log) from None


def _finding(probe: _Probe, sniffed: str, tags: dict[str, str], *, complete: bool) -> Finding:
    timed = complete and probe.format.format_name not in _UNTIMED and (probe.format.duration or 0) > 0
    metadata = MediaMetadata(
        container=probe.format.format_name,
        duration_seconds=probe.format.duration if timed else None,
        bit_rate=probe.format.bit_rate if timed else None,
        streams=tuple(_stream(s) for s in probe.streams[:MAX_STREAMS]),
        title=tags.pop("title", None),
        artist=tags.pop("artist", None),
        album=tags.pop("album", None),
        tags=tags,
        complete=complete,
    )
    found = probe.format.format_name
    return Finding(metadata=metadata, found_type=_AFTER_ID3.get(found) if sniffed == "mp3" else None)


def _tags(probe: _Probe) -> dict[str, str]:
    """The container's tags; Ogg keeps them on its streams."""
    found: dict[str, str] = {}
    for group in (probe.format.tags, *(s.tags for s in probe.streams if probe.format.format_name == "ogg")):
        for name, value in group.items():
            if name.lower() not in _NO_TAGS and value.strip():
                found.setdefault(name.lower(), value)
    return found


def _rescued(source: RangedSource, tags: dict[str, str]) -> dict[str, str]:
    """The tags; those in Latin-1 (ID3v1, RIFF), where ffprobe has lost letters, by the bytes at the file's ends."""
    if not any(_LOST in value for value in tags.values()):
        return tags
    try:
        places = source.read(0, BLOCK), source.read(max(0, source.size - BLOCK), BLOCK)
    except BudgetSpent:
        return tags
    return {name: rescued(value, *places) for name, value in tags.items()}


def _stream(stream: _Stream) -> Stream:
    attached = bool(stream.disposition.get("attached_pic"))
    known = stream.codec_type in get_args(Stream.model_fields["type"].annotation)
    moving = stream.codec_type == "video" and not attached
    return Stream(
        type=stream.codec_type if known else "other",
        codec=stream.codec_name,
        profile=stream.profile if stream.profile not in {"unknown", "-99"} else None,
        width=stream.width or None,
        height=stream.height or None,
        frames_per_second=_rate(stream) if moving else None,
        rotation=_rotation(stream) if moving else None,
        color_space=_told(stream.color_space),
        color_transfer=_told(stream.color_transfer),
        channels=stream.channels,
        sample_rate=stream.sample_rate,
        bit_rate=stream.bit_rate,
        language=stream.tags.get("language") if stream.tags.get("language") != "und" else None,
        attached_picture=attached,
    )


def _told(name: str | None) -> str | None:
    return None if name in {"unknown", "unspecified", "reserved"} else name


def _rate(stream: _Stream) -> float | None:
    for written in (stream.avg_frame_rate, stream.r_frame_rate):
        try:
            rate = Fraction(written)
        except (ValueError, ZeroDivisionError):
            continue
        if 0 < rate <= 1000:  # noqa: PLR2004 - beyond it is a time base, no frame rate
            return round(float(rate), 3)
    return None


def _rotation(stream: _Stream) -> int | None:
    """Degrees clockwise for the eye; ffprobe counts the display matrix's counter-clockwise."""
    turned = next((s.rotation for s in stream.side_data_list if s.rotation is not None), None)
    return -round(turned) % 360 if turned else None
