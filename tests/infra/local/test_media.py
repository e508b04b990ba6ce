import io
import os
import stat
from pathlib import Path

import pytest

from infra.local.media import MediaTools
from layers.ffprobe import recipe
from layers.ffprobe.cache import Place
from tests.infra.local.conftest import Eventually


class Machine:
    """A cache and a terminal, on a machine with an empty PATH and no sources to build from."""

    def __init__(self, folder: Path) -> None:
        self.terminal = io.StringIO()
        self.layer = Place.of(folder / "cache", recipe.this_machine()).layer
        self.tools = MediaTools(folder / "build.log", self.terminal, folder / "cache")
        self.failures: list[str] = []

    def provide(self) -> Path:
        return Path(self.tools.provide(lambda: self.failures.append("told")))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("FFPROBE_SOURCES", str(tmp_path / "empty"))
    return Machine(tmp_path)


def install(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("ffprobe", "ffmpeg"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho {name} version 7.1\n")
        program.chmod(program.stat().st_mode | stat.S_IEXEC)


def test_programs_on_the_path_are_taken_without_a_word(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/bin:/usr/bin")
    assert machine.provide() == tmp_path / "bin"
    assert not machine.tools.are_expected
    assert not machine.terminal.getvalue()


def test_without_programs_a_build_begins_and_its_future_place_is_given(machine: Machine) -> None:
    assert machine.provide() == machine.layer / "bin"
    assert "building one in the background" in machine.terminal.getvalue()
    machine.tools.stop()
    assert not machine.tools.are_expected


def test_a_build_that_fails_says_why_once_and_tells_who_waits(
    machine: Machine, eventually: Eventually
) -> None:
    machine.provide()
    eventually(lambda: machine.failures == ["told"], "nobody was told", 60)
    last = machine.terminal.getvalue().splitlines()[-1]
    assert last.startswith("No ffprobe could be built, so audio and video fail: ")
    assert len(last) > len("No ffprobe could be built, so audio and video fail: ")
    assert not machine.tools.are_expected
