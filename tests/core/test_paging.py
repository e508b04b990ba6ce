import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.paging import CursorInvalid, Cursors

CURSORS = Cursors(lambda: b"secret")
positions = st.dictionaries(st.text(max_size=10), st.text(max_size=40), max_size=4)


@given(positions, st.text(max_size=40))
def test_a_cursor_opens_to_the_position_it_was_made_of(position: dict[str, str], scope: str) -> None:
    assert CURSORS.open(CURSORS.seal(position, scope), scope) == position


def test_a_cursor_belongs_to_one_list() -> None:
    with pytest.raises(CursorInvalid):
        CURSORS.open(CURSORS.seal({"after": "1"}, "ana#all"), "ben#all")


def test_a_cursor_of_another_key_is_refused() -> None:
    with pytest.raises(CursorInvalid):
        Cursors(lambda: b"another").open(CURSORS.seal({"after": "1"}, "list"), "list")


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_cursor_with_any_changed_byte_is_refused(place: int, change: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(CURSORS.seal({"after": "0123456789"}, "list") + "=="))
    raw[place % len(raw)] ^= change
    with pytest.raises(CursorInvalid):
        CURSORS.open(base64.urlsafe_b64encode(raw).decode(), "list")


@given(st.text(max_size=100))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        CURSORS.open(text, "list")
