"""One vocabulary over all formats: real files agree with other tools, and odd texts come out readable."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.extraction.conclusion import conclusion
from chalicelib.extraction.examine import examine
from chalicelib.extraction.models import (
    MAX_KEYWORD,
    MAX_KEYWORDS,
    Common,
    DocumentMetadata,
    Facts,
    ImageMetadata,
    MediaMetadata,
    Stream,
    TextMetadata,
)
from chalicelib.extraction.repair import MAX_TEXT, cleaned, decoded, from_windows, mended, rescued
from chalicelib.extraction.tools import MediaTools
from chalicelib.extraction.vocabulary import common, moment, place
from tests.extraction.sources import MEDIA, source_of

EXPECTED: dict[str, dict[str, Any]] = json.loads((MEDIA / "described.json").read_text())
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60)
ANY_TEXT = st.text(st.characters(), max_size=900)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_real_file_says_of_itself_agrees_with_other_tools(name: str, tools: MediaTools) -> None:
    folder = "samples" if (MEDIA / "samples" / name).exists() else "described"
    found = examine(source_of((MEDIA / folder / name).read_bytes()), tools).common
    assert found is not None
    ours = found.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    assert {key: ours.get(key) for key in EXPECTED[name]} == EXPECTED[name]


def test_no_described_file_is_forgotten() -> None:
    assert {path.name for path in (MEDIA / "described").iterdir()} <= set(EXPECTED)


def test_files_show_the_vocabulary_beside_the_raw_fields() -> None:
    metadata = DocumentMetadata(format="PDF", title="Report", author="Ana", keywords="one; two, one")
    for told in (common(metadata), None):  # None: the facts of an extractor that knew no vocabulary
        facts = Facts(
            outcome="read", sniffed="pdf", mime_type="application/pdf", metadata=metadata, common=told
        )
        shown = conclusion("pdf", facts)["metadata"]
        assert shown["author"] == "Ana"
        assert shown["common"] == {"title": "Report", "creator": "Ana", "keywords": ["one", "two"]}


@pytest.mark.parametrize(
    "metadata",
    [
        TextMetadata(encoding="utf-8"),
        MediaMetadata(container="ogg"),
        ImageMetadata(format="PNG", width=1, height=1),
        DocumentMetadata(format="PDF"),
    ],
)
def test_what_nobody_says_is_not_there(metadata: Any) -> None:
    assert common(metadata) == Common()


def test_a_film_was_taken_when_its_camera_says_and_sound_was_not() -> None:
    tags = {"creation_time": "2023-07-08T09:10:11.000000Z"}
    film = MediaMetadata(container="mp4", streams=(Stream(type="video"),), tags=tags)
    sound = MediaMetadata(container="mp4", streams=(Stream(type="audio"),), tags=tags)
    assert common(film).taken_at == common(film).created_at == common(sound).created_at
    assert common(sound).taken_at is None


@pytest.mark.parametrize(
    "text", ["2024", "", None, "1904-01-01T00:00:00Z", "1970-01-01", "soon", "99999-01-01"]
)
def test_a_time_that_tells_no_day_or_was_never_set_is_none(text: str | None) -> None:
    assert moment(text) is None


@pytest.mark.parametrize("text", ["", None, "+91.0+000.0/", "+48.8584", "+48+2/", "+48.8+181.0/", "x" * 500])
def test_a_place_that_is_none_is_left_out(text: str | None) -> None:
    assert place(text) is None


@given(PRINTABLE, st.sampled_from(["latin-1", "cp1252"]), st.integers(0, 2))
def test_utf_8_that_was_taken_for_latin_1_is_read_again(text: str, wrong: str, times: int) -> None:
    assume(mended(text) == text)
    spoilt = text
    for _ in range(times):
        spoilt = "".join(_read_as(byte, wrong) for byte in spoilt.encode())
    assert mended(spoilt) == text


def _read_as(byte: int, encoding: str) -> str:
    return bytes([byte]).decode(encoding, "ignore") or chr(byte)


@given(ANY_TEXT)
def test_mending_again_changes_nothing_and_no_text_grows(text: str) -> None:
    once = cleaned(text)
    assert isinstance(once, str)
    assert len(once) <= min(len(text) * 4, MAX_TEXT)
    assert cleaned(mended(once)) == cleaned(once)


@given(st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=MAX_TEXT))
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert cleaned(text) == " ".join(text.split())


@given(ANY_TEXT)
def test_no_control_and_no_mark_of_direction_is_left(text: str) -> None:
    spiked = cleaned(f"a\u202e{text}\x00\u2066\x1b[31m\ud800\n")
    assert isinstance(spiked, str)
    assert not set(spiked) & set("\x00\x1b\n\r\u200e\u200f\u202a\u202d\u202e\u2066\u2067\u2069\ufeff")
    assert spiked.encode()  # no half of a character


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff\x00"), min_size=1))
def test_bytes_of_an_untold_encoding_are_read_as_what_they_are(text: str) -> None:
    assert decoded(text.encode()) == text
    assert decoded(text.encode("utf-16")) == text
    assert from_windows(text.encode("utf-16-le") + b"\0\0" + b"rest") == text


@given(st.binary(max_size=200))
def test_any_bytes_become_some_text(raw: bytes) -> None:
    assert isinstance(decoded(raw), str)
    assert isinstance(from_windows(raw), str)


@given(st.text("abc éñüß©", min_size=1, max_size=30), st.binary(max_size=20))
def test_letters_that_a_program_lost_are_found_in_the_file(text: str, around: bytes) -> None:
    lost = text.encode("latin-1").decode("utf-8", "replace")
    assert (
        rescued(lost, b"", around + b"\0" + text.encode("latin-1") + b"\0") in {text, lost}
        or "\ufffd" in lost
    )
    assert "\ufffd" not in rescued("n\ufffd", "n\xe9".encode("latin-1"))


@given(st.lists(ANY_TEXT, max_size=200))
def test_keywords_are_few_short_and_each_once(words: list[str]) -> None:
    found = Common.model_validate({"keywords": words}).keywords
    assert len(found) == len(set(found)) <= MAX_KEYWORDS
    assert all(0 < len(word) <= MAX_KEYWORD for word in found)
