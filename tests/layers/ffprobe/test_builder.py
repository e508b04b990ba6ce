import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layers.ffprobe import recipe
from layers.ffprobe.builder import BuildFailed, run_logged

DEADLINE = 10.0


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[int]:
    with (tmp_path / "lock").open("w") as file:
        yield file.fileno()


def test_a_failed_build_tells_its_last_line_and_where_the_others_are(tmp_path: Path, lock: int) -> None:
    log = tmp_path / "log"

    with pytest.raises(BuildFailed) as raised:
        run_logged(
            ["sh", "-c", "echo first; echo the compiler fell over >&2; echo; exit 3"], os.environ, log, lock
        )

    assert str(raised.value) == f"the compiler fell over (log: {log})"
    assert "first" in log.read_text()


def test_a_build_that_dies_without_a_word_is_told_by_its_status(tmp_path: Path, lock: int) -> None:
    with pytest.raises(BuildFailed, match="the build ended with -9"):
        run_logged(["sh", "-c", "kill -9 $$"], os.environ, tmp_path / "log", lock)


def test_an_interrupted_driver_takes_its_compilers_along(tmp_path: Path) -> None:
    driver = (
        "import os, signal, sys, pathlib; from layers.ffprobe.builder import run_logged;"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143));"
        "run_logged(['sh', '-c', 'sleep 60 & echo $! > pid; wait'], os.environ, pathlib.Path('log'), 1)"
    )
    environ = os.environ | {"PYTHONPATH": str(recipe.FOLDER.parents[1])}
    with subprocess.Popen([sys.executable, "-c", driver], cwd=tmp_path, env=environ) as child:
        compiler = int(_text_of(tmp_path / "pid"))
        child.terminate()

    assert child.returncode == 143
    end = time.monotonic() + DEADLINE
    while _lives(compiler):
        assert time.monotonic() < end, "the compiler outlived its driver"


def _text_of(file: Path) -> str:
    end = time.monotonic() + DEADLINE
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < end, f"{file} was not written"
        threading.Event().wait(0.01)
    return file.read_text()


def _lives(process: int) -> bool:
    status = Path(f"/proc/{process}/status")
    try:
        return "State:\tZ" not in status.read_text()
    except FileNotFoundError:
        return False


def test_the_script_refuses_a_source_with_another_checksum(tmp_path: Path) -> None:
    (tmp_path / "ffmpeg-7.1.5.tar.xz").write_bytes(b"not ffmpeg")
    command = [recipe.FOLDER / "build.sh", recipe.this_machine(), tmp_path, tmp_path / "out"]

    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"TMPDIR": str(tmp_path)}
    )

    assert done.returncode == 1
    assert (
        done.stdout.splitlines()[-1]
        == f"build.sh: no tarball of ffmpeg with the right checksum in {tmp_path}"
    )
    assert not (tmp_path / "out").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["ffmpeg-7.1.5.tar.xz"]
