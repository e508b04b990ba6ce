"""ffprobe behind the proxy: whitelists, budgets and clocks hold, and big files stay cheap."""

import struct
from pathlib import Path

import pytest

from chalicelib.extraction import media
from chalicelib.extraction.errors import Damaged, Failed, FileFault, ReaderCrashed
from chalicelib.extraction.examine import examine
from chalicelib.extraction.models import MediaMetadata
from chalicelib.extraction.source import RangedSource
from chalicelib.extraction.tools import MediaTools
from tests.extraction.sources import MEDIA, NAMED_PORT, Sparse, listening, sample, source_of

GIGABYTES = 2 << 30
PLAYLISTS = [
    "hls_ssrf.mp4",
    "hls_ssrf_mp4seg.mp4",
    "hls_concat.mp4",
    "hls_file.mp4",
    "ffconcat.mp4",
    "sdp.mp4",
]


def boxes(content: bytes) -> dict[bytes, tuple[int, int]]:
    """Offset and size of an MP4's top-level boxes."""
    found, at = {}, 0
    while at < len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        found[name] = (at, size)
        at += size
    return found


def wav_of(size: int) -> Sparse:
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        size - 8,
        b"WAVE",
        b"fmt ",
        16,
        1,
        2,
        48000,
        192000,
        4,
        16,
        b"data",
        size - 44,
    )
    return Sparse(size, ((0, head),))


def front_mp4_of(size: int) -> Sparse:
    """The sample with its index in front, and a media box that goes on in zeros."""
    content = sample("faststart.mp4")
    at, _ = boxes(content)[b"mdat"]
    return Sparse(size, ((0, content[:at] + struct.pack(">I", size - at) + content[at + 4 :]),))


def end_mp4_of(size: int) -> Sparse:
    """The sample with its index behind gigabytes of zeros."""
    content = sample("moov_end.mp4")
    at, _ = boxes(content)[b"mdat"]
    index, _ = boxes(content)[b"moov"]
    index_at = size - (len(content) - index)
    grown = content[:at] + struct.pack(">I", index_at - at) + content[at + 4 : index]
    return Sparse(size, ((0, grown), (index_at, content[index:])))


def avi_of(size: int) -> Sparse:
    """The sample with a chunk of junk after its index."""
    content = sample("clip.avi")
    junk = struct.pack("<4sI", b"JUNK", size - len(content) - 8)
    return Sparse(size, ((0, content[:4] + struct.pack("<I", size - 8) + content[8:] + junk),))


def mkv_of(size: int) -> Sparse:
    """The sample with gigabytes of nothing in place of all that it had behind its first clusters."""
    content = sample("clip.mkv")
    segment = content.index(b"\x18\x53\x80\x67") + 4
    whole = (1 << 56 | size - segment - 8).to_bytes(8)
    void = b"\xec" + (1 << 56 | size - len(content) - 9).to_bytes(8)
    return Sparse(size, ((0, content[:segment] + whole + content[segment + 8 :] + void),))


def fragmented_of(size: int) -> Sparse:
    """The sample's fragments, each followed by a hole of half a megabyte, again and again up to `size`."""
    content = (MEDIA / "fragmented.mp4").read_bytes()
    first = content.index(b"moof") - 4
    rest = content[first:]
    hole = struct.pack(">I", 1 << 19) + b"free"
    places = range(first, size - (1 << 20), len(rest) + (1 << 19))
    return Sparse(size, ((0, content[:first]), *((at, rest + hole) for at in places)))


@pytest.mark.parametrize(
    ("big", "seconds"),
    [
        (wav_of(GIGABYTES), (GIGABYTES - 44) / 192000),
        (front_mp4_of(GIGABYTES), 3.0),
        (end_mp4_of(GIGABYTES), 3.0),
        (avi_of(GIGABYTES), 3.04),
        (mkv_of(GIGABYTES), 3.021),
    ],
    ids=["wav", "mp4 with its index in front", "mp4 with its index behind", "avi", "mkv"],
)
def test_two_gigabytes_cost_six_megabytes_and_ten_requests_at_most(
    big: Sparse, seconds: float, tools: MediaTools
) -> None:
    found = examine(big.source(), tools)
    assert isinstance(found.metadata, MediaMetadata), found
    assert found.metadata.duration_seconds == pytest.approx(seconds, abs=0.1)
    assert found.bytes_read <= 6_000_000
    assert found.requests <= 10


