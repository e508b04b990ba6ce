"""Makes the renditions of one blob's content: pictures in confined children, everything audible or moving by ffmpeg.

Nothing is stored here. What is wrong with the content ends as `problem`, a stable code; what is wrong with the world
comes out as an exception.
"""

import atexit
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from chalicelib.extraction.confinement import Limits
from chalicelib.extraction.errors import BudgetSpent, Failed, FileFault, MediaToolsMissing
from chalicelib.extraction.limited import Form, Job, Zygote
from chalicelib.extraction.models import Facts, MediaMetadata
from chalicelib.extraction.sniff import WINDOW, sniff
from chalicelib.extraction.source import RangedSource
from chalicelib.extraction.tools import MediaTools
from chalicelib.renditions import posters, sounds
from chalicelib.renditions.ffmpeg import Film
from chalicelib.renditions.models import MAX_PICTURE_BYTES, Drawn, Picture

PICTURES, PAGES, WAVEFORMS = (f"{__package__}.{name}" for name in ("pictures", "pages", "waveforms"))
LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=20, wall_seconds=30.0)
WITH_THREADS = Limits(memory_bytes=1 << 30, cpu_seconds=20, wall_seconds=30.0, threads=True)
MAX_ANSWER = 3 * MAX_PICTURE_BYTES
MAX_BYTES, MAX_REQUESTS = 512 << 20, 1024
_THREADED = {"heic"}

# started by the first picture, shared by all of this process
_zygote = Zygote((PICTURES, PAGES, WAVEFORMS))
atexit.register(_zygote.close)


@dataclass(frozen=True)
class Made:
    """One rendition's bytes."""

    content: bytes
    mime_type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Album:
    """All renditions of some content, by name. With a `problem` some or all are missing."""

    renditions: dict[str, Made] = field(default_factory=dict)
    placeholder: str | None = None
    perceptual_hash: str | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Studio:
    """Makes albums. `find_tools` raises MediaToolsMissing where there is no ffmpeg."""

    find_tools: Callable[[], MediaTools]

    def album(self, source: RangedSource, facts: Facts) -> Album:
        """Return the renditions of content whose facts are known. Raises only the world's errors."""
        source.allow(MAX_BYTES, MAX_REQUESTS)
        try:
            if not isinstance(facts.metadata, MediaMetadata):
                return _pictures(draw(source, facts.sniffed))
            film = Film(source, facts.sniffed, self._ffmpeg())
            make = _video if facts.kind == "video" else _audio
            return make(film, facts.metadata)
        except FileFault as fault:
            return Album(problem=fault.code)
        except BudgetSpent:
            return Album(problem="reading_budget_spent")

    def _ffmpeg(self) -> Path:
        try:
            ffmpeg = self.find_tools().ffmpeg
        except MediaToolsMissing:
            ffmpeg = None
        if ffmpeg is None:
            raise Failed("media_tools_missing", "There is no ffmpeg here.")
        return ffmpeg


def draw(source: RangedSource, sniffed: str) -> Drawn:
    """Return thumbnail and preview of a picture or a PDF. Raises FileFault, BudgetSpent, the world's errors."""
    module = PAGES if sniffed == "pdf" else PICTURES
    limits = WITH_THREADS if sniffed in _THREADED else LIMITS
    return _zygote.ask(Job(module, sniffed, limits), source, Form(Drawn, MAX_ANSWER))


def _video(film: Film, metadata: MediaMetadata) -> Album:
    frame = posters.poster(film, metadata)
    if frame is None:
        return Album(problem="no_frame")
    drawn = _pictures(draw(in_memory(frame), "jpeg"))
    poster = drawn.renditions.pop("preview")
    return replace(drawn, renditions=drawn.renditions | {"poster": poster})


def _audio(film: Film, metadata: MediaMetadata) -> Album:
    """The two halves stand alone: a damaged cover costs no waveform."""
    covered = _covered(film) if any(s.attached_picture for s in metadata.streams) else Album()
    try:
        peaks = sounds.peaks(film, metadata)
        form = Form(Picture, MAX_ANSWER)
        waveform = _zygote.ask(Job(WAVEFORMS, "json", LIMITS), in_memory(peaks), form)
    except FileFault as fault:
        return replace(covered, problem=fault.code)
    heard = {"waveform": _made(waveform), "peaks": Made(peaks, "application/json")}
    return replace(covered, renditions=covered.renditions | heard)


def _covered(film: Film) -> Album:
    embedded = sounds.cover(film)
    if embedded is None:
        return Album(problem="no_cover")
    try:
        return _pictures(draw(in_memory(embedded), sniff(embedded[:WINDOW])))
    except FileFault as fault:
        return Album(problem=fault.code)


def in_memory(content: bytes) -> RangedSource:
    """Return a source over bytes that are here already."""
    return RangedSource(
        lambda first, last: content[first : last + 1], len(content), max_requests=MAX_REQUESTS
    )


def _pictures(drawn: Drawn) -> Album:
    pictures = {"thumbnail": _made(drawn.thumbnail), "preview": _made(drawn.preview)}
    return Album(pictures, drawn.placeholder, drawn.perceptual_hash)


def _made(picture: Picture) -> Made:
    return Made(picture.content, picture.mime_type, picture.width, picture.height)
