from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalogue.models import Entry
from chalicelib.catalogue.rules import (
    MAX_ROWS,
    MAX_TEXT_ROWS,
    MAX_WORD_ROWS,
    fold,
    name_key,
    normal_tags,
    postings,
    size_text,
    tag_key,
    words_of,
)
from chalicelib.core.ids import new_id

ENTRY = Entry("ana", new_id(), "Photo.JPG", 100, "image", "jpg", "ready")
sizes = st.integers(0, 5 << 40)


def lists(entry: Entry | None) -> set[str]:
    return {posting.list_key for posting in postings(entry)}


def test_a_file_is_in_the_lists_of_what_it_is_and_of_its_words() -> None:
    assert lists(ENTRY) == {"ana#all", "ana#type#image", "ana#ext#jpg", "ana#w#pho", "ana#w#jpg"}
    entry = replace(ENTRY, tags=("Sea",), category="c1", status="failed", visibility="public")
    assert lists(entry) - lists(ENTRY) == {
        "ana#tag#sea",
        "ana#w#sea",
        "ana#category#c1",
        "ana#status#failed",
        "ana#visibility#public",
    }


def test_a_file_in_the_trash_is_in_no_other_list() -> None:
    assert lists(replace(ENTRY, trashed=True, tags=("sea",))) == {"ana#trash"}
    assert lists(None) == set()


@given(sizes, sizes)
def test_the_order_by_size_is_the_order_of_numbers(one: int, other: int) -> None:
    assert (size_text(one) < size_text(other)) == (one < other)


def test_names_are_ordered_without_regard_to_case_and_compatibility() -> None:
    assert fold("Straße") == fold("STRASSE")
    assert fold("ﬁle") == fold("FILE")
    assert fold("e\u0301") == fold("é")


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=255))
def test_the_key_of_any_name_fits_into_a_sort_key(name: str) -> None:
    assert len(name_key(replace(ENTRY, filename=name)).encode()) <= 1024


def test_tags_are_the_same_whatever_their_case_and_spaces() -> None:
    assert tag_key("  New   York ") == tag_key("NEW YORK")
    assert normal_tags(("New  York", "new york", " sea ")) == ("New York", "sea")


def test_a_file_has_at_most_so_many_rows_for_words() -> None:
    entry = replace(ENTRY, caption=" ".join(f"w{n}x{n}" for n in range(100)))
    assert len([one for one in postings(entry) if "#w#" in one.list_key]) == MAX_WORD_ROWS


def words(letter: str, count: int) -> str:
    return " ".join(f"{letter}{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(count))


def test_words_of_the_text_are_found_beside_those_of_the_name() -> None:
    entry = replace(ENTRY, filename="report.pdf", text="The Report on bees")
    assert words_of(entry) == {"report": "nx", "pdf": "n", "the": "x", "on": "x", "bees": "x"}


def test_the_text_has_so_many_rows_of_its_own() -> None:
    bare = replace(ENTRY, caption=words("c", 20))
    entry = replace(bare, text=words("t", 500))
    assert len(postings(entry)) - len(postings(bare)) == MAX_TEXT_ROWS
    assert set(words_of(bare)) == {word for word, letters in words_of(entry).items() if letters != "x"}


@given(st.integers(0, 20), st.integers(0, 60), st.integers(0, 200), st.booleans())
def test_the_rows_of_a_file_are_few_enough_for_a_transaction_whatever_it_has(
    tags: int,
    caption: int,
    text: int,
    all_else: bool,  # noqa: FBT001 - drawn
) -> None:
    more = {"category": "c", "content_id": "post/1", "status": "failed", "visibility": "public"}
    entry = replace(ENTRY, **(more if all_else else {}))  # type: ignore[arg-type] # a test's own words
    entry = replace(
        entry, tags=tuple(words("p", tags).split()), caption=words("c", caption), text=words("t", text)
    )
    assert len(postings(entry)) <= MAX_ROWS
