import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.clock import now
from chalicelib.files.models import File, FileChanged, FilenameInvalid, FileNotFound, Status
from chalicelib.files.rules import (
    OPEN,
    TRANSITIONS,
    check_same_extension,
    check_version,
    content_disposition,
    delivered_type,
    extension_of,
    normal_filename,
    owned,
)

FILE = File(
    "1", "ana", "a.png", "png", "image", "image/png", 1, "0" * 64, Status.READY, now(), now(), version=3
)


@pytest.mark.parametrize(
    "name", ["photo.jpg", "фото.jpg", "写真 (1).jpg", "a" * 255, "José.pdf", "👩‍👩‍👧.png"]
)
def test_names_in_any_script_are_kept(name: str) -> None:
    assert normal_filename(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        ".",
        "..",
        "a/b.jpg",
        "a\\b.jpg",
        "a\x00.jpg",
        "a\n.jpg",
        "\u202egpj.exe",
        "a" * 256,
        "a\u2066b.txt",
    ],
)
def test_names_that_mislead_or_break_are_refused(name: str) -> None:
    with pytest.raises(FilenameInvalid):
        normal_filename(name)


def test_a_decomposed_name_is_composed() -> None:
    assert normal_filename("Jose\u0301.jpg") == "José.jpg"


@given(st.text(max_size=300))
def test_a_name_is_kept_or_refused_and_keeping_it_again_changes_nothing(name: str) -> None:
    try:
        kept = normal_filename(name)
    except FilenameInvalid:
        return
    assert normal_filename(kept) == kept


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.JPG", "jpg"), ("a.tar.gz", "gz"), ("a", ""), (".hidden", ""), ("a.", ""), ("İ.PNG", "png")],
)
def test_the_extension_is_what_follows_the_last_dot(name: str, extension: str) -> None:
    assert extension_of(name) == extension


def test_a_new_name_keeps_the_extension() -> None:
    check_same_extension("b.PNG", "png")
    with pytest.raises(FilenameInvalid):
        check_same_extension("b.exe", "png")


def test_another_version_than_expected_is_refused() -> None:
    check_version(FILE, None)
    check_version(FILE, 3)
    with pytest.raises(FileChanged):
        check_version(FILE, 2)


def test_a_strangers_file_looks_like_none() -> None:
    assert owned(FILE, "ana") is FILE
    for file, who in ((FILE, "ben"), (None, "ana")):
        with pytest.raises(FileNotFound) as refusal:
            owned(file, who)
        assert refusal.value.detail == "There is no such file."


def test_every_state_leads_to_a_final_one() -> None:
    assert set(TRANSITIONS) == set(Status)
    assert {state for state, after in TRANSITIONS.items() if after} == OPEN
    assert all(state not in after for state, after in TRANSITIONS.items())


def test_a_download_keeps_its_name_in_any_script() -> None:
    header = content_disposition(replace(FILE, filename='Jos"é 写.png'), inline=True)
    assert header == "inline; filename=\"Jos__ _.png\"; filename*=UTF-8''Jos%22%C3%A9%20%E5%86%99.png"


@pytest.mark.parametrize(
    "file",
    [
        replace(FILE, mime_type="image/svg+xml"),
        replace(FILE, mime_type="text/html"),
        replace(FILE, status=Status.FAILED),
    ],
)
def test_what_may_carry_script_or_was_not_verified_is_never_shown_inline(file: File) -> None:
    assert content_disposition(file, inline=True).startswith("attachment;")


def test_only_a_verified_type_is_delivered() -> None:
    assert delivered_type(FILE) == "image/png"
    assert delivered_type(replace(FILE, status=Status.FAILED)) == "application/octet-stream"
