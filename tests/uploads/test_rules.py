from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.allowances.models import Allowances
from chalicelib.aws.multipart import Part
from chalicelib.extraction.filetypes import EXTENSIONS, kind_of
from chalicelib.uploads.models import ContentTypeContradicts, ExtensionNotAllowed, FileTooLarge
from chalicelib.uploads.rules import (
    MAX_FORM_BYTES,
    MAX_PART,
    MAX_PARTS,
    MIN_PART,
    admitted_type,
    missing_parts,
    part_size,
    part_sizes,
)
from chalicelib.uploads.sizes import DEFAULT_LIMITS, MIB

ALLOWED = Allowances(DEFAULT_LIMITS, frozenset(EXTENSIONS), 120, 1 << 30)
LAMBDA_EVENT_BYTES = 6 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jpg", "image"),
        ("a.HEIC", "image"),
        ("a.mp4", "video"),
        ("a.Mp3", "audio"),
        ("a.tar.pdf", "document"),
    ],
)
def test_the_name_says_of_which_type_a_file_claims_to_be(name: str, kind: str) -> None:
    assert admitted_type(name, 1, ALLOWED) == kind


@pytest.mark.parametrize("name", ["a.exe", "a.html", "a.zip", "a", "a.jpg.sh"])
def test_other_extensions_are_refused_and_the_allowed_ones_named(name: str) -> None:
    with pytest.raises(ExtensionNotAllowed) as refusal:
        admitted_type(name, 1, ALLOWED)
    allowed = refusal.value.evidence["allowed"]
    assert isinstance(allowed, list)
    assert {"jpg", "mp4", "mp3", "pdf"} <= set(allowed)


def test_an_extension_that_is_not_on_the_list_is_refused_like_an_unknown_one() -> None:
    narrow = replace(ALLOWED, extensions=frozenset({"png", "pdf"}))
    assert admitted_type("a.PNG", 1, narrow) == "image"
    with pytest.raises(ExtensionNotAllowed) as refusal:
        admitted_type("a.jpg", 1, narrow)
    assert refusal.value.evidence == {"allowed": ["pdf", "png"]}
    assert "Allowed: pdf, png." in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.jpg", "image/jpeg"),
        ("a.jpg", "IMAGE/PNG; q=1"),  # the content decides which picture it is
        ("a.m4a", "video/mp4"),
        ("a.ts", "text/vnd.trolltech.linguist"),  # what some systems take .ts for
        ("a.csv", "application/vnd.ms-excel"),
        ("a.md", "application/octet-stream"),
        ("a.pdf", ""),
    ],
)
def test_a_declared_type_that_contradicts_nothing_is_taken(name: str, content_type: str) -> None:
    assert admitted_type(name, 1, ALLOWED, content_type) == kind_of(name.split(".")[1])


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.jpg", "application/pdf"),
        ("a.jpg", "video/mp4"),
        ("a.mp3", "text/plain; charset=utf-8"),
        ("a.txt", "text/html"),
        ("a.pdf", "Application/X-MSDownload"),
        ("a.svg", "application/xhtml+xml"),
    ],
)
def test_a_declared_type_of_other_things_or_of_programs_is_refused(name: str, content_type: str) -> None:
    with pytest.raises(ContentTypeContradicts):
        admitted_type(name, 1, ALLOWED, content_type)


@pytest.mark.parametrize("kind", DEFAULT_LIMITS)
def test_each_type_has_a_limit_of_its_own(kind: str) -> None:
    name = {"image": "a.png", "video": "a.mp4", "audio": "a.wav", "document": "a.pdf"}[kind]
    assert admitted_type(name, DEFAULT_LIMITS[kind], ALLOWED) == kind
    with pytest.raises(FileTooLarge) as refusal:
        admitted_type(name, DEFAULT_LIMITS[kind] + 1, ALLOWED)
    assert refusal.value.evidence["limit"] == DEFAULT_LIMITS[kind]


def test_the_largest_form_fits_into_a_functions_event_after_base64() -> None:
    assert MAX_FORM_BYTES * 4 / 3 + 64 * 1024 < LAMBDA_EVENT_BYTES


@given(st.integers(1, 5 << 40))
def test_any_file_fits_in_the_parts_that_s3_takes(size: int) -> None:
    part = part_size(size)
    assert MIN_PART <= part <= MAX_PART
    assert part % MIB == 0
    count = -(-size // part)
    assert count <= MAX_PARTS


@given(st.integers(1, 6 << 30))
def test_parts_add_up_to_the_file(size: int) -> None:
    sizes = part_sizes(size)
    assert sum(sizes) == size
    assert set(sizes[:-1]) <= {part_size(size)}
    assert 0 < sizes[-1] <= part_size(size)


def test_a_file_of_5_gb_has_640_parts_of_8_mib() -> None:
    assert part_sizes(5 << 30) == [8 * MIB] * 640


@given(st.integers(1, 200 * MIB), st.data())
def test_what_is_missing_is_what_has_not_arrived_in_its_size(size: int, data: st.DataObject) -> None:
    sizes = part_sizes(size)
    arrived = data.draw(st.sets(st.integers(1, len(sizes))))
    short = data.draw(st.sets(st.sampled_from(sorted(arrived))) if arrived else st.just(set[int]()))
    parts = [Part(n, sizes[n - 1] - (n in short), "", "") for n in arrived]
    assert missing_parts(size, parts) == sorted(set(range(1, len(sizes) + 1)) - (arrived - short))
