import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local import media_tools
from layers.ffprobe import recipe
from layers.ffprobe.cache import Place

DEADLINE = 15.0


def _tools(folder: Path, version: str, status: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for program in media_tools.PROGRAMS:
        (folder / program).write_text(
            f"#!/bin/sh\necho {program} version {version} Copyright\nexit {status}\n"
        )
        (folder / program).chmod(0o755)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def place(cache: Path) -> Place:
    return Place.of(cache, recipe.this_machine())


def _layer(place: Place, version: str, status: int = 0) -> Path:
    folder = _tools(place.layer / "bin", version, status)
    (place.layer / "SHA256SUMS").touch()
    return folder


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        threading.Event().wait(0.01)


@contextmanager
def _held(place: Place) -> Iterator[None]:
    place.cache.mkdir(parents=True, exist_ok=True)
    with place.lock.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_the_layers_own_build_comes_before_the_path(cache: Path, place: Place, tmp_path: Path) -> None:
    layer = _layer(place, "7.1.5")
    path = _tools(tmp_path / "path", "5.1.9-0+deb12u1")

    tools = media_tools.find(cache, str(path))

    assert tools == media_tools.Tools(layer / "ffprobe", layer / "ffmpeg", "layer", "7.1.5")
    assert tools.folder == layer


def test_without_a_layer_the_first_folder_of_the_path_with_both_serves(cache: Path, tmp_path: Path) -> None:
    half = _tools(tmp_path / "half", "6.0")
    (half / "ffmpeg").unlink()
    whole = _tools(tmp_path / "whole", "5.1.9-0+deb12u1")

    tools = media_tools.find(cache, f"{tmp_path / 'none'}{os.pathsep}{half}{os.pathsep}{whole}")

    assert tools == media_tools.Tools(whole / "ffprobe", whole / "ffmpeg", "path", "5.1.9-0+deb12u1")


def test_a_program_that_does_not_run_is_passed_over(cache: Path, place: Place, tmp_path: Path) -> None:
    _layer(place, "7.1.5", status=1)
    path = _tools(tmp_path / "path", "5.1.9")

    tools = media_tools.find(cache, str(path))

    assert tools is not None
    assert tools.origin == "path"


def test_a_program_of_another_name_or_kind_is_passed_over(cache: Path, tmp_path: Path) -> None:
    path = _tools(tmp_path / "path", "5.1.9")
    (path / "ffprobe").write_text("not a program")

    assert media_tools.find(cache, str(path)) is None
    shutil.copy(path / "ffmpeg", path / "ffprobe")
    assert media_tools.find(cache, str(path)) is None


def test_the_state_tells_how_the_layers_build_stands(cache: Path, place: Place) -> None:
    assert media_tools.state(cache) == "missing"

    with _held(place):
        assert media_tools.state(cache) == "building"
    place.failure.write_text("The build lacks nasm.\n")
    assert media_tools.state(cache) == "failed"
    _layer(place, "7.1.5")
    assert media_tools.state(cache) == "ready"


def test_the_cache_lies_where_the_user_keeps_caches(tmp_path: Path) -> None:
    named = media_tools.default_cache({"XDG_CACHE_HOME": str(tmp_path)})

    assert named == tmp_path / "mediatheque" / "ffprobe"
    assert media_tools.default_cache({}) == Path.home() / ".cache" / "mediatheque" / "ffprobe"


def _without_tools(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "empty").mkdir(exist_ok=True)
    return {"PATH": str(tmp_path / "empty"), "HOME": str(tmp_path)}


def _command(*arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.local.media_tools", *arguments]
    checkout = recipe.FOLDER.parents[1]
    return subprocess.run(command, cwd=checkout, env=environ, capture_output=True, text=True, check=False)


def test_ensure_prints_the_folder_of_the_tools_last(cache: Path, tmp_path: Path) -> None:
    path = _tools(tmp_path / "path", "5.1.9")

    done = _command("ensure", "--cache", str(cache), environ={"PATH": str(path)})

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, str(path))


def test_ensure_ends_with_one_sentence_when_there_is_nothing_to_build_with(
    cache: Path, tmp_path: Path
) -> None:
    done = _command("ensure", "--cache", str(cache), environ=_without_tools(tmp_path))

    assert (done.returncode, done.stderr) == (1, "")
    assert len(done.stdout.splitlines()) == 1
    assert "lacks gcc, make" in done.stdout


def test_a_background_build_that_fails_says_why(cache: Path, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "ffprobe-build.log"
    build = media_tools.Build(cache, log, _without_tools(tmp_path))
    assert (build.running, build.failed) == (False, None)

    build.start()
    _until(lambda: not build.running)

    assert build.failed is not None
    assert "lacks gcc, make" in build.failed
    assert media_tools.state(cache) == "failed"
    assert log.read_text().splitlines()[-1] == build.failed


def test_a_background_build_waits_for_another_and_can_be_stopped(
    cache: Path, place: Place, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    build = media_tools.Build(cache, log, _without_tools(tmp_path))

    with _held(place):
        build.start()
        _until(lambda: "waiting for it" in log.read_text())
        assert build.running
        build.stop()
        _until(lambda: not build.running)

    assert build.failed is None
    assert media_tools.state(cache) == "missing"
    build.stop()


def test_a_background_build_finds_what_another_has_built(cache: Path, place: Place, tmp_path: Path) -> None:
    build = media_tools.Build(cache, tmp_path / "log", _without_tools(tmp_path))

    with _held(place):
        build.start()
        _until(lambda: "waiting for it" in (tmp_path / "log").read_text())
        _layer(place, "7.1.5")
    _until(lambda: not build.running)

    assert build.failed is None
    assert media_tools.state(cache) == "ready"
