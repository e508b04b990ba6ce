"""However much a file carries, each of its changes fits into a transaction of 100 items."""

from dataclasses import replace

import pytest

from chalicelib.blobs.arrivals import Arrival
from chalicelib.catalogue.models import Criteria
from chalicelib.catalogue.rules import MAX_ROWS, MAX_WORD_ROWS
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
    content = words("x", 600).encode()
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
    silent = replace(heavy, lists_text=False)
    bare = replace(silent, tags=(), content_id=None, filename="x.txt", caption=None, custom={})
    rows = len(library.files.admit(silent)) - len(library.files.admit(bare))
    assert rows == 20 + 1 + MAX_WORD_ROWS - 2  # tags, content, words without "x" and "txt"
    assert len(library.files.admit(heavy)) == MAX_ROWS + 2  # the file and its count


def found_by(library: Library, caller: Caller, words: str) -> list[str]:
    page = library.files.find(caller, Criteria(words=words), limit=100)
    return [file.id for file in page.items]


def test_a_file_is_found_by_its_text_also_after_a_change_that_needed_all_room(
    library: Library, caller: Caller, heavy: File
) -> None:
    assert found_by(library, caller, "xaax") == [heavy.id]
    assert found_by(library, caller, "xxxx") == []  # too late in the text
    library.files.change(
        caller,
        heavy.id,
        {"tags": tags("s"), "caption": words("e", 300), "filename": f"{words('k', 40)}.txt"},
        None,
    )
    changed = library.files.get(caller, heavy.id)
    assert changed.lists_text
    assert found_by(library, caller, "xaax kaax") == [heavy.id]


def test_another_text_takes_the_place_of_the_one_that_an_older_extractor_found(
    library: Library, caller: Caller
) -> None:
    content = words("x", 300).encode()
    begun = library.uploads.begin(caller, a_request("a.txt", content, caption=words("c", 300)))
    assert isinstance(begun, Begun)
    send(begun, content)
    arrive(library, begun.file)
    file = library.files.get(caller, begun.file.id)
    older = (file.metadata or {}) | {"excerpt": words("o", 300), "common": {"title": words("t", 40)}}
    library.files.list_text(library.files.get(caller, file.id))
    now = library.files.get(caller, file.id)
    silent, writes = library.files.changed(now, lists_text=False)
    library.tables.commit(writes)
    library.tables.commit(library.files.changed(silent, metadata=older, lists_text=True)[1])
    assert found_by(library, caller, "oaax") == [file.id]
    library.intake.arrived(Arrival(file.owner_id, file.sha256, file.size, again=True))
    assert found_by(library, caller, "oaax") == []
    assert found_by(library, caller, "xaax") == [file.id]
