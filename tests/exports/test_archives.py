"""An archive has the bytes of its files, whoever dies while it is packed, and only of files one may have."""

import io
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from chalicelib.aws.clients import Clients
from chalicelib.catalogue.models import Criteria
from chalicelib.core.caller import Caller
from chalicelib.exports.archives import ARCHIVE, Archive, Archiving, wanted
from chalicelib.exports.models import Export, ExportState, Piece
from chalicelib.exports.service import Exports
from chalicelib.files.models import File, FileNotFound, Permission, PermissionMissing
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock
from tests.deaths import Death, Died, DyingClients
from tests.exports.test_writing import leftovers, to_the_end
from tests.libraries import uploaded
from tests.sharing.test_grants import person

CHUNK = 1 << 16
LARGE = random.Random(8).randbytes(100_000).hex().encode()
WORDS = b"words and more words, " * 5_000
CONTENT = {"large.txt": LARGE, "words.txt": WORDS, "\u8336.txt": b"tea"}


def small_steps(library: Library) -> Exports:
    """Return the exports with small pieces, each a step, and small parts."""
    makers = {ARCHIVE: Archiving(library.files, chunk=CHUNK)}
    writing = replace(library.exports.writing, makers=makers, pieces=1, part_size=2 * CHUNK)
    return replace(library.exports, writing=writing)


@pytest.fixture
def files(library: Library, caller: Caller) -> list[File]:
    """Return files that were brought in."""
    return [uploaded(library, caller, name, content) for name, content in CONTENT.items()]


def opened(exports: Exports, export: Export) -> zipfile.ZipFile:
    link = exports.link(export)
    assert link is not None, export
    answer = requests.get(link.url, timeout=10)
    assert answer.headers["Content-Type"] == "application/zip"
    assert len(answer.content) == export.size
    return zipfile.ZipFile(io.BytesIO(answer.content))


def content(exports: Exports, export: Export) -> dict[str, bytes]:
    with opened(exports, export) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_archive_is_packed_in_steps_and_tells_its_progress(
    library: Library, caller: Caller, files: list[File]
) -> None:
    exports, seen = small_steps(library), []
    export = exports.begin(caller, wanted(Archive(None), "sea \u6d77.zip", None))
    while export.state is ExportState.RUNNING:
        found = exports.advance(caller.user_id, export.id)
        assert found is not None
        export = found
        seen.append((export.files, export.size))
    assert (export.wanted.expected, export.wanted.expected_size) == (3, sum(file.size for file in files))
    assert seen == sorted(seen)
    assert len(seen) >= 5
    assert export.files == len(files)
    assert content(exports, export) == {file.filename: CONTENT[file.filename] for file in files}
    assert export.size < (len(LARGE) + len(WORDS)) * 0.7, "text is compressed"
    assert leftovers(exports, export) == [export.key]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_packer_may_die_at_any_call(
    settings: Settings,
    clients: Clients,
    clock: FakeClock,
    library: Library,
    caller: Caller,
    files: list[File],
    when: str,
) -> None:
    exports, survived, at = small_steps(library), False, 0
    exports = replace(exports, writing=replace(exports.writing, pieces=4))
    file_ids = tuple(file.id for file in files)
    while not survived:
        at += 1
        export = exports.begin(caller, wanted(Archive(file_ids), "a.zip", 3))
        mortal = DyingClients(clients, Death(at, when == "after"))
        try:
            dying = small_steps(build(settings, mortal, clock))
            to_the_end(replace(dying, writing=replace(dying.writing, pieces=4)), export)
        except Died:
            export = to_the_end(exports, export)
        else:
            survived = True
        found = exports.get(caller, export.id)
        assert found.state is ExportState.FINISHED
        assert content(exports, found) == {file.filename: CONTENT[file.filename] for file in files}
        exports.remove(caller, export.id)
        exports.advance(caller.user_id, export.id)
    assert at > 10


def test_two_packers_at_once_make_one_sound_archive(
    library: Library, caller: Caller, files: list[File]
) -> None:
    exports = small_steps(library)
    export = exports.begin(caller, wanted(Archive(None), "a.zip", None))
    packer = Archiving(library.files)
    turns = iter((0, 1, 3, 4, 7))

    def overtaken(export: Export) -> Iterator[Piece]:
        for number, piece in enumerate(packer(export)):
            if number == next(turns, None):
                exports.advance(caller.user_id, export.id)
            yield piece

    slow = replace(exports, writing=replace(exports.writing, makers={ARCHIVE: overtaken}, pieces=9))
    for _ in range(3):
        slow.advance(caller.user_id, export.id)
    found = to_the_end(exports, export)
    assert content(exports, found) == {file.filename: CONTENT[file.filename] for file in files}
    assert leftovers(exports, found) == [found.key]


