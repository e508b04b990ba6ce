"""Examining whole files: real ones agree with other tools, hostile ones come to the outcome that is written down."""

import json
import time
from typing import Any

import pytest

from chalicelib.extraction.examine import MAX_METADATA_BYTES, examine, fitted
from chalicelib.extraction.models import (
    MAX_STREAMS,
    MAX_TAGS,
    DocumentMetadata,
    Facts,
    ImageMetadata,
    MediaMetadata,
    Stream,
    TextMetadata,
)
from chalicelib.extraction.source import RangedSource
from chalicelib.extraction.tools import MediaTools
from chalicelib.extraction.verdict import Accepted, Refused, verdict
from tests.extraction.sources import MEDIA, NAMED_PORT, listening, sample, source_of

SAMPLES = sorted(path.name for path in (MEDIA / "samples").iterdir())
HOSTILE: dict[str, dict[str, str]] = json.loads((MEDIA / "hostile.json").read_text())
REFUSED = {"archive.zip": "archive", "page.html": "html"}
# exiftool's names beside the registered ones
SYNONYMS = {"audio/x-wav": "audio/wav", "transport.ts": "video/mp2t"}


def extension(name: str) -> str:
    return name.rpartition(".")[2]


def differences(found: Facts, judged: Accepted | Refused, expected: dict[str, Any]) -> list[str]:
    """What of the expected facts was found otherwise, as text."""
    metadata = found.metadata
    ours: dict[str, Any] = metadata.model_dump(mode="json") if metadata else {}
    ours |= {"kind": getattr(judged, "kind", None), "mime_type": getattr(judged, "mime_type", None)}
    ours["encrypted"] = ours.get("encrypted") is not None
    if isinstance(metadata, MediaMetadata):
        ours["streams"] = [
            {name: getattr(stream, name) for name in wanted}
            for stream, wanted in zip(metadata.streams, expected["streams"], strict=True)
        ]
        moving = next((s for s in metadata.streams if s.type == "video"), Stream(type="other"))
        ours |= {"rotation": moving.rotation, "frames_per_second": moving.frames_per_second}
    if isinstance(metadata, ImageMetadata) and metadata.position:
        place = metadata.position
        ours["position"] = [place.latitude, place.longitude, place.altitude]
    if isinstance(metadata, DocumentMetadata):
        ours["page_points"] = [metadata.page_width_points, metadata.page_height_points]
    tolerance = {"duration_seconds": 0.1, "page_points": 0.01}
    return [
        f"{name}: {ours.get(name)!r}, not {value!r}"
        for name, value in expected.items()
        if name != "true_pages"
        and ours.get(name) != (pytest.approx(value, abs=tolerance[name]) if name in tolerance else value)
    ]


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in REFUSED])
def test_facts_of_a_real_file_agree_with_other_tools(
    name: str, tools: MediaTools, expected: dict[str, dict[str, Any]]
) -> None:
    wanted = dict(expected[name])
    if "mime_type" in wanted:
        wanted["mime_type"] = SYNONYMS.get(name, SYNONYMS.get(wanted["mime_type"], wanted["mime_type"]))
    found = examine(source_of(sample(name)), tools)
    assert found.outcome == "read", found
    assert differences(found, verdict(extension(name), found), wanted) == []


def test_no_sample_is_forgotten(expected: dict[str, dict[str, Any]]) -> None:
    assert len(SAMPLES) == 57
    assert sorted(expected) == SAMPLES


@pytest.mark.parametrize(("name", "code"), REFUSED.items())
def test_real_files_of_other_types_are_refused_by_code(name: str, code: str) -> None:
    judged = verdict(extension(name), examine(source_of(sample(name)), None))
    assert isinstance(judged, Refused)
    assert (judged.status, judged.code) == ("rejected", code)


@pytest.mark.parametrize("name", ["report.docx", "report.doc"])
def test_pages_of_a_word_file_are_never_called_exact(name: str) -> None:
    metadata = examine(source_of(sample(name)), None).metadata
    assert isinstance(metadata, DocumentMetadata)
    assert metadata.counted != "exact"


