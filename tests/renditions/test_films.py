"""Posters of video, waveforms and covers of sound, by the real ffmpeg on real and made files."""

import itertools
import json
import math
import struct
from pathlib import Path

import pytest

from chalicelib.extraction.errors import MediaToolsMissing
from chalicelib.extraction.examine import examine
from chalicelib.extraction.source import RangedSource
from chalicelib.extraction.tools import MediaTools
from chalicelib.renditions.studio import Studio
from tests.conftest import MEDIA
from tests.extraction.sources import source_of
from tests.extraction.test_media import wav_of
from tests.renditions.conftest import Portray, facts_of, opened
from tests.renditions.test_pictures import distance, middle

VIDEOS = [
    *(
        "faststart.mp4",
        "moov_end.mp4",
        "hevc.mp4",
        "av1.mp4",
        "clip.mov",
        "clip.mkv",
        "clip.webm",
        "clip.avi",
    ),
    *("clip.wmv", "clip.flv", "clip.ogv", "phone.3gp", "transport.ts", "program.mpg"),
]
SOUNDS = ["tone.wav", "tone.flac", "tone.m4a", "tone.ogg", "tone.opus", "tone.aac", "cover.mp3"]


@pytest.mark.parametrize("name", [name for name in VIDEOS if (MEDIA / name).exists()])
def test_a_video_gets_a_poster_with_something_on_it(name: str, portray: Portray) -> None:
    album = portray((MEDIA / name).read_bytes())
    assert set(album.renditions) == {"poster", "thumbnail"}
    assert album.problem is None
    low, high = opened(album, "poster").convert("L").getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    assert high - low > 100
    assert album.placeholder


def test_a_fragmented_video_gets_one_too(portray: Portray) -> None:
    assert "poster" in portray((MEDIA.parent / "fragmented.mp4").read_bytes()).renditions


def test_a_video_held_upright_has_an_upright_poster(portray: Portray) -> None:
    poster = opened(portray((MEDIA / "rotated.mp4").read_bytes()), "poster")
    assert (poster.width, poster.height) == (240, 320)