def test_fragments_are_added_up(tools: MediaTools) -> None:
    found = examine(source_of((MEDIA / "fragmented.mp4").read_bytes()), tools)
    assert isinstance(found.metadata, MediaMetadata)
    assert found.metadata.duration_seconds == pytest.approx(3.0, abs=0.1)


def test_a_large_fragmented_film_stays_within_the_same_budget_and_says_that_it_was_cut(
    tools: MediaTools,
) -> None:
    found = examine(fragmented_of(200 << 20).source(), tools)
    assert isinstance(found.metadata, MediaMetadata), found
    assert (found.metadata.complete, found.metadata.duration_seconds) == (False, None)
    assert found.metadata.has_video
    assert found.metadata.has_audio
    assert found.bytes_read <= 6_000_000
    assert found.requests <= 10


def test_a_duration_is_unknown_when_the_budget_ended_first(tools: MediaTools) -> None:
    source = source_of((MEDIA / "fragmented.mp4").read_bytes(), max_bytes=64 << 10)
    found = examine(source, tools)
    assert source.bytes_read <= 64 << 10
    assert isinstance(found.metadata, MediaMetadata), found
    assert found.metadata.duration_seconds is None
    assert not found.metadata.complete
    assert found.metadata.has_video


def test_an_index_out_of_the_budgets_reach_is_said_to_be_that(tools: MediaTools) -> None:
    found = examine(source_of(sample("moov_end.mp4"), max_bytes=33 << 10), tools)
    assert (found.outcome, found.code) == ("failed", "reading_budget_spent")


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("taken_for", ["mp4", "mpegts", "mp3"])
def test_a_playlist_fetches_nothing_even_where_sniffing_let_it_through(
    name: str, taken_for: str, hostile: dict[str, bytes], tools: MediaTools
) -> None:
    with listening() as (port, callers), pytest.raises(FileFault):
        media.read(source_of(hostile[name].replace(NAMED_PORT, port)), taken_for, tools)
    assert callers == []


def test_what_follows_an_id3_tag_is_looked_at(tools: MediaTools) -> None:
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10)
    found = examine(source_of(tag + sample("tone.aac")), tools)
    assert (found.sniffed, found.kind, found.mime_type) == ("aac", "audio", "audio/aac")


def test_a_store_that_fails_under_ffprobe_is_not_the_files_fault(tools: MediaTools) -> None:
    class Throttled(Exception):
        pass

    content = sample("clip.mkv")

    def fetch(first: int, last: int) -> bytes:
        if first:
            raise Throttled
        return content[first : last + 1]

    with pytest.raises(Throttled):
        media.read(RangedSource(fetch, len(content)), "mkv", tools)


def program(tmp_path: Path, script: str) -> MediaTools:
    """An ffprobe that does what the shell script says."""
    path = tmp_path / "ffprobe"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return MediaTools(path, None)


@pytest.mark.parametrize(
    "script",
    [
        "exit 0",
        "echo '{}'",
        "echo nonsense",
        'echo \'{"format": {"format_name": "x", "duration": "NaN"}, "streams": []}\'',
        'echo \'{"format": {"format_name": "x"}, "streams": [{"codec_type": "video", "width": -1}]}\'',
    ],
)
def test_an_ffprobe_that_says_nothing_sensible_found_a_damaged_file(tmp_path: Path, script: str) -> None:
    with pytest.raises(Damaged):
        media.read(source_of(b"x"), "mp4", program(tmp_path, script))


def test_an_ffprobe_that_never_stops_talking_has_crashed(tmp_path: Path) -> None:
    with pytest.raises(ReaderCrashed):
        media.read(source_of(b"x"), "mp4", program(tmp_path, "exec yes"))


def test_a_container_of_neither_sound_nor_picture_has_no_streams(tmp_path: Path) -> None:
    only_data = '{"format": {"format_name": "x"}, "streams": [{"codec_type": "data"}]}'
    with pytest.raises(Failed, match="neither sound nor picture"):
        media.read(source_of(b"x"), "mp4", program(tmp_path, f"echo '{only_data}'"))