def test_what_goes_while_it_is_packed_is_left_out(library: Library, caller: Caller) -> None:
    names = [f"{number:02d}.txt" for number in range(25)]
    files = [uploaded(library, caller, name, name.encode()) for name in names]
    exports = small_steps(library)
    export = exports.begin(caller, wanted(Archive(tuple(file.id for file in files)), "a.zip", None))
    exports.advance(caller.user_id, export.id)  # the plan
    library.files.throw_away(caller, files[1].id, None)
    library.files.erase(caller, files[2].id, None)
    library.bucket.delete(f"originals/{caller.user_id}/{files[3].sha256}")
    found = to_the_end(exports, export)
    assert list(content(exports, found)) == [names[0], *names[4:]]
    assert (found.files, found.wanted.expected) == (22, 25)


def test_bytes_that_go_amid_their_reading_let_the_archive_begin_again(
    library: Library, caller: Caller, files: list[File]
) -> None:
    exports = small_steps(library)
    export = exports.begin(caller, wanted(Archive(tuple(file.id for file in files)), "a.zip", None))
    for _ in range(3):
        exports.advance(caller.user_id, export.id)
    library.bucket.delete(f"originals/{caller.user_id}/{files[0].sha256}")
    found = to_the_end(exports, export)
    assert found.beginnings == 2
    assert list(content(exports, found)) == [file.filename for file in files[1:]]


def test_nothing_makes_an_empty_archive(library: Library, caller: Caller) -> None:
    exports = library.exports
    found = to_the_end(
        exports, exports.begin(caller, wanted(Archive(None, Criteria(tags=("sea",))), "a.zip", 0))
    )
    assert content(exports, found) == {}


def test_of_others_files_one_gets_what_one_may_download_as_long_as_one_may(library: Library) -> None:
    (ana, _), (ben, email) = person(library), person(library)
    lent, shown, secret = (uploaded(library, ana, f"{name}.txt", name.encode()) for name in "abc")
    own = uploaded(library, ben, "a.txt", b"ben's")
    library.grants.give(ana, lent.id, email, Permission.DOWNLOAD)
    library.grants.give(ana, shown.id, email, Permission.VIEW)
    archiving = Archiving(library.files)
    archiving.check(ben, (lent.id, own.id))
    with pytest.raises(PermissionMissing):
        archiving.check(ben, (own.id, shown.id))
    with pytest.raises(FileNotFound):
        archiving.check(ben, (secret.id,))
    exports = small_steps(library)
    asked = wanted(Archive((own.id, lent.id, shown.id, secret.id)), "a.zip", None)
    found = to_the_end(exports, exports.begin(ben, asked))
    assert content(exports, found) == {"a.txt": b"ben's", "a (2).txt": b"a"}
    export = exports.begin(ben, asked)
    exports.advance(ben.user_id, export.id)
    library.grants.revoke(ana, lent.id, ben.user_id)
    assert content(exports, to_the_end(exports, export)) == {"a.txt": b"ben's"}


def test_too_much_for_one_archive_fails_and_says_so(
    library: Library, caller: Caller, files: list[File]
) -> None:
    assert len(files) == 3
    for limits, code in (({"most_files": 2}, "too_many_files"), ({"most_bytes": 9}, "too_large")):
        makers = {ARCHIVE: Archiving(library.files, **limits)}
        exports = replace(library.exports, writing=replace(library.exports.writing, makers=makers))
        found = to_the_end(exports, exports.begin(caller, wanted(Archive(None), "a.zip", None)))
        assert (found.state, found.error and found.error.code) == (ExportState.FAILED, code)
        assert leftovers(exports, found) == []


def test_a_packer_holds_a_few_mebibytes_whatever_it_packs(library: Library, caller: Caller) -> None:
    content = random.Random(9).randbytes(5 << 20).hex().encode()
    for number in range(4):
        uploaded(library, caller, f"{number}.txt", bytes([65 + number]) + content)
    exports = library.exports
    export = exports.begin(caller, wanted(Archive(None), "a.zip", None))
    tracemalloc.start()
    found = to_the_end(exports, export)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.size > 20 << 20
    assert peak < 17 << 20, f"{peak / (1 << 20):.1f} MiB"
