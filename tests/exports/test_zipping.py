"""What is packed piece by piece is what other programs unpack."""

import io
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.exports.names import MAX_BYTES, safe, unique
from chalicelib.exports.zipping import UNPACKED, Member, directory

MOMENT = datetime(2024, 2, 29, 13, 30, 58, tzinfo=UTC)
LARGE = 3 << 30


def packed(files: list[tuple[Member, list[bytes]]]) -> bytes:
    """Return an archive of files that come in chunks."""
    archive, entries = bytearray(), []
    for member, chunks in files:
        offset, so_far = len(archive), UNPACKED
        archive += member.header()
        for number, chunk in enumerate(chunks, 1):
            content, so_far = member.pack(chunk, so_far, last=number == len(chunks))
            archive += content
        archive += member.footer(so_far)
        entries.append(member.entry(offset, so_far))
    return bytes(archive + directory(entries, len(archive)))


def a_member(name: str, chunks: list[bytes], level: int = 0) -> tuple[Member, list[bytes]]:
    return Member(name, sum(map(len, chunks)), MOMENT, level), chunks


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.sampled_from([0, 6])),
        max_size=6,
    )
)
def test_any_content_in_any_pieces_comes_out_as_it_went_in(files: list[tuple[list[bytes], int]]) -> None:
    archive = packed([a_member(f"{n}.bin", chunks, level) for n, (chunks, level) in enumerate(files)])
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        assert [opened.read(name) for name in opened.namelist()] == [b"".join(one) for one, _ in files]
        assert {info.date_time for info in opened.infolist()} <= {(2024, 2, 29, 13, 30, 58)}


def test_a_file_behind_one_whose_sizes_take_64_bits_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(
        packed([(Member("large.bin", LARGE, MOMENT, 0), [b"less"]), a_member("behind", [b"words"])])
    )
    with zipfile.ZipFile(path) as opened:
        assert (opened.read("large.bin"), opened.read("behind")) == (b"less", b"words")
    subprocess.run(["unzip", "-tq", str(path)], check=True, capture_output=True)


def test_the_end_of_an_archive_of_three_gigabytes_tells_where_it_is() -> None:
    entry = Member("a", 0, MOMENT, 0).entry(LARGE, UNPACKED)
    end = directory([entry], LARGE + 50)
    assert b"PK\x06\x06" in end, "places over 2 GiB take 64 bits"
    assert LARGE.to_bytes(8, "little") in end


def test_more_files_than_16_bits_can_count_are_all_there() -> None:
    one, chunks = a_member("x", [b""])
    content, so_far = one.pack(chunks[0], UNPACKED, last=True)
    start = one.header() + content + one.footer(so_far)
    entries = [Member(str(number), 0, MOMENT, 0).entry(0, so_far) for number in range(70_000)]
    with zipfile.ZipFile(io.BytesIO(start + directory(entries, len(start)))) as opened:
        assert len(opened.namelist()) == 70_000


@pytest.mark.parametrize("program", [["unzip", "-tq"], ["bsdtar", "-tf"], ["7z", "t"]])
def test_other_programs_take_it(program: list[str], tmp_path: Path) -> None:
    if shutil.which(program[0]) is None:
        pytest.skip(f"no {program[0]} here")
    path = tmp_path / "a.zip"
    path.write_bytes(packed([a_member("čaj 茶.txt", [b"words ", b"and more"], 6), a_member("b", [b""])]))
    subprocess.run([*program, str(path)], check=True, capture_output=True)


def test_times_outside_the_format_are_its_first_and_last() -> None:
    for moment, year in ((datetime(1970, 1, 1, tzinfo=UTC), 1980), (datetime(2500, 1, 1, tzinfo=UTC), 2107)):
        assert Member("a", 0, moment, 0).entry(0, UNPACKED).date_time[0] == year


def test_names_stay_as_they_are_in_any_script() -> None:
    names = ["a.txt", "茶.jpg", "Ελλάδα.pdf", "عربي.mp4", ".hidden", "no extension", "a.tar.gz", "x.y z"]
    assert list(unique(names)) == names


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("C:\\boot.ini", "C__boot.ini"),
        ("a<b>|c?.txt", "a_b__c_.txt"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com1 .tar.gz", "_com1 .tar.gz"),
        ("console.txt", "console.txt"),
        ("dots...", "dots___"),
        ("..", "__"),
        (" ", "_"),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
    ],
)
def test_what_a_system_would_take_for_something_else_is_made_safe(name: str, made: str) -> None:
    assert safe(name) == made


def test_names_that_some_system_takes_for_the_same_are_numbered() -> None:
    assert list(unique(["a.jpg", "A.JPG", "a.jpg", "a (2).jpg", "Straße", "STRASSE", "x:y", "x?y"])) == [
        *("a.jpg", "A (2).JPG", "a (3).jpg", "a (2) (2).jpg", "Straße", "STRASSE (2)", "x_y", "x_y (2)")
    ]


@given(st.lists(st.text(max_size=300), max_size=20))
def test_any_names_become_safe_and_unique(names: list[str]) -> None:
    made = list(unique(name.encode("utf-8", "ignore").decode() for name in names))
    assert len({name.casefold() for name in made}) == len(names)
    for name in made:
        assert len(name.encode()) <= MAX_BYTES + 10
        assert not set(name) & set('/\\:*?"<>|\0')
        assert name.strip()
        assert name not in {".", ".."}
        assert not name.endswith((".", " "))