def test_texts_tell_their_encoding_lines_and_columns() -> None:
    table = examine(source_of(sample("latin1.csv")), None).metadata
    assert isinstance(table, TextMetadata)
    assert (table.encoding, table.lines, table.delimiter, table.columns) == ("cp1252", 101, ";", 3)
    notes = examine(source_of(sample("notes.txt")), None).metadata
    assert isinstance(notes, TextMetadata)
    assert (notes.encoding, notes.lines, notes.complete) == ("utf-8", 50, True)


def test_the_cost_of_reading_is_part_of_the_facts(tools: MediaTools) -> None:
    source = source_of(sample("clip.mkv"))
    found = examine(source, tools)
    assert (found.bytes_read, found.requests) == (source.bytes_read, source.requests)
    assert 0 < found.bytes_read <= source.size
    assert found.seconds > 0


def test_without_media_tools_only_audio_and_video_fail() -> None:
    found = examine(source_of(sample("tone.flac")), None)
    assert (found.outcome, found.code) == ("failed", "media_tools_missing")
    assert examine(source_of(sample("photo.jpg")), None).outcome == "read"


@pytest.mark.parametrize("name", ["photo.jpg", "report.pdf", "clip.mkv", "book.xlsx", "notes.txt"])
def test_errors_of_the_store_leave_examine_as_themselves(name: str, tools: MediaTools) -> None:
    content, calls = sample(name), 0

    def fetch(first: int, last: int) -> bytes:
        nonlocal calls
        calls += 1
        if calls > (1 if len(content) > 32 << 10 else 0):
            raise ConnectionResetError("the store hung up")
        return content[first : last + 1]

    with pytest.raises(ConnectionResetError, match="the store hung up"):
        examine(RangedSource(fetch, len(content)), tools)


@pytest.mark.parametrize("name", ["photo.jpg", "report.pdf", "book.xlsx", "deck.ppt", "notes.txt"])
def test_a_budget_that_ends_early_is_the_files_fault(name: str) -> None:
    found = examine(source_of(sample(name), max_requests=0), None)
    assert (found.outcome, found.code) == ("failed", "reading_budget_spent")


def test_every_hostile_file_comes_to_its_outcome_and_calls_nobody(
    hostile: dict[str, bytes], tools: MediaTools
) -> None:
    outcomes, slowest = {}, 0.0
    with listening() as (port, callers):
        for name, content in hostile.items():
            started = time.monotonic()
            found = examine(source_of(content.replace(NAMED_PORT, port)), tools)
            slowest = max(slowest, time.monotonic() - started)
            judged = verdict(extension(name), found)
            said = judged.mime_type if isinstance(judged, Accepted) else f"{judged.status}: {judged.code}"
            outcomes[name] = {"content": found.code or found.outcome, "file": said}
    assert outcomes == {
        name: {key: told[key] for key in ("content", "file")} for name, told in HOSTILE.items()
    }
    assert len(outcomes) == 52
    assert slowest < 20
    assert callers == []


@pytest.mark.parametrize("tags", [0, MAX_TAGS])
def test_metadata_always_fits(tags: int) -> None:
    text = "界" * 500
    streams = tuple(Stream(type="audio", codec=text, profile=text, language=text) for _ in range(MAX_STREAMS))
    labels = {f"{i}{text}"[:64]: text for i in range(tags)}
    media = MediaMetadata(container=text, title=text, artist=text, album=text, streams=streams, tags=labels)
    document = DocumentMetadata(
        format=text, title=text, author=text, subject=text, keywords=text, language=text, application=text
    )
    for metadata in (media, document):
        kept = fitted(metadata)
        assert len(kept.model_dump_json(exclude_none=True).encode()) <= MAX_METADATA_BYTES
        assert kept.about == metadata.about


def test_small_metadata_is_left_alone() -> None:
    metadata = MediaMetadata(container="ogg", tags={"genre": "jazz"})
    assert fitted(metadata) == metadata
