from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalogue.models import Entry
from chalicelib.catalogue.rules import fold, postings

ENTRY = Entry("ana", "1", "Photo.JPG", 100)
sizes = st.integers(0, 5 << 40)


def test_a_file_is_in_the_list_of_all_files_or_in_the_trash() -> None:
    assert {posting.list_key for posting in postings(ENTRY)} == {"ana#all"}
    assert {posting.list_key for posting in postings(replace(ENTRY, trashed=True))} == {"ana#trash"}
    assert postings(None) == frozenset()


@given(sizes, sizes)
def test_the_order_by_size_is_the_order_of_numbers(one: int, other: int) -> None:
    keys = [next(iter(postings(replace(ENTRY, size=size)))).by_size for size in (one, other)]
    assert (keys[0] < keys[1]) == (one < other)


def test_names_are_ordered_without_regard_to_case_and_compatibility() -> None:
    assert fold("Straße") == fold("STRASSE")
    assert fold("ﬁle") == fold("FILE")
    assert fold("e\u0301") == fold("é")
