"""However much a file carries, each of its changes fits into a transaction of 100 items."""

from dataclasses import replace

import pytest

from chalicelib.catalogue.rules import MAX_WORD_ROWS
from chalicelib.core.caller import Caller
from chalicelib.files.models import File
from chalicelib.uploads.models import Begun
from chalicelib.wiring import Library
from tests.conftest import a_request
from tests.libraries import arrive, send


def words(letter: str, count: int) -> str:
    return " ".join(f"{letter}{chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(count))


def tags(letter: str) -> tuple[str, ...]:
    return tuple(f"{letter}{chr(97 + n)}tag" for n in range(20))


@pytest.fixture
def heavy(library: Library, caller: Caller) -> File:
    """Return a file with everything that a file may have."""
    content = b"words"
    request = a_request(
        f"{words('n', 40)}.txt",
        content,
        tags=tags("p"),
        caption=words("c", 300),
        custom={"text": words("u", 500)},
        content_id="post/1",
    )
    begun = library.uploads.begin(caller, request)
    assert isinstance(begun, Begun)
    send(begun, content)
    arrive(library, begun.file)
    return library.files.get(caller, begun.file.id)


def test_a_file_with_all_it_may_have_goes_through_its_whole_life(
    library: Library, caller: Caller, heavy: File
) -> None:
    for changes in (
        {"filename": f"{words('m', 40)}.txt"},
        {"tags": tags("q")},
        {
            "tags": tags("r"),
            "caption": words("d", 300),
            "filename": f"{words('o', 40)}.txt",
            "content_id": "post/2",
        },
    ):
        changed = library.files.change(caller, heavy.id, changes, None)
        assert {name: getattr(changed, name) for name in changes} == changes
        assert library.files.get(caller, heavy.id) == changed
    library.files.throw_away(caller, heavy.id, None)
    library.files.restore(caller, heavy.id)
    library.files.erase(caller, heavy.id, None)


def test_the_rows_of_a_file_are_bounded(library: Library, heavy: File) -> None:
    bare = replace(heavy, tags=(), content_id=None, filename="x.txt", caption=None, custom={})
    rows = len(library.files.admit(heavy)) - len(library.files.admit(bare))
    assert rows == 20 + 1 + MAX_WORD_ROWS - 2  # tags, content, words without "x" and "txt"
