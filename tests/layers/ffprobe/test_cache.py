import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layers.ffprobe.cache import Place, build_once
from layers.ffprobe.recipe import LayerUnavailable

DEADLINE = 10.0

# Builds as the real driver does: its compiler holds the lock too, and works until a pipe tells it to end.
DRIVER = """
import subprocess, sys
from pathlib import Path
from layers.ffprobe.cache import Place, build_once

COMPILE = '''
import hashlib, pathlib, sys
result, go = map(pathlib.Path, sys.argv[1:])
result.with_name("started").touch()
go.read_text()
(result / "bin").mkdir(parents=True)
(result / "bin/ffmpeg").write_bytes(b"by the orphan")
(result / "SHA256SUMS").write_text(hashlib.sha256(b"by the orphan").hexdigest() + "  bin/ffmpeg")
'''

def build(work, lock):
    command = [sys.executable, "-c", COMPILE, str(work / "result"), sys.argv[2]]
    subprocess.run(command, pass_fds=[lock], check=True)

build_once(Place(Path(sys.argv[1]), "key"), build)
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "cache", "key")


def _make(content: bytes) -> Callable[[Path, int], None]:
    def build(work: Path, _: int) -> None:
        (work / "result" / "bin").mkdir(parents=True)
        (work / "result" / "bin" / "ffmpeg").write_bytes(content)
        sums = f"{hashlib.sha256(content).hexdigest()}  bin/ffmpeg\n"
        (work / "result" / "SHA256SUMS").write_text(sums)

    return build


def _refuse(_: Path, __: int) -> None:
    raise LayerUnavailable("The build lacks nasm.")


def _never(_: Path, __: int) -> None:
    raise AssertionError("built again")


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        threading.Event().wait(0.01)


def test_a_finished_build_is_ready_and_is_not_made_again(place: Place) -> None:
    assert place.state() == "missing"

    build_once(place, _make(b"program"))

    assert place.state() == "ready"
    assert build_once(place, _never) == place.layer
    assert (place.layer / "bin" / "ffmpeg").read_bytes() == b"program"
    assert not place.work.exists()


def test_a_damaged_build_is_made_again(place: Place) -> None:
    build_once(place, _make(b"program"))
    (place.layer / "bin" / "ffmpeg").write_bytes(b"prog")

    build_once(place, _make(b"program"))

    assert (place.layer / "bin" / "ffmpeg").read_bytes() == b"program"


def test_a_build_under_way_is_seen_and_nothing_of_it_looks_finished(place: Place) -> None:
    seen: list[str] = []

    def build(work: Path, lock: int) -> None:
        _make(b"program")(work, lock)
        seen.append(place.state())
        seen.append(str(place.layer.exists()))

    build_once(place, build)

    assert seen == ["building", "False"]


def test_a_failed_build_keeps_its_sentence_until_the_next_one(place: Place) -> None:
    with pytest.raises(LayerUnavailable):
        build_once(place, _refuse)

    assert place.state() == "failed"
    assert place.failure.read_text() == "The build lacks nasm.\n"
    build_once(place, _make(b"program"))
    assert place.state() == "ready"
    assert not place.failure.exists()


def test_an_interrupted_build_leaves_nothing(place: Place) -> None:
    def build(work: Path, lock: int) -> None:
        _make(b"program")(work, lock)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_once(place, build)

    assert place.state() == "missing"
    assert not place.work.exists()


def test_two_builds_at_once_make_one(place: Place) -> None:
    made: list[int] = []
    both = threading.Barrier(2, timeout=DEADLINE)

    def build(work: Path, lock: int) -> None:
        made.append(lock)
        _make(b"program")(work, lock)

    def run() -> None:
        both.wait()
        build_once(place, build)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)

    assert len(made) == 1


@pytest.fixture
def driver(place: Place, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    os.mkfifo(tmp_path / "go")
    command = [sys.executable, "-c", DRIVER, str(place.cache), str(tmp_path / "go")]
    with subprocess.Popen(command, start_new_session=True) as child:
        _until((place.work / "started").exists)
        yield child


def test_a_build_killed_with_its_compilers_leaves_nothing_that_looks_finished(
    place: Place, driver: subprocess.Popen[bytes]
) -> None:
    assert place.state() == "building"

    os.killpg(driver.pid, signal.SIGKILL)

    _until(lambda: place.state() == "missing")
    build_once(place, _make(b"anew"))
    assert (place.layer / "bin" / "ffmpeg").read_bytes() == b"anew"


def test_compilers_that_outlive_their_driver_hold_the_lock_and_their_work_is_taken(
    place: Place, driver: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    driver.kill()
    driver.wait()
    assert place.state() == "building"

    (tmp_path / "go").write_text("go")

    _until(lambda: place.state() == "missing")
    build_once(place, _never)
    assert (place.layer / "bin" / "ffmpeg").read_bytes() == b"by the orphan"