def raw_avi(colours: list[bytes], side: int = 64, frames_per_second: int = 1) -> bytes:
    """Return an uncompressed AVI of flat or striped frames, keyframes all: a film that starts as it is told."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def group(name: bytes, content: bytes) -> bytes:
        return chunk(b"LIST", name + content)

    size, count = side * side * 3, len(colours)
    main = struct.pack(
        "<14I", 1_000_000 // frames_per_second, size, 0, 0x10, count, 0, 1, size, side, side, *([0] * 4)
    )
    stream = b"vidsDIB " + struct.pack(
        "<12I", 0, 0, 0, 1, frames_per_second, 0, count, size, 0, 0, 0, side << 16 | side
    )
    form = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, size, 0, 0, 0, 0)
    header = group(
        b"hdrl", chunk(b"avih", main) + group(b"strl", chunk(b"strh", stream) + chunk(b"strf", form))
    )
    movie = group(b"movi", b"".join(chunk(b"00db", colour) for colour in colours))
    places = [4 + number * (size + 8) for number in range(count)]
    index = chunk(b"idx1", b"".join(struct.pack("<4sIII", b"00db", 0x10, place, size) for place in places))
    return chunk(b"RIFF", b"AVI " + header + movie + index)


def flat(blue: int, green: int, red: int, side: int = 64) -> bytes:
    return bytes((blue, green, red)) * (side * side)


def busy(side: int = 64) -> bytes:
    return b"".join(
        bytes((x * 4 % 256, (x * y) % 256, 255 - y * 3 % 256)) for y in range(side) for x in range(side)
    )


def test_a_film_that_begins_and_ends_black_has_a_poster_from_its_middle(portray: Portray) -> None:
    album = portray(raw_avi([flat(0, 0, 0)] * 12 + [busy()] * 12 + [flat(0, 0, 0)] * 6))
    low, high = opened(album, "poster").convert("L").getextrema()
    assert isinstance(high, int | float)
    assert isinstance(low, int | float)
    assert high - low > 60


def test_a_film_that_is_black_throughout_has_a_black_poster(portray: Portray) -> None:
    album = portray(raw_avi([flat(0, 0, 0)] * 10))
    assert distance(middle(opened(album, "poster")), (0, 0, 0)) <= 8


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_gets_peaks_and_their_picture(name: str, portray: Portray) -> None:
    album = portray((MEDIA / name).read_bytes())
    assert album.problem is None
    assert {"waveform", "peaks"} <= set(album.renditions)
    peaks = json.loads(album.renditions["peaks"].content)
    assert (peaks["version"], peaks["bits"], peaks["channels"]) == (2, 8, 1)
    assert len(peaks["data"]) == 2 * peaks["length"]
    assert 0 < max(peaks["data"]) <= 127
    assert opened(album, "waveform").size == (800, 160)


def wav(levels: list[float], rate: int = 8000) -> bytes:
    """Return one second of a 440 Hz tone for each level of loudness, 0 to 1."""
    samples = b"".join(
        struct.pack("<h", round(32767 * level * math.sin(2 * math.pi * 440 * number / rate)))
        for level in levels
        for number in range(rate)
    )
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    body = b"WAVE" + head + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def test_peaks_follow_the_loudness_of_the_sound(portray: Portray) -> None:
    levels = [0.0, 0.25, 1.0, 0.5]
    peaks = json.loads(portray(wav(levels)).renditions["peaks"].content)
    highest = peaks["data"][1::2]
    quarter = len(highest) // 4
    parts = [highest[number * quarter + 5 : (number + 1) * quarter - 5] for number in range(4)]
    for part, level in zip(parts, levels, strict=True):
        assert max(part) == pytest.approx(127 * level, abs=2)
        assert min(part) == pytest.approx(127 * level, abs=4)
    assert peaks["samples_per_pixel"] * peaks["length"] == pytest.approx(4 * 8000, rel=0.02)
    assert [-value for value in peaks["data"][::2]] == highest


def test_an_embedded_cover_is_the_thumbnail(portray: Portray) -> None:
    album = portray((MEDIA / "cover.mp3").read_bytes())
    assert set(album.renditions) == {"thumbnail", "preview", "waveform", "peaks"}
    assert opened(album, "thumbnail").size == (300, 300)
    assert album.perceptual_hash


def test_a_damaged_cover_costs_no_waveform(portray: Portray) -> None:
    content = (MEDIA / "cover.mp3").read_bytes()
    at = content.index(b"\xff\xd8\xff")
    album = portray(content[: at + 200] + b"\0" * 2000 + content[at + 2200 :])
    assert {"waveform", "peaks"} <= set(album.renditions)


def test_pdf_pages_are_white_paper_with_ink(portray: Portray) -> None:
    album = portray((MEDIA / "report.pdf").read_bytes())
    preview = opened(album, "preview").convert("L")
    assert max(preview.size) == 2048
    assert preview.getpixel((4, 4)) == 255
    assert preview.getextrema()[0] < 60  # type: ignore[operator] # a grey picture has one number


def test_without_ffmpeg_a_video_has_no_renditions_and_says_why() -> None:
    def nothing() -> MediaTools:
        raise MediaToolsMissing("none")

    content = (MEDIA / "faststart.mp4").read_bytes()
    album = Studio(nothing).album(source_of(content), facts_of(content))
    assert (album.renditions, album.problem) == ({}, "media_tools_missing")


class Away(Exception):
    """The store is away."""


@pytest.mark.parametrize("name", ["faststart.mp4", "tone.flac", "photo.jpg", "report.pdf"])
def test_the_worlds_errors_come_through(name: str, studio: Studio) -> None:
    content = (MEDIA / name).read_bytes()
    turns = itertools.count()

    def fetch(first: int, last: int) -> bytes:
        if next(turns) == 0 and first > 0:
            return content[first : last + 1]
        raise Away

    with pytest.raises(Away):
        studio.album(RangedSource(fetch, len(content)), facts_of(content))


def test_sound_that_cannot_be_decoded_says_so(studio: Studio) -> None:
    content = (MEDIA / "tone.flac").read_bytes()
    facts = facts_of(content)
    album = studio.album(source_of(content[:200]), facts)
    assert (album.renditions, album.problem) == ({}, "sound_not_decoded")


def test_a_recording_of_more_than_512_megabytes_has_no_waveform_and_costs_no_reading(
    studio: Studio,
) -> None:
    source = wav_of(513 << 20).source()
    facts = examine(source, studio.find_tools())
    assert (facts.outcome, facts.kind) == ("read", "audio")
    album = studio.album(source, facts)
    assert (album.renditions, album.problem) == ({}, "too_long_for_waveform")
    assert source.bytes_read < 6_000_000


@pytest.mark.parametrize("ending", ["kill -XCPU $$", "kill -KILL $$"])
def test_half_a_waveform_is_none(ending: str, tmp_path: Path) -> None:
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text(f"#!/bin/sh\necho lavfi.astats.Overall.Peak_level=-3.0\n{ending}\n")
    ffmpeg.chmod(0o700)
    content = (MEDIA / "tone.wav").read_bytes()
    studio = Studio(lambda: MediaTools(tmp_path / "ffprobe", ffmpeg))
    album = studio.album(source_of(content), facts_of(content))
    assert (album.renditions, album.problem) == ({}, "too_long_for_waveform")
