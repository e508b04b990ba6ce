from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.ids import is_id, new_id


def test_ids_are_unique_and_their_order_is_the_order_of_creation() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == ids


def test_an_id_is_recognised() -> None:
    assert is_id(new_id())


def test_other_forms_of_an_id_name_nothing() -> None:
    assert not is_id(new_id().upper())
    assert not is_id(new_id().replace("-", ""))
    assert not is_id("b53e2b0e-0d6f-4f0e-9d6c-0c6a3b8d3f5a")  # version 4


@given(st.text())
def test_any_text_from_outside_is_answered(text: str) -> None:
    assert is_id(text) in {True, False}
